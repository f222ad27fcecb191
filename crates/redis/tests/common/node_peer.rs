//! Real servers and emitters of Socket.IO, in Node and Python: `tests/clients/cluster`.

use std::process::Command;

use serde_json::{Value, json};

use super::{
    line_peer::LinePeer,
    needs::{clients, python},
    signal,
};

/// A server of Node in a cluster.
#[derive(Debug)]
pub(crate) struct NodePeer {
    peer: LinePeer,
    port: u16,
}

impl NodePeer {
    /// Starts it. `kind` is `classic`, `sharded` or `streams`, and `redis` a port.
    ///
    /// The options and the verbs are in `node_server.mjs`.
    pub(crate) fn start(kind: &str, redis: u16, options: &Value) -> Self {
        let mut command = Command::new("node");
        command.arg(clients().join("cluster/node_server.mjs"));
        command.args([kind, &redis.to_string(), &options.to_string()]);
        let (peer, first) = LinePeer::start(command);
        let port = first["port"].as_u64().and_then(|port| port.try_into().ok());
        Self { peer, port: port.expect("it prints its port") }
    }

    /// The address for clients: `http://127.0.0.1:…`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port for clients.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Has it do something, as `call("emit", json!({"rooms": ["a"], "args": ["hi", 1]}))`.
    ///
    /// # Panics
    /// It fails, or does not answer in time.
    pub(crate) async fn call(&self, verb: &str, command: Value) -> Value {
        self.peer.call(verb, command).await
    }

    /// The same in a thread that may block, and in which no server of the cluster runs.
    pub(crate) fn call_blocking(&self, verb: &str, command: Value) -> Value {
        self.peer.call_blocking(verb, command)
    }

    /// The id of its adapter for the namespace `/`.
    pub(crate) fn uid(&self) -> String {
        let uid = self.call_blocking("uid", json!({}));
        uid.as_str().expect("the adapter has one").to_owned()
    }

    /// The text that it has written to its standard error.
    pub(crate) fn errors(&self) -> String {
        self.peer.errors()
    }

    /// SIGSTOP: it stands still, and Redis still counts it.
    pub(crate) fn freeze(&self) {
        signal("STOP", self.peer.id());
    }

    /// SIGCONT, after [`freeze`](Self::freeze).
    pub(crate) fn thaw(&self) {
        signal("CONT", self.peer.id());
    }

    /// SIGKILL, as in a crash.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

/// An emitter for the classic adapter.
#[derive(Debug)]
pub(crate) struct Emitter {
    peer: LinePeer,
}

impl Emitter {
    /// Node's.
    pub(crate) fn node(redis: u16) -> Self {
        let mut command = Command::new("node");
        command.arg(clients().join("cluster/emitter.mjs")).arg(redis.to_string());
        Self { peer: LinePeer::start(command).0 }
    }

    /// One in Python, which needs [`Need::PythonPackages`](super::Need::PythonPackages).
    pub(crate) fn python(redis: u16) -> Self {
        let mut command = Command::new(python());
        command.arg(clients().join("cluster/emitter.py")).arg(redis.to_string());
        Self { peer: LinePeer::start(command).0 }
    }

    /// Has it do something, with the verbs of `emitter.mjs` or `emitter.py`.
    pub(crate) async fn call(&self, verb: &str, command: Value) -> Value {
        self.peer.call(verb, command).await
    }

    /// The same in a thread that may block.
    pub(crate) fn call_blocking(&self, verb: &str, command: Value) -> Value {
        self.peer.call_blocking(verb, command)
    }
}
