//! Servers of this crate among themselves.

use std::time::Duration;

use actix_socketio::{Builder, Channel, HandlerResult, Many, NamespaceBuilder, OnServerEvent};
use serde_json::json;

use crate::{
    common::RedisServer,
    fixture::{Kind, Node, eventually, nodes},
};

with_each_adapter!(
    &[crate::common::Need::Redis];
    an_event_reaches_the_clients_of_all_servers,
    bytes_arrive_as_bytes,
    acknowledgements_come_from_all_servers,
    sockets_of_all_servers_are_fetched,
    sockets_of_all_servers_are_acted_upon,
    channels_of_all_servers_are_listed,
    servers_send_events_to_each_other,
    who_has_subscribed_receives_what_follows,
    an_event_that_is_accepted_reaches_all_servers,
    namespaces_come_and_go,
);

async fn an_event_reaches_the_clients_of_all_servers(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = nodes(kind, &redis).await;
    let mut a = one.client_in("room").await;
    let mut b = two.client_in("room").await;
    let mut c = two.client().await;
    one.io.emit("all", &1).expect("sent");
    for client in [&mut a, &mut b, &mut c] {
        assert_eq!(client.next().await, ("all", json!([1])));
    }
    one.io.everyone().except("room").emit("outside", &2).expect("sent");
    assert_eq!(c.next().await, ("outside", json!([2])));
    two.io.to("room").except_socket(b.id()).emit("but-b", &3).expect("sent");
    assert_eq!(a.next().await, ("but-b", json!([3])));
    one.io.everyone().local().emit("here", &4).expect("sent");
    assert_eq!(a.next().await, ("here", json!([4])));
    let receipt = one.io.everyone().publish("last", &5).await.expect("sent");
    assert_eq!(receipt.delivered, 1, "those of this server are counted");
    for client in [&mut a, &mut b, &mut c] {
        assert_eq!(client.next().await, ("last", json!([5])));
    }
    let remote = one.io.everyone().fetch_sockets().await.expect("no channel");
    let of_c = remote.iter().find(|socket| socket.id() == c.id()).expect("it is there");
    of_c.emit("direct", &6).expect("sent");
    assert_eq!(c.next().await, ("direct", json!([6])));
}

async fn bytes_arrive_as_bytes(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = nodes(kind, &redis).await;
    let mut b = two.client().await;
    let bytes = actix_socketio::prelude::Bytes::from_static(b"\x00\xff\x01");
    let args = Many(("name", &bytes, json!({ "a": [1.5, null, "ü"] })));
    one.io.emit("file", &args).expect("sent");
    let event = b.next().await;
    let (name, data): (String, actix_socketio::prelude::Bytes) = (event.arg(0), event.arg(1));
    assert_eq!((event.name(), &*name, data), ("file", "name", bytes));
    assert_eq!(event.arg::<serde_json::Value>(2), json!({ "a": [1.5, null, "ü"] }));
}

async fn acknowledgements_come_from_all_servers(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = nodes(kind, &redis).await;
    let (mut a, mut b) = (one.client().await, two.client().await);
    let io = one.io.clone();
    let asked = actix_web::rt::spawn(async move {
        io.everyone().timeout(Duration::from_secs(20)).emit_with_ack::<_, String>("who?", &()).await
    });
    for (client, name) in [(&mut a, "a"), (&mut b, "b")] {
        let event = client.next().await;
        client.ack(&event, name).await;
    }
    let acks = asked.await.expect("no panic").expect("sent");
    assert!(acks.is_complete(), "{acks:?}");
    let mut answers: Vec<_> =
        acks.answers.into_iter().map(|(id, answer)| (id, answer.expect("a string"))).collect();
    answers.sort_by(|one, other| one.1.cmp(&other.1));
    assert_eq!(answers, [(a.id(), "a".to_owned()), (b.id(), "b".to_owned())]);
    // One that does not answer is named.
    let silent = one.io.everyone().timeout(Duration::from_millis(300));
    let acks = silent.emit_with_ack::<_, String>("who?", &()).await.expect("sent");
    assert_eq!((acks.answers.len(), acks.missing.len(), acks.missing_servers), (0, 2, 0));
}

async fn sockets_of_all_servers_are_fetched(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = nodes(kind, &redis).await;
    let a = one.client_in("room").await;
    let b = two.client_in("room").await;
    let _elsewhere = two.client().await;
    b.socket().context().insert("name", "bob").expect("a value");
    let found = one.io.to("room").fetch_sockets().await.expect("a name");
    assert_eq!((found.len(), found.missing_servers), (2, 0));
    assert!(found.iter().any(|socket| socket.id() == a.id()));
    let of_b = found.iter().find(|socket| socket.id() == b.id()).expect("it is there");
    assert_eq!(of_b.data().get("name"), Some(&json!("bob")));
    assert_eq!(of_b.channels().iter().map(Channel::as_str).collect::<Vec<_>>(), ["room"]);
    assert!(of_b.handshake().uri().path().starts_with("/socket.io"));
    let local = one.io.to("room").local().fetch_sockets().await.expect("a name");
    assert_eq!((local.len(), local[0].id()), (1, a.id()));
}

async fn channels_of_all_servers_are_listed(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = nodes(kind, &redis).await;
    let mut here = one.client_in("both").await;
    let _there = two.client_in("both").await;
    here.subscribe("here").await.expect("an open channel");
    let _elsewhere = two.client_in("there").await;
    let found = one.io.cluster_channels().await;
    let mut names: Vec<_> = found.channels.iter().map(Channel::as_str).collect();
    names.sort_unstable();
    assert_eq!((names, found.missing_servers), (vec!["both", "here", "there"], 0));
    assert_eq!(one.io.channels().await.len(), 2, "those of this server");
}

