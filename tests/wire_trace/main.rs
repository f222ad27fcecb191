//! The same conversations with this server and with the official one for Node, byte for byte.
//!
//! Each conversation is a script: the packets of the client, and the packets that both servers
//! send. `player` explains the notation. The known differences are in a table of their own.

mod application;
mod conversations;
#[path = "../common/needs.rs"]
mod needs;
mod player;
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
#[path = "../common/raw/mod.rs"]
mod raw;
mod servers;
mod transcript;
#[path = "../common/wait.rs"]
mod wait;

use std::{panic::catch_unwind, thread};

use needs::{Need, all_there};
use player::Player;
use servers::{NodeServers, OwnServers, Ports, TRANSPORTS};

#[test]
fn both_servers_behave_alike_except_for_documented_differences() {
    if !all_there("the wire trace", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let node = NodeServers::start();
    let own = OwnServers::start();
    let servers = [("node", &node.ports), ("ours", &own.ports)];

    let failures: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = servers
            .iter()
            .flat_map(|(server, ports)| {
                TRANSPORTS.map(|transport| (*server, ports[transport], transport))
            })
            .map(|(server, ports, transport)| {
                scope.spawn(move || play_all(server, ports, transport))
            })
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().expect("play_all catches panics"))
            .collect()
    });

    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Plays all conversations with one server. Returns the deviations from the scripts.
fn play_all(server: &str, ports: Ports, transport: &str) -> Vec<String> {
    let mut failures = Vec::new();
    let alike = conversations::alike().map(|(name, script)| (name, script, false));
    let different = conversations::different().map(|(name, script)| (name, script, true));
    for (name, script, is_different) in alike.chain(different) {
        let names_a_server = script.split_whitespace().any(|word| word == "ours" || word == "node");
        assert_eq!(names_a_server, is_different, "{name} is in the wrong table");
        let conditions = [server, transport];
        let played = catch_unwind(|| Player::new(ports, transport).play(script, &conditions));
        if let Err(panic) = played {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref().copied()).unwrap_or("a panic");
            failures.push(format!("── {name} ({server}, {transport})\n{text}"));
        }
    }
    failures
}
