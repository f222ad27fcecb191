//! Clients that lose their connections and come back: the official ones for Node, Python and Rust,
//! through networks that fail. The scenarios are in tests/clients/recovery. This file starts their
//! servers.

#[path = "recovery/app.rs"]
mod app;
#[path = "common/needs.rs"]
mod needs;
#[path = "common/programs.rs"]
mod programs;
#[path = "common/running.rs"]
mod running;
#[path = "common/suites.rs"]
mod suites;

use std::{env, process::Command, time::Duration};

use actix_socketio::{Builder, Recovery};
use app::Settings;
use needs::{Need, all_there, clients, rust_client};
use programs::run;
use running::RunningApp;
use suites::{python_tests, turn};

/// What the servers of a test are called in the environment, and how they differ.
type Servers = [(&'static str, fn() -> Settings)];

const USUAL: (&str, fn() -> Settings) = ("SERVER_URL", usual);
const AFTER_RESTART: (&str, fn() -> Settings) = ("SERVER_AFTER_RESTART", usual);
const SMALL_HISTORY: (&str, fn() -> Settings) = ("SERVER_WITH_SMALL_HISTORY", small_history);
const SHORT_WINDOW: (&str, fn() -> Settings) = ("SERVER_WITH_SHORT_WINDOW", short_window);
const FOR_EVERYONE: (&str, fn() -> Settings) = ("SERVER_FOR_EVERYONE", for_everyone);
const WITHOUT_RECOVERY: (&str, fn() -> Settings) = ("SERVER_WITHOUT_RECOVERY", without_recovery);

#[test]
fn the_python_client_has_what_it_missed() {
    if !all_there("positions with the Python client", &[Need::PythonPackages]) {
        return;
    }
    let _turn = turn();
    let app = app::start(usual());
    python_tests(&clients().join("recovery/test_since.py"), &[("SERVER_URL", app.url())]);
}

#[test]
fn the_rust_client_has_what_it_missed() {
    if !all_there("positions with the Rust client", &[Need::RustClient]) {
        return;
    }
    let _turn = turn();
    let app = app::start(usual());
    let mut program = Command::new(rust_client());
    program.env("SERVER_URL", app.url());
    assert!(run(program).ends_with("4 passed\n"));
}

/// With `RECOVERY_PATTERN`, as in `--seconds 160 --kinds websocket=1000`, it measures that pattern, and
/// prints a table with this server beside Node's.
#[test]
fn everything_is_delivered_once_and_in_order_or_told() {
    let Some(pattern) = env::var_os("RECOVERY_PATTERN") else {
        return in_node("driver.test.mjs", &[USUAL, AFTER_RESTART]);
    };
    let [app, restarted] = [usual, usual].map(|settings| app::start(settings()));
    let pattern = pattern.into_string().expect("text");
    let mut driver = Command::new("node");
    driver.arg(clients().join("recovery/driver.mjs")).env("SERVER_URL", app.url());
    driver.env("SERVER_AFTER_RESTART", restarted.url());
    let status = driver.args(pattern.split_whitespace()).status().expect("Node.js runs");
    assert!(status.success());
}

#[test]
fn faults_of_other_servers() {
    let servers = [USUAL, AFTER_RESTART, SMALL_HISTORY, SHORT_WINDOW, WITHOUT_RECOVERY];
    in_node("node_faults.test.mjs", &servers);
}

#[test]
fn the_official_client_recovers() {
    in_node("official_client.test.mjs", &[USUAL, FOR_EVERYONE]);
}

#[test]
fn conversations_of_the_official_server() {
    in_node("node_polling.test.mjs", &[FOR_EVERYONE, WITHOUT_RECOVERY]);
}

fn usual() -> Settings {
    Settings { recovery: Some(Recovery::new()), configure: |builder| builder }
}

fn small_history() -> Settings {
    Settings { configure: |builder: Builder| builder.max_history_bytes(64 * 1024), ..usual() }
}

/// tests/clients/recovery/support.mjs knows how long it is.
fn short_window() -> Settings {
    Settings { recovery: Some(Recovery::new().window(Duration::from_secs(2))), ..usual() }
}

fn for_everyone() -> Settings {
    Settings { recovery: Some(Recovery::new().for_everyone()), ..usual() }
}

fn without_recovery() -> Settings {
    Settings { recovery: None, ..usual() }
}

/// Runs a file of tests by Node, with the addresses of its servers in the environment.
fn in_node(file: &str, servers: &Servers) {
    let needs = [Need::Node, Need::NodePackages, Need::PythonPackages];
    if !all_there(&format!("{file}, with the JavaScript client"), &needs) {
        return;
    }
    let _turn = turn();
    let servers: Vec<(&str, RunningApp)> =
        servers.iter().map(|(name, settings)| (*name, app::start(settings()))).collect();
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=tap"]).arg(clients().join("recovery").join(file));
    node.envs(servers.iter().map(|(name, app)| (*name, app.url())));
    let output = run(node);
    let all = ["\n# skipped 0\n", "\n# todo 0\n"].iter().all(|sum| output.contains(sum));
    assert!(all && !output.contains("\n# pass 0\n"), "not all was tested:\n{output}");
}
