//! Presence over all servers.

mod guest;
mod process;

use std::time::Duration;

use actix_socketio::{Presence, Socket, channel};
use actix_socketio_redis::Cluster;
use serde::Deserialize;
use serde_json::json;

use self::{
    guest::{Guest, Reports},
    process::{Process, serve_if_server},
};
use crate::{
    common::{Need, NodePeer, REDIS_AND_NODE, RedisServer, all_there, signal},
    fixture::{Kind, Node, eventually},
};

with_each_adapter!(
    &[crate::common::Need::Redis];
    members_are_those_of_all_servers,
    two_sockets_on_two_servers_are_one_member,
    a_server_that_comes_later_knows_who_is_there,
    a_client_that_comes_back_to_another_server_makes_no_change,
    members_of_a_server_that_leaves_go_once,
    all_servers_agree_after_redis_was_away,
    large_lists_are_told_in_pieces,
);

/// So long that a machine with much to do takes no server for lost.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// Shorter, where a loss is waited for.
const SHORT_HEARTBEAT: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Auth {
    user: String,
}

/// The user of a client, as its `auth` says it.
fn user(socket: &Socket) -> Option<String> {
    socket.handshake().auth::<Auth>().ok().map(|auth| auth.user)
}

async fn node_with(cluster: Cluster) -> Node {
    let presence = || {
        Presence::by(user)
            .info(|socket| json!({ "name": user(socket).map(|name| name.to_uppercase()) }))
            .every(Duration::ZERO)
            .max_members(5_000)
    };
    Node::new(cluster, |builder| builder.route(channel("^room-").presence(presence()))).await
}

async fn node(kind: Kind, redis: &RedisServer) -> Node {
    node_with(kind.cluster(redis).heartbeat(HEARTBEAT)).await
}

async fn node_with_short_heartbeat(kind: Kind, redis: &RedisServer) -> Node {
    node_with(kind.cluster(redis).heartbeat(SHORT_HEARTBEAT)).await
}

/// The ids of the members, as the server has them.
async fn ids(node: &Node) -> Vec<String> {
    let list = node.io.presence("room-1").await.expect("a name");
    let mut ids: Vec<_> =
        list.members.expect("a list").into_iter().map(|member| member.id).collect();
    ids.sort_unstable();
    ids
}

/// Waits until a server knows these members.
async fn eventually_ids(node: &Node, expected: &[&str]) {
    eventually(&format!("{expected:?} are there"), async || ids(node).await == expected).await;
}

async fn members_are_those_of_all_servers(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two, three] =
        [node(kind, &redis).await, node(kind, &redis).await, node(kind, &redis).await];
    let mut reports = Reports::of(&three);
    let mut ann = Guest::enter(&one, "ann").await;
    assert_eq!(ann.ids(), ["ann"]);
    eventually_ids(&two, &["ann"]).await;
    let mut bob = Guest::enter(&two, "bob").await;
    assert_eq!(bob.ids(), ["ann", "bob"], "the list has the members of the other server");
    ann.until(&["ann", "bob"]).await;
    assert_eq!(ann.info("bob"), json!({ "name": "BOB" }));
    // Also where it has no subscriber.
    eventually_ids(&three, &["ann", "bob"]).await;
    let stats = three.io.presence_stats("room-1").await.expect("a name");
    assert_eq!((stats.clients, stats.users), (2, 2));
    // A guest is counted on all servers.
    let guest = one.client_in("room-1").await;
    bob.until_numbers(3, 2).await;
    let asked = bob.ask("presence_stats").await;
    assert_eq!(asked, json!({ "clients": 3, "users": 2 }));
    guest.disconnect().await;
    bob.until_numbers(2, 2).await;
    bob.leave().await;
    ann.until(&["ann"]).await;
    eventually_ids(&three, &["ann"]).await;
    let mut all = reports.take();
    all.sort_unstable();
    assert_eq!(all, ["+ann", "+bob", "-bob"]);
}

