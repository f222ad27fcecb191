//! The failures that the table in `docs/cluster.md` names, with real processes.

use std::{future::Future, time::Duration};

use actix_socketio::{HandlerResult, OnServerEvent, SendError, test::TestClient};
use actix_web::rt::{self, time::timeout};
use serde_json::{Value, json};

use crate::{
    common::{NodeClient, NodeClients, PATIENCE, Proxy, RedisServer},
    fixture::{ClusterChanges, Kind, Node, eventually},
    process::{Process, state_of_process},
};

with_each_adapter!(
    crate::common::REDIS_AND_NODE;
    a_killed_process_is_lost_once_and_not_waited_for,
    a_stopped_process_is_lost_and_comes_back_with_all_it_missed,
);

mod with_redis {
    with_each_adapter!(
        &[crate::common::Need::Redis];
        a_server_behind_a_proxy_that_swallows_is_red_and_green_again,
        servers_go_on_after_redis_has_lost_its_data,
        servers_follow_a_sentinel_to_the_new_master,
        a_server_that_starts_without_redis_joins_later,
    );

    use super::{
        a_server_behind_a_proxy_that_swallows_is_red_and_green_again,
        a_server_that_starts_without_redis_joins_later,
        servers_follow_a_sentinel_to_the_new_master, servers_go_on_after_redis_has_lost_its_data,
    };
}

/// A server is lost after twice this time.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(600);

/// How long a server waits for answers before it takes another one for lost.
const LIMIT: Duration = Duration::from_millis(400);

async fn echo(event: OnServerEvent) -> HandlerResult {
    if event.event() != "emit" {
        event.ack(&event.arg::<Value>(0).unwrap_or_default())?;
    }
    Ok(())
}

/// A server that waits for answers for this long.
async fn server(kind: Kind, url: &str, limit: Duration) -> Node {
    let cluster = kind.cluster_at(url).heartbeat(HEARTBEAT).request_timeout(limit);
    Node::new(cluster, |builder| builder.ack_timeout(limit).on_server_event(echo)).await
}

/// How long a server waits for answers that does not wait for lost ones: longer than the test.
const LONG: Duration = Duration::from_secs(120);

/// The outcome of a request that does not wait for as long as it may.
async fn soon<T>(request: impl Future<Output = T>) -> T {
    timeout(PATIENCE, request).await.expect("it waits for a server that is lost")
}

/// The servers that a server lists as alive and as lost.
fn listed(node: &Node) -> (usize, usize) {
    let nodes = node.io.nodes();
    let alive = nodes.iter().filter(|node| node.is_alive).count();
    (alive, nodes.len() - alive)
}

async fn lists(node: &Node, alive: usize, lost: usize) {
    eventually("servers are listed", async || listed(node) == (alive, lost)).await;
}

/// Waits until this server finds as many clients, and misses as many servers.
pub(crate) async fn finds(node: &Node, clients: usize, missing: usize) {
    eventually("clients are found", async || found(node).await == (clients, missing)).await;
}

/// The clients that this server finds, and the servers that it misses.
async fn found(node: &Node) -> (usize, usize) {
    let found = node.io.everyone().fetch_sockets().await.expect("a name");
    (found.len(), found.missing_servers)
}

/// The servers that a broadcast with acknowledgements misses. Clients do not answer.
async fn missing_for_acks(node: &Node, limit: Duration) -> usize {
    let target = node.io.to("empty").timeout(limit);
    target.emit_with_ack::<_, Value>("who?", &()).await.expect("sent").missing_servers
}

/// The numbers of the events of a name, up to the one with the last number.
async fn numbers(client: &mut TestClient, name: &str, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let event = client.next().await;
        if event.name() == name {
            numbers.push(event.arg(0));
        }
    }
    numbers
}

pub(crate) async fn numbers_js(client: &NodeClient, name: &str, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        let event = client.next().await;
        if event[0] == name {
            numbers.push(event[1].as_u64().expect("a number"));
        }
    }
    numbers
}

