//! Users and their tokens: whom a command reaches, and which tokens are believed no more.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_socketio::{Api, Claims, Tokens};
use serde_json::json;

use crate::{
    client::{Client, Mode},
    server::{ApiServer, KEY, MATCHES, builder, keys},
};

fn tokens() -> Tokens {
    Tokens::hs256(b"0123456789abcdef0123456789abcdef").expect("a good secret")
}

fn end() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

pub(crate) fn server() -> ApiServer {
    let builder = builder().tokens(tokens()).allow_guests().max_revoked_tokens(1);
    ApiServer::with(builder, Api::builder(keys()))
}

fn connect_packet(user: &str, id: &str) -> String {
    let token = tokens().sign(&Claims::new(user, end()).id(id)).expect("HS256 signs");
    format!("0{}", json!({"token": token}))
}

async fn client(server: &ApiServer, user: &str, id: &str) -> Client {
    Client::connect_with(&server.url, Mode::WebSocket, &connect_packet(user, id)).await
}

#[actix_web::test]
async fn commands_reach_all_sockets_of_a_user() {
    let server = server();
    let mut phone = client(&server, "ada", "1").await;
    let mut laptop = client(&server, "ada", "2").await;
    let mut bob = client(&server, "bob", "3").await;
    let answer = server.post("emit", &json!({"user": "ada", "event": "mail", "args": [1]}));
    answer.assert_body(&json!({"delivered": 2}));
    assert_eq!(phone.fence().await, [r#"2["mail",1]"#]);
    assert_eq!(bob.fence().await, [""; 0]);
    let request = json!({"channel": "match-1", "user": "ada"});
    server.post("subscribe", &request).assert_body(&json!({"sockets": 2}));
    let found = server.post("sockets", &json!({"channel": "match-1"}));
    for socket in found.body["sockets"].as_array().expect("a list") {
        assert_eq!((&socket["user"], &socket["channels"]), (&json!("ada"), &json!(["match-1"])));
    }
    // The channels of users are neither listed nor named.
    let listed = server.post("channels", &json!({}));
    assert_eq!(listed.body["channels"], json!({"match-1": {"subscribers": 2}}));
    let answer = server.post("publish", &json!({"channel": "@user:ada", "data": 1}));
    let detail = "channel: the channels of users are the server's: use `user`";
    answer.assert_problem(404, "no_such_channel", detail);
    server.post("unsubscribe", &request).assert_body(&json!({"sockets": 2}));
    let answer = server.post("disconnect", &json!({"user": "ada"}));
    answer.assert_body(&json!({"sockets": 2}));
    phone.closed().await;
    laptop.closed().await;
    assert_eq!(bob.fence().await, [""; 0]);
}

#[actix_web::test]
async fn a_key_for_some_channels_neither_sees_users_nor_acts_on_them() {
    let server = server();
    let mut ada = client(&server, "ada", "1").await;
    server.post("subscribe", &json!({"channel": "match-1", "user": "ada"}));
    let found = server.post_as(MATCHES, "sockets", r#"{"channel": "match-1"}"#);
    assert_eq!(found.body["sockets"][0].get("user"), None);
    let until = end().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    for (method, body, field) in [
        ("emit", json!({"user": "ada", "event": "mail"}), "user"),
        ("subscribe", json!({"channel": "match-2", "user": "ada"}), "user"),
        ("unsubscribe", json!({"channel": "match-1", "user": "ada"}), "user"),
        ("disconnect", json!({"user": "ada"}), "user"),
        ("revoke", json!({"token_id": "1", "until": until}), "token_id"),
    ] {
        let answer = server.post_as(MATCHES, method, &body.to_string());
        let detail = format!("{field}: the key is for some channels alone");
        answer.assert_problem(403, "forbidden", &detail);
    }
    assert_eq!(ada.fence().await, [""; 0]);
}

#[actix_web::test]
async fn a_token_is_revoked_by_its_id() {
    let server = server();
    let mut ada = client(&server, "ada", "lost").await;
    let mut kept = client(&server, "ada", "kept").await;
    let until = end().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let revoke = |id: &str| server.post("revoke", &json!({"token_id": id, "until": until}));
    revoke("lost").assert_body(&json!({"sockets": 1}));
    ada.closed().await;
    let connect = connect_packet("ada", "lost");
    let mut again = Client::ask(&server.url, Mode::WebSocket, "", &[], &connect).await;
    assert_eq!(again.recv().await, r#"4{"message":"token revoked"}"#);
    let full = "1 tokens are revoked, which is \"max_revoked_tokens\"";
    revoke("kept").assert_problem(503, "overloaded", full);
    assert_eq!(kept.fence().await, [""; 0]);
    for (body, detail) in [
        (json!({"token_id": "", "until": until}), "token_id: expected 1 to 8192 bytes"),
        (json!({"token_id": "x"}), "missing field `until`"),
        (json!({"token_id": "x", "until": u64::MAX}), "until: expected seconds since 1970"),
    ] {
        let answer = server.post_as(KEY, "revoke", &body.to_string());
        answer.assert_problem(400, "bad_request", detail);
    }
    let plain = ApiServer::start();
    let answer = plain.post("revoke", &json!({"token_id": "x", "until": until}));
    answer.assert_problem(400, "bad_request", "the server has no tokens");
}
