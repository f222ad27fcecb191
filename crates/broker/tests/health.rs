//! Health with the real program: Redis that stops and comes back, no more room for clients, and the
//! order in which the ports close.
#![cfg(unix)]

mod common;

use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::{Client, PATIENCE, RunningBroker, get, wait_for_status};
use serde_json::Value;
use tempfile::TempDir;

/// Limits that make a test short.
const LIMITS: &str = "path_interval = '20ms'\ncluster_path_timeout = '500ms'\n";

struct Config {
    _folder: TempDir,
    path: PathBuf,
}

impl Config {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("broker.toml");
        let addresses = "address = \"127.0.0.1:0\"\ninternal_address = \"127.0.0.1:0\"\n";
        fs::write(&path, format!("{addresses}{text}")).expect("it can be written");
        Self { _folder: folder, path }
    }
}

/// A redis-server, which is killed when this is dropped.
struct Redis {
    port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl Redis {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = port.expect("a port").port();
        let folder = tempfile::tempdir().expect("a folder");
        let mut redis = Self { port, folder, process: None };
        redis.run();
        redis
    }

    fn run(&mut self) {
        let process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .spawn();
        self.process = Some(process.expect("redis-server starts"));
    }

    fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it was started");
            process.wait().expect("it was started");
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn checks(body: &str) -> Value {
    let body: Value = serde_json::from_str(body).expect("JSON");
    body["checks"].clone()
}

#[test]
fn a_broker_is_not_ready_while_redis_stands_still_or_is_away() {
    let mut redis = Redis::start();
    let config = Config::new(&format!(
        "[limits]\n{LIMITS}[cluster]\nredis = 'redis://127.0.0.1:{}'\n",
        redis.port
    ));
    let broker = RunningBroker::serve(&config.path);
    let internal = broker.wait_for_address("health on http://");
    let is_ready = |status: u16| {
        let body = wait_for_status(&internal, "/readyz", status);
        wait_for_status(&broker.address, "/healthz", status);
        assert_eq!(get(&internal, "/livez").0, 200, "Redis is not the program's fault");
        checks(&body)
    };
    let whole = is_ready(200);
    assert_eq!(whole["path"]["whole"], true);
    assert!(whole["cluster"]["ms"].is_number() && whole["path"]["ms"].is_number(), "{whole}");

    redis.signal("-STOP");
    let broken = is_ready(503);
    assert_eq!((&broken["path"]["whole"], &broken["cluster"]["ms"]), (&false.into(), &Value::Null));
    assert!(broken["path"]["ms"].is_number(), "the workers are well: {broken}");
    redis.signal("-CONT");
    is_ready(200);

    redis.kill();
    is_ready(503);
    redis.run();
    assert_eq!(is_ready(200)["cluster"]["connected"], true);
}

#[test]
fn a_broker_without_room_for_clients_is_not_ready_until_one_leaves() {
    let config = Config::new(
        "[limits]\nmax_connections = 1\nping_timeout = '100ms'\nping_interval = '100ms'\n",
    );
    let broker = RunningBroker::serve(&config.path);
    let internal = broker.wait_for_address("health on http://");
    wait_for_status(&internal, "/readyz", 200);
    let client = Client::connect(&broker.address);
    let full = checks(&wait_for_status(&internal, "/readyz", 503));
    assert_eq!(full["connections"], serde_json::json!({ "now": 1, "max": 1 }));
    assert_eq!(full["path"]["whole"], true);
    assert_eq!(get(&broker.address, "/healthz"), (503, r#"{"status":"unavailable"}"#.to_owned()));
    assert_eq!(get(&internal, "/livez").0, 200);
    // It answers no ping from now on.
    drop(client);
    wait_for_status(&internal, "/readyz", 200);
}

#[test]
fn the_internal_port_outlives_the_one_of_clients() {
    let config = Config::new("");
    let mut broker = RunningBroker::serve(&config.path);
    let internal = broker.wait_for_address("health on http://");
    wait_for_status(&internal, "/readyz", 200);
    // A request that never ends keeps the public server from closing at once.
    let mut unfinished = TcpStream::connect(&broker.address).expect("it listens");
    let half = "POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf";
    unfinished.write_all(half.as_bytes()).expect("it reads");
    broker.signal("-TERM");
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(&broker.address).is_ok() {
        assert!(Instant::now() < deadline, "the port of clients stays open");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(get(&internal, "/readyz").0, 503, "the port of clients has closed");
    assert_eq!(get(&internal, "/livez").0, 200);
    drop(unfinished);
    assert_eq!(broker.wait().code(), Some(0));
    assert!(TcpStream::connect(&internal).is_err());
}
