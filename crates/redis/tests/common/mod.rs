//! Servers of Redis, and real servers of Node, for the tests of this package.

#![allow(dead_code, unused_imports, reason = "no test program needs all of it")]

mod line_peer;
mod monitor;
#[path = "../../../../tests/common/needs.rs"]
pub(crate) mod needs;
mod node_clients;
mod node_peer;
#[path = "../../src/link/tests/proxy.rs"]
mod proxy;
mod redis_cluster;
mod redis_server;

use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

pub(crate) use self::{
    line_peer::{LinePeer, bytes},
    monitor::Monitor,
    needs::{Need, all_there},
    node_clients::{NodeClient, NodeClients, RoamingClient},
    node_peer::{Emitter, NodePeer},
    proxy::Proxy,
    redis_cluster::RedisCluster,
    redis_server::RedisServer,
};

/// The limit for everything that a test waits for. It ends a test that has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The needs of a test that starts servers of Redis and of Node.
pub(crate) const REDIS_AND_NODE: &[Need] = &[Need::Redis, Need::Node, Need::NodePackages];

/// Waits until a condition holds, in a thread that may block.
#[track_caller]
pub(crate) fn wait_until(condition: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it did not happen in {PATIENCE:?}: {condition}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A port that is free at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port on loopback");
    listener.local_addr().expect("it is bound").port()
}

/// Sends a signal to a process that the test has started.
pub(crate) fn signal(name: &str, process: u32) {
    let status = std::process::Command::new("kill")
        .args([&format!("-{name}"), "--", &process.to_string()])
        .status();
    assert!(status.expect("kill is there").success(), "{name}");
    if name == "STOP" {
        wait_until("it stands still", || stands_still(process));
    }
}

/// Whether all threads of a process are stopped. On a busy machine, they run on for a moment. Where
/// the system does not tell it, they are.
fn stands_still(process: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return true };
    threads.flatten().all(|thread| {
        // The state stands behind the name, which is in brackets.
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with('T'))
    })
}
