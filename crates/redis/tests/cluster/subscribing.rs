//! From when on a client receives the events of other servers.

use actix_socketio::{HandlerResult, NamespaceBuilder, OnConnect, OnMessage};
use serde_json::{Value, json};

use crate::{
    common::RedisServer,
    fixture::{Kind, Node, eventually, nodes},
};

with_each_adapter!(
    &[crate::common::Need::Redis];
    a_subscription_with_options_misses_nothing,
    a_client_that_is_connected_misses_nothing,
    a_handler_can_wait_until_nothing_is_missed,
    namespaces_with_names_like_rooms_are_apart,
);

const ROUNDS: usize = 50;

async fn a_subscription_with_options_misses_nothing(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = nodes(kind, &redis).await;
    let mut client = two.client().await;
    for round in 0..ROUNDS {
        let rooms = vec![format!("room-{round}"), format!("other-{round}")];
        let answer = client.ask_args("subscribe", &rooms).await.expect("an answer");
        assert_eq!(answer.raw(0), Some("null"));
        for room in &rooms {
            one.io.to(&**room).emit("subscribed", &round).expect("sent");
            assert_eq!(client.next().await, ("subscribed", json!([round])));
        }
        for room in &rooms {
            client.unsubscribe(room).await.expect("it was subscribed");
        }
    }
    let channels: Vec<String> = redis.command(&["PUBSUB", "SHARDCHANNELS", "*room-*"]);
    assert!(channels.is_empty(), "they are kept: {channels:?}");
}

async fn a_client_that_is_connected_misses_nothing(kind: Kind) {
    async fn connect(event: OnConnect) -> HandlerResult {
        event.socket.subscribe(format!("of-{}", event.socket.id()))?;
        Ok(())
    }
    let redis = RedisServer::start();
    let one = Node::new(kind.cluster(&redis), |builder| builder).await;
    let two = Node::new(kind.cluster(&redis), |builder| builder.on_connect(connect)).await;
    eventually("both are counted", async || one.io.server_count().await == 2).await;
    for round in 0..ROUNDS {
        let mut client = two.client().await;
        one.io.to(format!("of-{}", client.id())).emit("connected", &round).expect("sent");
        assert_eq!(client.next().await, ("connected", json!([round])));
    }
}

async fn a_handler_can_wait_until_nothing_is_missed(kind: Kind) {
    async fn enter(event: OnMessage) -> HandlerResult {
        event.socket.subscribe(event.arg::<String>(0)?)?;
        event.socket.subscribed().await;
        Ok(event.ack(&())?)
    }
    let redis = RedisServer::start();
    let one = Node::new(kind.cluster(&redis), |builder| builder).await;
    let two = Node::new(kind.cluster(&redis), |builder| builder.on_message(enter)).await;
    eventually("both are counted", async || one.io.server_count().await == 2).await;
    let mut client = two.client().await;
    for round in 0..ROUNDS {
        let room = format!("room-{round}");
        client.ask::<Value>("enter", &room).await.expect("an answer");
        one.io.to(&*room).emit("entered", &round).expect("sent");
        assert_eq!(client.next().await, ("entered", json!([round])));
    }
}

/// The channels of Redis for a room in `/a` and for the namespace `/a#b` may have one name, and a
/// pattern for `/a` matches those of `/a#b`.
async fn namespaces_with_names_like_rooms_are_apart(kind: Kind) {
    let redis = RedisServer::start();
    let with_namespaces = |builder: actix_socketio::Builder| {
        builder
            .namespace("/a", NamespaceBuilder::open_channels)
            .namespace("/a#b", NamespaceBuilder::open_channels)
    };
    let one = Node::new(kind.cluster(&redis), with_namespaces).await;
    let two = Node::new(kind.cluster(&redis), with_namespaces).await;
    for namespace in ["/a", "/a#b"] {
        let io = one.io.of(namespace);
        eventually("both are counted", async || io.server_count().await == 2).await;
    }
    let mut in_a = two.client_of("/a").await;
    let mut in_b = two.client_of("/a#b").await;
    in_a.subscribe("b").await.expect("an open channel");
    in_b.subscribe("b").await.expect("an open channel");
    for round in 0..3 {
        one.io.of("/a").emit("all of a", &round).expect("sent");
        one.io.of("/a").to("b").emit("b of a", &round).expect("sent");
        one.io.of("/a#b").emit("all of b", &round).expect("sent");
        one.io.of("/a#b").to("b").emit("b of b", &round).expect("sent");
        for name in ["all of a", "b of a"] {
            assert_eq!(in_a.next().await, (name, json!([round])));
        }
        for name in ["all of b", "b of b"] {
            assert_eq!(in_b.next().await, (name, json!([round])));
        }
    }
    // The room has no members here any more, and the namespace is still heard.
    in_a.unsubscribe("b").await.expect("it was subscribed");
    one.io.of("/a#b").emit("last", &()).expect("sent");
    assert_eq!(in_b.next().await.name(), "last");
}
