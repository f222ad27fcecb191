//! Servers that stand still, and servers that are gone.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use actix_socketio::{HandlerResult, OnServerEvent, SocketIo, SocketIoServerExt as _};
use actix_web::{App, HttpServer};
use serde_json::{Value, json};

use crate::{
    common::{NodeClients, NodePeer, REDIS_AND_NODE, RedisServer, all_there, signal},
    fixture::{Kind, Node, eventually},
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

/// In the environment of a process that is a server: its adapter, and the URL of Redis.
const SERVER: &str = "CLUSTER_TEST_SERVER";

/// Serves until it is killed, if this process is a server.
async fn serve_if_server() -> bool {
    let Ok(server) = env::var(SERVER) else { return false };
    let (kind, url) = server.split_once(' ').expect("two words");
    let kind =
        [Kind::Streams, Kind::Classic, Kind::Sharded].into_iter().find(|it| it.name() == kind);
    let cluster = kind.expect("an adapter").cluster_at(url);
    let io = SocketIo::builder().cluster(cluster).on_server_event(echo);
    let io = io.build().expect("valid settings");
    let app = io.clone();
    let server = HttpServer::new(move || App::new().configure(app.mount())).workers(1);
    let server = server.socketio(&io).bind(("127.0.0.1", 0)).expect("a port");
    println!("\nserving http://{}", server.addrs()[0]);
    server.run().await.expect("it serves");
    true
}

/// A server of ours in a process of its own. It is killed when this is dropped.
struct Process {
    child: Child,
    /// Kept open, for the lines that the test program prints.
    _output: BufReader<ChildStdout>,
    url: String,
}

impl Process {
    /// Runs this program again, with the test that begins with [`serve_if_server`].
    fn start(kind: Kind, redis: &RedisServer, test: &str) -> Self {
        let mut child = Command::new(env::current_exe().expect("the test program"))
            .args(["--exact", "--nocapture", test])
            .env(SERVER, format!("{} {}", kind.name(), redis.url()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut lines = output.by_ref().lines().map(|line| line.expect("text"));
        let url = lines.find_map(|line| line.strip_prefix("serving ").map(str::to_owned));
        let url = url.expect("it serves");
        Self { child, _output: output, url }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().expect("it was started");
        self.child.wait().expect("it was started");
    }
}

#[actix_web::test]
async fn a_process_that_stands_still_is_missing_and_one_that_is_killed_is_gone() {
    if serve_if_server().await || !all_there("processes of servers", REDIS_AND_NODE) {
        return;
    }
    let test = "silent::a_process_that_stands_still_is_missing_and_one_that_is_killed_is_gone";
    let clients = NodeClients::start();
    for kind in [Kind::Streams, Kind::Classic, Kind::Sharded] {
        let redis = RedisServer::start();
        let ours = ours(kind, &redis).await;
        let mut here = ours.client().await;
        let process = Process::start(kind, &redis, test);
        let there = clients.connect(&process.url, "/", json!({})).await;
        all_answer(&ours, 2, 2).await;
        signal("STOP", process.child.id());
        assert_one_is_missing(&ours, 1).await;
        ours.io.emit("while it stands still", &()).expect("sent");
        signal("CONT", process.child.id());
        all_answer(&ours, 2, 2).await;
        // Nothing is lost.
        assert_eq!(there.next().await[0], "who?");
        assert_eq!(there.next().await[0], "while it stands still");
        drop(process);
        all_answer(&ours, 1, 1).await;
        assert_eq!(here.wait_for("while it stands still").await.name(), "while it stands still");
    }
}
