//! Who is in a channel: the list, its changes, members that come back, and bounds.

mod bounds;
mod coming_back;
mod many;
mod order;

use std::{collections::BTreeMap, time::Duration};

use actix_socketio::{Change, Presence, Socket, SocketIo, channel};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder},
    client::{Client, Mode},
};

in_every_mode! {
    a_subscriber_gets_the_list_and_then_its_changes,
    two_tabs_are_one_member,
    the_server_knows_who_is_there,
    only_subscribers_may_ask,
}

#[derive(Deserialize)]
struct Auth {
    user: Option<String>,
}

/// The user that a client says in its `auth`. Without one it is a guest.
fn user(socket: &Socket) -> Option<String> {
    socket.handshake().auth::<Auth>().ok()?.user
}

/// Presence by user. Changes are told at once.
fn by_user() -> Presence {
    Presence::by(user)
        .info(|socket| json!({"name": user(socket).map(|name| name.to_uppercase())}))
        .every(Duration::ZERO)
}

/// A server whose `room-…` have presence.
fn server(presence: Presence) -> TestServer {
    let rooms = channel("^room-").allow_publish().presence(presence);
    TestServer::start(builder().route(rooms).route(channel("^plain-")))
}

/// A client, and who is in `room-1` as far as it knows.
struct Guest {
    client: Client,
    version: u64,
    /// The members' info by id. `None`: they are only counted.
    members: Option<BTreeMap<String, Value>>,
    users: u64,
}

impl Guest {
    async fn connect(server: &TestServer, mode: Mode, user: &str) -> Self {
        let connect = format!("0{}", json!({"user": user}));
        let client = Client::connect_with(&server.url, mode, &connect).await;
        Self { client, version: 0, members: None, users: 0 }
    }

    /// Subscribes to `room-1`, and takes the list.
    async fn enter(&mut self) -> Value {
        let args = json!(["room-1", {"presence": true}]);
        let answer = self.client.emit_with_ack("subscribe", args).await;
        assert_eq!(answer[0], Value::Null);
        let list = answer[1]["presence"].clone();
        self.take_list(&list);
        list
    }

    fn take_list(&mut self, list: &Value) {
        self.version = list["version"].as_u64().expect("a version");
        self.users = list["users"].as_u64().expect("a number");
        self.members = list["members"].as_array().map(|members| {
            let member = |member: &Value| (id(&member["id"]), member["info"].clone());
            members.iter().map(member).collect()
        });
    }

