//! Events and servers that are refused, before another server hears of them.

use std::time::Duration;

use actix_socketio::{BuildError, SendError, SocketIo};
use actix_socketio_redis::{Cluster, WireLimits};
use serde_json::{Value, json};

use crate::{
    common::RedisServer,
    fixture::{Kind, Node, eventually},
};

with_each_adapter!(
    &[crate::common::Need::Redis];
    an_event_that_is_too_large_here_reaches_no_server,
    an_event_that_fails_reaches_no_server,
    servers_read_as_deep_as_their_clients_send,
);

async fn an_event_that_is_too_large_here_reaches_no_server(kind: Kind) {
    let redis = RedisServer::start();
    let one = Node::new(kind.cluster(&redis), |builder| builder.max_outbox(10_000)).await;
    let two = Node::new(kind.cluster(&redis), |builder| builder).await;
    eventually("both are counted", async || one.io.server_count().await == 2).await;
    let (mut here, mut there) = (one.client().await, two.client().await);
    let large = "x".repeat(20_000);
    let is_too_large = |error| matches!(error, SendError::TooLarge { limit: 10_000, .. });
    assert!(is_too_large(one.io.emit("large", &large).expect_err("it is too large")));
    let published = one.io.everyone().publish("large", &large).await;
    assert!(is_too_large(published.expect_err("it is too large")));
    let ask = one.io.everyone().timeout(Duration::from_secs(20));
    let asked = ask.emit_with_ack::<_, Value>("large", &large).await;
    assert!(is_too_large(asked.expect_err("it is too large")));
    one.io.emit("small", &1).expect("sent");
    for client in [&mut here, &mut there] {
        assert_eq!(client.next().await, ("small", json!([1])));
    }
}

/// The server with the publisher refuses it: too many publications are on their way to its clients.
async fn an_event_that_fails_reaches_no_server(kind: Kind) {
    let redis = RedisServer::start();
    let one = Node::new(kind.cluster(&redis), |builder| builder.max_publications(1)).await;
    let two = Node::new(kind.cluster(&redis), |builder| builder).await;
    eventually("both are counted", async || one.io.server_count().await == 2).await;
    let mut there = two.client().await;
    let mut sent = Vec::new();
    for round in 0..40 {
        // It is on its way until this test waits for something.
        let name = if round % 2 == 0 { "published" } else { "asked" };
        let first = one.io.emit("first", &round);
        let second = match name {
            "published" => one.io.everyone().publish(name, &round).await.map(drop),
            _ => {
                let ask = one.io.everyone().timeout(Duration::ZERO);
                ask.emit_with_ack::<_, Value>(name, &round).await.map(drop)
            }
        };
        for (name, outcome) in [("first", first), (name, second)] {
            match outcome {
                Ok(()) => sent.push((name.to_owned(), round)),
                Err(SendError::Overloaded) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    // An event of the stream is accepted when it is read back.
    assert_eq!(sent.len() == 80, kind == Kind::Streams, "{sent:?}");
    eventually("there is room", async || one.io.emit("last", &()).is_ok()).await;
    let mut received = Vec::new();
    loop {
        let event = there.next().await;
        if event.name() == "last" {
            break;
        }
        received.push((event.name().to_owned(), event.arg::<i32>(0)));
    }
    // With a stream, questions take another way than events.
    received.sort();
    sent.sort();
    assert_eq!(received, sent);
}

async fn servers_read_as_deep_as_their_clients_send(kind: Kind) {
    let redis = RedisServer::start();
    let build = |cluster: Cluster| SocketIo::builder().max_json_depth(120).cluster(cluster).build();
    let error = build(kind.cluster(&redis)).expect_err("the default is 100");
    assert!(matches!(error, BuildError::Cluster(_)));
    let text = "cannot join the cluster: max_json_depth is 120, and servers of the cluster read \
                100 levels: set WireLimits::depth to 120 on all of them";
    assert_eq!(error.to_string(), text);

    let mut limits = WireLimits::default();
    limits.depth = 120;
    let cluster = || kind.cluster(&redis).limits(limits);
    let one = Node::new(cluster(), |builder| builder.max_json_depth(120)).await;
    let two = Node::new(cluster(), |builder| builder.max_json_depth(120)).await;
    eventually("both are counted", async || one.io.server_count().await == 2).await;
    let mut there = two.client().await;
    // The arguments are one more level.
    let deep = (1..119).fold(json!(1), |inner, _| json!([inner]));
    one.io.emit("deep", &deep).expect("sent");
    assert_eq!(there.next().await, ("deep", json!([deep])));
    assert_eq!(two.io.cluster_health().expect("a cluster").ignored, 0);
}
