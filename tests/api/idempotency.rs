//! Requests that come twice are done once.

use std::time::Duration;

use actix_socketio::Api;
use serde_json::{Value, json};

use crate::server::{ApiServer, KEY, MATCHES, builder, keys};

fn publication(key: &str, data: usize) -> Value {
    json!({"channel": "match-1", "data": data, "idempotency_key": key})
}

#[actix_web::test]
async fn the_same_request_is_published_once_and_answered_twice() {
    let server = ApiServer::start();
    let (mut client, _) = server.client(&["match-1", "plain-1"]).await;
    let first = server.post("publish", &publication("a", 1));
    assert_eq!(first.status, 200);
    server.post("publish", &publication("a", 1)).assert_body(&first.body);
    let conflict = server.post("publish", &publication("a", 2));
    let detail = "idempotency_key: it was used with another request";
    conflict.assert_problem(409, "conflict", detail);
    assert_eq!(client.messages().await, [1]);

    // The same key of another API key, or for another channel, is another one.
    let others = publication("a", 3).to_string();
    assert_eq!(server.post_as(MATCHES, "publish", &others).status, 200);
    let elsewhere = json!({"channel": "plain-1", "data": 4, "idempotency_key": "a"});
    assert_eq!(server.post("publish", &elsewhere).status, 200);
    let broadcast = json!({"channels": ["match-1", "plain-1"], "data": 5, "idempotency_key": "a"});
    let first = server.post("broadcast", &broadcast);
    assert_eq!(first.status, 200);
    server.post("broadcast", &broadcast).assert_body(&first.body);
    let batch = json!({"commands": [{"publish": publication("a", 1)}]});
    let replies = server.post("batch", &batch);
    assert!(replies.body["replies"][0]["publish"].is_object(), "{replies:?}");
    assert_eq!(client.messages().await, [3, 4, 5]);

    for key in ["", &"x".repeat(256)] {
        let answer = server.post("publish", &publication(key, 1));
        answer.assert_problem(400, "bad_request", "idempotency_key: expected 1 to 255 bytes");
    }
    assert_eq!(server.post("publish", &publication(&"x".repeat(255), 1)).status, 200);
}

#[actix_web::test]
async fn each_part_of_a_request_makes_it_another() {
    let server = ApiServer::start();
    let usual = publication("a", 1);
    assert_eq!(server.post("publish", &usual).status, 200);
    for (field, value) in [
        ("event", json!("goal")),
        ("except", json!(["AbCdEfGhIjKlMnOpQrSt"])),
        ("wait", json!(true)),
        ("skip_history", json!(true)),
    ] {
        let mut other = usual.clone();
        other[field] = value;
        assert_eq!(server.post("publish", &other).status, 409, "{field}");
    }
    let text = usual.to_string();
    let spaced = text.replace(',', " , ");
    assert_eq!(server.post_as(KEY, "publish", &spaced).status, 200, "spaces between say nothing");
}

#[actix_web::test]
async fn two_at_once_are_one_publication() {
    let server = ApiServer::start();
    let (mut client, _) = server.client(&["match-1"]).await;
    for round in 0..20 {
        let mut body = publication(&format!("key {round}"), round);
        body["wait"] = json!(true);
        let (server, body) = (&server, &body);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let asking: Vec<_> =
                (0..4).map(|_| scope.spawn(move || server.post("publish", body))).collect();
            asking.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        for answer in &answers {
            answer.assert_body(&answers[0].body);
        }
    }
    assert_eq!(client.messages().await, (0..20).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_request_that_failed_may_come_again() {
    let server = ApiServer::with(builder().max_outbox(2000), Api::builder(keys()));
    let large = json!({
        "channel": "match-1", "data": "x".repeat(2100), "idempotency_key": "a",
    });
    assert_eq!(server.post("publish", &large).status, 413);
    assert_eq!(server.post("publish", &publication("a", 1)).status, 200, "nothing is kept of it");
}

#[actix_web::test]
async fn what_is_kept_is_bounded_in_number_and_time() {
    let api = Api::builder(keys()).max_idempotency_keys(2);
    let server = ApiServer::with(builder(), api);
    for key in ["a", "b", "c"] {
        assert_eq!(server.post("publish", &publication(key, 1)).status, 200);
    }
    assert_eq!(server.post("publish", &publication("c", 2)).status, 409, "it is kept");
    assert_eq!(server.post("publish", &publication("a", 2)).status, 200, "it is forgotten");

    let api = Api::builder(keys()).idempotency_window(Duration::ZERO);
    let server = ApiServer::with(builder(), api);
    for data in [1, 2] {
        assert_eq!(server.post("publish", &publication("a", data)).status, 200, "it is too old");
    }
}