async fn a_killed_process_is_lost_once_and_not_waited_for(kind: Kind) {
    let redis = RedisServer::start();
    // A request that waits for the dead would wait for longer than the test.
    let ours = server(kind, &redis.url(), LONG).await;
    let changes = ClusterChanges::of(&ours);
    let mut here = ours.client().await;
    let process = Process::start(kind, &redis, HEARTBEAT);
    let clients = NodeClients::start();
    let there = clients.connect(process.url(), "/", json!({})).await;
    lists(&ours, 2, 0).await;
    finds(&ours, 2, 0).await;
    let target = ours.io.everyone().timeout(Duration::from_secs(3));
    let asked = rt::spawn(async move { target.emit_with_ack::<_, Value>("ask", &()).await });
    assert_eq!(there.next().await[0], "ask");
    process.kill();
    // A request on its way ends in its time. The server had said by then which clients it has, or
    // it is missing itself.
    let acks = asked.await.expect("it does not panic").expect("sent");
    assert_eq!((acks.answers.len(), acks.missing.len() + acks.missing_servers), (0, 2));
    // Redis counts it no more, before its heartbeats are missed.
    eventually("Redis counts one", async || ours.io.server_count().await == 1).await;
    finds(&ours, 1, 0).await;
    assert_eq!(soon(missing_for_acks(&ours, LONG)).await, 0);
    lists(&ours, 1, 1).await;
    let next = Process::start(kind, &redis, HEARTBEAT);
    let there_again = clients.connect(next.url(), "/", json!({})).await;
    lists(&ours, 2, 1).await;
    finds(&ours, 2, 0).await;
    for number in 0..20_u64 {
        ours.io.emit("e", &number).expect("there is room");
    }
    let all: Vec<u64> = (0..20).collect();
    assert_eq!(numbers(&mut here, "e", 19).await, all);
    assert_eq!(numbers_js(&there_again, "e", 19).await, all);
    assert_eq!((changes.joined(), changes.left()), (2, 1));
    drop(there);
}

async fn a_stopped_process_is_lost_and_comes_back_with_all_it_missed(kind: Kind) {
    let redis = RedisServer::start();
    let ours = server(kind, &redis.url(), LIMIT).await;
    let patient = server(kind, &redis.url(), LONG).await;
    let changes = ClusterChanges::of(&ours);
    let mut here = ours.client().await;
    let process = Process::start(kind, &redis, HEARTBEAT);
    let there = NodeClients::start().connect(process.url(), "/", json!({})).await;
    for node in [&ours, &patient] {
        lists(node, 3, 0).await;
    }
    finds(&ours, 2, 0).await;
    let joined = changes.joined();

    process.stop();
    // Whether its heartbeats are missed by now or not.
    assert_eq!(found(&ours).await, (1, 1));
    assert_eq!(missing_for_acks(&ours, LIMIT).await, 1);
    for node in [&ours, &patient] {
        lists(node, 2, 1).await;
    }
    // Redis counts it, and no request waits for it.
    assert_eq!(patient.io.server_count().await, 3);
    assert_eq!(soon(found(&patient)).await, (1, 1));
    assert_eq!(soon(missing_for_acks(&patient, LONG)).await, 1);
    let acks = soon(patient.io.server_side_emit_with_ack::<_, u32>("echo", &7)).await;
    let acks = acks.expect("sent");
    assert_eq!((acks.answers.len(), acks.missing), (1, 1));
    for number in 0..50_u64 {
        ours.io.emit("e", &number).expect("there is room");
    }
    let all: Vec<u64> = (0..50).collect();
    assert_eq!(numbers(&mut here, "e", 49).await, all);

    process.go_on();
    assert_eq!(numbers_js(&there, "e", 49).await, all);
    for node in [&ours, &patient] {
        lists(node, 3, 0).await;
    }
    finds(&patient, 2, 0).await;
    assert_eq!((changes.joined() - joined, changes.left()), (1, 1));
    // It has stood still itself, and takes the others for lost no time.
    let state = state_of_process(&patient).await;
    assert_eq!(state["lost"], 0);
    assert_eq!(state["nodes"].as_array().map(Vec::len), Some(3));
    for number in 50..60_u64 {
        ours.io.server_side_emit("emit", &number).expect("sent");
    }
    let expected: Vec<u64> = (50..60).collect();
    assert_eq!(numbers(&mut here, "from the process", 59).await, expected);
}

