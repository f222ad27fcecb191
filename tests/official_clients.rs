//! The official clients, in JavaScript and in Python, against this server, and this crate's client
//! against both servers. The scenarios are in tests/clients. This file runs each kind as one test.

#[path = "common/app.rs"]
mod app;
#[path = "common/needs.rs"]
mod needs;
#[path = "common/programs.rs"]
mod programs;
#[path = "common/running.rs"]
mod running;
#[path = "common/suites.rs"]
mod suites;
#[path = "common/tokens.rs"]
mod tokens;

use needs::{Need, all_there, chromium, clients};
use programs::node_tests;
use suites::{JAVASCRIPT_CLIENTS, python_tests, turn};

#[test]
fn the_official_javascript_client() {
    if !all_there("the official JavaScript client", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let _turn = turn();
    let app = app::start();
    node_tests(&clients().join("official"), |node| node.env("SERVER_URL", app.url()));
}

#[test]
fn our_client_passes_what_the_official_one_passes() {
    if !all_there("our client for JavaScript", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let _turn = turn();
    let app = app::start();
    node_tests(&clients().join("official"), |node| {
        node.env("SERVER_URL", app.url()).env("CLIENT", "ours")
    });
}

#[test]
fn both_clients_in_a_browser() {
    let needs = [Need::Node, Need::NodePackages, Need::ClientPackages, Need::Chromium];
    if !all_there("the JavaScript clients in a browser", &needs) {
        return;
    }
    let _turn = turn();
    let app = app::start();
    node_tests(&clients().join("browser"), |node| {
        node.env("SERVER_URL", app.url()).env("CHROMIUM", chromium())
    });
}

#[test]
fn javascript_clients_with_tokens() {
    if !all_there("the JavaScript clients with tokens", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let _turn = turn();
    for client in JAVASCRIPT_CLIENTS {
        let app = tokens::start();
        node_tests(&clients().join("tokens"), |node| {
            node.env("SERVER_URL", app.url())
                .env("JWT_SECRET", tokens::SECRET)
                .env("CLIENT", client)
        });
    }
}

#[test]
fn the_official_python_client() {
    if !all_there("the official Python client", &[Need::PythonPackages]) {
        return;
    }
    let _turn = turn();
    let app = app::start();
    let script = clients().join("official/test_official.py");
    python_tests(&script, &[("SERVER_URL", app.url())]);
}

#[test]
fn both_clients_against_the_official_server() {
    if !all_there("the JavaScript clients at Node's server", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let _turn = turn();
    for client in JAVASCRIPT_CLIENTS {
        node_tests(&clients().join("client_api"), |node| node.env("CLIENT", client));
    }
}

#[test]
fn the_browser_client_against_the_official_server() {
    if !all_there("the browser client", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let _turn = turn();
    node_tests(&clients().join("browser_client"), |node| node);
}