async fn sockets_of_all_servers_are_acted_upon(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = nodes(kind, &redis).await;
    let mut a = one.client().await;
    let b = two.client().await;
    one.io.everyone().sockets_join("room").await.expect("a name");
    eventually("both are in the room", async || {
        one.io.to("room").fetch_sockets().await.expect("a name").len() == 2
    })
    .await;
    two.io.everyone().except_socket(b.id()).sockets_leave("room").await.expect("a name");
    eventually("one is in the room", async || {
        one.io.to("room").fetch_sockets().await.expect("a name").len() == 1
    })
    .await;
    one.io.to("room").disconnect_sockets(true).await.expect("a name");
    eventually("one is left", async || {
        one.io.everyone().fetch_sockets().await.expect("a name").len() == 1
    })
    .await;
    one.io.emit("left", &()).expect("sent");
    assert_eq!(a.next().await.name(), "left");
    drop(b.disconnect());
}

async fn servers_send_events_to_each_other(kind: Kind) {
    async fn answer(event: OnServerEvent) -> HandlerResult {
        let text: String = event.arg(0)?;
        event.ack(&format!("{text}!"))?;
        Ok(())
    }
    let redis = RedisServer::start();
    let one = Node::new(kind.cluster(&redis), |builder| builder.on_server_event(answer)).await;
    let two = Node::new(kind.cluster(&redis), |builder| builder.on_server_event(answer)).await;
    for node in [&one, &two] {
        eventually("both are counted", async || node.io.server_count().await == 2).await;
    }
    let acks = one.io.server_side_emit_with_ack::<_, String>("ask", "hello").await.expect("sent");
    let answers: Vec<_> = acks.answers.into_iter().map(|answer| answer.expect("text")).collect();
    assert_eq!((answers, acks.missing), (vec!["hello!".to_owned()], 0));
}

/// Also where each room has a channel of its own, which its server has to listen to first.
async fn who_has_subscribed_receives_what_follows(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = nodes(kind, &redis).await;
    let mut client = two.client().await;
    for round in 0..50 {
        let room = format!("room-{round}");
        client.subscribe(&room).await.expect("an open channel");
        one.io.to(&*room).emit("subscribed", &round).expect("sent");
        assert_eq!(client.next().await, ("subscribed", json!([round])));
        let room = format!("joined-{round}");
        two.io.everyone().local().sockets_join(&*room).await.expect("a name");
        one.io.to(&*room).emit("joined", &round).expect("sent");
        assert_eq!(client.next().await, ("joined", json!([round])));
    }
}

/// A sender that is faster than Redis is told so.
async fn an_event_that_is_accepted_reaches_all_servers(kind: Kind) {
    // So many that a busy machine does not give Redis the time for all of them.
    const EVENTS: u32 = 20_000;
    let redis = RedisServer::start();
    let cluster = || kind.cluster(&redis).max_hold(64 << 10);
    let one = Node::new(cluster(), |builder| builder).await;
    let two = Node::new(cluster(), |builder| builder).await;
    eventually("both are counted", async || one.io.server_count().await == 2).await;
    let (mut here, mut there) = (one.client().await, two.client().await);
    let accepted: Vec<u32> = (0..EVENTS).filter(|n| one.io.emit("n", n).is_ok()).collect();
    assert!((accepted.len() as u32) < EVENTS && !accepted.is_empty(), "{}", accepted.len());
    eventually("there is room again", async || {
        one.io.everyone().publish("last", &()).await.is_ok()
    })
    .await;
    for client in [&mut here, &mut there] {
        for n in &accepted {
            assert_eq!(client.next().await, ("n", json!([n])));
        }
        assert_eq!(client.next().await.name(), "last");
    }
    assert_eq!(one.io.cluster_health().expect("a cluster").given_up, 0);
}

/// A namespace of a family is there as long as it has clients, on each server by itself.
async fn namespaces_come_and_go(kind: Kind) {
    let redis = RedisServer::start();
    let family = |builder: Builder| {
        builder.namespaces_matching("^/team-[0-9]+$", NamespaceBuilder::open_channels)
    };
    let one = Node::new(kind.cluster(&redis), family).await;
    let two = Node::new(kind.cluster(&redis), family).await;
    let mut first = two.client_of("/team-1").await;
    let team = one.io.of("/team-1");
    for round in 0..3 {
        let mut second = two.client_of("/team-1").await;
        let mut here = one.client_of("/team-1").await;
        eventually("both servers have it", async || {
            let found = team.everyone().fetch_sockets().await.expect("a name");
            (found.len(), found.missing_servers) == (3, 0)
        })
        .await;
        assert_eq!(team.server_count().await, 2);
        team.emit("round", &round).expect("sent");
        for client in [&mut first, &mut second, &mut here] {
            // A new client may come before its server has read the last event of the round before.
            assert_eq!(client.wait_for("round").await, ("round", json!([round])));
        }
        here.disconnect().await;
        second.disconnect().await;
        // Without a client of its own, it reaches the clients of the other server.
        team.emit("alone", &round).expect("sent");
        assert_eq!(first.next().await, ("alone", json!([round])));
    }
    let of_another = one.client_of("/team-2").await;
    let found = one.io.of("/team-2").everyone().fetch_sockets().await.expect("a name");
    assert_eq!((found.len(), found.missing_servers), (1, 0));
    assert_eq!(one.io.of("/team-2").server_count().await, 1, "the other server has it not");
    drop(of_another);
}
