//! Redis is away for longer than messages wait for it.

use std::time::Duration;

use actix_socketio::{Builder, SendError};
use actix_web::rt;
use serde_json::{Value, json};

use crate::{
    common::{Need, NodePeer, REDIS_AND_NODE, RedisServer, all_there},
    fixture::{Kind, Node, eventually},
};

with_each_adapter!(
    &[crate::common::Need::Redis];
    servers_find_each_other_again,
    questions_are_answered_with_what_is_here,
);

/// How long messages wait in these tests.
const PATIENCE_OF_MESSAGES: Duration = Duration::from_millis(200);

async fn two(kind: Kind, redis: &RedisServer) -> [Node; 2] {
    let start = async || {
        let cluster = kind.cluster(redis).patience(PATIENCE_OF_MESSAGES);
        Node::new(cluster.request_timeout(Duration::from_millis(500)), |it: Builder| it).await
    };
    let nodes = [start().await, start().await];
    for node in &nodes {
        eventually("both are counted", async || node.io.server_count().await == 2).await;
    }
    nodes
}

#[actix_web::test]
async fn through_a_stream_a_publisher_reads_that_no_client_has_it() {
    if !all_there("a death of Redis", &[Need::Redis]) {
        return;
    }
    let mut redis = RedisServer::start();
    let [one, two] = two(Kind::Streams, &redis).await;
    let (mut here, mut there) = (one.client().await, two.client().await);
    one.io.everyone().publish("before", &()).await.expect("Redis is there");
    redis.kill();
    let failed = one.io.everyone().publish("failed", &()).await;
    assert!(matches!(failed, Err(SendError::ClusterAway)), "{failed:?}");
    one.io.emit("accepted, and given up", &()).expect("there is room");
    let failed = one.io.everyone().publish("failed, too", &()).await;
    assert!(matches!(failed, Err(SendError::ClusterAway)), "{failed:?}");
    // Messages of one server to itself do not need Redis.
    one.io.everyone().local().emit("local", &()).expect("sent");
    redis.restart();
    eventually("Redis is there again", async || {
        one.io.everyone().publish("after", &()).await.is_ok()
    })
    .await;
    for (client, expected) in
        [(&mut here, &["before", "local", "after"][..]), (&mut there, &["before", "after"])]
    {
        for name in expected {
            assert_eq!(client.next().await.name(), *name);
        }
        client.nothing().await;
    }
}

/// A publication that was on its way when Redis stopped to answer fails for its publisher. Whether
/// Redis does it later is the same for all servers.
#[actix_web::test]
async fn through_a_stream_a_publication_on_its_way_is_on_all_servers_or_on_none() {
    if !all_there("a frozen Redis", &[Need::Redis]) {
        return;
    }
    let redis = RedisServer::start();
    let [one, two] = two(Kind::Streams, &redis).await;
    let (mut here, mut there) = (one.client().await, two.client().await);
    redis.freeze();
    let failed = one.io.everyone().publish("on its way", &()).await;
    assert!(matches!(failed, Err(SendError::ClusterAway)), "{failed:?}");
    here.nothing().await;
    redis.thaw();
    eventually("Redis is there again", async || {
        one.io.everyone().publish("after", &()).await.is_ok()
    })
    .await;
    let mut names = [Vec::new(), Vec::new()];
    for (client, names) in [&mut here, &mut there].into_iter().zip(&mut names) {
        while names.last().is_none_or(|name| name != "after") {
            names.push(client.next().await.name().to_owned());
        }
    }
    assert_eq!(names[0], names[1]);
}

#[actix_web::test]
async fn through_a_stream_a_publisher_waits_while_redis_starts_again() {
    if !all_there("a death of Redis", &[Need::Redis]) {
        return;
    }
    let mut redis = RedisServer::start();
    let cluster = || Kind::Streams.cluster(&redis).patience(crate::common::PATIENCE);
    let one = Node::new(cluster(), |it| it).await;
    let two = Node::new(cluster(), |it| it).await;
    eventually("both are counted", async || one.io.server_count().await == 2).await;
    let (mut here, mut there) = (one.client().await, two.client().await);
    redis.kill();
    let io = one.io.clone();
    let waiting = rt::spawn(async move { io.everyone().publish("waits", &()).await });
    let waits = async |messages| one.io.cluster_health().expect("a cluster").waiting == messages;
    eventually("it waits", async || waits(1).await).await;
    one.io.emit("waits behind it", &()).expect("there is room");
    assert!(waits(2).await);
    // Its own clients wait as well: there is one order.
    here.nothing().await;
    redis.restart();
    let receipt = waiting.await.expect("it does not panic").expect("Redis is there again");
    assert_eq!(receipt.delivered, 1);
    for client in [&mut here, &mut there] {
        assert_eq!(client.next().await.name(), "waits");
        assert_eq!(client.next().await.name(), "waits behind it");
    }
}

