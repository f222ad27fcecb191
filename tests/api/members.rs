//! Looking at sockets and channels, and acting on them.

use std::time::Duration;

use actix_socketio::{Api, Recovery};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    client::{Client, Mode},
    server::{ApiServer, builder, keys},
    wait::PATIENCE,
};

#[actix_web::test]
async fn sockets_join_and_leave_channels() {
    let server = ApiServer::start();
    let (mut ada, ada_id) = server.client(&["plain-1"]).await;
    let (_bob, _) = server.client(&["plain-1", "plain-2"]).await;
    let count = |method: &str, body: serde_json::Value, count: usize| {
        server.post(method, &body).assert_body(&json!({"sockets": count}));
    };
    count("subscribe", json!({"channel": "plain-3", "socket": ada_id}), 1);
    count("subscribe", json!({"channel": "plain-4", "in_channel": "plain-1"}), 2);
    count("subscribe", json!({"channel": "plain-4", "in_channel": "plain-9"}), 0);
    count("subscribe", json!({"channel": "plain-4", "socket": "AbCdEfGhIjKlMnOpQrSt"}), 0);
    let socket = server.io.socket(&ada_id.parse().expect("an id")).expect("she is there");
    let mut channels = socket.channels();
    channels.sort();
    assert_eq!(channels, ["plain-1", "plain-3", "plain-4"]);

    count("unsubscribe", json!({"channel": "plain-2", "in_channel": "plain-1"}), 1);
    count("unsubscribe", json!({"channel": "plain-3", "socket": ada_id}), 1);
    count("unsubscribe", json!({"channel": "plain-3", "socket": ada_id}), 0);
    server.post("publish", &json!({"channel": "plain-3", "data": 1}));
    server.post("publish", &json!({"channel": "plain-4", "data": 2}));
    assert_eq!(ada.messages().await, [2]);

    let exactly = "expected exactly one of `socket`, `in_channel` and `user`";
    for method in ["subscribe", "unsubscribe"] {
        for body in [
            json!({"channel": "plain-1"}),
            json!({"channel": "plain-1", "socket": ada_id, "in_channel": "plain-1"}),
        ] {
            server.post(method, &body).assert_problem(400, "bad_request", exactly);
        }
    }
    server.post("disconnect", &json!({})).assert_problem(400, "bad_request", exactly);
}

#[actix_web::test]
async fn a_socket_that_may_be_in_no_more_channels_is_not_counted() {
    let server = ApiServer::with(builder().max_channels(1), Api::builder(keys()));
    let (_full, id) = server.client(&["plain-1"]).await;
    let answer = server.post("subscribe", &json!({"channel": "plain-2", "socket": id}));
    answer.assert_body(&json!({"sockets": 0}));
}

#[actix_web::test]
async fn sockets_are_disconnected_by_id_or_by_channel() {
    let server = ApiServer::start();
    let (mut ada, ada_id) = server.client(&["plain-1"]).await;
    let (mut bob, _) = server.client(&["plain-1"]).await;
    let (mut left, _) = server.client(&["plain-2"]).await;
    let answer = server.post("disconnect", &json!({"socket": ada_id, "close": false}));
    answer.assert_body(&json!({"sockets": 1}));
    assert_eq!(ada.recv().await, "1", "the namespace alone");
    let answer = server.post("disconnect", &json!({"in_channel": "plain-1"}));
    answer.assert_body(&json!({"sockets": 1}));
    bob.closed().await;
    assert_eq!(left.fence().await, [""; 0]);
    let answer = server.post("disconnect", &json!({"socket": ada_id}));
    answer.assert_body(&json!({"sockets": 0}));
}

#[actix_web::test]
async fn sockets_that_are_away_are_put_out_too() {
    let recovery = Recovery::new().window(Duration::from_secs(3600)).for_everyone();
    let server = ApiServer::with(builder().recovery(recovery), Api::builder(keys()));
    let asks = r#"0{"offsets":true}"#;
    let mut ids = Vec::new();
    for channel in ["match-1", "match-1", "match-2"] {
        let mut client = Client::ask(&server.url, Mode::WebSocket, "", &[], asks).await;
        let answer = client.recv().await;
        let answer: serde_json::Value = serde_json::from_str(&answer[1..]).expect("an object");
        ids.push(answer["sid"].as_str().expect("an id").to_owned());
        client.subscribe(channel).await;
        client.vanish().await;
    }
    // The clients' connections end on this thread, which must not block.
    let all_away = async {
        while server.io.stats().sessions_away < 3 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, all_away).await.expect("all are away");
    let answer = server.post("disconnect", &json!({"in_channel": "match-1"}));
    answer.assert_body(&json!({"sockets": 2}));
    let answer = server.post("disconnect", &json!({"socket": ids[2]}));
    answer.assert_body(&json!({"sockets": 1}));
    assert_eq!(server.io.stats().sessions_away, 0);
}

#[actix_web::test]
async fn channels_and_sockets_are_listed_up_to_a_limit() {
    let server = ApiServer::with(builder(), Api::builder(keys()).max_items(2));
    let (_ada, ada_id) = server.client(&["plain-1", "plain-2"]).await;
    let (_bob, bob_id) = server.client(&["plain-1", "match-1"]).await;
    let (one, two) = (json!({"subscribers": 1}), json!({"subscribers": 2}));
    let channels = |body: serde_json::Value| server.post("channels", &body);
    channels(json!({})).assert_body(&json!({
        "channels": {"match-1": one, "plain-1": two}, "truncated": true,
    }));
    channels(json!({"pattern": "plain-"})).assert_body(&json!({
        "channels": {"plain-1": two, "plain-2": one}, "truncated": false,
    }));
    channels(json!({"pattern": "lain-"})).assert_body(&json!({"channels": {}, "truncated": false}));
    channels(json!({"namespace": "/admin"}))
        .assert_body(&json!({"channels": {}, "truncated": false}));
    let detail = "pattern: expected a regular expression";
    channels(json!({"pattern": "("})).assert_problem(400, "bad_request", detail);
    let detail = "pattern: expected 1024 bytes at most";
    let long = json!({"pattern": "x".repeat(1025)});
    channels(long).assert_problem(400, "bad_request", detail);

    let sockets = server.post("sockets", &json!({"channel": "plain-1"}));
    let mut ids = [ada_id.clone(), bob_id];
    ids.sort();
    let listed: Vec<_> = sockets.body["sockets"].as_array().expect("a list").iter().collect();
    assert_eq!(
        listed.iter().map(|one| &one["id"]).collect::<Vec<_>>(),
        [&json!(ids[0]), &json!(ids[1])]
    );
    assert_eq!(
        (&sockets.body["truncated"], &sockets.body["missing_servers"]),
        (&json!(false), &json!(0))
    );
    let ada = listed.iter().find(|one| one["id"] == ada_id).expect("she is listed");
    assert_eq!((&ada["namespace"], &ada["address"]), (&json!("/"), &json!("127.0.0.1")));
    assert_eq!(ada["channels"], json!(["plain-1", "plain-2"]));
    let some = server.post("sockets", &json!({"limit": 1}));
    assert_eq!(some.body["sockets"].as_array().map(Vec::len), Some(1));
    assert_eq!(some.body["truncated"], true);
    for (method, limit) in [("sockets", 0), ("sockets", 3), ("channels", 0), ("channels", 3)] {
        let answer = server.post(method, &json!({"limit": limit}));
        answer.assert_problem(400, "bad_request", "limit: expected 1 to 2");
    }
    let answer = server.post("sockets", &json!({"limit": -1}));
    assert_eq!(answer.status, 400);
}
