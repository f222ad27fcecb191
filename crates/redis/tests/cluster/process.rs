//! A server of ours in a process of its own, which can be stopped and killed.

use std::{
    cell::RefCell,
    env,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use actix_socketio::{Change, HandlerResult, OnServerEvent, SocketIo, SocketIoServerExt as _};
use actix_web::{App, HttpServer, rt};
use serde_json::{Value, json};

use crate::{
    common::{Need, RedisServer, all_there, signal},
    fixture::{Kind, Node, eventually},
};

/// In the environment of a process that is a server: its settings, as JSON.
const SERVER: &str = "CLUSTER_TEST_SERVER";

/// The test that is such a server.
const TEST: &str = "process::a_process_is_a_server_until_it_is_killed";

/// The server of this process.
static SERVER_HERE: OnceLock<SocketIo> = OnceLock::new();

/// The servers that this process has taken for lost.
static LOST: AtomicU64 = AtomicU64::new(0);

/// A server in a process of its own. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// Kept open, for the lines that the test program prints.
    _output: BufReader<ChildStdout>,
    url: String,
}

impl Process {
    /// Runs this program again. `heartbeat` is the time between two of its heartbeats.
    pub(crate) fn start(kind: Kind, redis: &RedisServer, heartbeat: Duration) -> Self {
        Self::start_with(kind, redis, &json!({ "heartbeat": heartbeat.as_millis() as u64 }))
    }

    /// With `heartbeat`, and with `max_len`.
    pub(crate) fn start_with(kind: Kind, redis: &RedisServer, settings: &Value) -> Self {
        let mut settings = settings.clone();
        settings["kind"] = kind.name().into();
        settings["url"] = redis.url().into();
        let mut child = Command::new(env::current_exe().expect("the test program"))
            .args(["--exact", "--nocapture", TEST])
            .env(SERVER, settings.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut lines = output.by_ref().lines().map(|line| line.expect("text"));
        let url = lines.find_map(|line| line.strip_prefix("serving ").map(str::to_owned));
        let url = url.expect("it serves");
        Self { child, _output: output, url }
    }

    /// The address for clients.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// SIGSTOP: it stands still, and its connections stay.
    pub(crate) fn stop(&self) {
        signal("STOP", self.child.id());
    }

    /// SIGCONT, after [`stop`](Self::stop).
    pub(crate) fn go_on(&self) {
        signal("CONT", self.child.id());
    }

    /// SIGKILL, as in a crash.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().expect("it was started");
        self.child.wait().expect("it was started");
    }
}

/// The state of the one process among the other servers: `{ nodes, lost, health }`. Servers of the
/// test program answer otherwise.
pub(crate) async fn state_of_process(node: &Node) -> Value {
    let state = RefCell::new(Value::Null);
    eventually("the process answers", async || {
        let acks = node.io.server_side_emit_with_ack::<_, Value>("state", &()).await.expect("sent");
        let mut answers = acks.answers.into_iter().map(|state| state.expect("JSON"));
        answers.find(Value::is_object).map(|found| state.replace(found)).is_some()
    })
    .await;
    state.into_inner()
}

/// Answers `echo` with its argument and `state` with the state of the server. At `emit`, its
/// clients and all others receive an event.
async fn answer(event: OnServerEvent) -> HandlerResult {
    let io = SERVER_HERE.get().expect("it is built");
    match event.event() {
        "echo" => event.ack(&event.arg::<Value>(0)?)?,
        "emit" => io.emit("from the process", &event.arg::<Value>(0)?)?,
        "state" => {
            let (nodes, health) = (io.nodes(), io.cluster_health());
            let lost = LOST.load(Relaxed);
            event.ack(&json!({ "nodes": nodes, "health": health, "lost": lost }))?;
        }
        _ => {}
    }
    Ok(())
}

/// Serves until it is killed.
async fn serve(settings: &str) {
    let settings: Value = serde_json::from_str(settings).expect("JSON");
    let kinds = [Kind::Streams, Kind::Classic, Kind::Sharded];
    let kind = kinds.into_iter().find(|it| settings["kind"] == it.name()).expect("an adapter");
    let mut cluster = kind.cluster_at(settings["url"].as_str().expect("an address"));
    if let Some(interval) = settings["heartbeat"].as_u64() {
        cluster = cluster.heartbeat(Duration::from_millis(interval));
    }
    if let Some(entries) = settings["max_len"].as_u64() {
        cluster = cluster.max_len(entries);
    }
    let io = SocketIo::builder().cluster(cluster).on_server_event(answer);
    let io = io.build().expect("valid settings");
    SERVER_HERE.set(io.clone()).expect("it is built once");
    let mut changes = io.changes();
    rt::spawn(async move {
        while let Some(change) = changes.next().await {
            if let Change::NodeLeft { .. } = change {
                LOST.fetch_add(1, Relaxed);
            }
        }
    });
    let app = io.clone();
    let server = HttpServer::new(move || App::new().configure(app.mount())).workers(1);
    let server = server.socketio(&io).bind(("127.0.0.1", 0)).expect("a port");
    println!("\nserving http://{}", server.addrs()[0]);
    server.run().await.expect("it serves");
}

#[actix_web::test]
async fn a_process_is_a_server_until_it_is_killed() {
    if let Ok(settings) = env::var(SERVER) {
        return serve(&settings).await;
    }
    if !all_there("a process of a server", &[Need::Redis]) {
        return;
    }
    let redis = RedisServer::start();
    let node = Node::new(Kind::Classic.cluster(&redis), |builder| builder).await;
    let process = Process::start(Kind::Classic, &redis, Duration::from_millis(300));
    eventually("it answers", async || {
        let acks = node.io.server_side_emit_with_ack::<_, u32>("echo", &7).await.expect("sent");
        acks.answers.iter().any(|answer| answer.as_ref().is_ok_and(|it| *it == 7))
    })
    .await;
    process.kill();
    eventually("it has gone", async || node.io.server_count().await == 1).await;
}
