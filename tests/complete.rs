//! The rest of what a Socket.IO server does, group by group, with several clients: the official one
//! for Node, that of this crate, the last one of Socket.IO 2, and the one for Python. The scenarios are in
//! tests/clients/complete. This file starts their servers.

#[path = "complete/app.rs"]
mod app;
#[path = "complete/documentation/mod.rs"]
mod documentation;
#[path = "common/needs.rs"]
mod needs;
#[path = "common/programs.rs"]
mod programs;
#[path = "common/running.rs"]
mod running;
#[path = "common/suites.rs"]
mod suites;

use std::{fs, path::PathBuf, process::Command, time::Duration};

use actix_socketio::{Builder, protocol::MsgpackParser};
use app::Settings;
use needs::{Need, all_there, clients};
use programs::run;
use running::RunningApp;
use suites::{JAVASCRIPT_CLIENTS, python_tests, turn};

#[test]
fn binary() {
    javascript("binary", &[("SERVER_URL", usual)]);
}

#[test]
fn namespaces() {
    javascript("namespaces", &[("SERVER_URL", usual)]);
}

#[test]
fn operators() {
    javascript("operators", &[("SERVER_URL", usual)]);
}

#[test]
fn documentation() {
    in_node("documentation", || {
        vec![
            ("SERVER_URL", documentation::start()),
            ("SERVER_WITH_OPTIONS", documentation::start_with_options()),
            ("SERVER_WITH_PARSER", documentation::start_with_parser()),
        ]
    });
}

#[test]
fn msgpack() {
    javascript("msgpack", &[("SERVER_URL", msgpack_parser)]);
}

#[test]
fn clients_of_socket_io_2() {
    javascript(
        "eio3",
        &[
            ("SERVER_URL", old_clients),
            ("SERVER_WITHOUT_EIO3", usual),
            ("IMPATIENT_SERVER", |builder| impatient(old_clients(builder))),
        ],
    );
}

#[test]
fn reasons() {
    javascript(
        "reasons",
        &[("SERVER_URL", usual), ("IMPATIENT_SERVER", impatient), ("SERVER_THAT_GOES_DOWN", usual)],
    );
}

#[test]
fn the_python_client() {
    if !all_there("the rest of the protocol with Python", &[Need::PythonPackages]) {
        return;
    }
    let _turn = turn();
    let app = app::start(lively);
    let msgpack = app::start(|builder| msgpack_parser(lively(builder)));
    let script = clients().join("complete/test_complete.py");
    python_tests(&script, &[("SERVER_URL", app.url()), ("SERVER_WITH_MSGPACK", msgpack.url())]);
}

fn usual(builder: Builder) -> Builder {
    builder
}

fn msgpack_parser(builder: Builder) -> Builder {
    builder.parser(MsgpackParser)
}

/// python-socketio sends nothing when the server disconnects its last namespace: it waits for its
/// poll to return. Frequent pings end that poll.
fn lively(builder: Builder) -> Builder {
    builder.ping_interval(Duration::from_secs(1))
}

fn old_clients(builder: Builder) -> Builder {
    builder.allow_eio3(true)
}

/// Pings so often that a test can wait for several, and for the end of a client that does not
/// answer. Tests of anything else use another server: a busy machine makes clients late for this one.
fn impatient(builder: Builder) -> Builder {
    builder.ping_interval(Duration::from_millis(300)).ping_timeout(Duration::from_secs(2))
}

/// Runs a group of tests by Node, with servers of the same application.
fn javascript(group: &str, servers: &[(&str, Settings)]) {
    in_node(group, || {
        servers.iter().map(|(name, settings)| (*name, app::start(*settings))).collect()
    });
}

/// The test files of a group: one file, or all files of a folder.
fn files(group: &str) -> Vec<PathBuf> {
    let folder = clients().join("complete").join(group);
    if !folder.is_dir() {
        return vec![folder.with_extension("test.mjs")];
    }
    let entries = fs::read_dir(&folder).expect("a readable folder");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    files
}

/// The clients that can run a group of tests.
fn clients_for(group: &str) -> &'static [&'static str] {
    // This group has a client of its own, of Socket.IO 2.
    if group == "eio3" { &JAVASCRIPT_CLIENTS[..1] } else { &JAVASCRIPT_CLIENTS }
}

/// Runs a group of tests by Node, once with each client, with the addresses of its servers in the
/// environment.
fn in_node<'a>(group: &str, start: impl Fn() -> Vec<(&'a str, RunningApp)>) {
    if !all_there(
        &format!("{group}, with the JavaScript clients"),
        &[Need::Node, Need::NodePackages],
    ) {
        return;
    }
    let _turn = turn();
    for client in clients_for(group) {
        let servers = start();
        let mut node = Command::new("node");
        // One file at a time, because the files of a group share its servers.
        node.args(["--test", "--test-reporter=tap", "--test-concurrency=1"]).args(files(group));
        node.envs(servers.iter().map(|(name, app)| (*name, app.url()))).env("CLIENT", client);
        let output = run(node);
        let all = ["\n# skipped 0\n", "\n# todo 0\n"].iter().all(|sum| output.contains(sum));
        assert!(all && !output.contains("\n# pass 0\n"), "not all was tested:\n{output}");
    }
}