async fn servers_find_each_other_again(kind: Kind) {
    let mut redis = RedisServer::start();
    let [one, two] = two(kind, &redis).await;
    let (mut here, mut there) = (one.client_in("a").await, two.client_in("a").await);
    redis.kill();
    if kind != Kind::Streams {
        // Clients of the same server do not wait.
        one.io.to("a").emit("away", &1).expect("sent");
        assert_eq!(here.next().await, ("away", json!([1])));
        let receipt = one.io.to("a").publish("away", &2).await.expect("sent");
        assert_eq!((receipt.delivered, receipt.servers), (1, Some(0)));
        assert_eq!(here.next().await, ("away", json!([2])));
    }
    redis.restart();
    for node in [&one, &two] {
        all_is_found(node, 2).await;
    }
    if kind == Kind::Sharded {
        let heard = async || {
            let counted: (String, u64) =
                redis.command(&["PUBSUB", "SHARDNUMSUB", "socket.io#/#a#"]);
            counted.1 == 2
        };
        eventually("both listen to the room", heard).await;
    }
    one.io.to("a").emit("back", &3).expect("sent");
    two.io.to("a").emit("back", &4).expect("sent");
    for client in [&mut here, &mut there] {
        let mut values = Vec::new();
        while values.len() < 2 {
            let event = client.wait_for("back").await;
            values.push(event.arg::<u32>(0));
        }
        values.sort_unstable();
        assert_eq!(values, [3, 4]);
    }
}

async fn questions_are_answered_with_what_is_here(kind: Kind) {
    let mut redis = RedisServer::start();
    let [one, two] = two(kind, &redis).await;
    let (here, _there) = (one.client().await, two.client().await);
    redis.kill();
    let found = one.io.everyone().fetch_sockets().await.expect("a name");
    assert_eq!((found.len(), found.missing_servers), (1, 1));
    assert_eq!(found[0].id(), here.id());
    let ask = one.io.everyone().timeout(Duration::from_millis(500));
    let acks = ask.emit_with_ack::<_, Value>("who?", &()).await.expect("sent");
    assert_eq!((acks.missing, acks.missing_servers), (vec![here.id()], 1));
    // As many as were there.
    assert_eq!(one.io.server_count().await, 2);
    redis.restart();
    all_is_found(&one, 2).await;
}

/// Waits until a server finds this many clients, and misses no server.
async fn all_is_found(node: &Node, clients: usize) {
    eventually("all is found again", async || {
        let found = node.io.everyone().fetch_sockets().await.expect("a name");
        (found.len(), found.missing_servers) == (clients, 0)
    })
    .await;
}

/// Node's server needs a handler for rejections without one, else it ends by itself.
#[actix_web::test]
async fn servers_of_node_are_found_again() {
    if !all_there("a death of Redis", REDIS_AND_NODE) {
        return;
    }
    for kind in [Kind::Streams, Kind::Classic, Kind::Sharded] {
        let mut redis = RedisServer::start();
        let theirs = NodePeer::start(kind.name(), redis.port(), &json!({}));
        let ours = Node::new(kind.cluster(&redis), |it| it).await;
        let mut here = ours.client().await;
        let count = async || theirs.call("serverCount", json!({})).await;
        eventually("both are counted", async || count().await == json!(2)).await;
        redis.restart();
        eventually("Node counts both", async || count().await == json!(2)).await;
        all_is_found(&ours, 1).await;
        theirs.call("emit", json!({ "args": ["theirs"] })).await;
        assert_eq!(here.wait_for("theirs").await, ("theirs", json!([])));
        let sent = ours.io.server_side_emit_with_ack::<_, u32>("echo", &1).await.expect("sent");
        let answers: Vec<_> = sent.answers.into_iter().map(|it| it.expect("a number")).collect();
        assert_eq!((answers, sent.missing), (vec![1], 0), "{kind:?}");
    }
}
