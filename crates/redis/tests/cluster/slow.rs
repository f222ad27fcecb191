//! Servers that do not keep up with what others send.

use serde_json::json;

use crate::{
    common::{Need, NodeClients, REDIS_AND_NODE, RedisServer, all_there},
    failures::{HEARTBEAT, finds, numbers_js},
    fixture::{Kind, Node, eventually},
    process::{Process, state_of_process},
};

/// A stopped process reads the stream later. Entries that have left it by then are missing, and it
/// knows it.
#[actix_web::test]
async fn a_server_that_is_too_slow_for_the_stream_is_told() {
    if !all_there("a process of a server", REDIS_AND_NODE) {
        return;
    }
    let redis = RedisServer::start();
    let cluster = Kind::Streams.cluster(&redis).max_len(100);
    let ours = Node::new(cluster, |builder| builder).await;
    let settings = json!({ "heartbeat": HEARTBEAT.as_millis() as u64, "max_len": 100 });
    let process = Process::start_with(Kind::Streams, &redis, &settings);
    let there = NodeClients::start().connect(process.url(), "/", json!({})).await;
    finds(&ours, 1, 0).await;
    ours.io.everyone().publish("e", &0_u64).await.expect("Redis is there");
    assert_eq!(numbers_js(&there, "e", 0).await, [0]);
    process.stop();
    for number in 1..=1_000_u64 {
        ours.io.everyone().publish("e", &number).await.expect("Redis is there");
    }
    process.go_on();
    let seen = numbers_js(&there, "e", 1_000).await;
    assert!(seen.len() < 1_000, "some have left the stream");
    assert!(seen.is_sorted_by(|one, next| one < next), "none comes twice, and the order holds");
    let state = state_of_process(&ours).await;
    assert_eq!(state["health"]["fell_behind"], 1);
    ours.io.everyone().publish("e", &1_001_u64).await.expect("Redis is there");
    assert_eq!(numbers_js(&there, "e", 1_001).await, [1_001]);
}

/// Redis does not wait for a server that is too slow for its channels. Messages without room are
/// dropped and counted, and it goes on.
#[actix_web::test]
async fn messages_of_channels_that_have_no_room_are_counted_and_dropped() {
    if !all_there("a burst of messages", &[Need::Redis]) {
        return;
    }
    let redis = RedisServer::start();
    let cluster = Kind::Classic.cluster(&redis).max_received(10_000);
    let node = Node::new(cluster, |builder| builder).await;
    let mut client = node.client().await;
    eventually("it is counted", async || node.io.server_count().await == 1).await;
    let mut burst = redis::pipe();
    for _ in 0..1_000 {
        burst.cmd("PUBLISH").arg("socket.io-request#/#").arg(vec![b' '; 1_000]).ignore();
    }
    burst.exec(&mut redis.connection()).expect("Redis takes it");
    let ignored = || node.io.cluster_health().expect("a cluster").ignored;
    eventually("all are counted", async || ignored() == 1_000).await;
    node.io.emit("after", &()).expect("sent");
    assert_eq!(client.next().await.name(), "after");
    assert!(node.io.cluster_health().expect("a cluster").is_connected);
}
