//! A server that shuts down notifies every client, and lets the handlers of every socket finish.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix_socketio::{OnFinish, OnMessage, SocketIo, channel};
use serde_json::json;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    app::{Record, TestServer, builder, recorder},
    client::{Client, Mode},
    raw::PollingSession,
    transport::http,
    wait::PATIENCE,
};

in_every_mode! {
    a_shutdown_runs_every_life_to_its_end,
    a_shutdown_waits_for_what_is_under_way,
    a_handler_receives_all_events_of_its_client_during_a_shutdown,
    a_handler_that_does_not_end_does_not_delay_the_close_of_clients,
    a_shutdown_does_not_wait_for_ever,
    a_shutdown_waits_until_the_extensions_are_dropped,
}

async fn a_shutdown_runs_every_life_to_its_end(mode: Mode) {
    const CLIENTS: usize = 6;
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder).route(channel("^room-")));
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = Client::connect(&server.url, mode).await;
        client.subscribe("room-1").await;
        clients.push(client);
    }
    assert_eq!(server.io.connections(), CLIENTS);
    // A session without a namespace has no socket, and must end, too.
    let mut nowhere = Client::open(&server.url, mode).await;
    let done = timeout(PATIENCE, server.io.shutdown()).await.expect("the shutdown ends");
    assert!(done);
    assert_eq!(server.io.connections(), 0);
    for line in ["connect", "disconnect: server shutting down", "unsubscribe room-1", "finish"] {
        assert_eq!(record.count(line), CLIENTS, "{line}");
    }
    for client in &mut clients {
        client.closed().await;
        // After a DISCONNECT packet, the client would not reconnect by itself.
        assert_eq!(client.rest(), [""; 0]);
    }
    nowhere.closed().await;
    assert!(
        timeout(PATIENCE, server.io.shutdown()).await.expect("the shutdown ends"),
        "all clients are gone"
    );
}

