//! Servers of programs with `#[tokio::main]`, and servers that are built at a wrong place.

#[allow(dead_code)]
#[path = "common/raw/mod.rs"]
mod raw;
#[allow(dead_code)]
#[path = "common/wait.rs"]
mod wait;

use std::{net::SocketAddr, sync::OnceLock};

use actix_socketio::{
    Builder, HandlerResult, OnMessage, SocketIo, SocketIoServerExt as _, channel,
};
use actix_web::{App, HttpServer, dev::ServerHandle};
use parking_lot::Mutex;
use raw::{PollingSession, WebSocket};
use wait::wait_until;

/// The lines of the log that are about two servers at one place.
fn reports() -> &'static Mutex<Vec<String>> {
    struct Reports(Mutex<Vec<String>>);

    impl log::Log for Reports {
        fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
            metadata.level() == log::Level::Error
        }

        fn log(&self, record: &log::Record<'_>) {
            let line = record.args().to_string();
            if self.enabled(record.metadata()) && line.contains("a server each") {
                self.0.lock().push(line);
            }
        }

        fn flush(&self) {}
    }

    static REPORTS: OnceLock<&'static Reports> = OnceLock::new();
    let reports = REPORTS.get_or_init(|| {
        let reports: &Reports = Box::leak(Box::new(Reports(Mutex::default())));
        log::set_logger(reports).expect("no other logger is set");
        log::set_max_level(log::LevelFilter::Error);
        reports
    });
    &reports.0
}

fn reports_of(addr: SocketAddr) -> Vec<String> {
    let addr = addr.to_string();
    reports().lock().iter().filter(|line| line.contains(&addr)).cloned().collect()
}

async fn echo(event: OnMessage) -> HandlerResult {
    event.ack(&event.json::<String>()?)?;
    Ok(())
}

fn builder() -> Builder {
    SocketIo::builder().on_message(echo).route(channel("^room$"))
}

/// What `#[tokio::main(flavor = "current_thread")]` makes of an async `main`. With the other flavor,
/// `main` has no local tasks either. It would enlarge types that all tests use.
fn tokio_main<T>(main: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(main)
}

/// Runs a server with two workers beside `clients`, which is blocking code.
async fn serve<I: Into<Option<SocketIo>>>(
    io: I,
    clients: impl FnOnce(SocketAddr) + Send + 'static,
) {
    let io = io.into();
    let given = io.clone();
    let server = HttpServer::new(move || {
        // Without a server from outside, each worker builds its own: the mistake.
        let io = given.clone().unwrap_or_else(|| builder().build().expect("a server"));
        App::new().configure(io.mount())
    })
    .workers(2);
    let server = match &io {
        Some(io) => server.socketio(io),
        None => server,
    };
    let server = server.disable_signals().shutdown_timeout(1).bind("127.0.0.1:0").expect("a port");
    let addr = server.addrs()[0];
    let running = server.run();
    let handle: ServerHandle = running.handle();
    let clients = tokio::task::spawn_blocking(move || clients(addr));
    let stopping = async move {
        let outcome = clients.await;
        handle.stop(false).await;
        outcome.expect("the clients are content");
    };
    let (served, ()) = futures_util::join!(running, stopping);
    served.expect("the server runs");
}

/// Uses each way of a server: both transports, an answer, a subscription, a publication.
fn use_all_of_it(io: &SocketIo, addr: SocketAddr) {
    let (polling, _) = PollingSession::join(addr);
    polling.assert_works();
    let mut websocket = WebSocket::open(addr);
    websocket.join();
    websocket.send(r#"420["message","hello"]"#);
    assert_eq!(websocket.text(), r#"430["hello"]"#);
    websocket.send(r#"421["subscribe","room"]"#);
    assert_eq!(websocket.text(), "431[null]");
    io.broadcast_channel("room", "news").expect("it is queued");
    assert_eq!(websocket.text(), r#"42["message","news"]"#);
    polling.close();
}

#[test]
fn a_server_works_under_tokio_main() {
    reports();
    tokio_main(async {
        let io = builder().build().expect("a server");
        // Nothing has connected, so no worker has begun.
        let receipt = io.to("room").publish("news", "early").await.expect("it is published");
        assert_eq!(receipt.delivered, 0);
        let (used, ended) = (io.clone(), io.clone());
        serve(io, move |addr| {
            use_all_of_it(&used, addr);
            assert_eq!(reports_of(addr), [""; 0]);
        })
        .await;
        assert!(ended.shutdown().await, "no connection is left");
    });
}

#[test]
fn a_server_can_be_built_before_its_system_runs() {
    reports();
    let before = builder().build().expect("a server without a runtime");
    let system = actix_web::rt::System::new();
    let io = builder().build().expect("a server before the system runs");
    for io in [before, io] {
        let used = io.clone();
        system.block_on(serve(io, move |addr| use_all_of_it(&used, addr)));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_thread_of_a_server_ends_with_it() {
    let name = || {
        let threads = std::fs::read_dir("/proc/self/task").expect("Linux lists the threads");
        threads
            .flatten()
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok())
            .filter(|name| name.trim_end() == "actix-socketio")
            .count()
    };
    let servers: Vec<_> = (0..20).map(|_| builder().build().expect("a server")).collect();
    // A thread has its name when it has begun to run.
    wait_until("the threads have begun", || name() >= 20);
    drop(servers);
    // The servers of other tests may have threads, too.
    wait_until("the threads end", || name() < 10);
}

#[test]
fn servers_that_workers_build_for_themselves_are_reported_once() {
    reports();
    for is_tokio in [false, true] {
        let mistake = serve(None, |addr| {
            wait_until("the mistake is reported", || !reports_of(addr).is_empty());
            // Both workers answer by now.
            for _ in 0..4 {
                drop(PollingSession::open(addr));
            }
            let lines = reports_of(addr);
            assert_eq!(lines.len(), 1, "{lines:?}");
            for part in ["path /socket.io", "Session ID unknown", "`build` once", "io.clone()"] {
                assert!(lines[0].contains(part), "{part}: {}", lines[0]);
            }
        });
        if is_tokio {
            tokio_main(mistake);
        } else {
            actix_web::rt::System::new().block_on(mistake);
        }
    }
}

#[actix_web::test]
async fn servers_in_their_places_are_not_reported() {
    reports();
    // Each test of an application builds one on its thread, and there is no address.
    let kept: Vec<_> = (0..3).map(|_| builder().build().expect("a server")).collect();
    for io in &kept {
        let _app = actix_web::test::init_service(App::new().configure(io.mount())).await;
    }
    let elsewhere = std::thread::spawn(|| {
        actix_web::rt::System::new().block_on(async {
            let io = builder().build().expect("a server");
            let _app = actix_web::test::init_service(App::new().configure(io.mount())).await;
            io
        })
    });
    let _io = elsewhere.join().expect("an application");
    assert!(reports().lock().iter().all(|line| !line.contains("127.0.0.1:8080")));
    // Two servers at one path, of two programs in one process.
    for io in [kept[0].clone(), kept[1].clone()] {
        serve(io, |addr| {
            PollingSession::open(addr);
            assert_eq!(reports_of(addr), [""; 0]);
        })
        .await;
    }
}
