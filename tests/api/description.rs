//! The description in OpenAPI, and real requests and answers.

use actix_socketio::{Api, ApiMethod};
use serde_json::{Value, json};

use crate::{
    schema::mistakes,
    server::{ApiServer, KEY},
    users,
};

/// The schema of a method's request, or of its response with a status.
fn schema<'a>(document: &'a Value, method: &str, status: Option<u16>) -> &'a Value {
    let operation = &document["paths"][format!("/api/{method}")]["post"];
    let content = match status {
        None => &operation["requestBody"]["content"]["application/json"],
        Some(200) => &operation["responses"]["200"]["content"]["application/json"],
        Some(status) => {
            &operation["responses"][status.to_string()]["content"]["application/problem+json"]
        }
    };
    assert!(content["schema"].is_object(), "{method} {status:?}");
    &content["schema"]
}

#[actix_web::test]
async fn real_requests_and_answers_are_as_the_description_says() {
    let server = users::server();
    let document = server.ask("GET", "/api/openapi.json", "", "").body;
    assert_eq!(document, Api::openapi("/api"));
    let (_ada, ada_id) = server.client(&["match-1", "room-1"]).await;
    let (_bob, _) = server.client(&["match-2"]).await;
    let mut seen = Vec::new();
    for (method, request) in [
        ("publish", json!({"channel": "match-1", "data": {"a": [1, null]}})),
        (
            "publish",
            json!({
                "channel": "match-1", "b64data": "AAEC", "event": "e", "namespace": "/",
                "idempotency_key": "k", "except": [ada_id], "wait": true, "skip_history": true,
            }),
        ),
        ("publish", json!({"channel": "match-1", "b64data": "AAEC"})),
        ("broadcast", json!({"channels": ["match-1", "match-2"], "data": null, "wait": true})),
        ("batch", json!({"commands": [{"info": {}}, {"info": {"x": 1}}], "parallel": true})),
        ("emit", json!({"socket": ada_id, "event": "e", "args": [1, "x"]})),
        ("subscribe", json!({"channel": "match-3", "socket": ada_id})),
        ("unsubscribe", json!({"channel": "match-3", "in_channel": "match-1"})),
        ("presence", json!({"channel": "room-1"})),
        ("presence_stats", json!({"channel": "room-1"})),
        ("history", json!({"channel": "match-1", "limit": 10, "reverse": true})),
        ("history", json!({"channel": "match-1", "since": server.io.position()})),
        ("history_remove", json!({"channel": "match-1"})),
        ("channels", json!({"pattern": "match-", "limit": 10})),
        ("sockets", json!({"channel": "room-1"})),
        ("info", json!({})),
        ("emit", json!({"user": "ada", "event": "e"})),
        ("subscribe", json!({"channel": "match-3", "user": "ada"})),
        ("revoke", json!({"token_id": "4711", "until": 4_000_000_000_u64})),
        ("disconnect", json!({"socket": ada_id, "close": false})),
    ] {
        let wrong = mistakes(&document, schema(&document, method, None), &request);
        assert!(wrong.is_empty(), "{method} {request}: {wrong:?}");
        let answer = server.post(method, &request);
        assert_eq!(answer.status, 200, "{method} {request}: {answer:?}");
        let wrong = mistakes(&document, schema(&document, method, Some(200)), &answer.body);
        assert!(wrong.is_empty(), "{method} {}: {wrong:?}", answer.body);
        seen.push(method);
    }
    assert!(ApiMethod::ALL.iter().all(|method| seen.contains(&method.as_str())), "{seen:?}");
    for (key, method, body, status) in [
        ("unknown", "publish", "{}", 401),
        (KEY, "publish", "{}", 400),
        (KEY, "history", r#"{"channel":"plain-1"}"#, 404),
        (crate::server::COUNTER, "info", "{}", 403),
    ] {
        let answer = server.post_as(key, method, body);
        let wrong = mistakes(&document, schema(&document, method, Some(status)), &answer.body);
        assert!(wrong.is_empty() && answer.status == status, "{answer:?}: {wrong:?}");
    }
}

#[actix_web::test]
async fn the_description_refuses_what_the_server_refuses() {
    let server = ApiServer::start();
    let document = Api::openapi("/api");
    for (method, request) in [
        ("publish", json!({})),
        ("publish", json!({"channel": 7, "data": 1})),
        ("publish", json!({"channel": "match-1", "data": 1, "user": "ada"})),
        ("publish", json!({"channel": "match-1", "data": 1, "wait": "yes"})),
        ("broadcast", json!({"channels": "match-1", "data": 1})),
        ("batch", json!({"commands": [7]})),
        ("history", json!({"channel": "match-1", "limit": -1})),
        ("info", json!([])),
    ] {
        let wrong = mistakes(&document, schema(&document, method, None), &request);
        assert!(!wrong.is_empty(), "{method} {request}");
        let answer = server.post(method, &request);
        let refused = answer.status == 400 || answer.body["replies"][0]["error"].is_object();
        assert!(refused, "{method} {request}: {answer:?}");
    }
}

#[actix_web::test]
async fn the_description_has_every_method_and_needs_no_key() {
    let server = ApiServer::start();
    let answer = server.ask("GET", "/api/openapi.json", "", "");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.body["openapi"], "3.1.0");
    assert!(!answer.body.to_string().contains(KEY));
    let paths = answer.body["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), ApiMethod::ALL.len());
    assert!(Api::openapi("/x")["paths"].get("/x/publish").is_some());
}
