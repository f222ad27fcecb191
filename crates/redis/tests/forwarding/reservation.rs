//! The id of a server in Redis.

use std::io::Write as _;

use actix_socketio::SocketIo;
use actix_socketio_redis::Cluster;

use crate::{
    common::{Need, RedisServer, all_there, wait_until},
    nodes::{HEARTBEAT, Node, plain, reserved, start},
    raw::{self, connect, get, open, open_over, poll, post, read_answer},
};

fn has_redis() -> bool {
    all_there("servers of a cluster", &[Need::Redis])
}

#[test]
fn a_session_names_its_server_whose_address_is_in_redis() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [node] = plain(&redis);
    let (first, second) = (open(node.addr), open(node.addr));
    assert_eq!(first[..4], second[..4]);
    assert_ne!(first[4..], second[4..]);
    let key = format!("socket.io:node:{}", &first[..4]);
    let address: String = redis.command(&["GET", &key]);
    assert_eq!(address, format!("http://{}", node.addr));
    let lifetime = 3 * i64::try_from(HEARTBEAT.as_millis()).expect("it is short");
    let left: i64 = redis.command(&["PTTL", &key]);
    assert!((1..=lifetime).contains(&left), "{left}");
    // It is renewed before it ends.
    redis.command::<()>(&["PEXPIRE", &key, &lifetime.to_string()]);
    let renewed = || redis.command::<i64>(&["OBJECT", "IDLETIME", &key]);
    assert_eq!(renewed(), 0);
    redis.command::<()>(&["PERSIST", &key]);
    wait_until("it is renewed", || redis.command::<i64>(&["PTTL", &key]) > 0);
}

#[test]
fn a_lost_id_is_reserved_again_unless_another_server_has_it() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [node, other]: [Node; 2] = plain(&redis);
    let sid = open_over(node.addr, other.addr);
    let key = format!("socket.io:node:{}", &sid[..4]);
    redis.command::<()>(&["DEL", &key]);
    wait_until("it is there again", || redis.command::<i64>(&["EXISTS", &key]) == 1);
    assert_eq!(open(node.addr)[..4], sid[..4]);
    // Another one was faster.
    redis.command::<()>(&["SET", &key, "http://10.0.0.9:1"]);
    wait_until("new sessions get another id", || open(node.addr)[..4] != sid[..4]);
    wait_until("which is reserved", || reserved(&redis).len() == 3);
    let address: String = redis.command(&["GET", &key]);
    assert_eq!(address, "http://10.0.0.9:1", "the other one keeps it");
    // The old session goes on here.
    post(node.addr, &poll(&sid), "", r#"420["echo",1]"#).assert_ok("ok");
    get(node.addr, &poll(&sid), "").assert_ok("430[1]");
    let new = open_over(node.addr, other.addr);
    assert_ne!(new[..4], sid[..4]);
}

#[test]
fn a_redis_that_has_lost_its_data_gets_the_same_secret_and_ids() {
    if !has_redis() {
        return;
    }
    let mut redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let sid = open_over(one.addr, two.addr);
    let secret: Vec<u8> = redis.command(&["GET", "socket.io:secret"]);
    redis.kill();
    wait_until("Redis is away", || !two.io.cluster_health().expect("a cluster").is_connected);
    // Servers are where they were.
    post(two.addr, &poll(&sid), "", r#"420["echo",1]"#).assert_ok("ok");
    get(two.addr, &poll(&sid), "").assert_ok("430[1]");
    redis.restart();
    wait_until("both are reserved again", || reserved(&redis).len() == 2);
    assert_eq!(redis.command::<Vec<u8>>(&["GET", "socket.io:secret"]), secret);
    post(two.addr, &poll(&sid), "", r#"421["echo",2]"#).assert_ok("ok");
    get(two.addr, &poll(&sid), "").assert_ok("431[2]");
}

/// It does not wait for the next heartbeat.
#[test]
fn an_id_is_reserved_again_as_soon_as_redis_is_back() {
    if !has_redis() {
        return;
    }
    let mut redis = RedisServer::start();
    let cluster = Cluster::redis(&redis.url()).expect("an address");
    let minute = std::time::Duration::from_secs(60);
    let [node] = start(&redis, move |builder| builder.cluster(cluster.clone().heartbeat(minute)));
    redis.restart();
    assert_eq!(reserved(&redis).len(), 0);
    wait_until("it is reserved again", || reserved(&redis).len() == 1);
    drop(node);
}

#[actix_web::test]
async fn a_server_that_stops_gives_its_id_back() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let sid = open_over(one.addr, two.addr);
    let key = format!("socket.io:node:{}", &sid[..4]);
    let mut waiting = connect(two.addr);
    waiting.write_all(raw::head("GET", &poll(&sid), "").as_bytes()).expect("a poll");
    wait_until("it waits", || two.stats().forwarding == 1);
    // A poll over another server is told the end, as any.
    assert!(one.io.shutdown().await);
    read_answer(waiting).assert_ok("1");
    assert_eq!(redis.command::<i64>(&["EXISTS", &key]), 0);
    drop(one);
    get(two.addr, &poll(&sid), "").assert_unknown_session();
}

#[actix_web::test]
async fn an_address_needs_a_cluster_and_has_to_be_one() {
    let cluster = || Cluster::redis("redis://127.0.0.1:1").expect("an address");
    for (address, in_cluster, expected) in [
        (
            "10.0.0.3:8081",
            true,
            "setting \"node_address\" is \"10.0.0.3:8081\": it must begin with \"http://\", as in \
             \"http://10.0.0.3:8081\"",
        ),
        (
            "http://10.0.0.3:99999",
            true,
            "setting \"node_address\" is \"http://10.0.0.3:99999\": it must have a port from 1 to \
             65535, or none",
        ),
        (
            "http://10.0.0.3:8081",
            false,
            "setting \"node_address\" is \"http://10.0.0.3:8081\": it must be with \
             Builder::cluster, and a cluster whose servers find each other: Cluster of \
             actix-socketio-redis is one",
        ),
    ] {
        let builder = SocketIo::builder().node_address(address);
        let builder = if in_cluster { builder.cluster(cluster()) } else { builder };
        assert_eq!(builder.build().expect_err(address).to_string(), expected);
    }
    let own = SocketIo::builder().node_address("http://10.0.0.3").adapter(|local| local);
    let error = own.build().expect_err("an adapter without a directory").to_string();
    assert!(error.contains("it must be with Builder::cluster"), "{error}");
    // Without Redis, sessions begin nonetheless.
    let builder = SocketIo::builder().node_address("http://10.0.0.3").cluster(cluster());
    assert!(builder.build().is_ok());
}
