//! Presence, history, and the server itself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::ApiServer;

#[actix_web::test]
async fn members_are_listed_and_counted_where_there_is_presence() {
    let server = ApiServer::start();
    let (_ada, ada_id) = server.client(&["room-1"]).await;
    let (_bob, _) = server.client(&["room-1"]).await;
    let answer = server.post("presence", &json!({"channel": "room-1"}));
    assert_eq!((answer.status, &answer.body["clients"]), (200, &json!(2)));
    assert_eq!(answer.body["users"], 2);
    assert!(answer.body["version"].is_u64());
    let members = answer.body["members"].as_array().expect("a list");
    let ada = members.iter().find(|member| member["id"] == ada_id).expect("she is a member");
    assert_eq!((&ada["info"], &ada["sockets"]), (&Value::Null, &json!(1)));
    let answer = server.post("presence_stats", &json!({"channel": "room-1"}));
    answer.assert_body(&json!({"clients": 2, "users": 2}));
    let answer = server.post("presence_stats", &json!({"channel": "room-2"}));
    answer.assert_body(&json!({"clients": 0, "users": 0}));
    for method in ["presence", "presence_stats"] {
        let answer = server.post(method, &json!({"channel": "plain-1"}));
        answer.assert_problem(404, "no_presence", "channel: its route has no presence");
        let answer = server.post(method, &json!({"channel": "nowhere"}));
        answer.assert_problem(404, "no_such_channel", "channel: no route declares it");
    }
}

#[actix_web::test]
async fn a_history_is_read_from_a_position_in_both_directions() {
    let server = ApiServer::start();
    let mut positions = Vec::new();
    for number in 1..=4 {
        let body = json!({"channel": "match-1", "event": "n", "data": number});
        positions.push(server.post("publish", &body).body["position"].clone());
    }
    let read = |more: Value| {
        let mut body = json!({"channel": "match-1"});
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("one"));
        server.post("history", &body)
    };
    let message =
        |number: usize| json!({"event": "n", "args": [number], "position": positions[number - 1]});
    read(json!({})).assert_body(&json!({
        "messages": [message(1), message(2), message(3), message(4)],
        "position": server.io.position(), "whole": true,
    }));
    read(json!({"since": positions[1], "limit": 1})).assert_body(&json!({
        "messages": [message(3)], "position": positions[2], "whole": false,
    }));
    read(json!({"since": positions[1], "reverse": true})).assert_body(&json!({
        "messages": [message(4), message(3)], "position": server.io.position(), "whole": true,
    }));
    read(json!({"limit": 1, "reverse": true})).assert_body(&json!({
        "messages": [message(4)], "position": server.io.position(), "whole": false,
    }));
    for (limit, detail) in [(0, "limit: expected 1 to 1000"), (1001, "limit: expected 1 to 1000")] {
        read(json!({"limit": limit})).assert_problem(400, "bad_request", detail);
    }
    let detail = "since: expected a token of 16 characters";
    read(json!({"since": "yesterday"})).assert_problem(400, "bad_request", detail);

    server.post("history_remove", &json!({"channel": "match-1"})).assert_body(&json!({}));
    read(json!({})).assert_body(&json!({
        "messages": [], "position": server.io.position(), "whole": false,
    }));
    for method in ["history", "history_remove"] {
        let answer = server.post(method, &json!({"channel": "plain-1"}));
        answer.assert_problem(404, "no_history", "channel: its route has no history");
        let answer = server.post(method, &json!({"channel": "nowhere"}));
        answer.assert_problem(404, "no_such_channel", "channel: no route declares it");
    }
}

#[actix_web::test]
async fn a_client_goes_on_from_the_position_of_an_answer() {
    let server = ApiServer::start();
    let first = server.post("publish", &json!({"channel": "match-1", "data": 1}));
    server.post("publish", &json!({"channel": "match-1", "data": 2}));
    let (mut client, _) = server.client(&[]).await;
    let since = json!(["match-1", {"since": first.body["position"]}]);
    let answer = client.emit_with_ack("subscribe", since).await;
    assert_eq!((&answer[0], &answer[1]["recovered"]), (&Value::Null, &json!(true)));
    assert_eq!(answer[1]["missed"], 1);
    assert_eq!(client.recv().await, r#"2["message",2]"#);
}

#[actix_web::test]
async fn the_server_describes_itself() {
    let server = ApiServer::start();
    let (_client, _) = server.client(&["plain-1"]).await;
    let answer = server.post("info", &json!({}));
    assert_eq!(answer.body["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(answer.body["namespaces"], json!(["/", "/admin"]));
    assert_eq!(answer.body["position"], json!(server.io.position()));
    assert_eq!(answer.body["stats"]["connections"], 1);
    assert_eq!(answer.body["stats"]["subscriptions"], 1);
    let uptime = answer.body["uptime"].as_u64().expect("seconds");
    assert!(Duration::from_secs(uptime) < crate::wait::PATIENCE);
}
