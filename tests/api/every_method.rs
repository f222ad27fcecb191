//! The errors that all methods have in common, in each of them.

use actix_socketio::{Api, Tokens};
use serde_json::{Value, json};

use crate::server::{ApiServer, COUNTER, KEY, builder, keys};

/// The methods, each with a request that is valid.
fn requests() -> Vec<(&'static str, Value)> {
    vec![
        ("publish", json!({"channel": "match-1", "data": 1})),
        ("broadcast", json!({"channels": ["match-1", "match-2"], "data": 1})),
        ("batch", json!({"commands": [{"info": {}}]})),
        ("emit", json!({"channel": "match-1", "event": "x"})),
        ("subscribe", json!({"channel": "match-1", "in_channel": "match-2"})),
        ("unsubscribe", json!({"channel": "match-1", "in_channel": "match-2"})),
        ("disconnect", json!({"in_channel": "match-2"})),
        ("presence", json!({"channel": "room-1"})),
        ("presence_stats", json!({"channel": "room-1"})),
        ("history", json!({"channel": "match-1"})),
        ("history_remove", json!({"channel": "match-1"})),
        ("channels", json!({})),
        ("sockets", json!({"channel": "match-1"})),
        ("info", json!({})),
        ("revoke", json!({"token_id": "4711", "until": 4_000_000_000_u64})),
    ]
}

fn with(request: &Value, field: &str, value: Value) -> Value {
    let mut request = request.clone();
    request[field] = value;
    request
}

#[actix_web::test]
async fn each_method_answers_and_refuses_what_all_refuse() {
    let tokens = Tokens::hs256(b"0123456789abcdef0123456789abcdef").expect("a good secret");
    let builder = builder().tokens(tokens).allow_guests();
    let server = ApiServer::with(builder, Api::builder(keys()));
    let unknown = "AbCdEfGh-the-secret-of-the-request";
    for (method, request) in requests() {
        let answer = server.post(method, &request);
        assert_eq!(answer.status, 200, "{method}: {answer:?}");
        assert!(answer.body.is_object(), "{method}");

        let path = format!("/api/{method}");
        let body = request.to_string();
        let json = "Content-Type: application/json\r\n";
        assert_eq!(server.ask("POST", &path, json, &body).status, 401, "{method}");
        assert_eq!(server.post_as("unknown", method, &body).status, 401, "{method}");
        assert_eq!(server.ask("GET", &path, "", "").status, 405, "{method}");
        let key = format!("X-API-Key: {KEY}\r\n");
        assert_eq!(server.ask("POST", &path, &key, &body).status, 415, "{method}");
        assert_eq!(server.post_as(KEY, method, "nonsense").status, 400, "{method}");
        assert_eq!(server.post_as(KEY, method, "7").status, 400, "{method}");
        if !["presence_stats", "batch"].contains(&method) {
            let answer = server.post_as(COUNTER, method, &body);
            answer.assert_problem(403, "forbidden", &format!("the key may not {method}"));
        }

        let answer = server.post(method, &with(&request, unknown, json!(unknown)));
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!("bad_request")));
        let shown = format!("{answer:?}");
        assert!(shown.contains("unknown field") && !shown.contains("secret"), "{shown}");
        // Beside `in_channel`, or where sockets are not chosen, there is no `user`.
        assert_eq!(server.post(method, &with(&request, "user", json!("ada"))).status, 400);

        if !["batch", "info", "revoke"].contains(&method) {
            let answer = server.post(method, &with(&request, "namespace", json!("/nowhere")));
            let detail = "namespace: there is no such namespace";
            answer.assert_problem(404, "unknown_namespace", detail);
            let answer = server.post(method, &with(&request, "namespace", json!(7)));
            answer.assert_problem(400, "bad_request", "namespace: expected a string");
        }
        for field in ["channel", "in_channel"] {
            if request.get(field).is_none() {
                continue;
            }
            for (name, reason) in [
                ("", "a channel name has at least one character"),
                ("a\0b", "a channel name has no control characters, this one has one at byte 1"),
            ] {
                let answer = server.post(method, &with(&request, field, json!(name)));
                answer.assert_problem(400, "bad_request", &format!("{field}: {reason}"));
            }
            let long = with(&request, field, json!("x".repeat(1000)));
            let answer = server.post(method, &long);
            assert_eq!(answer.status, 400, "{method}");
            assert!(!format!("{answer:?}").contains("xx"), "{answer:?}");
        }
    }
}
