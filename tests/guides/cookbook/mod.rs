//! The recipes of docs/cookbook.md, over real sockets. Each is a file in `recipes`.

mod access;
mod page;
mod rooms;
mod sending;

use serde_json::Value;

use crate::{
    app::TestServer,
    client::{Client, Mode},
};

/// Connects with this `auth`.
async fn connect(server: &TestServer, auth: Value) -> Client {
    Client::connect_with(&server.url, Mode::WebSocket, &format!("0{auth}")).await
}

/// Connects as a user.
async fn user(server: &TestServer, name: &str) -> Client {
    connect(server, serde_json::json!({"user": name})).await
}

/// What a client reads whose `auth` is refused.
async fn refusal(server: &TestServer, auth: Value) -> String {
    let mut client = Client::ask(&server.url, Mode::WebSocket, "", &[], &format!("0{auth}")).await;
    client.recv().await
}
