//! Rooms that servers change for clients of each other.

use actix_socketio::Channel;
use serde_json::json;

use super::{Mixed, until_last, until_last_js};
use crate::fixture::{Kind, eventually};

with_each_adapter!(
    crate::common::REDIS_AND_NODE;
    ours_changes_the_rooms_of_their_clients,
    theirs_changes_the_rooms_of_our_clients,
    what_follows_a_join_reaches_who_has_joined,
    a_number_is_a_room,
    rooms_of_all_servers_are_listed,
);

async fn ours_changes_the_rooms_of_their_clients(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let io = &mixed.ours.io;
    let mut here = mixed.ours.client().await;
    let there = mixed.client_of_theirs(json!(["b"])).await;
    io.everyone().sockets_join("a").await.expect("a name");
    io.to("b").sockets_join("c").await.expect("a name");
    let rooms = async || there.ask(json!(["leave", "nothing"])).await[0].clone();
    eventually("it is in the rooms", async || rooms().await == json!([there.id(), "b", "a", "c"]))
        .await;
    mixed.room_is_heard("a", 2).await;
    io.to("a").emit("a", &()).expect("sent");
    assert_eq!(there.next().await, json!(["a", null]));
    assert_eq!(here.next().await, ("a", json!([null])));
    io.to("a").except_socket(here.id()).sockets_leave("a").await.expect("a name");
    eventually("it has left", async || rooms().await == json!([there.id(), "b", "c"])).await;
    assert_eq!(io.to("a").fetch_sockets().await.expect("a name").len(), 1);
    mixed.end().await;
}

async fn theirs_changes_the_rooms_of_our_clients(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let io = &mixed.ours.io;
    let mut one = mixed.ours.client_in("b").await;
    let two = mixed.ours.client_in("b").await;
    mixed.theirs.call("socketsJoin", json!({ "rooms": ["b"], "join": ["a", "c"] })).await;
    let members =
        async |room: &str| io.to(room).local().fetch_sockets().await.expect("a name").len();
    eventually("they are in the rooms", async || {
        members("a").await == 2 && members("c").await == 2
    })
    .await;
    mixed.room_is_heard("a", 1).await;
    mixed.theirs.call("emit", json!({ "rooms": ["a"], "args": ["a"] })).await;
    assert_eq!(one.next().await, ("a", json!([])));
    let but_one = json!({ "except": [one.id().as_str()], "leave": ["a", "never"] });
    mixed.theirs.call("socketsLeave", but_one).await;
    eventually("one is left", async || members("a").await == 1).await;
    let left = io.to("a").local().fetch_sockets().await.expect("a name");
    assert_eq!(left[0].id(), one.id());
    drop(two);
    mixed.end().await;
}

/// Node's own clients miss it with the classic adapter, and those of others with the sharded one:
/// they listen to the room when the join has come.
async fn what_follows_a_join_reaches_who_has_joined(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let mut here = mixed.ours.client().await;
    let there = mixed.client_of_theirs(json!([])).await;
    for round in 0..20 {
        let room = format!("ours-{round}");
        mixed.ours.io.everyone().sockets_join(&*room).await.expect("a name");
        mixed.ours.io.to(&*room).emit("joined", &round).expect("sent");
    }
    mixed.ours.io.emit("last", &()).expect("sent");
    let all: Vec<_> = (0..20).map(|round| json!(["joined", round])).collect();
    assert_eq!(until_last(&mut here).await, json!(all));
    let received = until_last_js(&there).await;
    if kind != Kind::Sharded {
        assert_eq!(received, json!(all));
    }
    if kind != Kind::Sharded {
        for round in 0..20 {
            let room = format!("theirs-{round}");
            mixed.theirs.call("socketsJoin", json!({ "join": room })).await;
            let event = json!({ "rooms": [room], "args": ["joined", round] });
            mixed.theirs.call("emit", event).await;
        }
        mixed.theirs.call("emit", json!({ "args": ["last"] })).await;
        assert_eq!(until_last(&mut here).await, json!(all));
    }
    mixed.end().await;
}

/// Node's rooms may be numbers. Here, a number is the name of a channel.
async fn a_number_is_a_room(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let io = &mixed.ours.io;
    let mut here = mixed.ours.client().await;
    let there = mixed.client_of_theirs(json!(5)).await;
    mixed.theirs.call("socketsJoin", json!({ "rooms": [here.id().as_str()], "join": 5 })).await;
    eventually("both are found in it", async || {
        let found = io.everyone().fetch_sockets().await.expect("a name");
        found.iter().filter(|socket| socket.channels().iter().any(|it| it.as_str() == "5")).count()
            == 2
    })
    .await;
    mixed.room_is_heard("5", 2).await;
    mixed.theirs.call("emit", json!({ "rooms": [5], "args": ["number"] })).await;
    assert_eq!(here.next().await, ("number", json!([])));
    assert_eq!(there.next().await, json!(["number"]));
    mixed.theirs.call("emit", json!({ "except": [5], "args": ["not 5"] })).await;
    mixed.theirs.call("emit", json!({ "args": ["last"] })).await;
    assert_eq!(until_last(&mut here).await, json!([]));
    mixed.end().await;
}

async fn rooms_of_all_servers_are_listed(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let _here = mixed.ours.client_in("both").await;
    let there = mixed.client_of_theirs(json!(["both", "theirs"])).await;
    let found = mixed.ours.io.cluster_channels().await;
    let mut names: Vec<_> = found.channels.iter().map(Channel::as_str).collect();
    names.sort_unstable();
    assert_eq!((names, found.missing_servers), (vec!["both", "theirs"], 0));
    drop(there);
    mixed.end().await;
}
