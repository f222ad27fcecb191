//! Clients that servers find and disconnect on each other.

use std::collections::HashMap;

use actix_socketio::Channel;
use serde_json::json;

use super::Mixed;
use crate::fixture::{Kind, eventually};

with_each_adapter!(
    crate::common::REDIS_AND_NODE;
    ours_finds_their_clients,
    theirs_finds_our_clients,
    ours_disconnects_their_clients,
    theirs_disconnects_our_clients,
);

async fn ours_finds_their_clients(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let options = json!({
        "auth": { "token": "secret" },
        "query": { "page": "ü" },
        "extraHeaders": { "x-team": "blue" },
    });
    let there = mixed.clients.connect(&mixed.theirs.url(), "/", options).await;
    there.ask(json!(["join", ["a", "b"]])).await;
    there.ask(json!(["data", { "name": "ada", "list": [1, null] }])).await;
    let elsewhere = mixed.client_of_theirs(json!(["c"])).await;
    let found = mixed.ours.io.to("a").fetch_sockets().await.expect("a name");
    assert_eq!((found.len(), found.missing_servers), (1, 0));
    let socket = &found[0];
    assert_eq!(socket.id().as_str(), there.id());
    let channels: Vec<_> = socket.channels().iter().map(Channel::as_str).collect();
    assert_eq!(channels, ["a", "b"]);
    assert_eq!(json!(socket.data()), json!({ "name": "ada", "list": [1, null] }));
    let handshake = socket.handshake();
    assert_eq!(handshake.header("x-team"), Some("blue"));
    let query: HashMap<String, String> = handshake.query().expect("a query");
    assert_eq!(query["page"], "ü");
    assert_eq!(handshake.auth::<serde_json::Value>().expect("JSON"), json!({ "token": "secret" }));
    assert!(handshake.client_ip().expect("an address").is_loopback());
    let others = mixed.ours.io.everyone().except("a").fetch_sockets().await.expect("a name");
    assert_eq!(others.len(), 1);
    assert_eq!(others[0].id().as_str(), elsewhere.id());
    // Node's server has clients, and none of them is in the room.
    let none = mixed.ours.io.to("empty").fetch_sockets().await.expect("a name");
    assert_eq!((none.len(), none.missing_servers), (0, 0));
    mixed.end().await;
}

async fn theirs_finds_our_clients(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let mut here = mixed.ours.client_with(&json!({ "token": "secret" })).await;
    here.subscribe("a").await.expect("an open channel");
    here.socket().context().insert("name", "bob").expect("a value");
    let there = mixed.client_of_theirs(json!(["b"])).await;
    let fetched = mixed.theirs.call("fetchSockets", json!({ "rooms": ["a"] })).await;
    let [socket] = &fetched.as_array().expect("a list")[..] else { panic!("{fetched}") };
    let id = here.id();
    assert_eq!(socket["id"], id.as_str());
    assert_eq!(socket["rooms"], json!([id.as_str(), "a"]));
    assert_eq!(socket["data"], json!({ "name": "bob" }));
    let handshake = &socket["handshake"];
    assert_eq!(handshake["auth"], json!({ "token": "secret" }));
    assert_eq!(handshake["headers"]["x-team"], "blue");
    assert_eq!(handshake["query"]["page"], "ü");
    assert!(handshake["url"].as_str().expect("a text").starts_with("/socket.io/?"));
    assert!(handshake["issued"].as_u64().is_some() && handshake["time"].is_string());
    assert_eq!((&handshake["xdomain"], &handshake["secure"]), (&json!(false), &json!(false)));
    let all = mixed.theirs.call("fetchSockets", json!({})).await;
    assert_eq!(all.as_array().expect("a list").len(), 2);
    let none = mixed.theirs.call("fetchSockets", json!({ "rooms": ["empty"] })).await;
    assert_eq!(none, json!([]));
    if kind == Kind::Classic {
        let mut rooms = mixed.theirs.call("allRooms", json!({})).await;
        let mut expected = json!([id.as_str(), "a", there.id(), "b"]);
        for names in [&mut rooms, &mut expected] {
            names.as_array_mut().expect("a list").sort_by_key(ToString::to_string);
        }
        assert_eq!(rooms, expected);
    }
    mixed.end().await;
}

async fn ours_disconnects_their_clients(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let one = mixed.client_of_theirs(json!(["a"])).await;
    let two = mixed.client_of_theirs(json!(["b"])).await;
    let stays = mixed.client_of_theirs(json!(["c"])).await;
    mixed.ours.io.to("a").disconnect_sockets(false).await.expect("a name");
    assert_eq!(one.ended().await, "io server disconnect");
    mixed.ours.io.to("b").disconnect_sockets(true).await.expect("a name");
    assert_eq!(two.ended().await, "io server disconnect");
    let left = mixed.theirs.call("sockets", json!({})).await;
    assert_eq!(left, json!([stays.id()]));
    mixed.end().await;
}

async fn theirs_disconnects_our_clients(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let mut one = mixed.ours.client_in("a").await;
    let mut two = mixed.ours.client_in("b").await;
    let _stays = mixed.ours.client_in("c").await;
    mixed.theirs.call("disconnectSockets", json!({ "rooms": ["a"], "close": false })).await;
    assert_eq!(one.disconnected().await, "io server disconnect");
    let io = &mixed.ours.io;
    eventually("two are in the namespace", async || {
        io.everyone().local().fetch_sockets().await.expect("a name").len() == 2
    })
    .await;
    mixed.theirs.call("disconnectSockets", json!({ "rooms": ["b"], "close": true })).await;
    assert_eq!(two.disconnected().await, "io server disconnect");
    eventually("its connection is closed", async || io.connections() == 1).await;
    mixed.end().await;
}
