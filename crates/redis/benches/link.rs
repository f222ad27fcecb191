//! The cost of the link to Redis for each message, beside the crate `redis` by itself.
//!
//! `cargo bench -p actix-socketio-redis`
//!
//! It starts a `redis-server` of its own. It prints the CPU time of this process for each message
//! of 100 bytes, on Linux: in heaps, and one at a time, where each waits for the one before. A
//! script inside Redis sends the messages to receive, so that only the receiver is measured.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use actix_socketio_redis::internals::link::CountingLink;
use bytes::Bytes;
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, aio::MultiplexedConnection};

const MANY: u64 = 200_000;
const FEW: u64 = 10_000;
const HEAP: u64 = 100;

const PUBLISH: &str = "'PUBLISH', 'in', ARGV[2]";
const ADD: &str = "'XADD', 'stream', 'MAXLEN', '~', '500000', '*', 'data', ARGV[2]";

struct RedisServer(Child, String);

impl RedisServer {
    fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port().to_string();
        drop(free);
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]).stdout(Stdio::null());
        let server = command.spawn().expect("redis-server is installed");
        let server = Self(server, format!("redis://127.0.0.1:{port}"));
        wait("redis-server starts", || server.client().get_connection().is_ok());
        server
    }

    fn client(&self) -> Client {
        Client::open(format!("{}?protocol=resp3", self.1)).expect("an address")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command many times inside Redis.
fn run(client: &Client, command: &str, count: u64) {
    let script = format!("for i = 1, ARGV[1] do redis.call({command}) end");
    let mut connection = client.get_connection().expect("a connection");
    let mut done = 0;
    while done < count {
        // Redis drops a subscriber that is far behind.
        let some = 1_000.min(count - done);
        let mut command = redis::cmd("EVAL");
        command.arg(&script).arg(0).arg(some).arg("x".repeat(100));
        command.exec(&mut connection).expect("it runs");
        done += some;
    }
}

fn main() {
    let server = RedisServer::start();
    let payload = Bytes::from(vec![b'x'; 100]);
    for _ in 0..3 {
        links(&server, &payload);
        bare(&server, &payload);
    }
}

fn links(server: &RedisServer, payload: &Bytes) {
    let link = CountingLink::start(&server.1, "in", Some("stream")).expect("a link");
    wait("the link is ready", || link.is_ready());
    // The subscription is confirmed before the first of these is answered.
    thread::sleep(Duration::from_millis(100));
    let until = |sent: u64| wait("it is sent", || link.sent() >= sent);
    let publish = |channel| while !link.publish(channel, payload.clone()) {};
    measure("link: publish, in heaps", MANY, || {
        let start = link.sent();
        (0..MANY).for_each(|_| publish("unheard"));
        until(start + MANY);
    });
    measure("link: publish, one at a time", FEW, || {
        let start = link.sent();
        for number in 1..=FEW {
            publish("unheard");
            while link.sent() < start + number {
                thread::yield_now();
            }
        }
    });
    let received = |count: u64| wait("all come", || link.received() >= count);
    measure("link: receive, in heaps", MANY, || {
        let start = link.received();
        run(&server.client(), PUBLISH, MANY);
        received(start + MANY);
    });
    measure("link: read a stream", MANY, || {
        let start = link.received();
        run(&server.client(), ADD, MANY);
        received(start + MANY);
    });
    measure("link: append and read back", MANY, || {
        let start = link.received();
        (0..MANY).for_each(|_| while !link.append("stream", payload.clone()) {});
        received(start + MANY);
    });
}

fn bare(server: &RedisServer, payload: &Bytes) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let received = Arc::new(AtomicU64::new(0));
        let counted = received.clone();
        let config = AsyncConnectionConfig::new().set_push_sender(move |info: PushInfo| {
            counted.fetch_add(u64::from(info.kind == PushKind::Message), Relaxed);
            Ok::<(), String>(())
        });
        let client = server.client();
        let connection = client.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = connection.expect("a connection");
        let start = cpu();
        for _ in 0..MANY / HEAP {
            publish(&mut connection, payload, HEAP).await;
        }
        print("bare: publish, pipelines of 100", MANY, start);
        let start = cpu();
        for _ in 0..FEW {
            publish(&mut connection, payload, 1).await;
        }
        print("bare: publish, one at a time", FEW, start);
        connection.subscribe("in").await.expect("it subscribes");
        let start = cpu();
        let sending = thread::spawn(move || run(&client, PUBLISH, MANY));
        while received.load(Relaxed) < MANY {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        print("bare: receive, in heaps", MANY, start);
        sending.join().expect("it has run");
    });
}

async fn publish(connection: &mut MultiplexedConnection, payload: &Bytes, count: u64) {
    let mut pipeline = redis::pipe();
    for _ in 0..count {
        pipeline.cmd("PUBLISH").arg("unheard").arg(&payload[..]);
    }
    let answers = pipeline.query_async::<Vec<u64>>(connection).await;
    assert_eq!(answers.expect("answers").len() as u64, count);
}

fn measure(name: &str, count: u64, run: impl FnOnce()) {
    let start = cpu();
    run();
    print(name, count, start);
}

fn print(name: &str, count: u64, start: Duration) {
    let each = (cpu() - start).as_nanos() as f64 / count as f64 / 1_000.0;
    println!("{name:32} {each:6.2} µs");
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The CPU time of all threads that still run.
fn cpu() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let nanos = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
