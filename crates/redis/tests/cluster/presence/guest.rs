use std::collections::BTreeMap;

use actix_socketio::{Change, Changes, test::TestClient};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::fixture::Node;

/// A client in `room-1`, and who is there as far as it knows.
pub(super) struct Guest {
    client: TestClient,
    version: u64,
    members: BTreeMap<String, Value>,
    /// Clients, and users.
    numbers: (u64, u64),
}

impl Guest {
    /// Enters as a user, and takes the list.
    pub(super) async fn enter(node: &Node, user: &str) -> Self {
        let mut client = node.client_with(&json!({ "user": user })).await;
        let args = ("room-1", json!({ "presence": true }));
        let answer = client.ask_args("subscribe", &args).await.expect("an answer");
        let answer: Vec<Value> =
            answer.iter().map(|part| serde_json::from_str(part).expect("JSON")).collect();
        assert_eq!(answer[0], Value::Null);
        let list = &answer[1]["presence"];
        let members = list["members"].as_array().expect("a list").iter();
        let member = |member: &Value| (id(&member["id"]), member["info"].clone());
        Self {
            client,
            version: list["version"].as_u64().expect("a version"),
            members: members.map(member).collect(),
            numbers: numbers(list),
        }
    }

    pub(super) fn client(&mut self) -> &mut TestClient {
        &mut self.client
    }

    pub(super) fn ids(&self) -> Vec<&str> {
        self.members.keys().map(String::as_str).collect()
    }

    pub(super) fn info(&self, id: &str) -> Value {
        self.members[id].clone()
    }

    /// Applies changes until these are the members.
    pub(super) async fn until(&mut self, expected: &[&str]) {
        while self.ids() != expected {
            self.change().await;
        }
    }

    pub(super) async fn until_numbers(&mut self, clients: u64, users: u64) {
        while self.numbers != (clients, users) {
            self.change().await;
        }
    }

    async fn change(&mut self) {
        let event = self.client.wait_for("presence").await;
        let (channel, change): (String, Value) = (event.arg(0), event.arg(1));
        assert_eq!(channel, "room-1");
        let version = change["version"].as_u64().expect("a version");
        if version <= self.version {
            return;
        }
        (self.version, self.numbers) = (version, numbers(&change));
        for join in change["joins"].as_array().expect("joins") {
            // A list may have it already: that of the client itself, for example.
            self.members.insert(id(&join["id"]), join["info"].clone());
        }
        for leave in change["leaves"].as_array().expect("leaves") {
            assert!(self.members.remove(&id(leave)).is_some(), "it was not there: {change}");
        }
    }

    /// Asks the server about the channel.
    pub(super) async fn ask(&mut self, request: &str) -> Value {
        let answer = self.client.ask_args(request, "room-1").await.expect("an answer");
        let answer: Vec<Value> =
            answer.iter().map(|part| serde_json::from_str(part).expect("JSON")).collect();
        assert_eq!(answer[0], Value::Null);
        answer[1].clone()
    }

    pub(super) async fn leave(self) {
        self.client.disconnect().await;
    }
}

fn id(json: &Value) -> String {
    json.as_str().expect("an id").to_owned()
}

fn numbers(list: &Value) -> (u64, u64) {
    let number = |name: &str| list[name].as_u64().expect("a number");
    (number("clients"), number("users"))
}

/// The members that a server reports to come (`+`) and go (`-`).
pub(super) struct Reports(Changes);

impl Reports {
    pub(super) fn of(node: &Node) -> Self {
        Self(node.io.changes())
    }

    /// Those of one member so far. The others are forgotten.
    pub(super) fn of_member(&mut self, id: &str) -> Vec<String> {
        self.take().into_iter().filter(|change| &change[1..] == id).collect()
    }

    /// Those so far. Servers that tell at the same time have no order.
    pub(super) fn take(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(change) = self.0.next().now_or_never() {
            match change.expect("the server is there") {
                Change::Came { member, .. } => all.push(format!("+{member}")),
                Change::Went { member, .. } => all.push(format!("-{member}")),
                Change::Missed { count } => panic!("{count} changes are missing"),
                _ => {}
            }
        }
        all
    }
}