async fn two_sockets_on_two_servers_are_one_member(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = [node(kind, &redis).await, node(kind, &redis).await];
    let mut reports = [Reports::of(&one), Reports::of(&two)];
    let mut bob = Guest::enter(&one, "bob").await;
    let here = Guest::enter(&one, "ann").await;
    bob.until(&["ann", "bob"]).await;
    eventually_ids(&two, &["ann", "bob"]).await;
    let there = Guest::enter(&two, "ann").await;
    eventually("three sockets are there", async || {
        one.io.presence_stats("room-1").await.expect("a name").clients == 3
    })
    .await;
    let list = one.io.presence("room-1").await.expect("a name");
    let ann = list.members.expect("a list").into_iter().find(|member| member.id == "ann");
    assert_eq!(ann.expect("she is there").sockets, 2);
    here.leave().await;
    eventually("two sockets are left", async || {
        two.io.presence_stats("room-1").await.expect("a name").clients == 2
    })
    .await;
    assert_eq!(
        (ids(&one).await, ids(&two).await),
        (owned(&["ann", "bob"]), owned(&["ann", "bob"]))
    );
    there.leave().await;
    bob.until(&["bob"]).await;
    eventually_ids(&two, &["bob"]).await;
    for reports in &mut reports {
        assert_eq!(reports.of_member("ann"), ["+ann", "-ann"]);
    }
}

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

async fn a_server_that_comes_later_knows_who_is_there(kind: Kind) {
    let redis = RedisServer::start();
    let one = node(kind, &redis).await;
    let _ann = Guest::enter(&one, "ann").await;
    let two = node(kind, &redis).await;
    let mut bob = Guest::enter(&two, "bob").await;
    bob.until(&["ann", "bob"]).await;
    eventually_ids(&one, &["ann", "bob"]).await;
    // A server without presence takes no part.
    let plain = Node::new(kind.cluster(&redis).heartbeat(HEARTBEAT), |builder| builder).await;
    assert_eq!(plain.io.presence("room-1").await.expect("a name").users, 0);
}

/// A server that is stopped cleanly leaves its members the time of a server that dies.
async fn a_client_that_comes_back_to_another_server_makes_no_change(kind: Kind) {
    let redis = RedisServer::start();
    let cluster = || kind.cluster(&redis).heartbeat(Duration::from_secs(10));
    let [one, two] = [node_with(cluster()).await, node_with(cluster()).await];
    let ann = Guest::enter(&one, "ann").await;
    eventually_ids(&two, &["ann"]).await;
    let bob = Guest::enter(&two, "bob").await;
    eventually_ids(&one, &["ann", "bob"]).await;
    let mut reports = Reports::of(&one);
    assert!(two.io.shutdown().await);
    drop((bob, two));
    let again = Guest::enter(&one, "bob").await;
    assert_eq!(again.ids(), ["ann", "bob"]);
    again.leave().await;
    ann.leave().await;
    eventually("nothing but the end is told", async || one.io.channels().await.is_empty()).await;
    assert_eq!(reports.of_member("bob"), [] as [&str; 0], "he was there all the time");
}

async fn members_of_a_server_that_leaves_go_once(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = [
        node_with_short_heartbeat(kind, &redis).await,
        node_with_short_heartbeat(kind, &redis).await,
    ];
    let mut ann = Guest::enter(&one, "ann").await;
    let mut reports = Reports::of(&one);
    let bob = Guest::enter(&two, "bob").await;
    ann.until(&["ann", "bob"]).await;
    assert!(two.io.shutdown().await);
    ann.until(&["ann"]).await;
    assert_eq!(reports.of_member("bob"), ["+bob", "-bob"]);
    drop((bob, two));
}

async fn all_servers_agree_after_redis_was_away(kind: Kind) {
    let mut redis = RedisServer::start();
    let nodes = [node(kind, &redis).await, node(kind, &redis).await, node(kind, &redis).await];
    let mut reports = nodes.each_ref().map(Reports::of);
    let mut stays = Guest::enter(&nodes[0], "stays").await;
    let goes = Guest::enter(&nodes[1], "goes").await;
    let moves = Guest::enter(&nodes[2], "moves").await;
    for node in &nodes {
        eventually_ids(node, &["goes", "moves", "stays"]).await;
    }
    redis.kill();
    eventually("all have noticed it", async || {
        nodes.iter().all(|node| !node.io.cluster_health().expect("a cluster").is_connected)
    })
    .await;
    goes.leave().await;
    moves.leave().await;
    let _moved = Guest::enter(&nodes[1], "moves").await;
    let _comes = Guest::enter(&nodes[2], "comes").await;
    redis.restart();
    for node in &nodes {
        eventually_ids(node, &["comes", "moves", "stays"]).await;
    }
    stays.until(&["comes", "moves", "stays"]).await;
    // Each has come and gone by turns, and is told once.
    for reports in &mut reports {
        let all = reports.take();
        let count = |change: &str| all.iter().filter(|one| *one == change).count();
        assert_eq!((count("+goes"), count("-goes"), count("+comes")), (1, 1, 1), "{all:?}");
        assert_eq!((count("+stays"), count("-stays")), (1, 0), "{all:?}");
    }
}

