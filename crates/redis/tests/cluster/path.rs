//! The path of publications through Redis, which is stopped, killed and started again.

use std::time::Duration;

use actix_socketio::{Builder, PathHealth, PathOutcome};

use crate::{
    common::RedisServer,
    fixture::{Kind, Node, eventually},
};

with_each_adapter!(
    &[crate::common::Need::Redis];
    the_path_through_redis_is_broken_while_it_stands_still_or_is_away,
    a_probe_of_the_path_reaches_no_client_of_other_servers,
);

fn probing(builder: Builder) -> Builder {
    builder
        .path_interval(Duration::from_millis(20))
        .cluster_path_timeout(Duration::from_millis(400))
}

fn cluster_path(node: &Node) -> Option<PathOutcome> {
    node.io.path_health().and_then(|path| path.cluster)
}

async fn becomes_whole(node: &Node) {
    eventually("the path is whole", async || {
        node.io.path_health().as_ref().is_some_and(PathHealth::is_whole)
    })
    .await;
    assert!(cluster_path(node).is_some_and(|path| path.time().is_some()));
}

async fn becomes_broken(node: &Node) {
    eventually("the path is broken", async || cluster_path(node) == Some(PathOutcome::Broken))
        .await;
    let path = node.io.path_health().expect("a result");
    assert!(path.workers.time().is_some() && !path.is_whole(), "the workers are well: {path:?}");
}

async fn the_path_through_redis_is_broken_while_it_stands_still_or_is_away(kind: Kind) {
    let mut redis = RedisServer::start();
    let node = Node::new(kind.cluster(&redis), probing).await;
    becomes_whole(&node).await;
    redis.freeze();
    becomes_broken(&node).await;
    redis.thaw();
    becomes_whole(&node).await;
    redis.kill();
    becomes_broken(&node).await;
    redis.restart();
    becomes_whole(&node).await;
}

async fn a_probe_of_the_path_reaches_no_client_of_other_servers(kind: Kind) {
    let redis = RedisServer::start();
    let probing = Node::new(kind.cluster(&redis), probing).await;
    let other = Node::new(kind.cluster(&redis), |builder| builder).await;
    let mut client = other.client_in("news").await;
    becomes_whole(&probing).await;
    eventually("they know each other", async || other.io.nodes().len() == 2).await;
    let sent = probing.io.stats().cluster.expect("a cluster").sent;
    eventually("probes are sent", async || {
        probing.io.stats().cluster.is_some_and(|cluster| cluster.sent > sent + 3)
    })
    .await;
    probing.io.broadcast_channel("news", "the first").expect("sent");
    assert_eq!(client.next().await, ("message", serde_json::json!(["the first"])));
    let stats = other.io.stats();
    assert_eq!((stats.publications, stats.cluster.expect("a cluster").ignored), (1, 0));
}
