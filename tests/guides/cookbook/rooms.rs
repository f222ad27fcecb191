//! History, private messages, presence, and rooms with owners.

use std::{cell::Cell, rc::Rc};

use actix_web::rt;
use serde_json::{Value, json};

use super::user;
use crate::{
    app::TestServer,
    client::{Client, Mode},
    recipes,
};

/// Joins while others talk, and checks that the answer and the events behind it are all lines once.
async fn join_once(client: &mut Client, talker: &mut Client, said: &Cell<u64>) {
    let history = client.emit_with_ack("join", json!(["tea"])).await;
    said.set(said.get() + 1);
    let last = format!("line {}", said.get());
    talker.emit_with_ack("say", json!(["tea", &last])).await;
    let mut lines: Vec<String> =
        serde_json::from_value(history[0].clone()).expect("the history is a list of lines");
    let in_history = lines.len();
    while lines.last() != Some(&last) {
        let event = client.wait_for(|packet| packet.starts_with(r#"2["said""#)).await;
        let event: Value = serde_json::from_str(&event[1..]).expect("JSON");
        lines.push(event[2].as_str().expect("a line").to_owned());
    }
    let numbers: Vec<u64> =
        lines.iter().map(|line| line["line ".len()..].parse().expect("a number")).collect();
    let follows = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
    assert!(follows, "not each line once, {in_history} of the history: {numbers:?}");
    client.emit_with_ack("leave", json!(["tea"])).await;
}

#[actix_web::test]
async fn history_on_join_misses_nothing_and_doubles_nothing() {
    let server = TestServer::start(recipes::history::builder());
    let mut talker = Client::connect(&server.url, Mode::WebSocket).await;
    let refused = talker.emit_with_ack("say", json!(["tea", "line 1"])).await;
    assert_eq!(refused, json!([{"message": "you are not in this room"}]));
    talker.emit_with_ack("join", json!(["tea"])).await;
    let unknown = talker.emit_with_ack("join", json!(["no room"])).await;
    assert_eq!(unknown, json!([{"message": "there is no such room"}]));

    let said = Rc::new(Cell::new(0));
    let mut client = Client::connect(&server.url, Mode::WebSocket).await;
    for _ in 0..100 {
        // Without waiting for their answers, so that lines come while the client joins.
        for _ in 0..3 {
            said.set(said.get() + 1);
            talker.emit("say", json!(["tea", format!("line {}", said.get())])).await;
        }
        join_once(&mut client, &mut talker, &said).await;
        // What the talker reads is of no interest.
        talker.rest();
    }
}

#[actix_web::test]
async fn a_private_message_reaches_all_clients_of_a_user_and_no_other() {
    let server = TestServer::start(recipes::private::builder());
    let mut ada = user(&server, "ada").await;
    let (mut tab, mut phone) = (user(&server, "bob").await, user(&server, "bob").await);
    let mut eve = user(&server, "eve").await;

    assert_eq!(ada.emit_with_ack("private", json!(["bob", "hi"])).await, json!([]));
    for client in [&mut tab, &mut phone] {
        assert_eq!(client.expect_event("private").await, json!(["ada", "hi"]));
    }
    let absent = ada.emit_with_ack("private", json!(["carl", "hi"])).await;
    assert_eq!(absent, json!([{"message": "this user is not here"}]));
    // A client can't enter the channel of another user.
    let refused = eve.emit_with_ack("subscribe", json!(["user-bob"])).await;
    assert_eq!(refused, json!([{"message": "no such channel"}]));

    let bobs = server.io.subscribers("user-bob").await.expect("a valid name");
    for id in &bobs {
        assert_eq!(ada.emit_with_ack("whisper", json!([id, "psst"])).await, json!([]));
    }
    for client in [&mut tab, &mut phone] {
        assert_eq!(client.expect_event("whisper").await[1], "psst");
    }
    let gone = ada.emit_with_ack("whisper", json!(["AbCdEfGhIjKlMnOpQrSt", "psst"])).await;
    assert_eq!(gone, json!([{"message": "this client is gone"}]));
    assert!(eve.rest().is_empty() && ada.rest().is_empty());
}

#[actix_web::test]
async fn presence_counts_users_not_connections() {
    let server = TestServer::start(recipes::presence::builder());
    let mut ada = user(&server, "ada").await;
    ada.subscribe("room-tea").await;
    assert_eq!(ada.expect_event("present").await, json!([["ada"]]));
    let (mut tab, mut phone) = (user(&server, "bob").await, user(&server, "bob").await);
    for client in [&mut tab, &mut phone] {
        client.subscribe("room-tea").await;
        client.subscribe("room-tea").await; // again, which changes nothing
        assert_eq!(ada.expect_event("present").await, json!([["ada", "bob"]]));
    }
    tab.emit_with_ack("unsubscribe", json!(["room-tea"])).await;
    assert_eq!(ada.expect_event("present").await, json!([["ada", "bob"]]));
    drop(phone); // without a word
    assert_eq!(ada.expect_event("present").await, json!([["ada"]]));
    ada.close().await;
    tab.close().await;
    server.wait_until_empty().await;
    let mut carl = user(&server, "carl").await;
    carl.subscribe("room-tea").await;
    assert_eq!(carl.expect_event("present").await, json!([["carl"]]));
}

#[actix_web::test]
async fn the_owner_of_a_room_says_who_is_in() {
    let server = TestServer::start(recipes::rooms::builder());
    let (mut ada, mut bob) = (user(&server, "ada").await, user(&server, "bob").await);
    let closed = json!([{"message": "you are not in this room"}]);
    assert_eq!(bob.emit_with_ack("say", json!(["ada", "hi"])).await, closed);
    ada.emit_with_ack("invite", json!(["bob"])).await;
    assert_eq!(bob.expect_event("invited").await, json!(["ada"]));
    assert_eq!(bob.emit_with_ack("say", json!(["ada", "hi"])).await, json!([]));
    assert_eq!(ada.expect_event("said").await, json!(["ada", "bob", "hi"]));
    ada.emit_with_ack("expel", json!(["bob"])).await;
    assert_eq!(bob.emit_with_ack("say", json!(["ada", "again"])).await, closed);
    rt::task::yield_now().await;
    assert!(ada.rest().is_empty());
}
