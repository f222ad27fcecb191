//! Servers that stand still, and servers that are gone.

use std::time::Duration;

use actix_socketio::{HandlerResult, OnServerEvent};
use serde_json::{Value, json};

use crate::{
    common::{NodeClients, NodePeer, REDIS_AND_NODE, RedisServer, all_there},
    fixture::{Kind, Node, eventually},
    process::Process,
};

with_each_adapter!(
    crate::common::REDIS_AND_NODE;
    a_server_of_node_that_stands_still_is_missing,
    a_server_that_is_dropped_is_not_counted,
);

/// How long a server waits for the others in these tests.
const LIMIT: Duration = Duration::from_millis(500);

async fn ours(kind: Kind, redis: &RedisServer) -> Node {
    let cluster = kind.cluster(redis).request_timeout(LIMIT);
    Node::new(cluster, |builder| builder.ack_timeout(LIMIT).on_server_event(echo)).await
}

async fn echo(event: OnServerEvent) -> HandlerResult {
    Ok(event.ack(&event.arg::<Value>(0)?)?)
}

/// The answers of one silent server: this one knows of its own clients, and misses the other.
async fn assert_one_is_missing(node: &Node, clients: usize) {
    let found = node.io.everyone().fetch_sockets().await.expect("a name");
    assert_eq!((found.len(), found.missing_servers), (clients, 1));
    assert_eq!(node.io.cluster_channels().await.missing_servers, 1);
    let ask = node.io.everyone().timeout(LIMIT);
    let acks = ask.emit_with_ack::<_, Value>("who?", &()).await.expect("sent");
    assert_eq!((acks.missing.len(), acks.unnamed_missing), (clients, 0));
    assert_eq!((acks.missing_servers, acks.is_complete()), (1, false));
    let acks = node.io.server_side_emit_with_ack::<_, Value>("echo", &1).await.expect("sent");
    assert_eq!((acks.answers.len(), acks.missing), (0, 1));
    // It is counted, as its connection is there.
    assert_eq!(node.io.server_count().await, 2);
}

/// Waits until nothing is missing any more.
async fn all_answer(node: &Node, clients: usize, servers: usize) {
    eventually("all servers answer", async || {
        let found = node.io.everyone().fetch_sockets().await.expect("a name");
        let acks = node.io.server_side_emit_with_ack::<_, Value>("echo", &1).await.expect("sent");
        (found.len(), found.missing_servers) == (clients, 0)
            && (acks.answers.len(), acks.missing) == (servers - 1, 0)
            && node.io.server_count().await == servers
    })
    .await;
}

async fn a_server_of_node_that_stands_still_is_missing(kind: Kind) {
    let redis = RedisServer::start();
    let theirs = NodePeer::start(kind.name(), redis.port(), &json!({}));
    let ours = ours(kind, &redis).await;
    let here = ours.client().await;
    let there = NodeClients::start().connect(&theirs.url(), "/", json!({})).await;
    all_answer(&ours, 2, 2).await;
    theirs.freeze();
    assert_one_is_missing(&ours, 1).await;
    theirs.thaw();
    all_answer(&ours, 2, 2).await;
    assert_eq!(there.next().await[0], "who?");
    assert_eq!(theirs.errors(), "");
    theirs.kill();
    all_answer(&ours, 1, 1).await;
    drop(here);
}

async fn a_server_that_is_dropped_is_not_counted(kind: Kind) {
    let redis = RedisServer::start();
    let one = ours(kind, &redis).await;
    let two = ours(kind, &redis).await;
    let _client = two.client().await;
    all_answer(&one, 1, 2).await;
    assert!(two.io.shutdown().await);
    all_answer(&one, 0, 1).await;
    let three = ours(kind, &redis).await;
    all_answer(&one, 0, 2).await;
    drop(three);
    all_answer(&one, 0, 1).await;
}

#[actix_web::test]
async fn a_process_that_stands_still_is_missing_and_one_that_is_killed_is_gone() {
    if !all_there("processes of servers", REDIS_AND_NODE) {
        return;
    }
    let clients = NodeClients::start();
    for kind in [Kind::Streams, Kind::Classic, Kind::Sharded] {
        let redis = RedisServer::start();
        let ours = ours(kind, &redis).await;
        let mut here = ours.client().await;
        // So that it is not taken for lost.
        let process = Process::start(kind, &redis, Duration::from_secs(60));
        let there = clients.connect(process.url(), "/", json!({})).await;
        all_answer(&ours, 2, 2).await;
        process.stop();
        assert_one_is_missing(&ours, 1).await;
        ours.io.emit("while it stands still", &()).expect("sent");
        process.go_on();
        all_answer(&ours, 2, 2).await;
        // Nothing is lost.
        assert_eq!(there.next().await[0], "who?");
        assert_eq!(there.next().await[0], "while it stands still");
        process.kill();
        all_answer(&ours, 1, 1).await;
        assert_eq!(here.wait_for("while it stands still").await.name(), "while it stands still");
    }
}
