//! Events between servers.

use std::sync::{Arc, Mutex};

use actix_socketio::{HandlerResult, OnServerEvent, prelude::Bytes};
use serde_json::{Value, json};

use super::Mixed;
use crate::{
    common::bytes,
    fixture::{Kind, eventually},
};

with_each_adapter!(
    crate::common::REDIS_AND_NODE;
    ours_sends_events_to_theirs,
    theirs_sends_events_to_ours,
);

/// The events of other servers: `["name", first argument]`.
pub(super) type ReceivedEvents = Arc<Mutex<Vec<Value>>>;

/// Answers `echo` with its argument, and `bytes` with the length.
pub(super) fn answer(
    received: &ReceivedEvents,
) -> impl AsyncFn(OnServerEvent) -> HandlerResult + Clone + use<> {
    let received = Arc::clone(received);
    async move |event: OnServerEvent| {
        match event.event() {
            "echo" => event.ack(&event.arg::<Value>(0)?)?,
            "nothing" => event.ack(&())?,
            "bytes" => event.ack(&event.arg::<Bytes>(0)?.len())?,
            name => {
                let event = json!([name, event.arg::<Value>(0)?]);
                received.lock().expect("no thread panics").push(event);
            }
        }
        Ok(())
    }
}

async fn ours_sends_events_to_theirs(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    for nsp in super::NAMESPACES {
        let io = mixed.ours.io.of(nsp);
        let value = json!({ "a": [1, null, "ü"] });
        io.server_side_emit("plain", &value).expect("sent");
        let acks = io.server_side_emit_with_ack::<_, Value>("echo", &value).await.expect("sent");
        let answers: Vec<_> = acks.answers.into_iter().map(|it| it.expect("JSON")).collect();
        assert_eq!((answers, acks.missing), (vec![value.clone()], 0));
        let received = mixed.theirs.call("received", json!({})).await;
        let expected = json!([
            { "nsp": nsp, "args": ["plain", value], "wantsAnswer": false },
            { "nsp": nsp, "args": ["echo", value], "wantsAnswer": true },
        ]);
        assert_eq!(received, expected);
        let acks = io.server_side_emit_with_ack::<_, Value>("nothing", &()).await.expect("sent");
        assert_eq!(acks.answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [json!(null)]);
        mixed.theirs.call("received", json!({})).await;
    }
    let data = Bytes::from_static(b"\x01\x02");
    mixed.ours.io.server_side_emit_with_ack::<_, Value>("bytes", &data).await.expect("sent");
    let received = mixed.theirs.call("received", json!({})).await;
    assert_eq!(received.as_array().expect("a list").last().expect("one")["args"][1], bytes("AQI="));
    mixed.end().await;
}

async fn theirs_sends_events_to_ours(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let value = json!({ "a": [1, null, "ü"] });
    mixed.theirs.call("serverSideEmit", json!({ "args": ["tell", value] })).await;
    eventually("it has come", async || mixed.received() == [json!(["tell", value])]).await;
    for nsp in super::NAMESPACES {
        let ask = async |args: Value| {
            mixed.theirs.call("serverSideEmitWithAck", json!({ "nsp": nsp, "args": args })).await
        };
        let expected = json!({ "error": null, "answers": [value] });
        assert_eq!(ask(json!(["echo", value])).await, expected);
        let answers = ask(json!(["nothing"])).await;
        assert_eq!(answers, json!({ "error": null, "answers": [null] }));
        if kind != Kind::Classic {
            let answers = ask(json!(["bytes", bytes("AQI=")])).await;
            assert_eq!(answers, json!({ "error": null, "answers": [2] }));
        }
    }
    mixed.end().await;
}