/// More than one message can take, told to a server that comes later, and ended by changes.
async fn large_lists_are_told_in_pieces(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = [node(kind, &redis).await, node(kind, &redis).await];
    let mut clients = Vec::new();
    for number in 0..60 {
        clients.push(Guest::enter(&one, &format!("{number:02}-{}", "x".repeat(1_900))).await);
    }
    let all = async |node: &Node| node.io.presence_stats("room-1").await.expect("a name").users;
    eventually("all are told", async || all(&two).await == 60).await;
    let three = node(kind, &redis).await;
    eventually("all are told again", async || all(&three).await == 60).await;
    assert_eq!(ids(&three).await, ids(&one).await);
    for client in clients {
        client.leave().await;
    }
    for node in [&two, &three] {
        eventually_ids(node, &[]).await;
    }
    assert_eq!(one.io.cluster_health().expect("a cluster").ignored, 0);
}

/// A server that stands still is taken for lost, and has its members back when it goes on.
#[actix_web::test]
async fn members_of_a_server_that_is_killed_go_once() {
    if serve_if_server().await || !all_there("processes of servers", &[Need::Redis]) {
        return;
    }
    let test = "presence::members_of_a_server_that_is_killed_go_once";
    for kind in [Kind::Streams, Kind::Classic, Kind::Sharded] {
        let redis = RedisServer::start();
        let nodes = [
            node_with_short_heartbeat(kind, &redis).await,
            node_with_short_heartbeat(kind, &redis).await,
        ];
        let mut ann = Guest::enter(&nodes[0], "ann").await;
        let mut reports = nodes.each_ref().map(Reports::of);
        let process = Process::start(kind, &redis, test);
        // The process has `ann` and `cid`.
        ann.until(&["ann", "cid"]).await;
        eventually_ids(&nodes[1], &["ann", "cid"]).await;
        signal("STOP", process.id());
        ann.until(&["ann"]).await;
        eventually_ids(&nodes[1], &["ann"]).await;
        signal("CONT", process.id());
        ann.until(&["ann", "cid"]).await;
        eventually_ids(&nodes[1], &["ann", "cid"]).await;
        drop(process);
        ann.until(&["ann"]).await;
        eventually_ids(&nodes[1], &["ann"]).await;
        for reports in &mut reports {
            assert_eq!(reports.of_member("cid"), ["+cid", "-cid", "+cid", "-cid"], "{kind:?}");
        }
    }
}

/// Presence is nothing to Node's servers.
#[actix_web::test]
async fn servers_of_node_stay_well() {
    if !all_there("a mixed cluster", REDIS_AND_NODE) {
        return;
    }
    for kind in [Kind::Streams, Kind::Classic, Kind::Sharded] {
        let redis = RedisServer::start();
        let theirs = NodePeer::start(kind.name(), redis.port(), &json!({}));
        let [one, two] = [node(kind, &redis).await, node(kind, &redis).await];
        let mut ann = Guest::enter(&one, "ann").await;
        for round in 0..20 {
            let bob = Guest::enter(&two, &format!("bob-{round}")).await;
            bob.leave().await;
        }
        let _bob = Guest::enter(&two, "bob").await;
        ann.until(&["ann", "bob"]).await;
        // One that comes later is told everything.
        let three = node(kind, &redis).await;
        eventually_ids(&three, &["ann", "bob"]).await;
        theirs.call("emit", json!({ "args": ["theirs"] })).await;
        assert_eq!(ann.client().wait_for("theirs").await, ("theirs", json!([])));
        assert_eq!(theirs.call("serverCount", json!({})).await, json!(4), "{kind:?}");
        assert_eq!(theirs.errors(), "", "{kind:?}");
    }
}
