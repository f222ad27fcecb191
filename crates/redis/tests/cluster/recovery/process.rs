//! A server in a process of its own, which may die.

use std::{
    env,
    io::{BufRead as _, Write as _},
    process::Command,
    thread,
    time::Duration,
};

use actix_socketio::{Builder, HandlerResult, History, OnMessage, Recovery, SocketIo, channel};
use actix_socketio_redis::Cluster;
use actix_web::{App, HttpServer, rt};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::common::{LinePeer, Need, RedisServer, all_there, signal};

/// The test that is the program of the process.
const ITSELF: &str = "recovery::process::a_server_in_a_process_serves_and_ends";

/// In the environment of the process: its settings, as JSON.
const SETTINGS: &str = "SOCKETIO_CLUSTER_NODE";

/// The history of channels and of everyone: more than a test publishes.
const KEPT: History = History::last(5_000);

/// A server of the cluster whose clients come back. Its process is killed when this is dropped.
pub(super) struct NodeProcess {
    peer: LinePeer,
    port: u16,
}

impl NodeProcess {
    /// Starts it. Further settings: `maxLen`, `heartbeat` and `window` in milliseconds.
    pub(super) fn start_with(redis: &RedisServer, mut settings: Value) -> Self {
        settings["redis"] = redis.url().into();
        let mut command = Command::new(env::current_exe().expect("a program"));
        command.args(["--exact", ITSELF, "--nocapture", "--test-threads", "1"]);
        let (peer, first) = LinePeer::start({
            command.env(SETTINGS, settings.to_string());
            command
        });
        let port = first["port"].as_u64().and_then(|port| port.try_into().ok());
        Self { peer, port: port.expect("it prints its port") }
    }

    pub(super) fn start(redis: &RedisServer) -> Self {
        Self::start_with(redis, json!({}))
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Publishes a number to a channel, or to everyone, and waits until it is confirmed.
    pub(super) async fn publish(&self, channel: Option<&str>, number: u64) {
        self.peer.call("publish", json!({ "channel": channel, "number": number })).await;
    }

    /// The number of its connected clients.
    pub(super) async fn clients(&self) -> u64 {
        self.peer.call("clients", json!({})).await.as_u64().expect("a number")
    }

    /// The number of servers that it counts.
    pub(super) async fn servers(&self) -> u64 {
        self.peer.call("servers", json!({})).await.as_u64().expect("a number")
    }

    /// The context of a client: `socket.data`.
    pub(super) async fn remember(&self, id: &str, data: &str) {
        self.peer.call("remember", json!({ "socket": id, "data": data })).await;
    }

    pub(super) async fn remembered(&self, id: &str) -> Value {
        self.peer.call("remembered", json!({ "socket": id })).await
    }

    /// Takes all clients of the cluster out of a channel.
    pub(super) async fn take_out(&self, channel: &str) {
        self.peer.call("takeOut", json!({ "channel": channel })).await;
    }

    /// The position of its newest event.
    pub(super) async fn position(&self) -> String {
        let position = self.peer.call("position", json!({})).await;
        position.as_str().expect("text").to_owned()
    }

    /// Why clients were not recovered, and how many.
    pub(super) async fn reasons(&self) -> String {
        self.peer.call("reasons", json!({})).await.to_string()
    }

    /// Stops as a server that is shut down.
    pub(super) async fn stop(self) {
        self.peer.call("stop", json!({})).await;
    }

    /// SIGKILL, as in a crash.
    pub(super) fn kill(self) {
        drop(self);
    }

    /// SIGSTOP: its clients and Redis still have their connections.
    pub(super) fn freeze(&self) {
        signal("STOP", self.peer.id());
    }
}

#[test]
fn a_server_in_a_process_serves_and_ends() {
    if let Ok(settings) = env::var(SETTINGS) {
        let settings = serde_json::from_str(&settings).expect("JSON");
        return actix_web::rt::System::new().block_on(serve(settings));
    }
    if !all_there("a server in a process", &[Need::Redis]) {
        return;
    }
    let redis = RedisServer::start();
    let process = NodeProcess::start(&redis);
    actix_web::rt::System::new().block_on(async {
        assert_eq!(process.servers().await, 1);
        process.stop().await;
    });
}

fn builder(settings: &Value) -> Builder {
    let millis = |name| settings[name].as_u64().map(Duration::from_millis);
    let url = settings["redis"].as_str().expect("an address");
    let mut cluster = Cluster::redis(url).expect("an address").patience(Duration::from_secs(30));
    if let Some(max_len) = settings["maxLen"].as_u64() {
        cluster = cluster.max_len(max_len);
    }
    if let Some(heartbeat) = millis("heartbeat") {
        cluster = cluster.heartbeat(heartbeat);
    }
    let window = millis("window").unwrap_or(Duration::from_secs(120));
    let recovery = Recovery::new().window(window).for_everyone().keep_direct(64 << 10);
    let route = || channel("^room").history(KEPT);
    let builder = SocketIo::builder().cluster(cluster).recovery(recovery).history(KEPT);
    builder.route(route()).route(channel("^bare")).on_message(join)
}

/// As the servers of Node of these tests do it.
async fn join(event: OnMessage) -> HandlerResult {
    if event.event() == "join" {
        for room in event.json::<Vec<String>>()? {
            event.socket.subscribe(&room)?;
        }
        event.ack(&())?;
    }
    Ok(())
}

async fn serve(settings: Value) {
    let io = builder(&settings).build().expect("valid settings");
    let app = io.clone();
    let server = HttpServer::new(move || App::new().configure(app.mount()))
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .expect("a port");
    let port = server.addrs()[0].port();
    drop(rt::spawn(server.run()));
    print(&json!({ "port": port }));
    let (lines, mut commands) = mpsc::unbounded_channel();
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
    while let Some(line) = commands.recv().await {
        let command: Value = serde_json::from_str(&line).expect("JSON");
        let io = io.clone();
        drop(rt::spawn(async move {
            let value = run(&io, &command).await;
            print(&json!({ "id": command["id"], "value": value }));
            if command["verb"] == "stop" {
                std::process::exit(0);
            }
        }));
    }
}

async fn run(io: &SocketIo, command: &Value) -> Value {
    let text = |name: &str| command[name].as_str();
    let socket = || io.socket(&text("socket")?.parse().ok()?);
    match text("verb").expect("a verb") {
        "publish" => {
            let target = match text("channel") {
                Some(channel) => io.to(channel),
                None => io.everyone(),
            };
            target.publish("m", &command["number"]).await.expect("Redis is there");
            Value::Null
        }
        "clients" => {
            let found = io.everyone().local().fetch_sockets().await.expect("no channel is named");
            json!(found.sockets.len())
        }
        "servers" => json!(io.server_count().await),
        "remember" => {
            let socket = socket().expect("it is here");
            socket.context().insert("note", &command["data"]).expect("JSON");
            Value::Null
        }
        "remembered" => {
            let note = socket().map(|socket| socket.context().get::<Value>("note"));
            json!(note.and_then(|note| note.expect("JSON")))
        }
        "takeOut" => {
            let channel = text("channel").expect("a channel");
            io.to(channel).sockets_leave(channel).await.expect("a name");
            Value::Null
        }
        "reasons" => json!(io.stats().unrecovered),
        "position" => json!(io.position()),
        "stop" => json!(io.shutdown().await),
        verb => panic!("unknown verb: {verb}"),
    }
}

/// A line of its own: the test program writes to the same output.
fn print(line: &Value) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "\n{line}").and_then(|()| output.flush()).expect("the test reads");
}
