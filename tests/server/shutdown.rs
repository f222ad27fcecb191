//! A server that goes down tells everyone, and lets every life come to its end.

use std::{sync::Arc, time::Duration};

use actix_socketio::{OnFinish, OnMessage, channel};
use serde_json::json;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    app::{PATIENCE, Record, Server, builder, recorder},
    client::{Client, Mode},
};

in_every_mode! {
    a_shutdown_runs_every_life_to_its_end,
    a_shutdown_waits_for_what_is_under_way,
    a_shutdown_does_not_wait_for_ever,
}

async fn a_shutdown_runs_every_life_to_its_end(mode: Mode) {
    const CLIENTS: usize = 6;
    let (record, recorder) = recorder();
    let server = Server::start(builder().to(&recorder).route(channel("^room-")));
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = Client::connect(&server.url, mode).await;
        client.subscribe("room-1").await;
        clients.push(client);
    }
    assert_eq!(server.io.connections(), CLIENTS);
    // One that is in no namespace has no life, and must go all the same.
    let mut nowhere = Client::open(&server.url, mode).await;
    let done = timeout(PATIENCE, server.io.shutdown()).await.expect("it comes to an end");
    assert!(done);
    assert_eq!(server.io.connections(), 0);
    for line in ["connect", "disconnect: server shutting down", "unsubscribe room-1", "finish"] {
        assert_eq!(record.count(line), CLIENTS, "{line}");
    }
    for client in &mut clients {
        client.closed().await;
        // With a DISCONNECT packet, it would not come back by itself.
        assert_eq!(client.rest(), [""; 0]);
    }
    nowhere.closed().await;
    assert!(timeout(PATIENCE, server.io.shutdown()).await.expect("it comes to an end"), "nobody is left");
}

async fn a_shutdown_waits_for_what_is_under_way(mode: Mode) {
    let record = Record::new();
    let gate = Arc::new(Semaphore::new(0));
    let (log, wait, finish) = (record.clone(), Arc::clone(&gate), record.clone());
    let server = Server::start(
        builder()
            .on_message(async move |event: OnMessage| {
                log.add(event.event());
                wait.acquire().await?.forget();
                log.add("done");
                Ok(())
            })
            .on_finish(async move |_: OnFinish| {
                finish.add("finish");
                Ok(())
            }),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.emit("long", json!([])).await;
    record.until("long").await;
    let io = server.io.clone();
    let shutdown = actix_web::rt::spawn(async move { io.shutdown().await });
    client.closed().await;
    assert!(!shutdown.is_finished(), "the handler is not done");
    gate.add_permits(1);
    assert!(timeout(PATIENCE, shutdown).await.expect("it comes to an end").expect("no panic"));
    assert_eq!(record.lines(), ["long", "done", "finish"]);
}

async fn a_shutdown_does_not_wait_for_ever(mode: Mode) {
    let (record, recorder) = recorder();
    let server = Server::start(
        builder()
            .shutdown_timeout(Duration::from_millis(100))
            .to(&recorder)
            .on_finish(async |_: OnFinish| std::future::pending().await),
    );
    let _client = Client::connect(&server.url, mode).await;
    assert!(!timeout(PATIENCE, server.io.shutdown()).await.expect("it comes to an end"));
    assert_eq!(server.io.connections(), 1);
    record.until("finish").await;
}
