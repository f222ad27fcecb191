//! The order of messages.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use actix_socketio::{HandlerResult, OnMessage, channel};
use serde_json::json;
use tokio::task::yield_now;

use crate::{
    app::{Record, TestServer, builder},
    client::{Client, Mode},
};

in_every_mode! {
    a_channel_has_one_order_for_all_the_sender_included,
    publications_of_two_threads_follow_their_happens_before_order,
    messages_to_one_client_arrive_in_order,
    the_events_of_a_client_are_handled_one_after_the_other,
    a_busy_handler_holds_back_its_own_client_only,
}

async fn publish(event: OnMessage) -> HandlerResult {
    if event.event() == "say" {
        let text: String = event.json()?;
        event.socket.send_and_broadcast_channel("room-1", &text)?;
    }
    Ok(())
}

async fn a_channel_has_one_order_for_all_the_sender_included(mode: Mode) {
    const EACH: usize = 100;
    let server =
        TestServer::start(builder().on_message(publish).route(channel("^room-").allow_publish()));
    let mut clients = Vec::new();
    // Each new connection goes to the next worker.
    for _ in 0..4 {
        let mut client = Client::connect(&server.url, mode).await;
        client.subscribe("room-1").await;
        clients.push(client);
    }
    let threads: Vec<_> = (0..3)
        .map(|thread| {
            let io = server.io.clone();
            thread::spawn(move || {
                for n in 0..EACH {
                    io.broadcast_channel("room-1", &format!("thread {thread}: {n}"))
                        .expect("a publication");
                }
            })
        })
        .collect();
    let senders = clients.iter().enumerate().map(|(at, client)| {
        let transport = client.transport();
        async move {
            for n in 0..EACH {
                transport.send(&format!(r#"2["say","client {at}: {n}"]"#)).await;
            }
        }
    });
    futures_util::future::join_all(senders).await;
    for thread in threads {
        thread.join().expect("no panic");
    }
    // The messages of a client are published when its fence is answered. Those of all clients are
    // when all fences are answered.
    let mut received = Vec::new();
    for client in &mut clients {
        received.push(client.messages().await);
    }
    for (client, received) in clients.iter_mut().zip(&mut received) {
        received.extend(client.messages().await);
    }
    assert_eq!(received[0].len(), 7 * EACH);
    for (at, other) in received.iter().enumerate() {
        assert!(
            *other == received[0],
            "client {at} received another order:\n{other:?}\n{:?}",
            received[0]
        );
    }
    for sender in
        ["thread 0", "thread 1", "thread 2", "client 0", "client 1", "client 2", "client 3"]
    {
        let own: Vec<_> =
            received[0].iter().filter_map(|text| text.as_str()?.strip_prefix(sender)).collect();
        let expected: Vec<_> = (0..EACH).map(|n| format!(": {n}")).collect();
        assert_eq!(own, expected, "{sender}");
    }
}

async fn publications_of_two_threads_follow_their_happens_before_order(mode: Mode) {
    const TURNS: usize = 300;
    let server = TestServer::start(builder().open_channels());
    let mut client = Client::connect(&server.url, mode).await;
    client.subscribe("room-1").await;
    // Threads in a ring: each publishes the number that it receives, and passes on the next one.
    let (hands, turns): (Vec<_>, Vec<_>) = (0..3).map(|_| mpsc::channel()).unzip();
    hands[0].send(0).expect("the first waits");
    let threads: Vec<_> = turns
        .into_iter()
        .enumerate()
        .map(|(at, turns)| {
            let (io, next) = (server.io.clone(), hands[(at + 1) % 3].clone());
            thread::spawn(move || {
                while let Ok(number) = turns.recv() {
                    if number < TURNS {
                        io.broadcast_channel("room-1", &number).expect("a publication");
                    }
                    // The next thread has ended already at the end.
                    if next.send(number + 1).is_err() || number + 1 >= TURNS {
                        return;
                    }
                }
            })
        })
        .collect();
    drop(hands);
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!(client.messages().await, (0..TURNS).map(|number| json!(number)).collect::<Vec<_>>());
}

async fn messages_to_one_client_arrive_in_order(mode: Mode) {
    const COUNT: u32 = 2_000;
    let server = TestServer::start(builder().on_message(async |event: OnMessage| {
        if event.event() == "count" {
            for n in 0..COUNT {
                event.socket.emit("number", &n)?;
            }
        }
        Ok(())
    }));
    let mut client = Client::connect(&server.url, mode).await;
    client.emit("count", json!([])).await;
    for n in 0..COUNT {
        assert_eq!(client.expect_event("number").await, json!([n]));
    }
    assert_eq!(client.fence().await, [""; 0]);
}

async fn the_events_of_a_client_are_handled_one_after_the_other(mode: Mode) {
    const COUNT: usize = 200;
    let record = Record::new();
    let log = record.clone();
    let again = record.clone();
    let server = TestServer::start(
        builder()
            .on_message(async move |event: OnMessage| {
                log.add(format!("{} begins", event.event()));
                // Other publications have every opportunity to overtake it.
                for _ in 0..5 {
                    yield_now().await;
                }
                log.add(format!("{} goes on", event.event()));
                Ok(())
            })
            .on_message(async move |event: OnMessage| {
                yield_now().await;
                again.add(format!("{} ends", event.event()));
                Ok(())
            }),
    );
    let mut client = Client::connect(&server.url, mode).await;
    let packets: Vec<_> = (0..COUNT).map(|n| format!(r#"42["event {n}"]"#)).collect();
    client.transport().send_engine(&packets.join("\x1e")).await.expect("a session");
    client.fence().await;
    let expected: Vec<_> = (0..COUNT)
        .flat_map(|n| ["begins", "goes on", "ends"].map(|what| format!("event {n} {what}")))
        .collect();
    let lines = record.lines();
    assert_eq!(lines[..expected.len()], expected);
}

async fn a_busy_handler_holds_back_its_own_client_only(mode: Mode) {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let wait = Arc::clone(&gate);
    let record = Record::new();
    let log = record.clone();
    let server = TestServer::start(builder().on_message(async move |event: OnMessage| {
        log.add(event.event());
        if event.event() == "wait" {
            wait.acquire().await?.forget();
        }
        Ok(())
    }));
    let mut busy = Client::connect(&server.url, mode).await;
    let mut others =
        [Client::connect(&server.url, mode).await, Client::connect(&server.url, mode).await];
    busy.emit("wait", json!([])).await;
    busy.emit("held back", json!([])).await;
    record.until("wait").await;
    server.io.broadcast("hello").expect("a publication");
    for other in &mut others {
        assert_eq!(other.messages().await, ["hello"]);
    }
    assert_eq!(busy.expect_event("message").await, json!(["hello"]), "it still receives messages");
    assert_eq!(record.count("held back"), 0);
    gate.add_permits(1);
    assert_eq!(busy.fence().await, [""; 0]);
    assert_eq!(record.count("held back"), 1);
}