async fn a_server_behind_a_proxy_that_swallows_is_red_and_green_again(kind: Kind) {
    let redis = RedisServer::start();
    let proxy = Proxy::start(redis.port());
    let cut_off = kind.cluster_at(&proxy.url()).heartbeat(HEARTBEAT).request_timeout(LIMIT);
    let cut_off = Node::new(cut_off.patience(LIMIT), |builder| builder).await;
    let [one, two] =
        [server(kind, &redis.url(), LIMIT).await, server(kind, &redis.url(), LIMIT).await];
    let (of_cut_off, of_one) = (ClusterChanges::of(&cut_off), ClusterChanges::of(&one));
    let (mut client, mut there) = (cut_off.client().await, one.client().await);
    for node in [&cut_off, &one, &two] {
        lists(node, 3, 0).await;
        finds(node, 2, 0).await;
    }
    let is_green = |node: &Node| node.io.cluster_health().expect("a cluster").is_connected;
    proxy.swallow(true);
    eventually("its health is red", async || !is_green(&cut_off)).await;
    assert!(!cut_off.io.stats().cluster.expect("a cluster").is_connected);
    for node in [&one, &two] {
        lists(node, 2, 1).await;
        // Redis may count it still, and no request waits for it.
        assert_eq!(found(node).await.0, 1);
        assert!(is_green(node));
    }
    // It takes none of the others for lost, and serves its own clients.
    assert_eq!(listed(&cut_off), (3, 0));
    client.socket().emit("direct", &1).expect("sent");
    assert_eq!(client.wait_for("direct").await.arg::<u32>(0), 1);
    let published = cut_off.io.everyone().publish("cut off", &1).await;
    if kind == Kind::Streams {
        assert!(matches!(published, Err(SendError::ClusterAway)), "{published:?}");
    } else {
        let receipt = published.expect("sent");
        assert_eq!((receipt.delivered, receipt.servers), (1, Some(0)));
        assert_eq!(client.wait_for("cut off").await.arg::<u32>(0), 1);
    }

    proxy.swallow(false);
    eventually("its health is green", async || is_green(&cut_off)).await;
    for node in [&cut_off, &one, &two] {
        lists(node, 3, 0).await;
        finds(node, 2, 0).await;
    }
    assert_eq!((of_cut_off.left(), of_one.left()), (0, 1));
    assert_eq!((of_cut_off.away(), of_cut_off.back().len(), of_one.away()), (1, 1, 0));
    for number in 0..20_u64 {
        cut_off.io.emit("e", &number).expect("there is room");
    }
    let all: Vec<u64> = (0..20).collect();
    for client in [&mut client, &mut there] {
        assert_eq!(numbers(client, "e", 19).await, all);
        client.nothing().await;
    }
}

