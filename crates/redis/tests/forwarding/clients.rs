//! The official clients behind a balancer that sends each request to the next server.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    balancer::{Balancer, Nginx},
    common::{
        LinePeer, Need, NodeClient, NodeClients, REDIS_AND_NODE, RedisServer, all_there,
        needs::{clients, python},
        wait_until,
    },
    nodes::{Node, plain, start},
};

/// Messages in both directions: none is lost, and each direction keeps its order.
async fn exchange(client: &NodeClient, count: u64) {
    for number in 0..count {
        let answer = client.ask(json!(["echo", number])).await;
        assert_eq!(answer, json!([number]));
    }
    client.emit(json!(["stream", count])).await;
    for number in 0..count {
        assert_eq!(client.next().await, json!(["numbered", number]));
    }
}

async fn exchange_by_polling(url: &str, nodes: &[Node]) {
    let peer = NodeClients::start();
    let polling = json!({ "transports": ["polling"] });
    let client = peer.connect(url, "/", polling.clone()).await;
    let other = peer.connect(url, "/", polling).await;
    tokio::join!(exchange(&client, 200), exchange(&other, 200));
    let forwarded: u64 = nodes.iter().map(|node| node.stats().forwarded_requests).sum();
    assert!(forwarded > 400, "{forwarded} requests went to the wrong server first");
    let connections: usize = nodes.iter().map(|node| node.stats().connections).sum();
    assert_eq!(connections, 2, "both have had one session each");
}

#[actix_web::test]
async fn polling_over_two_servers_and_over_three() {
    if !all_there("clients of Node", REDIS_AND_NODE) {
        return;
    }
    let redis = RedisServer::start();
    let mut nodes: Vec<Node> = plain::<2>(&redis).into();
    for _ in 0..2 {
        let balancer = Balancer::start(nodes.iter().map(|node| node.addr).collect());
        exchange_by_polling(&balancer.url(), &nodes).await;
        nodes = plain::<3>(&redis).into();
    }
}

#[actix_web::test]
async fn polling_and_upgrades_behind_nginx() {
    if !all_there("nginx", REDIS_AND_NODE) || !all_there("nginx", &[Need::Nginx]) {
        return;
    }
    let redis = RedisServer::start();
    let nodes: [Node; 3] = plain(&redis);
    let nginx = Nginx::start(&nodes.each_ref().map(|node| node.addr));
    exchange_by_polling(&nginx.url(), &nodes).await;
    upgrade(&nginx.url(), &nodes).await;
}

/// Clients that begin to poll and upgrade: each of their requests goes to another server.
async fn upgrade(url: &str, nodes: &[Node]) {
    let peer = NodeClients::start();
    let upgraded = || nodes.iter().map(|node| node.stats().upgrades).sum::<u64>();
    for round in 0..4 {
        let before = upgraded();
        let client = peer.connect(url, "/", json!({})).await;
        // Messages go on during the upgrade.
        exchange(&client, 20).await;
        wait_until("it upgrades", || upgraded() == before + 1);
        exchange(&client, 50).await;
        assert!(!client.id().is_empty(), "{round}");
    }
}

#[actix_web::test]
async fn an_upgrade_is_a_tunnel() {
    if !all_there("clients of Node", REDIS_AND_NODE) {
        return;
    }
    let redis = RedisServer::start();
    let nodes: [Node; 3] = start(&redis, |builder| builder.per_message_deflate(true));
    let balancer = Balancer::start(nodes.iter().map(|node| node.addr).collect());
    upgrade(&balancer.url(), &nodes).await;
    let tunnels: usize = nodes.iter().map(|node| node.stats().forwarding).sum();
    wait_until("the clients have gone", || {
        nodes.iter().all(|node| node.stats().forwarding == 0 && node.stats().connections == 0)
    });
    assert!(tunnels > 0, "no WebSocket came to another server than its session's");
    assert!(balancer.requests() > 8);
}

#[actix_web::test]
async fn websockets_alone_are_never_passed_on() {
    if !all_there("clients of Node", REDIS_AND_NODE) {
        return;
    }
    let redis = RedisServer::start();
    let nodes: [Node; 2] = plain(&redis);
    let balancer = Balancer::start(nodes.iter().map(|node| node.addr).collect());
    let peer = NodeClients::start();
    for _ in 0..2 {
        let options = json!({ "transports": ["websocket"] });
        exchange(&peer.connect(&balancer.url(), "/", options).await, 20).await;
    }
    assert!(nodes.iter().all(|node| node.stats().forwarded_requests == 0));
}

#[actix_web::test]
async fn a_client_of_a_server_that_stops_begins_anew() {
    if !all_there("clients of Node", REDIS_AND_NODE) {
        return;
    }
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let balancer = Balancer::start(vec![one.addr, two.addr]);
    let peer = NodeClients::start();
    let options =
        json!({ "transports": ["polling"], "reconnection": true, "reconnectionDelay": 20 });
    let client = peer.connect(&balancer.url(), "/", options).await;
    exchange(&client, 5).await;
    let (owner, other) = if one.stats().connections == 1 { (one, two) } else { (two, one) };
    drop(owner);
    client.ended().await;
    wait_until("it is at the other one", || other.stats().connections == 1);
    exchange(&client, 5).await;
}

#[actix_web::test]
async fn a_client_in_python() {
    let needs = &[Need::Redis, Need::PythonPackages];
    if !all_there("clients in Python", needs) {
        return;
    }
    let redis = RedisServer::start();
    let nodes: [Node; 2] = plain(&redis);
    let balancer = Balancer::start(nodes.iter().map(|node| node.addr).collect());
    for transports in [json!(["polling"]), json!(["polling", "websocket"])] {
        let mut command = Command::new(python());
        command.arg(clients().join("cluster/client.py"));
        command.args([balancer.url(), transports.to_string()]);
        let (peer, first) = LinePeer::start(command);
        assert_eq!(first, json!({ "ready": true }));
        let answer = peer.call("exchange", json!({ "count": 50 })).await;
        let numbers: Vec<u64> = (0..50).collect();
        assert_eq!(answer, json!({ "echoed": numbers, "numbered": numbers }), "{transports}");
        let transport: Value = peer.call("transport", json!({})).await;
        assert_eq!(transport, *transports.as_array().expect("a list").last().expect("one"));
    }
}
