use std::{
    env,
    future::pending,
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use super::{Guest, SHORT_HEARTBEAT, node_with};
use crate::{common::RedisServer, fixture::Kind};

/// In the environment of a process that is a server: its adapter, and the URL of Redis.
const SERVER: &str = "CLUSTER_TEST_PRESENCE_SERVER";

/// The line by which it says that its clients are there.
const READY: &str = "its clients are there";

/// Is a server with the clients `ann` and `cid` until it is killed, if this process is one.
pub(super) async fn serve_if_server() -> bool {
    let Ok(server) = env::var(SERVER) else { return false };
    let (kind, url) = server.split_once(' ').expect("two words");
    let kind =
        [Kind::Streams, Kind::Classic, Kind::Sharded].into_iter().find(|it| it.name() == kind);
    let cluster = kind.expect("an adapter").cluster_at(url).heartbeat(SHORT_HEARTBEAT);
    let node = node_with(cluster).await;
    let _clients = [Guest::enter(&node, "ann").await, Guest::enter(&node, "cid").await];
    println!("\n{READY}");
    pending().await
}

/// A server in a process of its own. It is killed when this is dropped.
pub(super) struct Process {
    child: Child,
    /// Kept open, for the lines that the test program prints.
    _output: BufReader<ChildStdout>,
}

impl Process {
    /// Runs this program again, with the test that begins with [`serve_if_server`].
    pub(super) fn start(kind: Kind, redis: &RedisServer, test: &str) -> Self {
        let mut child = Command::new(env::current_exe().expect("the test program"))
            .args(["--exact", "--nocapture", test])
            .env(SERVER, format!("{} {}", kind.name(), redis.url()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while line.trim() != READY {
            line.clear();
            assert_ne!(output.read_line(&mut line).expect("text"), 0, "it has ended");
        }
        Self { child, _output: output }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().expect("it was started");
        self.child.wait().expect("it was started");
    }
}
