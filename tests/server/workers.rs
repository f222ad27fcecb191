//! A worker that hangs is noticed.

use std::{
    future::Future as _,
    pin::pin,
    sync::{Mutex, mpsc},
    task::{Context, Waker},
};

use tokio::{runtime, time::timeout};

use crate::{
    fixture::Fixture,
    raw::WebSocket,
    wait::{PATIENCE, wait_until},
};

#[test]
fn a_worker_that_hangs_does_not_respond_until_it_goes_on() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let (begin, begun) = mpsc::channel::<()>();
    let hanging = Fixture::with(|builder| {
        builder.on("hang", async move || {
            let _ = begin.send(());
            // It blocks the thread of its worker, and not only its client.
            let _ = released.lock().expect("no panic").recv();
            Ok(())
        })
    });
    let working = Fixture::new();
    let runtime = runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        timeout(PATIENCE, hanging.io.workers_respond()).await.expect("it does not hang yet");
    });
    let mut client = WebSocket::open(hanging.addr);
    client.join();
    client.send(r#"42["hang"]"#);
    wait_until("the handler runs", || begun.try_recv().is_ok());

    let mut answer = pin!(hanging.io.workers_respond());
    let mut has_answered =
        || answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    assert!(!has_answered());
    // Another server, which was asked later, has answered meanwhile.
    runtime.block_on(async {
        timeout(PATIENCE, working.io.workers_respond()).await.expect("it does not hang");
    });
    assert!(!has_answered());
    release.send(()).expect("the handler waits");
    wait_until("the worker goes on", has_answered);
}
