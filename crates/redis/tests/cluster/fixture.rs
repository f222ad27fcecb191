//! A Redis, and servers at it.

use std::{cell::RefCell, future::Future, rc::Rc, time::Duration};

use actix_socketio::{
    Builder, Change, SocketIo,
    test::{TestClient, TestServer},
};
use actix_socketio_redis::{Cluster, SubscriptionMode};
use actix_web::rt::{
    self,
    time::{sleep, timeout},
};

use crate::common::{PATIENCE, RedisServer};

/// The adapter of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Streams,
    Classic,
    Sharded,
}

impl Kind {
    /// Its name for [`NodePeer`](crate::common::NodePeer).
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Streams => "streams",
            Self::Classic => "classic",
            Self::Sharded => "sharded",
        }
    }

    pub(crate) fn cluster(self, redis: &RedisServer) -> Cluster {
        self.cluster_at(&redis.url())
    }

    pub(crate) fn cluster_at(self, url: &str) -> Cluster {
        let cluster = Cluster::redis(url).expect("an address");
        match self {
            Self::Streams => cluster,
            Self::Classic => cluster.classic(),
            Self::Sharded => cluster.sharded(SubscriptionMode::Dynamic),
        }
    }
}

/// A server of the cluster.
pub(crate) struct Node {
    pub(crate) io: SocketIo,
    server: TestServer,
}

impl Node {
    pub(crate) async fn new(cluster: Cluster, change: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = SocketIo::builder().open_channels().cluster(cluster);
        let io = change(builder).build().expect("valid settings");
        let server = TestServer::new(&io).await;
        Self { io, server }
    }

    pub(crate) async fn client(&self) -> TestClient {
        self.server.client().patience(PATIENCE).connect().await.expect("it is let in")
    }

    /// A client in another namespace than the main one.
    pub(crate) async fn client_of(&self, namespace: &str) -> TestClient {
        let client = self.server.client().patience(PATIENCE).namespace(namespace);
        client.connect().await.expect("it is let in")
    }

    /// A client of a namespace with an `auth` payload.
    pub(crate) async fn client_as(&self, namespace: &str, auth: &serde_json::Value) -> TestClient {
        let client = self.server.client().patience(PATIENCE).namespace(namespace).auth(auth);
        client.connect().await.expect("it is let in")
    }

    /// A client with an `auth` payload, a query and a header: `page=ü`, and `x-team: blue`.
    pub(crate) async fn client_with(&self, auth: &serde_json::Value) -> TestClient {
        let client = self.server.client().patience(PATIENCE).auth(auth);
        let client = client.query("page", "ü").header("x-team", "blue");
        client.connect().await.expect("it is let in")
    }

    pub(crate) async fn client_in(&self, channel: &str) -> TestClient {
        let mut client = self.client().await;
        client.subscribe(channel).await.expect("an open channel");
        client
    }
}

/// The changes that a server reports.
pub(crate) struct ClusterChanges(Rc<RefCell<Vec<Change>>>);

impl ClusterChanges {
    /// Those from now on.
    pub(crate) fn of(node: &Node) -> Self {
        let (seen, mut changes) = (Rc::<RefCell<Vec<Change>>>::default(), node.io.changes());
        let collected = Rc::clone(&seen);
        rt::spawn(async move {
            while let Some(change) = changes.next().await {
                collected.borrow_mut().push(change);
            }
        });
        Self(seen)
    }

    fn count(&self, is_one: impl Fn(&Change) -> bool) -> usize {
        self.0.borrow().iter().filter(|change| is_one(change)).count()
    }

    /// How often other servers have come.
    pub(crate) fn joined(&self) -> usize {
        self.count(|change| matches!(change, Change::NodeJoined { .. }))
    }

    /// How often other servers have left, or were lost.
    pub(crate) fn left(&self) -> usize {
        self.count(|change| matches!(change, Change::NodeLeft { .. }))
    }

    /// How often Redis was lost.
    pub(crate) fn away(&self) -> usize {
        self.count(|change| *change == Change::ClusterAway)
    }

    /// Whether something may be missing, for each time that Redis has come back.
    pub(crate) fn back(&self) -> Vec<bool> {
        let changes = self.0.borrow();
        let back = changes.iter().filter_map(|change| match change {
            Change::ClusterBack { missed } => Some(*missed),
            _ => None,
        });
        back.collect()
    }
}

/// Servers of the same kind, which know of each other.
pub(crate) async fn nodes<const COUNT: usize>(kind: Kind, redis: &RedisServer) -> [Node; COUNT] {
    let mut nodes = Vec::new();
    for _ in 0..COUNT {
        nodes.push(Node::new(kind.cluster(redis), |builder| builder).await);
    }
    for node in &nodes {
        eventually("all servers are counted", async || node.io.server_count().await == COUNT).await;
    }
    nodes.try_into().ok().expect("as many as were made")
}

/// Waits until a condition holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let holds = async {
        while !condition().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, holds).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}
