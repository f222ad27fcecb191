//! Emitters. Those that are published know the classic adapter only.

use actix_socketio::prelude::Bytes;
use serde_json::{Value, json};

use super::{Mixed, until_last};
use crate::{
    common::{Emitter, Need, REDIS_AND_NODE, all_there, bytes},
    fixture::{Kind, eventually},
};

#[actix_web::test]
async fn nodes_emitter_reaches_our_clients() {
    if !all_there("an emitter", REDIS_AND_NODE) {
        return;
    }
    let mixed = Mixed::start(Kind::Classic).await;
    let emitter = Emitter::node(mixed.redis.port());
    let mut one = mixed.ours.client_in("a").await;
    let mut two = mixed.ours.client_in("b").await;
    let mut news = mixed.ours.client_of("/news").await;
    emitter.call("emit", json!({ "args": ["all", 1] })).await;
    emitter.call("emit", json!({ "rooms": ["a"], "args": ["a", 2] })).await;
    let not_b = json!({ "rooms": ["a", "b"], "except": ["b"], "args": ["not b", 3] });
    emitter.call("emit", not_b).await;
    let plain = json!({ "flags": { "volatile": true, "compress": false }, "args": ["plain", 4] });
    emitter.call("emit", plain).await;
    emitter.call("emit", json!({ "nsp": "/news", "args": ["news", 5] })).await;
    emitter.call("emit", json!({ "args": ["last"] })).await;
    let expected = json!([["all", 1], ["a", 2], ["not b", 3], ["plain", 4]]);
    assert_eq!(until_last(&mut one).await, expected);
    assert_eq!(until_last(&mut two).await, json!([["all", 1], ["plain", 4]]));
    assert_eq!(news.next().await, ("news", json!([5])));
    emitter.call("emit", json!({ "args": ["file", bytes("AQI=")] })).await;
    assert_eq!(one.next().await.arg::<Bytes>(0), &b"\x01\x02"[..]);

    let io = &mixed.ours.io;
    let members =
        async |room: &str| io.to(room).local().fetch_sockets().await.expect("a name").len();
    emitter.call("socketsJoin", json!({ "rooms": ["a"], "join": ["c"] })).await;
    eventually("it has joined", async || members("c").await == 1).await;
    emitter.call("socketsLeave", json!({ "leave": ["c"] })).await;
    eventually("it has left", async || members("c").await == 0).await;
    emitter.call("serverSideEmit", json!({ "args": ["tell", "server"] })).await;
    eventually("it has come", async || mixed.received() == [json!(["tell", "server"])]).await;
    emitter.call("disconnectSockets", json!({ "rooms": ["a"], "close": true })).await;
    assert_eq!(one.disconnected().await, "io server disconnect");
    mixed.end().await;
}

#[actix_web::test]
async fn an_emitter_in_python_reaches_our_clients() {
    let needs = [REDIS_AND_NODE, &[Need::PythonPackages]].concat();
    if !all_there("an emitter in Python", &needs) {
        return;
    }
    let mixed = Mixed::start(Kind::Classic).await;
    let emitter = Emitter::python(mixed.redis.port());
    let mut one = mixed.ours.client_in("a").await;
    let mut two = mixed.ours.client_in("b").await;
    emitter.call("emit", json!({ "args": ["all", { "x": [1.5, null] }] })).await;
    emitter.call("emit", json!({ "rooms": ["a"], "args": ["a", "ü"] })).await;
    emitter.call("emit", json!({ "rooms": ["a", "b"], "args": ["both", true] })).await;
    emitter.call("emit", json!({ "args": ["last"] })).await;
    let all = json!(["all", { "x": [1.5, null] }]);
    assert_eq!(until_last(&mut one).await, json!([all, ["a", "ü"], ["both", true]]));
    assert_eq!(until_last(&mut two).await, json!([all, ["both", true]]));
    emitter.call("emit", json!({ "args": ["file", bytes("AQI=")] })).await;
    assert_eq!(one.next().await.arg::<Bytes>(0), &b"\x01\x02"[..]);
    emitter.call("serverSideEmit", json!({ "args": ["tell", "python"] })).await;
    eventually("it has come", async || mixed.received() == [json!(["tell", "python"])]).await;
    mixed.end().await;
}

/// Node's emitter for streams is not published. It puts everything into the stream, also events for
/// servers.
#[actix_web::test]
async fn an_emitter_for_streams_reaches_our_clients() {
    if !all_there("an emitter for streams", REDIS_AND_NODE) {
        return;
    }
    let mixed = Mixed::start(Kind::Streams).await;
    let mut client = mixed.ours.client_in("a").await;
    let append = |kind: &str, data: Value| {
        let (data, nsp) = (data.to_string(), "/");
        let fields = ["uid", "emitter", "nsp", nsp, "type", kind, "data", &data];
        let command = [&["XADD", "socket.io", "*"][..], &fields].concat();
        mixed.redis.command::<String>(&command);
    };
    let opts = json!({ "rooms": ["a"], "flags": {}, "except": ["b"] });
    let packet = json!({ "type": 2, "data": ["from an emitter", 1], "nsp": "/" });
    append("3", json!({ "packet": packet, "opts": opts }));
    assert_eq!(client.next().await, ("from an emitter", json!([1])));
    append("9", json!({ "packet": ["tell", "emitter"] }));
    eventually("it has come", async || mixed.received() == [json!(["tell", "emitter"])]).await;
    append("6", json!({ "opts": opts, "close": true }));
    assert_eq!(client.disconnected().await, "io server disconnect");
    mixed.end().await;
}