    /// Applies the next change, which the list must not have yet, and returns it.
    async fn change(&mut self) -> Value {
        let packet = self.client.wait_for(|packet| packet.starts_with(r#"2["presence","#)).await;
        let event: Value = serde_json::from_str(&packet[1..]).expect("JSON");
        assert_eq!(event[1], "room-1");
        self.apply(&event[2]);
        event[2].clone()
    }

    fn apply(&mut self, change: &Value) {
        let version = change["version"].as_u64().expect("a version");
        if version <= self.version {
            return;
        }
        (self.version, self.users) = (version, change["users"].as_u64().expect("a number"));
        if change["members"].is_array() {
            self.take_list(change);
        } else if let (Some(joins), Some(leaves), Some(members)) =
            (change["joins"].as_array(), change["leaves"].as_array(), &mut self.members)
        {
            members.extend(joins.iter().map(|join| (id(&join["id"]), join["info"].clone())));
            leaves.iter().for_each(|leave| drop(members.remove(&id(leave))));
        } else {
            self.members = None;
        }
    }

    fn ids(&self) -> Vec<&str> {
        self.members.as_ref().expect("a list").keys().map(String::as_str).collect()
    }
}

fn id(json: &Value) -> String {
    json.as_str().expect("an id").to_owned()
}

async fn a_subscriber_gets_the_list_and_then_its_changes(mode: Mode) {
    let server = server(by_user());
    let mut ann = Guest::connect(&server, mode, "ann").await;
    let list = ann.enter().await;
    let member = json!({"id": "ann", "info": {"name": "ANN"}, "sockets": 1});
    assert_eq!(list["members"], json!([member]));
    assert_eq!((&list["clients"], &list["users"]), (&json!(1), &json!(1)));

    let mut bob = Guest::connect(&server, mode, "bob").await;
    bob.enter().await;
    assert_eq!(bob.ids(), ["ann", "bob"]);
    while ann.ids().len() < 2 {
        ann.change().await;
    }
    assert_eq!(ann.members.as_ref().expect("a list")["bob"], json!({"name": "BOB"}));

    bob.client.emit_with_ack("unsubscribe", json!(["room-1"])).await;
    let change = ann.change().await;
    let version = &change["version"];
    let expected = json!({
        "version": version, "joins": [], "leaves": ["bob"], "clients": 1, "users": 1,
    });
    assert_eq!(change, expected);
}

async fn two_tabs_are_one_member(mode: Mode) {
    let server = server(by_user());
    let mut bob = Guest::connect(&server, mode, "bob").await;
    bob.enter().await;
    let mut tabs = Vec::new();
    for _ in 0..2 {
        let mut tab = Guest::connect(&server, mode, "ann").await;
        tab.enter().await;
        tabs.push(tab);
    }
    let stats = bob.client.emit_with_ack("presence_stats", json!(["room-1"])).await;
    assert_eq!(stats, json!([null, {"clients": 3, "users": 2}]));
    let list = bob.client.emit_with_ack("presence", json!(["room-1"])).await;
    let members = list[1]["members"].as_array().expect("a list");
    let ann = members.iter().find(|member| member["id"] == "ann").expect("ann is there");
    assert_eq!(ann["sockets"], 2);
    while bob.ids() != ["ann", "bob"] {
        bob.change().await;
    }
    // The first tab that leaves is not told, so this is the second one.
    for tab in &mut tabs {
        tab.client.emit_with_ack("unsubscribe", json!(["room-1"])).await;
    }
    let change = bob.change().await;
    assert_eq!((&change["leaves"], &change["clients"]), (&json!(["ann"]), &json!(1)));
}

async fn the_server_knows_who_is_there(mode: Mode) {
    let server = server(by_user());
    let io: &SocketIo = &server.io;
    let mut changes = io.changes();
    let empty = io.presence("room-1").await.expect("a valid name");
    assert_eq!((empty.members, empty.clients, empty.users), (Some(vec![]), 0, 0));
    let mut ann = Guest::connect(&server, mode, "ann").await;
    ann.client.subscribe("room-1").await;
    let guest = Client::connect(&server.url, mode).await;
    let id = guest_id(io, &ann).await;
    io.socket(&id).expect("it is connected").subscribe("room-1").expect("it may");
    let list = io.presence("room-1").await.expect("a valid name");
    let members = list.members.expect("a list");
    assert_eq!((members.len(), &*members[0].id, members[0].sockets), (1, "ann", 1));
    assert_eq!(members[0].info, json!({"name": "ANN"}));
    let stats = io.presence_stats("room-1").await.expect("a valid name");
    assert_eq!((stats.clients, stats.users), (2, 1), "a guest is not a member");
    assert_eq!(io.stats().members, 1);
    ann.client.emit_with_ack("unsubscribe", json!(["room-1"])).await;
    drop(guest);
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match changes.next().await.expect("the server is there") {
            Change::Came { channel, member, .. } => {
                seen.push(format!("{member} came to {channel}"));
            }
            Change::Went { channel, member, .. } => seen.push(format!("{member} left {channel}")),
            _ => {}
        }
    }
    assert_eq!(seen, ["ann came to room-1", "ann left room-1"]);
}

/// The id of the other client.
async fn guest_id(io: &SocketIo, ann: &Guest) -> actix_socketio::SocketId {
    assert!(ann.members.is_none());
    let sockets = io.everyone().fetch_sockets().await.expect("a valid target");
    let other = sockets.iter().find(|socket| socket.channels().is_empty());
    other.expect("a client in no channel").id()
}

async fn only_subscribers_may_ask(mode: Mode) {
    let server = server(by_user());
    let mut client = Client::connect(&server.url, mode).await;
    for request in ["presence", "presence_stats"] {
        let answer = client.emit_with_ack(request, json!(["room-1"])).await;
        let refusal = json!([{"message": "subscribe to the channel before you ask who is there"}]);
        assert_eq!(answer, refusal);
    }
    client.subscribe("plain-1").await;
    let answer = client.emit_with_ack("presence", json!(["plain-1"])).await;
    assert_eq!(answer, json!([{"message": "the channel has no presence"}]));
    let answer = client.emit_with_ack("subscribe", json!(["plain-1", {"presence": true}])).await;
    assert_eq!(answer[1]["presence"], Value::Null);
    assert_eq!(server.io.stats().refusals["presence"], 3);
}