async fn a_shutdown_waits_for_what_is_under_way(mode: Mode) {
    let record = Record::new();
    let gate = Arc::new(Semaphore::new(0));
    let (log, wait, finish) = (record.clone(), Arc::clone(&gate), record.clone());
    let server = TestServer::start(
        builder()
            .on_message(async move |event: OnMessage| {
                log.add(event.event());
                wait.acquire().await?.forget();
                log.add("done");
                Ok(event.ack("done")?)
            })
            .on_finish(async move |_: OnFinish| {
                finish.add("finish");
                Ok(())
            }),
    );
    let mut client = Client::connect(&server.url, mode).await;
    for event in ["one", "two"] {
        client.send(&format!(r#"27["{event}"]"#)).await;
    }
    record.until("one").await;
    // These are CONNECT and both events.
    let received = async {
        while server.io.stats().messages_received < 3 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, received).await.expect("both have come");
    let io = server.io.clone();
    let shutdown = actix_web::rt::spawn(async move { io.shutdown().await });
    // The server accepts nothing any more: later packets are not handled.
    let refused = async {
        while http()
            .get(format!("{}/socket.io/?EIO=4&transport=polling", server.url))
            .send()
            .await
            .expect("an answer")
            .status()
            != 503
        {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, refused).await.expect("a handshake is refused");
    assert!(!shutdown.is_finished(), "the handler is not done");
    gate.add_permits(2);
    for _ in 0..2 {
        assert_eq!(
            client.recv().await,
            r#"37["done"]"#,
            "what is under way is answered before the end"
        );
    }
    client.closed().await;
    assert!(timeout(PATIENCE, shutdown).await.expect("the shutdown ends").expect("no panic"));
    assert_eq!(record.lines(), ["one", "done", "two", "done", "finish"]);
}

/// A handler may wait for a packet of the client.
async fn a_handler_receives_all_events_of_its_client_during_a_shutdown(mode: Mode) {
    let record = Record::new();
    let log = record.clone();
    let server = TestServer::start(builder().on_message(async move |event: OnMessage| {
        log.add("asked");
        let answer: u32 = event.socket.emit_with_ack("how many?", &()).await?;
        Ok(event.ack(&answer)?)
    }));
    let mut client = Client::connect(&server.url, mode).await;
    client.send(r#"25["ask me"]"#).await;
    let question = client.recv().await;
    let id = question
        .strip_prefix('2')
        .and_then(|rest| rest.split_once('['))
        .expect("a question")
        .0
        .to_owned();
    record.until("asked").await;
    let io = server.io.clone();
    let shutdown = actix_web::rt::spawn(async move { io.shutdown().await });
    tokio::task::yield_now().await;
    client.send(&format!("3{id}[42]")).await;
    assert_eq!(client.recv().await, "35[42]");
    client.closed().await;
    assert!(timeout(PATIENCE, shutdown).await.expect("the shutdown ends").expect("no panic"));
}

/// A client whose handler does not end is notified, too.
async fn a_handler_that_does_not_end_does_not_delay_the_close_of_clients(mode: Mode) {
    let server =
        TestServer::start(builder().shutdown_timeout(Duration::from_millis(400)).on_message(
            async |event: OnMessage| {
                event.socket.emit("begun", &())?;
                std::future::pending().await
            },
        ));
    let mut client = Client::connect(&server.url, mode).await;
    client.emit("endless", json!([])).await;
    client.expect_event("begun").await;
    assert!(
        !timeout(PATIENCE, server.io.shutdown()).await.expect("the shutdown ends"),
        "its OnFinish has not run"
    );
    client.closed().await;
}

/// The pauses pass when the test lets them, so a busy machine has as long as it needs for each part.
#[actix_web::test]
async fn the_ends_of_many_are_spread() {
    const CLIENTS: usize = 250;
    const WINDOW: Duration = Duration::from_millis(200);
    let server = TestServer::start(builder().shutdown_window(WINDOW));
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::connect(&server.url, Mode::WebSocket).await);
    }
    // The clock of this thread, which a shutdown has as well. The workers have their own.
    tokio::time::pause();
    let begun = std::time::Instant::now();
    let ends = async {
        for left in [150, 50, 0] {
            while server.io.connections() > left {
                assert!(begun.elapsed() < PATIENCE, "{} are left", server.io.connections());
                tokio::task::yield_now().await;
            }
            for _ in 0..100 {
                tokio::task::yield_now().await;
                assert_eq!(server.io.connections(), left, "the next are not notified yet");
            }
            // Tokio rounds up to whole milliseconds.
            tokio::time::advance(WINDOW / 2 + Duration::from_millis(1)).await;
        }
    };
    let (done, ()) = futures_util::future::join(server.io.shutdown(), ends).await;
    tokio::time::resume();
    assert!(done);
    for client in &mut clients {
        client.closed().await;
    }
}

async fn a_shutdown_does_not_wait_for_ever(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder()
            .shutdown_timeout(Duration::from_millis(100))
            .to(&recorder)
            .on_finish(async |_: OnFinish| std::future::pending().await),
    );
    let _client = Client::connect(&server.url, mode).await;
    assert!(!timeout(PATIENCE, server.io.shutdown()).await.expect("the shutdown ends"));
    assert_eq!(server.io.connections(), 1);
    record.until("finish").await;
}

/// A client that has gone between two polls closes no connection that the server could notice.
#[actix_web::test]
async fn a_shutdown_waits_for_a_client_that_is_gone_as_long_as_its_polls_were_apart() {
    // A quarter of it is longer than the test waits.
    let server =
        TestServer::start(builder().shutdown_timeout(40 * PATIENCE).close_timeout(10 * PATIENCE));
    let addr = server.url.strip_prefix("http://").expect("a URL").parse().expect("an address");
    let joined = tokio::task::spawn_blocking(move || drop(PollingSession::join(addr)));
    joined.await.expect("it joins");
    assert_eq!(server.io.connections(), 1);
    let ended = timeout(PATIENCE, server.io.shutdown()).await.expect("the shutdown ends");
    assert!(ended);
}

/// Notes how many connections there are when it is dropped.
struct DropNote(Arc<OnceLock<SocketIo>>, Record);

impl Drop for DropNote {
    fn drop(&mut self) {
        let io = self.0.get().expect("the server is built");
        self.1.add(format!("dropped with {} connections", io.connections()));
    }
}

/// An application may close what the extensions use as soon as the shutdown is done.
async fn a_shutdown_waits_until_the_extensions_are_dropped(mode: Mode) {
    let (record, handle) = (Record::new(), Arc::<OnceLock<SocketIo>>::default());
    let (log, io) = (record.clone(), Arc::clone(&handle));
    let server = TestServer::start(builder().on_handshake(move |_, extensions| {
        extensions.insert(DropNote(Arc::clone(&io), log.clone()));
        Ok(())
    }));
    assert!(handle.set(server.io.clone()).is_ok());
    let _client = Client::connect(&server.url, mode).await;
    assert!(timeout(PATIENCE, server.io.shutdown()).await.expect("the shutdown ends"));
    assert_eq!(record.lines(), ["dropped with 1 connections"]);
}
