//! The example `auth` as a user runs it, and above all the clients that it refuses. The tests here
//! write the bytes themselves. Those in tests/clients/auth use the JavaScript
//! clients.

#[path = "../common/build_example.rs"]
mod build_example;
mod connect;
mod example;
mod handshake;
mod login;
mod messages;
#[path = "../common/needs.rs"]
mod needs;
mod origins;
#[path = "../common/programs.rs"]
mod programs;
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
#[path = "../common/raw/mod.rs"]
mod raw;
mod steps;
mod tokens;
#[path = "../common/wait.rs"]
mod wait;

use example::ExampleServer;

use crate::{
    needs::{Need, all_there, clients},
    programs::node_tests,
};

const SECRET: &str = "the secret of these tests, 32 bytes or more";

/// The message for every invalid token. It gives no reason.
const NO_TOKEN: &str = "a valid token is needed";

const NOT_ALLOWED: &str = "this is not allowed to you";

const POLLING: &str = "EIO=4&transport=polling";

const WEBSOCKET: &str = "EIO=4&transport=websocket";

/// An origin of the example's list, and one that is not in it.
const FRIEND: &str = "https://app.example.com";

const STRANGER: &str = "https://app.example.com.evil.example";

#[test]
fn the_javascript_clients() {
    if !all_there("the example auth with the JavaScript clients", &[Need::Node, Need::NodePackages])
    {
        return;
    }
    // Socket.IO's client, and that of this crate.
    for client in ["official", "ours"] {
        let server = ExampleServer::start();
        let url = format!("http://{}", server.addr);
        node_tests(&clients().join("auth"), |node| {
            node.env("SERVER_URL", url).env("JWT_SECRET", SECRET).env("CLIENT", client)
        });
    }
}
