//! Real clients in JavaScript: `tests/clients/cluster/clients.mjs`.

use std::{process::Command, sync::Arc};

use serde_json::{Value, json};

use super::{line_peer::LinePeer, needs::clients};

/// A process for any number of clients.
#[derive(Debug)]
pub(crate) struct NodeClients(Arc<LinePeer>);

/// One of its clients.
#[derive(Debug)]
pub(crate) struct NodeClient {
    peer: Arc<LinePeer>,
    number: u64,
    id: String,
}

impl NodeClients {
    pub(crate) fn start() -> Self {
        let mut command = Command::new("node");
        command.arg(clients().join("cluster/clients.mjs"));
        Self(Arc::new(LinePeer::start(command).0))
    }

    /// Connects a client to a namespace of the server at a URL, with options of
    /// `socket.io-client`.
    pub(crate) async fn connect(&self, url: &str, nsp: &str, options: Value) -> NodeClient {
        let command = json!({ "url": url, "nsp": nsp, "options": options });
        let connected = self.0.call("connect", command).await;
        NodeClient {
            peer: Arc::clone(&self.0),
            number: connected["client"].as_u64().expect("it has a number"),
            id: connected["id"].as_str().expect("it has an id").to_owned(),
        }
    }
}

impl NodeClient {
    async fn call(&self, verb: &str, mut command: Value) -> Value {
        command["client"] = self.number.into();
        self.peer.call(verb, command).await
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Waits for an event: `["name", …args]`.
    pub(crate) async fn next(&self) -> Value {
        self.call("next", json!({})).await
    }

    /// Sends an event: `["name", …args]`.
    pub(crate) async fn emit(&self, args: Value) {
        self.call("emit", json!({ "args": args })).await;
    }

    /// Sends an event, and waits for the arguments of its acknowledgement.
    pub(crate) async fn ask(&self, args: Value) -> Value {
        self.call("ask", json!({ "args": args })).await
    }

    /// Sets the arguments with which it acknowledges events. At first it does not.
    pub(crate) async fn answer_with(&self, args: Value) {
        self.call("answerWith", json!({ "args": args })).await;
    }

    /// Waits for the end of the connection: its reason.
    pub(crate) async fn ended(&self) -> String {
        let reason = self.call("ended", json!({})).await;
        reason.as_str().expect("it has a reason").to_owned()
    }
}
