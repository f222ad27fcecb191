//! `serve`: rules for channels, two ports, reload, signals and logs, over real sockets.
#![cfg(unix)]

mod common;

use std::{fs, os::unix::net::UnixDatagram, path::PathBuf, process::Command, thread};

use common::{Client, PATIENCE, RunningBroker, get, output, post_json, program, wait_for_status};
use serde_json::Value;
use tempfile::TempDir;

/// The value of `subscribe` and of `publish` that is for the server alone.
const SERVER_ALONE: &str = stringify!(nobody);

/// A file with a configuration, whose addresses have free ports.
struct Config {
    folder: TempDir,
    path: PathBuf,
}

impl Config {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("broker.toml");
        let config = Self { folder, path };
        config.write(text);
        config
    }

    fn write(&self, text: &str) {
        let addresses = "address = \"127.0.0.1:0\"\ninternal_address = \"127.0.0.1:0\"\n";
        fs::write(&self.path, format!("{addresses}{text}")).expect("it can be written");
    }

    fn name(&self) -> &str {
        self.path.to_str().expect("UTF-8")
    }
}

#[test]
fn the_first_rule_that_matches_a_channel_counts() {
    let config = Config::new(&format!(
        "[[channels]]\npattern = '^room-secret'\nsubscribe = '{SERVER_ALONE}'\n\
         [[channels]]\npattern = '^room-quiet$'\n\
         [[channels]]\npattern = '^room-'\npublish = 'subscriber'\nhistory = {{ last = 10 }}\n"
    ));
    let broker = RunningBroker::serve(&config.path);
    let (mut one, mut other) = (Client::connect(&broker.address), Client::connect(&broker.address));
    assert!(one.subscribe("room-secret-1").contains("clients may not subscribe to this channel"));
    assert!(one.subscribe("hall").contains("no such channel"));
    for client in [&mut one, &mut other] {
        assert!(client.subscribe("room-1").starts_with("[null"));
        assert!(client.subscribe("room-quiet").starts_with("[null"));
    }
    assert!(one.publish("room-1", "hello").starts_with("[null"));
    other.message("hello");
    let refused = one.publish("room-quiet", "hello");
    assert!(refused.contains("clients may not publish to this channel"), "{refused}");
    // The history of the third rule is not one of the second rule's channels.
    let mut third = Client::connect(&broker.address);
    let with_history = third.ask(r#"["subscribe","room-1",{"last":5}]"#);
    assert!(with_history.starts_with("[null"), "{with_history}");
    third.message("hello");
    let without = third.ask(r#"["subscribe","room-quiet",{"last":5}]"#);
    assert!(without.contains(r#""reason":"no history""#), "{without}");
    assert!(broker.wait_for("room-secret").contains("the server alone subscribes clients"));
}

#[test]
fn namespaces_have_rules_of_their_own() {
    let config = Config::new(
        "[[channels]]\npattern = '^main$'\n\
         [[namespaces]]\nname = '/team'\n\
         [[namespaces.channels]]\npattern = '^chat$'\npublish = 'subscriber'\n\
         [[namespaces]]\npattern = '^/tenant-[0-9]+$'\n\
         [[namespaces.channels]]\npattern = ''\n",
    );
    let broker = RunningBroker::serve(&config.path);
    let mut team = Client::connect_to(&broker.address, "/team");
    assert!(team.subscribe("main").contains("no such channel"));
    assert!(team.subscribe("chat").starts_with("[null"));
    assert!(team.publish("chat", "hello").starts_with("[null"));
    let mut other = Client::connect_to(&broker.address, "/team");
    assert!(other.subscribe("chat").starts_with("[null"));
    assert!(team.publish("chat", "hello again").starts_with("[null"));
    other.message("hello again");
    let mut tenant = Client::connect_to(&broker.address, "/tenant-7");
    assert!(tenant.subscribe("anything").starts_with("[null"));
    assert!(tenant.publish("anything", "x").contains("clients may not publish"));
}

#[test]
fn a_reload_changes_rules_and_the_log_and_drops_no_client() {
    let rules = |publish: &str, more: &str| {
        format!("{more}\n[[channels]]\npattern = '^room-'\npublish = '{publish}'\n")
    };
    let config = Config::new(&rules("subscriber", ""));
    let broker = RunningBroker::serve(&config.path);
    let (mut one, mut other) = (Client::connect(&broker.address), Client::connect(&broker.address));
    for client in [&mut one, &mut other] {
        assert!(client.subscribe("room-1").starts_with("[null"));
    }

    config.write(&rules("subscribers", "path = '/other'"));
    broker.signal("-HUP");
    broker.wait_for("nothing was reloaded");
    assert!(broker.wait_for("channels[0].publish is").contains("broker.toml:6:11: "));
    assert!(one.publish("room-1", "still").starts_with("[null"));
    other.message("still");

    // Publications go on while the rules change under them.
    let address = broker.address.clone();
    let traffic = thread::spawn(move || {
        let mut busy = Client::connect(&address);
        assert!(busy.subscribe("room-1").starts_with("[null"));
        let mut accepted = 0;
        while busy.publish("room-1", "busy").starts_with("[null") {
            accepted += 1;
        }
        accepted
    });
    other.message("busy");
    let new =
        rules(SERVER_ALONE, "path = '/other'\n[limits]\nmax_inbox = 5\n[log]\nlevel = 'trace'\n");
    config.write(&format!("{new}[[channels]]\npattern = '^hall$'\npublish = 'subscriber'\n"));
    broker.signal("-HUP");
    let told = broker.wait_for("the configuration was reloaded: ");
    assert!(told.contains("channels[0].publish") && told.contains("log.level"), "{told}");
    let left = broker.wait_for("not before a restart: ");
    assert!(left.ends_with("limits.max_inbox, path"), "{left}");
    assert!(traffic.join().expect("no panic") > 0);

    let refused = one.publish("room-1", "no");
    assert!(refused.contains("clients may not publish to this channel"), "{refused}");
    for client in [&mut one, &mut other] {
        assert!(client.subscribe("hall").starts_with("[null"), "a rule that is new");
    }
    assert!(one.publish("hall", "yes").starts_with("[null"));
    other.message("yes");
    broker.wait_for("TRACE");
}

#[test]
fn health_is_on_the_internal_port_and_in_short_on_the_public_one() {
    let config = Config::new("[shutdown]\ndelay = '1h'\n");
    let mut broker = RunningBroker::serve(&config.path);
    let internal = broker.wait_for_address("health on http://");
    let (public, address) = (broker.address.clone(), &*internal);
    let ready: Value =
        serde_json::from_str(&wait_for_status(address, "/readyz", 200)).expect("JSON");
    assert_eq!(ready["status"], "ok");
    assert_eq!(ready["checks"]["connections"]["max"], 100_000);
    assert_eq!(ready["checks"]["workers"]["answered"], true);
    assert!(ready["checks"].get("cluster").is_none());
    assert_eq!(get(address, "/livez").0, 200);
    assert_eq!(get(&public, "/healthz"), (200, r#"{"status":"ok"}"#.to_owned()));
    for (address, path) in [
        (&*public, "/readyz"),
        (&*public, "/livez"),
        (address, "/healthz"),
        (address, "/socket.io/?EIO=4&transport=polling"),
    ] {
        assert_eq!(get(address, path).0, 404, "{path}");
    }
    let ask = |url: &str| output(program(&["health", url])).status.code();
    assert_eq!(ask(&format!("http://{public}/healthz")), Some(0));
    assert_eq!(ask(&format!("http://{public}")), Some(0));
    assert_eq!(ask(&format!("http://{public}/livez")), Some(1));
    assert_eq!(ask("https://127.0.0.1/"), Some(1));
    let mut by_environment = program(&["health"]);
    by_environment.env("SOCKETIO_ADDRESS", &public);
    assert_eq!(output(by_environment).status.code(), Some(0));

    // Clients go on while load balancers learn that the broker is about to stop.
    let mut client = Client::connect(&public);
    broker.signal("-TERM");
    let body = wait_for_status(address, "/readyz", 503);
    assert!(body.contains(r#""stopping":true"#), "{body}");
    assert_eq!(get(address, "/livez").0, 200);
    assert_eq!(get(&public, "/healthz").0, 503);
    assert!(client.ask(r#"["subscribe","none"]"#).contains("no such channel"));
    assert_eq!(ask(&format!("http://{public}/healthz")), Some(1));
    broker.signal("-TERM");
    assert_eq!(broker.wait().code(), Some(1), "a client was cut");
    assert_eq!(ask(&format!("http://{public}/healthz")), Some(1), "it has ended");
}

#[test]
fn a_backend_publishes_by_the_api_and_the_monitor_reads_metrics() {
    const KEY: &str = "4f9b1c70a2d85e36";
    let api = |key: &str| {
        let rights = "may = ['publish'], channels = '^news-'";
        format!(
            "[api]\nkeys = [{{ name = 'shop', key = '{key}', {rights} }}]\n\
             [[channels]]\npattern = ''\n"
        )
    };
    let config = Config::new(&api(KEY));
    let broker = RunningBroker::serve(&config.path);
    let internal = broker.wait_for_address("HTTP API on http://");
    let mut client = Client::connect(&broker.address);
    assert!(client.subscribe("news-1").starts_with("[null"));
    let publish = |address: &str, key: &str, channel: &str| {
        let body = format!(r#"{{"channel":"{channel}","data":"by HTTP","wait":true}}"#);
        post_json(address, "/api/publish", key, &body)
    };
    let (status, answer) = publish(&internal, KEY, "news-1");
    assert!(status == 200 && answer.contains(r#""delivered":1"#), "{status} {answer}");
    client.message("by HTTP");
    assert_eq!(publish(&internal, "another-key-0000", "news-1").0, 401);
    assert_eq!(publish(&internal, KEY, "other").0, 403);
    assert_eq!(publish(&broker.address, KEY, "news-1").0, 404, "not on the port of clients");

    let (status, metrics) = get(&internal, "/metrics");
    assert_eq!(status, 200);
    for line in [
        "actix_socketio_connections 1",
        "actix_socketio_api_requests_total{method=\"publish\",key=\"shop\",status=\"200\"} 1",
        "actix_socketio_api_requests_total{method=\"publish\",key=\"shop\",status=\"403\"} 1",
        "actix_socketio_api_requests_total{method=\"publish\",key=\"\",status=\"401\"} 1",
        "# TYPE actix_socketio_api_seconds histogram",
        "actix_socketio_api_seconds_count{method=\"publish\"} 3",
        "actix_socketio_api_seconds_bucket{le=\"+Inf\",method=\"publish\"} 3",
    ] {
        assert!(metrics.lines().any(|one| one == line), "{line} is not in {metrics}");
    }
    assert_eq!(metrics.contains("\nprocess_open_fds "), cfg!(target_os = "linux"));
    assert_eq!(get(&broker.address, "/metrics").0, 404);

    config.write(&api("a-new-key-0123456789"));
    broker.signal("-HUP");
    let told = broker.wait_for("the configuration was reloaded: ");
    assert!(told.contains("api.keys[0].key"), "{told}");
    assert_eq!(publish(&internal, KEY, "news-1").0, 401);
    assert_eq!(publish(&internal, "a-new-key-0123456789", "news-1").0, 200);
    client.message("by HTTP");
    assert!(broker.log().iter().all(|line| !line.contains(KEY)));
}

#[test]
fn a_stop_in_time_is_exit_code_0() {
    let config = Config::new("");
    let mut broker = RunningBroker::serve(&config.path);
    let _client = Client::connect(&broker.address);
    broker.signal("-INT");
    assert_eq!(broker.wait().code(), Some(0));
    broker.wait_for("shutting down 1 connections");
}

#[test]
fn two_ports_that_are_in_use_are_errors() {
    let config = Config::new("");
    let broker = RunningBroker::serve(&config.path);
    let internal = broker.wait_for_address("health on http://");
    let public = broker.address.clone();
    for (flag, address) in [("--address", &public), ("--internal-address", &internal)] {
        let second = output(program(&["serve", "-c", config.name(), flag, address]));
        assert_eq!(second.status.code(), Some(1));
        let text = String::from_utf8(second.stderr).expect("text");
        assert!(text.contains("cannot listen on") && text.contains(address.as_str()), "{text}");
    }
}

#[test]
fn lines_of_the_log_are_json_if_asked_for() {
    let config = Config::new("[log]\nlevel = 'trace'\n");
    let mut command = program(&["serve", "-c", config.name(), "--log-format", "json"]);
    command.env("SOCKETIO_UNKNOWN", "\"quotes\"\nand lines");
    let mut broker = RunningBroker::start(command);
    broker.wait_for("SOCKETIO_UNKNOWN");
    broker.signal("-TERM");
    assert!(broker.wait().success());
    let lines = broker.log();
    assert!(lines.len() > 3, "{lines:#?}");
    for line in lines {
        let object: Value = serde_json::from_str(&line).expect("one object on each line");
        let keys: Vec<_> = object.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(keys, ["level", "msg", "target", "ts"]);
        let ts = object["ts"].as_str().expect("text");
        assert!(ts.len() == "2026-11-29T23:00:13.561Z".len() && ts.ends_with('Z'), "{ts}");
    }
}

/// A password of Redis is in no line of the log, even with all levels, and a broker without its
/// Redis lives and is not ready.
#[test]
fn a_cluster_that_is_away_is_not_ready_and_its_password_is_not_logged() {
    let config = Config::new("[log]\nlevel = 'trace'\n[[channels]]\npattern = ''\n");
    let secret = config.folder.path().join("redis");
    fs::write(&secret, "redis://:hunter2@127.0.0.1:1/0\n").expect("it can be written");
    let mut command = program(&["serve", "-c", config.name()]);
    command.env("SOCKETIO_CLUSTER__REDIS_FILE", &secret);
    let mut broker = RunningBroker::start(command);
    let internal = broker.wait_for_address("health on http://");
    let body = wait_for_status(&internal, "/readyz", 503);
    assert!(body.contains(r#""cluster":{"connected":false,"ms":null}"#), "{body}");
    assert_eq!(get(&internal, "/livez").0, 200);
    config.write("[cluster]\nkind = 'classic'\n[[channels]]\npattern = '^a'\n");
    broker.signal("-HUP");
    broker.wait_for("not before a restart: cluster.kind");
    broker.signal("-TERM");
    broker.wait();
    let log = broker.log().join("\n");
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn a_broker_is_ready_while_it_has_its_redis() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
    let port = port.expect("an address").port().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let mut redis = Command::new("redis-server")
        .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--dir"])
        .arg(folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("redis-server starts");
    let config = Config::new(&format!("[cluster]\nredis = 'redis://127.0.0.1:{port}'\n"));
    let broker = RunningBroker::serve(&config.path);
    let internal = broker.wait_for_address("health on http://");
    let body = wait_for_status(&internal, "/readyz", 200);
    assert!(body.contains(r#""cluster":{"connected":true,"#), "{body}");
    redis.kill().expect("it runs");
    redis.wait().expect("it was started");
    wait_for_status(&internal, "/readyz", 503);
    wait_for_status(&broker.address, "/healthz", 503);
}

#[test]
fn systemd_is_told_of_start_reload_life_and_stop() {
    let config = Config::new("[[channels]]\npattern = 'a'\n");
    let socket = config.folder.path().join("notify");
    let systemd = UnixDatagram::bind(&socket).expect("a socket");
    systemd.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let next = |wanted: &str| loop {
        let mut message = [0; 1_000];
        let length = systemd.recv(&mut message).expect("a message in time");
        let message = String::from_utf8_lossy(&message[..length]).into_owned();
        if message.contains(wanted) {
            return message;
        }
    };
    let mut command = program(&["serve", "-c", config.name()]);
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "20000000");
    let mut broker = RunningBroker::start(command);
    next("READY=1");
    next("WATCHDOG=1");
    broker.signal("-HUP");
    assert!(next("RELOADING=1").contains("MONOTONIC_USEC="));
    next("READY=1");
    next("WATCHDOG=1");
    broker.signal("-TERM");
    next("STOPPING=1");
    assert!(broker.wait().success());
}

#[cfg(target_os = "linux")]
#[test]
fn the_limit_of_descriptors_is_raised_and_one_that_is_too_low_is_told() {
    let config = Config::new("[limits]\nmax_connections = 20_000\n");
    let program = env!("CARGO_BIN_EXE_actix-socketio");
    let mut command = Command::new("sh");
    let script =
        format!("ulimit -Sn 256; ulimit -Hn 5000; exec '{program}' serve -c '{}'", config.name());
    command.args(["-c", &script]).stderr(std::process::Stdio::piped());
    let broker = RunningBroker::start(command);
    let warning = broker.wait_for("file descriptors");
    assert!(warning.contains("20000") && warning.contains("may have 5000"), "{warning}");
    let limits = fs::read_to_string(format!("/proc/{}/limits", broker.id())).expect("the limits");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    let numbers: Vec<_> = line.split_whitespace().filter(|word| *word == "5000").collect();
    assert_eq!(numbers.len(), 2, "{line}");
}

#[cfg(feature = "disk")]
#[test]
fn a_history_on_disk_is_there_after_a_restart() {
    let config = Config::new("");
    let store = config.folder.path().join("history.redb");
    config.write(&format!(
        "[store]\npath = '{}'\n\
         [[channels]]\npattern = '^room-'\npublish = 'subscriber'\nhistory = {{ last = 10 }}\n",
        store.display()
    ));
    let mut broker = RunningBroker::serve(&config.path);
    let mut client = Client::connect(&broker.address);
    assert!(client.subscribe("room-1").starts_with("[null"));
    assert!(client.publish("room-1", "kept").starts_with("[null"));
    broker.signal("-TERM");
    assert!(broker.wait().success());

    let broker = RunningBroker::serve(&config.path);
    let mut client = Client::connect(&broker.address);
    assert!(client.ask(r#"["subscribe","room-1",{"last":5}]"#).starts_with("[null"));
    client.message("kept");
}
