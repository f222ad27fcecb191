//! Acknowledgements of clients of both servers.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::join;

use super::Mixed;
use crate::{
    common::{PATIENCE, bytes},
    fixture::Kind,
};

with_each_adapter!(
    crate::common::REDIS_AND_NODE;
    ours_gets_the_answers_of_their_clients,
    theirs_gets_the_answers_of_our_clients,
    without_clients_there_is_nothing_to_wait_for,
);

async fn ours_gets_the_answers_of_their_clients(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let mut here = mixed.ours.client_in("a").await;
    let one = mixed.client_of_theirs(json!(["a"])).await;
    let two = mixed.client_of_theirs(json!(["a"])).await;
    one.answer_with(json!(["one"])).await;
    two.answer_with(json!([{ "n": [1, null] }, "a second argument"])).await;
    let ask = |limit| mixed.ours.io.to("a").timeout(limit).emit_with_ack::<_, Value>("who?", &1);
    let answer = async {
        let event = here.next().await;
        here.ack(&event, "here").await;
    };
    let (acks, ()) = join!(ask(PATIENCE), answer);
    let acks = acks.expect("sent");
    assert!(acks.is_complete(), "{acks:?}");
    let [(id, answer)] = &acks.answers[..] else { panic!("{acks:?}") };
    assert_eq!((*id, answer.as_ref().expect("JSON")), (here.id(), &json!("here")));
    let mut unnamed: Vec<_> =
        acks.unnamed_answers.into_iter().map(|answer| answer.expect("JSON").to_string()).collect();
    unnamed.sort();
    assert_eq!(unnamed, [r#""one""#, r#"{"n":[1,null]}"#]);
    assert_eq!(one.next().await, json!(["who?", 1]));

    // Those that do not answer are counted; those of this server have names.
    two.answer_with(json!(null)).await;
    let acks = ask(Duration::from_millis(500)).await.expect("sent");
    assert_eq!(acks.unnamed_answers.len(), 1);
    assert_eq!((acks.missing, acks.unnamed_missing, acks.missing_servers), (vec![here.id()], 1, 0));
    // A client may answer with nothing.
    one.answer_with(json!([])).await;
    let acks = ask(Duration::from_millis(500)).await.expect("sent");
    assert_eq!(
        acks.unnamed_answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
        [json!(null)]
    );
    // Or with bytes.
    one.answer_with(json!([{ "data": bytes("AQI=") }])).await;
    let io = mixed.ours.io.to("a").except_socket(here.id()).timeout(Duration::from_millis(500));
    let acks = io.emit_with_ack::<_, WithBytes>("who?", &()).await.expect("sent");
    let answers: Vec<_> =
        acks.unnamed_answers.into_iter().map(|it| it.expect("bytes").data).collect();
    assert_eq!(answers, [&b"\x01\x02"[..]]);
    mixed.end().await;
}

#[derive(serde::Deserialize)]
struct WithBytes {
    data: actix_socketio::prelude::Bytes,
}

async fn theirs_gets_the_answers_of_our_clients(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let mut here = mixed.ours.client_in("a").await;
    let mut silent = mixed.ours.client_in("b").await;
    let there = mixed.client_of_theirs(json!(["a"])).await;
    there.answer_with(json!(["there"])).await;
    let emit = |limit: u64| {
        let flags = json!({ "timeout": limit });
        let command = json!({ "rooms": ["a", "b"], "flags": flags, "args": ["who?", 1] });
        mixed.theirs.call("emitWithAck", command)
    };
    let sorted = |mut answers: Value| {
        let list = answers["answers"].as_array_mut().expect("a list");
        list.sort_by_key(ToString::to_string);
        answers
    };
    let answer = async {
        for (client, with) in [(&mut here, json!({ "a": 1 })), (&mut silent, json!(null))] {
            let event = client.next().await;
            assert_eq!(event, ("who?", json!([1])));
            client.ack(&event, &with).await;
        }
    };
    let (answers, ()) = join!(emit(20_000), answer);
    let expected = json!({ "error": null, "answers": [{ "a": 1 }, null, "there"] });
    assert_eq!(sorted(answers), sorted(expected));

    // One client does not answer.
    let answer = async {
        let event = here.next().await;
        let bytes = actix_socketio::prelude::Bytes::from_static(b"\x01\x02");
        here.ack(&event, &bytes).await;
    };
    let (answers, ()) = join!(emit(1_000), answer);
    let expected =
        json!({ "error": "operation has timed out", "answers": ["there", bytes("AQI=")] });
    assert_eq!(sorted(answers), sorted(expected));
    assert!(silent.next().await.wants_ack());
    mixed.end().await;
}

async fn without_clients_there_is_nothing_to_wait_for(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let acks = mixed.ours.io.everyone().timeout(PATIENCE).emit_with_ack::<_, Value>("who?", &());
    let acks = acks.await.expect("sent");
    assert!(acks.is_complete() && acks.answers.is_empty() && acks.unnamed_answers.is_empty());
    let command = json!({ "flags": { "timeout": PATIENCE.as_millis() as u64 }, "args": ["who?"] });
    let answers = mixed.theirs.call("emitWithAck", command).await;
    assert_eq!(answers, json!({ "error": null, "answers": [] }));
    mixed.end().await;
}
