//! Clients that lose one server and come back to another: real ones, through real processes.
//!
//! Everywhere the same is asked: a client has what it missed, once and in order, or it is told.

mod faults;
mod mixed;
mod pattern;
mod process;
mod roaming;

use actix_socketio::adapter::{ClusterOrder, JoinCluster as _};
use actix_socketio_redis::Cluster as ClusterOfRedis;
use serde_json::{Value, json};

use self::process::NodeProcess;
use crate::{
    common::{NodeClients, RedisServer, RoamingClient},
    fixture::eventually,
};

/// A client subscribes to `room` at each server that does not know it.
fn in_room() -> Value {
    json!([["subscribe", "room"]])
}

/// Servers that know of each other, and clients in JavaScript for them.
struct Cluster<const COUNT: usize> {
    redis: RedisServer,
    nodes: [NodeProcess; COUNT],
    clients: NodeClients,
}

impl<const COUNT: usize> Cluster<COUNT> {
    async fn start() -> Self {
        Self::start_with(RedisServer::start(), json!({})).await
    }

    /// With settings for all servers.
    async fn start_with(redis: RedisServer, settings: Value) -> Self {
        let nodes = std::array::from_fn(|_| NodeProcess::start_with(&redis, settings.clone()));
        for node in &nodes {
            eventually("all are counted", async || node.servers().await == COUNT as u64).await;
        }
        Self { redis, nodes, clients: NodeClients::start() }
    }

    /// A client of a server, in `room`.
    async fn client_of(&self, node: usize) -> RoamingClient {
        self.clients.roam(&self.nodes[node].url(), "/", in_room()).await
    }

    /// Publishes numbers to `room` by a server.
    async fn publish(&self, node: usize, numbers: std::ops::Range<u64>) {
        for number in numbers {
            self.nodes[node].publish(Some("room"), number).await;
        }
    }
}

/// Waits until a client is back, at a server that knows it.
async fn comes_back(client: &RoamingClient, to: &NodeProcess) {
    let back = client.returned().await;
    assert_eq!(back, (true, client.id().to_owned()), "{}", to.reasons().await);
}

/// Waits until a client is back, and is told that something may be missing.
async fn is_told(client: &RoamingClient) {
    assert!(!client.returned().await.0, "it is recovered: {:?}", client.log().await);
}

/// Waits until a client has this, and nothing else.
async fn has(client: &RoamingClient, expected: &[Value]) {
    eventually(&format!("it has {expected:?}"), async || {
        client.log().await.len() >= expected.len()
    })
    .await;
    assert_eq!(client.log().await, expected);
}

/// Of several streams, each has an order of its own, and channels of Redis have none.
#[test]
fn servers_with_one_stream_have_one_past() {
    let cluster = || ClusterOfRedis::redis("redis://127.0.0.1").expect("an address");
    assert_eq!(cluster().order(), ClusterOrder::Stream);
    for other in [cluster().stream_count(2), cluster().classic()] {
        assert_eq!(other.order(), ClusterOrder::PerServer);
    }
}

/// Numbers as the values of events.
fn numbers(numbers: std::ops::Range<u64>) -> Vec<Value> {
    numbers.map(Value::from).collect()
}