/// Publishes from both, and all clients get each event once. Streams have one order.
async fn both_publish(kind: Kind, nodes: [&Node; 2], clients: [&mut TestClient; 2], name: &str) {
    for node in nodes {
        finds(node, 2, 0).await;
    }
    for number in 0..20_u64 {
        let node = nodes[usize::from(number % 2 == 1)];
        node.io.everyone().publish(name, &number).await.expect("Redis is there");
    }
    let mut orders = Vec::new();
    for client in clients {
        let mut seen = Vec::new();
        while seen.len() < 20 {
            let event = client.wait_for(name).await;
            seen.push(event.arg::<u64>(0));
        }
        client.nothing().await;
        let of = |node: u64| seen.iter().filter(move |number| *number % 2 == node).copied();
        let all = [of(0).collect::<Vec<_>>(), of(1).collect::<Vec<_>>()];
        assert_eq!(all, [0, 1].map(|node| (0..10).map(|step| 2 * step + node).collect::<Vec<_>>()));
        orders.push(seen);
    }
    if kind == Kind::Streams {
        assert_eq!(orders[0], orders[1]);
    }
}

async fn servers_go_on_after_redis_has_lost_its_data(kind: Kind) {
    let mut redis = RedisServer::start();
    let [one, two] =
        [server(kind, &redis.url(), LIMIT).await, server(kind, &redis.url(), LIMIT).await];
    let (mut here, mut there) = (one.client().await, two.client().await);
    both_publish(kind, [&one, &two], [&mut here, &mut there], "before").await;
    let changes = ClusterChanges::of(&one);
    redis.kill();
    redis.restart();
    let keys: u64 = redis.command(&["DBSIZE"]);
    eventually("it is back", async || changes.back() == [true]).await;
    both_publish(kind, [&one, &two], [&mut here, &mut there], "after").await;
    assert!(keys <= 2, "nothing of the past was kept");
    assert_eq!((changes.away(), changes.back().len(), changes.left()), (1, 1, 0));
}

async fn servers_follow_a_sentinel_to_the_new_master(kind: Kind) {
    use actix_socketio_redis::{Cluster, SubscriptionMode};

    let mut first = RedisServer::start_durable();
    let second = RedisServer::start_durable();
    second.command::<()>(&["REPLICAOF", "127.0.0.1", &first.port().to_string()]);
    eventually("it replicates", async || {
        second.command::<String>(&["INFO", "replication"]).contains("master_link_status:up")
    })
    .await;
    let sentinel = RedisServer::sentinel(first.port());
    eventually("the sentinel knows the replica", async || {
        sentinel.command::<Vec<redis::Value>>(&["SENTINEL", "REPLICAS", "mymaster"]).len() == 1
    })
    .await;
    let start = async || {
        let cluster = Cluster::sentinel(&[&sentinel.url()], "redis://mymaster").expect("addresses");
        let cluster = match kind {
            Kind::Streams => cluster,
            Kind::Classic => cluster.classic(),
            Kind::Sharded => cluster.sharded(SubscriptionMode::Dynamic),
        };
        Node::new(cluster.heartbeat(HEARTBEAT).request_timeout(LIMIT), |builder| builder).await
    };
    let [one, two] = [start().await, start().await];
    let (mut here, mut there) = (one.client().await, two.client().await);
    both_publish(kind, [&one, &two], [&mut here, &mut there], "before").await;
    let changes = ClusterChanges::of(&one);
    first.kill();
    eventually("it is at the new master", async || changes.back().len() == 1).await;
    both_publish(kind, [&one, &two], [&mut here, &mut there], "after").await;
    lists(&one, 2, 0).await;
    assert_eq!(changes.left(), 0);
}

async fn a_server_that_starts_without_redis_joins_later(kind: Kind) {
    let mut redis = RedisServer::start();
    let one = server(kind, &redis.url(), LIMIT).await;
    redis.kill();
    let two = server(kind, &redis.url(), LIMIT).await;
    let changes = ClusterChanges::of(&two);
    let (mut here, mut there) = (one.client().await, two.client().await);
    assert_eq!((found(&two).await.0, listed(&two)), (1, (1, 0)));
    redis.restart();
    for node in [&one, &two] {
        lists(node, 2, 0).await;
    }
    eventually("it is back", async || changes.back() == [false]).await;
    both_publish(kind, [&one, &two], [&mut here, &mut there], "e").await;
}
