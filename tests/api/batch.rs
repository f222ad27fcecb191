//! Several commands in one request.

use actix_socketio::Api;
use serde_json::{Value, json};

use crate::server::{ApiServer, COUNTER, KEY, builder, keys};

fn problem(reply: &Value) -> (&Value, &Value, &Value) {
    let problem = &reply["error"];
    assert_eq!(reply.as_object().map(serde_json::Map::len), Some(1), "{reply}");
    (&problem["status"], &problem["code"], &problem["detail"])
}

#[actix_web::test]
async fn each_command_succeeds_or_fails_by_itself() {
    let server = ApiServer::start();
    let (mut client, _) = server.client(&["plain-1"]).await;
    let answer = server.post(
        "batch",
        &json!({"commands": [
            {"publish": {"channel": "plain-1", "data": 1}},
            {"publish": {"channel": 7, "data": 2}},
            {"publish": {"channel": "plain-1"}},
            {"publish": {"channel": "plain-1", "data": 3, "sEcret": 1}},
            {"sEcret": {}},
            {"publish": {"channel": "plain-1", "data": 4}, "info": {}},
            "sEcret",
            {},
            {"batch": {"commands": []}},
            {"history": {"channel": "plain-1"}},
            {"broadcast": {"channels": ["plain-1", ""], "data": 5}},
            {"presence_stats": {"channel": "room-1"}},
            {"publish": {"channel": "plain-1", "data": 6, "wait": true}},
        ]}),
    );
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let replies = answer.body["replies"].as_array().expect("a list");
    assert_eq!(replies.len(), 13);
    assert!(replies[0]["publish"]["position"].is_string());
    assert_eq!(replies[11], json!({"presence_stats": {"clients": 0, "users": 0}}));
    assert_eq!(replies[12]["publish"]["delivered"], 1);
    let (bad, missing, no_batch) = ("bad_request", "no_history", "a batch has no batch");
    let one = "expected an object with one member, the name of a method";
    let data = "expected exactly one of `data` and `b64data`";
    for (at, status, code, detail) in [
        (1, 400, bad, "commands[1].publish.channel: expected a string".to_owned()),
        (2, 400, bad, format!("commands[2].publish: {data}")),
        (4, 400, bad, "commands[4]: expected the name of a method".to_owned()),
        (5, 400, bad, format!("commands[5]: {one}")),
        (6, 400, bad, format!("commands[6]: {one}")),
        (7, 400, bad, format!("commands[7]: {one}")),
        (8, 400, bad, format!("commands[8]: {no_batch}")),
        (9, 404, missing, "commands[9].history.channel: its route has no history".to_owned()),
        (
            10,
            400,
            bad,
            "commands[10].broadcast.channels[1]: a channel name has at least one character"
                .to_owned(),
        ),
    ] {
        assert_eq!(problem(&replies[at]), (&json!(status), &json!(code), &json!(detail)));
    }
    let (_, _, detail) = problem(&replies[3]);
    let detail = detail.as_str().expect("a text");
    assert!(detail.starts_with("commands[3].publish: unknown field: expected one of"), "{detail}");
    assert!(!answer.body.to_string().contains("sEcret"));
    assert_eq!(client.messages().await, [1, 6], "in their order");
}

#[actix_web::test]
async fn a_command_needs_the_right_to_its_method() {
    let server = ApiServer::start();
    let body = json!({"commands": [
        {"info": {}}, {"presence_stats": {"channel": "room-1"}}, {"info": {"x": 1}},
    ]});
    let answer = server.post_as(COUNTER, "batch", &body.to_string());
    let replies = &answer.body["replies"];
    let detail = |at: usize| json!(format!("commands[{at}].info: the key may not do this"));
    for at in [0, 2] {
        let (status, code, text) = problem(&replies[at]);
        assert_eq!((status, code, text), (&json!(403), &json!("forbidden"), &detail(at)));
    }
    assert!(replies[1]["presence_stats"].is_object());
}

#[actix_web::test]
async fn a_batch_has_a_bound_and_may_be_empty() {
    let server = ApiServer::start();
    let commands = |count: usize| json!({"commands": vec![json!({"info": {}}); count]});
    server.post("batch", &commands(0)).assert_body(&json!({"replies": []}));
    let answer = server.post("batch", &commands(1001));
    answer.assert_problem(413, "too_large", "commands: expected 1000 at most");
    let answer = server.post("batch", &json!({"commands": {}}));
    answer.assert_problem(400, "bad_request", "commands: expected a sequence");
    assert_eq!(server.post_as(KEY, "batch", r#"{"commands":[{"info":}]}"#).status, 400);
}

#[actix_web::test]
async fn commands_keep_their_order_unless_they_are_parallel() {
    let server = ApiServer::with(builder(), Api::builder(keys()));
    let (mut client, _) = server.client(&["plain-1"]).await;
    let publish = |number| json!({"publish": {"channel": "plain-1", "data": number, "wait": true}});
    let commands: Vec<_> = (0..100).map(publish).collect();
    let answer = server.post("batch", &json!({"commands": commands}));
    assert_eq!(answer.body["replies"].as_array().map(Vec::len), Some(100));
    assert_eq!(client.messages().await, (0..100).collect::<Vec<_>>());

    let answer = server.post("batch", &json!({"commands": commands, "parallel": true}));
    let replies = answer.body["replies"].as_array().expect("a list");
    assert!(replies.iter().all(|reply| reply["publish"]["delivered"] == 1), "{replies:?}");
    let mut received: Vec<_> =
        client.messages().await.iter().map(|data| data.as_u64().expect("a number")).collect();
    received.sort_unstable();
    assert_eq!(received, (0..100).collect::<Vec<_>>());
}
