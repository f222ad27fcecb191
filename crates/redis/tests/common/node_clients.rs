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

/// A client that comes back by itself, to the server that it is led to.
#[derive(Debug)]
pub(crate) struct RoamingClient(NodeClient);

impl NodeClients {
    /// Connects a client that says each of `join` at first, and again where it is not recovered.
    pub(crate) async fn roam(&self, url: &str, nsp: &str, join: Value) -> RoamingClient {
        self.roam_with(url, nsp, join, json!({})).await
    }

    /// The same, with options of `socket.io-client`.
    pub(crate) async fn roam_with(
        &self,
        url: &str,
        nsp: &str,
        join: Value,
        options: Value,
    ) -> RoamingClient {
        let command = json!({ "url": url, "nsp": nsp, "join": join, "options": options });
        let connected = self.0.call("roam", command).await;
        RoamingClient(NodeClient {
            peer: Arc::clone(&self.0),
            number: connected["client"].as_u64().expect("it has a number"),
            id: connected["id"].as_str().expect("it has an id").to_owned(),
        })
    }
}

impl NodeClients {
    /// Connects a client with the secret and the position of another one: its id. `None`: its
    /// connection has ended before.
    pub(crate) async fn claim(&self, url: &str, pid: &str, offset: &str) -> Option<String> {
        self.claim_with(url, json!({ "pid": pid, "offset": offset })).await
    }

    /// The same, with any `auth`.
    pub(crate) async fn claim_with(&self, url: &str, auth: Value) -> Option<String> {
        let claimed = self.0.call("claim", json!({ "url": url, "auth": auth })).await;
        claimed["id"].as_str().map(str::to_owned)
    }
}

impl RoamingClient {
    /// The id that it had at first.
    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    /// Breaks its connection, and leads it to a server.
    pub(crate) async fn move_to(&self, url: &str) {
        self.0.call("move", json!({ "url": url })).await;
    }

    /// The same, but its old server does not see it.
    pub(crate) async fn move_silently_to(&self, url: &str) {
        self.0.call("move", json!({ "url": url, "silently": true })).await;
    }

    /// Waits until it is back: whether it was recovered, and its id.
    pub(crate) async fn returned(&self) -> (bool, String) {
        let back = self.0.call("returned", json!({})).await;
        let id = back["id"].as_str().expect("it has an id").to_owned();
        (back["recovered"].as_bool().unwrap_or(false), id)
    }

    /// The first argument of each event, and whether it was recovered, for each return.
    pub(crate) async fn log(&self) -> Vec<Value> {
        let log = self.0.call("log", json!({})).await;
        log.as_array().expect("a list").clone()
    }

    /// The secret by which it comes back, and the position that it shows.
    pub(crate) async fn secret(&self) -> (String, String) {
        let secret = self.0.call("secret", json!({})).await;
        let text = |name| secret[name].as_str().unwrap_or_default().to_owned();
        (text("pid"), text("offset"))
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
