//! The path of publications is probed, and the probes leave no trace.

use std::{
    future::Future as _,
    pin::pin,
    sync::{Mutex, mpsc},
    task::{Context, Waker},
    time::Duration,
};

use actix_socketio::{Builder, PathHealth, PathOutcome, SocketIo};

use crate::{fixture::Fixture, raw::WebSocket, wait::wait_until};

/// The interval of the probes here.
const INTERVAL: Duration = Duration::from_millis(5);

fn probing(builder: Builder) -> Builder {
    builder.path_interval(INTERVAL).path_timeout(Duration::from_millis(500))
}

fn is_whole(io: &SocketIo) -> bool {
    io.path_health().as_ref().is_some_and(PathHealth::is_whole)
}

/// Waits for a probe that begins after this call.
fn wait_for_new_probe(io: &SocketIo) {
    let age = || io.path_health().map(|path| path.age);
    wait_until("a first result", || age().is_some());
    for _ in 0..2 {
        let mut before = age();
        wait_until("another result", || {
            let now = age();
            std::mem::replace(&mut before, now) > now
        });
    }
}

#[test]
fn probes_come_out_of_each_worker_and_leave_no_trace() {
    let fixture = Fixture::with(|builder| probing(builder).open_channels());
    let io = &fixture.io;
    let mut client = WebSocket::open(fixture.addr);
    client.join();
    let (namespaces, before) = (io.namespaces(), io.stats());
    assert_eq!(before.path_probe, Duration::ZERO, "nothing is probed before it is asked for");
    let mut changes = io.changes();
    let mut change = pin!(changes.next());

    wait_until("the path is whole", || is_whole(io));
    wait_for_new_probe(io);
    let path = io.path_health().expect("a result");
    assert!(path.workers.time().is_some_and(|time| time > Duration::ZERO), "{path:?}");
    assert_eq!(path.cluster, None);

    let changed = change.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(changed.is_pending(), "{changed:?}");
    assert_eq!(io.namespaces(), namespaces);
    let mut after = io.stats();
    assert!(after.path_probe > Duration::ZERO);
    after.path_probe = before.path_probe;
    assert_eq!(after, before, "the probes count for themselves alone");
}

#[test]
fn a_worker_that_a_handler_blocks_breaks_the_path_until_it_goes_on() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let (begin, begun) = mpsc::channel::<()>();
    let fixture = Fixture::with(|builder| {
        probing(builder).path_timeout(Duration::from_millis(20)).on("hang", async move || {
            let _ = begin.send(());
            // It blocks the thread of its worker, and not only its client.
            let _ = released.lock().expect("no panic").recv();
            Ok(())
        })
    });
    let io = &fixture.io;
    wait_until("the path is whole", || is_whole(io));
    let mut client = WebSocket::open(fixture.addr);
    client.join();
    client.send(r#"42["hang"]"#);
    wait_until("the handler runs", || begun.try_recv().is_ok());

    let is_broken = || io.path_health().is_some_and(|path| path.workers == PathOutcome::Broken);
    wait_until("the path is broken", is_broken);
    assert!(!is_whole(io));
    let failures = io.stats().path_probe_failures;
    wait_until("it stays broken", || io.stats().path_probe_failures > failures + 2);
    assert!(is_broken(), "the probe that waits is not taken for a new one");

    release.send(()).expect("the handler waits");
    wait_until("the path is whole again", || is_whole(io));
}

#[test]
fn a_handle_of_another_namespace_knows_the_same_path() {
    let fixture = Fixture::with(|builder| probing(builder).namespace("/admin", |admin| admin));
    let admin = fixture.io.of("/admin");
    wait_until("the path is whole", || is_whole(&admin));
    assert!(is_whole(&fixture.io));
}
