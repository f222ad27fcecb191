//! Keys: where they are shown, and what each may do.

use actix_socketio::{Api, ApiError, ApiKey};
use serde_json::json;

use crate::server::{ApiServer, COUNTER, KEY, MATCHES};

const JSON: &str = "Content-Type: application/json\r\n";

#[actix_web::test]
async fn a_key_is_shown_in_one_of_two_headers_and_nowhere_else() {
    let server = ApiServer::start();
    let ask = |path: &str, headers: &str| {
        server.ask("POST", path, &format!("{headers}{JSON}"), r#"{"channel":"plain-1","data":1}"#)
    };
    for headers in [
        format!("X-API-Key: {KEY}\r\n"),
        format!("Authorization: Bearer {KEY}\r\n"),
        format!("authorization: bearer {KEY}\r\n"),
    ] {
        assert_eq!(ask("/api/publish", &headers).status, 200, "{headers}");
    }
    let missing = "expected the header X-API-Key, or Authorization with Bearer";
    let twice = "expected one key in one header";
    for (path, headers, detail) in [
        ("/api/publish", String::new(), missing),
        (&format!("/api/publish?api_key={KEY}&key={KEY}&X-API-Key={KEY}"), String::new(), missing),
        ("/api/publish", format!("Cookie: api_key={KEY}\r\n"), missing),
        ("/api/publish", "X-API-Key:\r\n".to_owned(), "the key is unknown"),
        ("/api/publish", format!("X-API-Key: {KEY}x\r\n"), "the key is unknown"),
        ("/api/publish", format!("X-API-Key: {}\r\n", &KEY[1..]), "the key is unknown"),
        ("/api/publish", format!("X-API-Key: {}\r\n", KEY.to_uppercase()), "the key is unknown"),
        ("/api/publish", format!("Authorization: Basic {KEY}\r\n"), "the key is unknown"),
        ("/api/publish", format!("Authorization: {KEY}\r\n"), "the key is unknown"),
        ("/api/publish", format!("X-API-Key: {KEY}\r\nX-API-Key: {KEY}\r\n"), twice),
        ("/api/publish", format!("X-API-Key: {KEY}\r\nAuthorization: Bearer {KEY}\r\n"), twice),
    ] {
        let answer = ask(path, &headers);
        answer.assert_problem(401, "unauthorized", detail);
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="api""#));
    }
    assert_eq!(server.io.stats().publications, 3, "what is refused is not published");
}

#[actix_web::test]
async fn a_key_may_do_its_methods_to_its_channels() {
    let server = ApiServer::start();
    let (_client, id) = server.client(&["match-1", "plain-1"]).await;
    let forbidden = |key: &str, method: &str, body: serde_json::Value, detail: &str| {
        server.post_as(key, method, &body.to_string()).assert_problem(403, "forbidden", detail);
    };
    forbidden(COUNTER, "publish", json!({}), "the key may not publish");
    assert_eq!(server.post_as(COUNTER, "presence_stats", r#"{"channel":"room-1"}"#).status, 200);

    let (other, alone) = ("the key may not use this channel", "the key is for some channels alone");
    let channel = format!("channel: {other}");
    forbidden(MATCHES, "publish", json!({"channel": "plain-1", "data": 1}), &channel);
    forbidden(MATCHES, "publish", json!({"channel": "my-match-1", "data": 1}), &channel);
    forbidden(MATCHES, "presence", json!({"channel": "room-1"}), &channel);
    forbidden(MATCHES, "history", json!({"channel": "plain-1"}), &channel);
    forbidden(MATCHES, "history_remove", json!({"channel": "plain-1"}), &channel);
    forbidden(MATCHES, "sockets", json!({"channel": "plain-1"}), &channel);
    forbidden(MATCHES, "emit", json!({"channel": "plain-1", "event": "x"}), &channel);
    let body = json!({"channels": ["match-1", "plain-1"], "data": 1});
    forbidden(MATCHES, "broadcast", body, &format!("channels[1]: {other}"));
    let body = json!({"channel": "match-2", "in_channel": "plain-1"});
    forbidden(MATCHES, "subscribe", body, &format!("in_channel: {other}"));
    let body = json!({"in_channel": "plain-1"});
    forbidden(MATCHES, "disconnect", body, &format!("in_channel: {other}"));

    let socket = format!("socket: {alone}");
    forbidden(MATCHES, "emit", json!({"socket": id, "event": "x"}), &socket);
    forbidden(MATCHES, "subscribe", json!({"channel": "match-2", "socket": id}), &socket);
    forbidden(MATCHES, "unsubscribe", json!({"channel": "match-1", "socket": id}), &socket);
    forbidden(MATCHES, "disconnect", json!({"socket": id}), &socket);
    let everyone = format!("everyone: {alone}");
    forbidden(MATCHES, "emit", json!({"everyone": true, "event": "x"}), &everyone);
    forbidden(MATCHES, "sockets", json!({}), &format!("channel: {alone}"));

    let channels = server.post_as(MATCHES, "channels", "{}");
    let only = json!({"channels": {"match-1": {"subscribers": 1}}, "truncated": false});
    channels.assert_body(&only);
    let sockets = server.post_as(MATCHES, "sockets", r#"{"channel":"match-1"}"#);
    assert_eq!(sockets.body["sockets"][0]["channels"], json!(["match-1"]), "and no other");
    assert_eq!(server.io.stats().publications, 0);
}

#[actix_web::test]
async fn keys_are_replaced_while_the_server_runs() {
    let server = ApiServer::start();
    let next = "the-key-of-the-next-day";
    assert!(matches!(server.api.set_keys([]), Err(ApiError::NoKeys)));
    assert_eq!(server.post_as(KEY, "info", "{}").status, 200, "a mistake changes nothing");
    server.api.set_keys([ApiKey::new("all", next)]).expect("a valid key");
    assert_eq!(server.post_as(KEY, "info", "{}").status, 401);
    assert_eq!(server.post_as(next, "info", "{}").status, 200);
}

#[test]
fn an_api_without_valid_keys_is_not_built() {
    assert!(matches!(Api::new([]), Err(ApiError::NoKeys)));
    let empty = Api::new([ApiKey::new("empty", "")]);
    assert!(matches!(empty, Err(ApiError::ShortKey { length: 0, .. })));
    let shown = format!("{:?}", Api::new([ApiKey::new("all", KEY)]).expect("a valid key"));
    assert!(!shown.contains(KEY), "{shown}");
}
