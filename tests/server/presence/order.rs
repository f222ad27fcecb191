//! Where changes stand in the order of a channel.

use serde_json::json;

use super::{Guest, by_user, server};
use crate::client::Mode;

in_every_mode! {
    a_join_stands_before_the_first_message_of_the_newcomer,
    an_answer_stands_before_the_changes_that_it_does_not_have,
}

async fn a_join_stands_before_the_first_message_of_the_newcomer(mode: Mode) {
    let server = server(by_user());
    let mut ann = Guest::connect(&server, mode, "ann").await;
    ann.client.subscribe("room-1").await;
    let bob = Guest::connect(&server, mode, "bob").await;
    bob.client.send(r#"2["subscribe","room-1"]"#).await;
    bob.client.send(r#"2["publish","room-1","hello"]"#).await;
    ann.client.wait_for(|packet| packet.contains(r#""joins":[{"id":"bob""#)).await;
    let rest = ann.client.wait_for(|packet| packet.contains("hello") || packet.contains("bob"));
    assert_eq!(rest.await, r#"2["message","hello"]"#);
}

async fn an_answer_stands_before_the_changes_that_it_does_not_have(mode: Mode) {
    let server = server(by_user());
    let mut ann = Guest::connect(&server, mode, "ann").await;
    ann.enter().await;
    let mut bob = Guest::connect(&server, mode, "bob").await;
    for round in 0..40 {
        let request = if round % 2 == 0 { "subscribe" } else { "unsubscribe" };
        bob.client.send(&format!(r#"2["{request}","room-1"]"#)).await;
        ann.client.send(&format!(r#"2{}["presence","room-1"]"#, 1_000 + round)).await;
    }
    let mut answers = 0;
    while answers < 40 {
        let packet = ann.client.recv().await;
        if let Some(answer) = packet.strip_prefix("31") {
            let answer: serde_json::Value = serde_json::from_str(&answer[3..]).expect(&packet);
            let version = answer[1]["version"].as_u64().expect("a version");
            assert!(version >= ann.version, "a newer change came before {packet}");
            ann.take_list(&answer[1]);
            answers += 1;
        } else {
            let event: serde_json::Value = serde_json::from_str(&packet[1..]).expect(&packet);
            ann.apply(&event[2]);
        }
    }
    bob.client.emit_with_ack("subscribe", json!(["room-1"])).await;
    while ann.ids() != ["ann", "bob"] {
        ann.change().await;
    }
}
