//! Administrators of one server, who watch and command all of the cluster.

use std::{collections::HashMap, time::Duration};

use actix_socketio::{Admin, test::TestClient};
use actix_web::rt::time::{Instant, sleep};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    common::RedisServer,
    fixture::{Kind, Node, eventually},
};

with_each_adapter!(
    &[crate::common::Need::Redis];
    all_servers_report_to_an_administrator_of_one,
    commands_act_on_sockets_of_the_other_server,
    no_server_reports_after_the_last_administrator_has_left,
);

/// `secret`, by the lowest cost.
const HASH: &str = "$2a$04$b6qxTJ2WkB1b1mXm2h8wf.7RcabWe5c75HxrjDILWaRQD6kQmYH7G";

/// No heartbeat is due by its time in a test.
const NEVER: Duration = Duration::from_secs(3600);

/// The filter that lets all sockets through.
const ALL: Value = Value::Null;

/// The time between two reports of a server.
const PERIOD: Duration = Duration::from_secs(2);

async fn nodes(kind: Kind, redis: &RedisServer) -> [Node; 2] {
    let node = || {
        let cluster = kind.cluster(redis).heartbeat(NEVER);
        Node::new(cluster, |builder| builder.admin(Admin::new("admin", HASH)))
    };
    let nodes = [node().await, node().await];
    for node in &nodes {
        eventually("both are counted", async || node.io.server_count().await == 2).await;
    }
    nodes
}

async fn log_in(node: &Node) -> TestClient {
    let auth = json!({ "username": "admin", "password": "secret" });
    let mut client = node.client_as("/admin", &auth).await;
    // Reports that other servers make meanwhile are there before.
    client.wait_for("session").await;
    client.wait_for("config").await;
    client
}

/// Reads reports until two servers have reported: each by its id.
async fn reports_of_two(client: &mut TestClient) -> HashMap<String, Value> {
    let mut reports = HashMap::new();
    while reports.len() < 2 {
        let report: Value = client.wait_for("server_stats").await.arg(0);
        let id = report["serverId"].as_str().expect("an id").to_owned();
        reports.insert(id, report);
    }
    reports
}

async fn all_servers_report_to_an_administrator_of_one(kind: Kind) {
    let redis = RedisServer::start();
    let [here, there] = nodes(kind, &redis).await;
    let clients = [there.client().await, there.client().await, there.client().await];
    let mut admin = log_in(&here).await;
    let reports = reports_of_two(&mut admin).await;
    let mut counts: Vec<_> =
        reports.values().map(|report| report["clientsCount"].clone()).collect();
    counts.sort_unstable_by_key(Value::as_u64);
    assert_eq!(counts, [1, 3], "each counts its own, and the administrator is one");
    // An administrator of the other server sees the same two.
    let mut other = log_in(&there).await;
    let mut ids: Vec<_> = reports.into_keys().collect();
    let mut others: Vec<_> = reports_of_two(&mut other).await.into_keys().collect();
    ids.sort_unstable();
    others.sort_unstable();
    assert_eq!(ids, others);
    drop(clients);
}

/// Gives a command, which must be done.
async fn command<T: Serialize>(admin: &mut TestClient, name: &str, args: T) {
    let answer = admin.ask_args(name, &args).await.expect("it is done");
    assert_eq!(answer.len(), 0, "{name}: {answer:?}");
}

async fn commands_act_on_sockets_of_the_other_server(kind: Kind) {
    let redis = RedisServer::start();
    let [here, there] = nodes(kind, &redis).await;
    let mut admin = log_in(&here).await;
    let mut bob = there.client().await;
    let mut cid = there.client().await;
    let mut dan = here.client_in("room-1").await;
    let channels = |client: &TestClient| client.socket().channels().len();

    // By the id of a socket, which the server of the administrator does not have.
    command(&mut admin, "join", ("/", "room-1", bob.id().to_string())).await;
    eventually("bob is there", async || channels(&bob) == 1).await;
    assert_eq!((channels(&cid), channels(&dan)), (0, 1));
    command(&mut admin, "emit", ("/", bob.id().to_string(), "alone", 1)).await;
    assert_eq!(bob.next().await, ("alone", json!([1])));

    // By a channel with sockets on both, and for all.
    command(&mut admin, "emit", ("/", "room-1", "some", 2)).await;
    command(&mut admin, "emit", ("/", ALL, "all", 3)).await;
    for client in [&mut bob, &mut dan] {
        assert_eq!(client.next().await, ("some", json!([2])));
        assert_eq!(client.next().await, ("all", json!([3])));
    }
    assert_eq!(cid.next().await, ("all", json!([3])), "and nothing before");

    command(&mut admin, "leave", ("/", "room-1", bob.id().to_string())).await;
    eventually("bob has left", async || channels(&bob) == 0).await;
    assert_eq!(channels(&dan), 1);

    command(&mut admin, "_disconnect", ("/", false, bob.id().to_string())).await;
    assert_eq!(bob.disconnected().await, "io server disconnect");
    command(&mut admin, "_disconnect", ("/", true, ALL)).await;
    for client in [&mut cid, &mut dan] {
        client.disconnected().await;
    }
    let done = here.io.stats().admin_commands;
    let done = |name: &str| done[name]["done"];
    assert_eq!((done("join"), done("leave"), done("emit"), done("_disconnect")), (1, 1, 3, 2));
    let there = there.io.stats().admin_commands;
    assert!(there.values().all(|counts| counts.values().all(|count| *count == 0)), "{there:?}");
}

/// The messages that the servers have sent to Redis.
fn sent(nodes: &[Node; 2]) -> [u64; 2] {
    nodes.each_ref().map(|node| node.io.cluster_health().expect("a cluster").sent)
}

/// Waits until no server has sent anything for longer than two reports are apart.
async fn become_silent(nodes: &[Node; 2]) {
    let (mut last, mut since, begun) = (sent(nodes), Instant::now(), Instant::now());
    while since.elapsed() < PERIOD * 5 / 2 {
        assert!(begun.elapsed() < crate::common::PATIENCE, "they go on: {last:?}");
        sleep(Duration::from_millis(20)).await;
        let now = sent(nodes);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
}

async fn no_server_reports_after_the_last_administrator_has_left(kind: Kind) {
    let redis = RedisServer::start();
    let nodes = nodes(kind, &redis).await;
    let mut first = log_in(&nodes[0]).await;
    let mut second = log_in(&nodes[1]).await;
    reports_of_two(&mut first).await;
    reports_of_two(&mut second).await;
    first.disconnect().await;
    // One is left, on the other server: both go on, for longer than a server remembers that it was
    // asked.
    let before = sent(&nodes);
    eventually("both report", async || {
        let now = sent(&nodes);
        now[0] > before[0] + 5 && now[1] > before[1] + 5
    })
    .await;
    reports_of_two(&mut second).await;
    second.disconnect().await;
    become_silent(&nodes).await;
    // And begin again.
    let mut third = log_in(&nodes[0]).await;
    reports_of_two(&mut third).await;
}
