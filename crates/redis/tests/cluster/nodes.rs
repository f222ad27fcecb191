//! Servers tell each other of themselves.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    common::{NodePeer, RedisServer},
    fixture::{ClusterChanges, Kind, Node, eventually},
};

with_each_adapter!(
    &[crate::common::Need::Redis];
    servers_list_each_other_and_are_told_when_one_leaves,
    more_servers_than_the_bound_are_counted_and_not_listed,
);

mod beside_node {
    with_each_adapter!(
        crate::common::REDIS_AND_NODE;
        servers_of_node_ignore_heartbeats,
    );

    use super::servers_of_node_ignore_heartbeats;
}

/// No heartbeat is due by its time in a test.
const NEVER: Duration = Duration::from_secs(3600);

async fn server(kind: Kind, redis: &RedisServer, heartbeat: Duration) -> Node {
    Node::new(kind.cluster(redis).heartbeat(heartbeat), |builder| builder).await
}

/// Waits until a server lists this many servers as alive, and no other.
async fn lists(node: &Node, servers: usize) {
    eventually("the servers are listed", async || {
        let nodes = node.io.nodes();
        nodes.len() == servers && nodes.iter().all(|node| node.is_alive)
    })
    .await;
}

fn own_id(node: &Node) -> String {
    let nodes = node.io.nodes();
    assert!(nodes[0].is_self);
    nodes[0].id.clone()
}

async fn servers_list_each_other_and_are_told_when_one_leaves(kind: Kind) {
    let redis = RedisServer::start();
    let one = server(kind, &redis, NEVER).await;
    let changes = ClusterChanges::of(&one);
    let two = server(kind, &redis, NEVER).await;
    lists(&one, 2).await;
    lists(&two, 2).await;
    assert_eq!(one.io.nodes()[1].id, own_id(&two));
    assert_eq!(two.io.nodes()[1].id, own_id(&one));
    let clients = [two.client().await, two.client().await];
    assert_eq!((two.io.nodes()[0].clients, one.io.nodes()[0].clients), (2, 0));

    // All others say how they are to one that comes.
    let three = server(kind, &redis, NEVER).await;
    for node in [&one, &two, &three] {
        lists(node, 3).await;
    }
    let id = own_id(&two);
    eventually("the clients are counted", async || {
        one.io.nodes().iter().any(|node| node.id == id && node.clients == 2)
    })
    .await;
    let stats = one.io.stats();
    assert!(stats.cluster.is_some_and(|cluster| cluster.is_connected));
    assert_eq!(stats.nodes.len(), 3);

    assert!(three.io.shutdown().await);
    lists(&one, 2).await;
    drop((clients, two));
    lists(&one, 1).await;
    eventually("all is reported", async || (changes.joined(), changes.left()) == (2, 2)).await;
}

async fn servers_of_node_ignore_heartbeats(kind: Kind) {
    let redis = RedisServer::start();
    let theirs = NodePeer::start(kind.name(), redis.port(), &json!({}));
    let interval = Duration::from_millis(200);
    let ours = [server(kind, &redis, interval).await, server(kind, &redis, interval).await];
    let sent = |node: &Node| node.io.cluster_health().expect("a cluster").sent;
    for node in &ours {
        // Node's server is not among them.
        lists(node, 2).await;
        eventually("all are counted", async || node.io.server_count().await == 3).await;
        eventually("many heartbeats are sent", async || sent(node) > 10).await;
    }
    eventually("Node counts all", async || theirs.call("serverCount", json!({})).await == json!(3))
        .await;
    let [one, _] = &ours;
    let mut client = one.client().await;
    theirs.call("emit", json!({ "args": ["from theirs"] })).await;
    assert_eq!(client.next().await.name(), "from theirs");
    let found = one.io.everyone().fetch_sockets().await.expect("a name");
    assert_eq!((found.len(), found.missing_servers), (1, 0));
    let acks = one.io.server_side_emit_with_ack::<_, Value>("echo", &1).await.expect("sent");
    assert!(acks.answers.iter().any(|answer| answer.as_ref().is_ok_and(|it| *it == 1)));
    assert_eq!(theirs.errors(), "");
}

/// Sends a heartbeat of a server that is not there.
fn pretend(redis: &RedisServer, kind: Kind, id: &str, is_last: bool) {
    let data = json!({
        "version": "1", "clients": 1, "uptime": 1, "interval": 3_600_000, "last": is_last,
    });
    let (command, channel, message) = match kind {
        Kind::Classic => {
            ("PUBLISH", "socket.io-request#/#", json!({ "uid": id, "type": 20, "data": data }))
        }
        Kind::Sharded => {
            ("SPUBLISH", "socket.io#/#", json!({ "type": 2, "data": data, "uid": id, "nsp": "/" }))
        }
        Kind::Streams => {
            ("PUBLISH", "socket.io#/#", json!({ "type": 2, "data": data, "uid": id, "nsp": "/" }))
        }
    };
    redis.command::<u64>(&[command, channel, &message.to_string()]);
}

async fn more_servers_than_the_bound_are_counted_and_not_listed(kind: Kind) {
    let redis = RedisServer::start();
    let cluster = kind.cluster(&redis).heartbeat(NEVER).max_nodes(2);
    let node = Node::new(cluster, |builder| builder).await;
    let health = || node.io.cluster_health().expect("a cluster");
    eventually("it hears others", async || health().sent == 1).await;
    for id in ["a", "b", "c", "d"] {
        pretend(&redis, kind, id, false);
    }
    eventually("two are too many", async || health().ignored == 2).await;
    let ids = || node.io.nodes()[1..].iter().map(|node| node.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(), ["a", "b"]);
    pretend(&redis, kind, "a", true);
    pretend(&redis, kind, "c", false);
    eventually("one makes room for another", async || ids() == ["b", "c"]).await;
}
