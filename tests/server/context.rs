//! What handlers know about a client: its handshake, and the data that they have stored.

use std::{sync::Arc, thread};

use actix_socketio::{HandlerResult, OnMessage, Socket, channel};
use serde::Deserialize;
use serde_json::json;

use crate::{
    app::{Record, TestServer, builder},
    client::{Client, Mode},
};

in_every_mode! {
    all_seven_events_know_how_the_client_came_and_what_was_noted,
    an_update_of_the_context_is_one_step,
    clients_have_nothing_in_common,
}

/// The result of the handshake.
struct User(String);

#[derive(Deserialize)]
struct Query {
    team: String,
}

#[derive(Deserialize)]
struct Auth {
    token: u32,
}

/// Records the data that this event can read, and adds a note of its own.
fn note(record: &Record, event: &str, socket: &Socket) -> HandlerResult {
    let user = socket.extensions().get::<User>().map(|user| user.0.clone()).unwrap_or_default();
    let Query { team } = socket.handshake().query()?;
    let Auth { token } = socket.handshake().auth()?;
    let header = socket.handshake().header("x-wish").unwrap_or_default();
    let local = socket.handshake().peer_addr().is_some_and(|addr| addr.ip().is_loopback());
    socket.context().update("events", |events: Option<Vec<String>>| {
        let mut events = events.unwrap_or_default();
        events.push(event.to_owned());
        events
    })?;
    let events: Option<Vec<String>> = socket.context().get("events")?;
    record.add(format!(
        "{user} {team} {token} {header} {local} {}",
        events.unwrap_or_default().join(",")
    ));
    Ok(())
}

async fn all_seven_events_know_how_the_client_came_and_what_was_noted(mode: Mode) {
    let record = Record::new();
    /// A handler of the event, as a closure.
    macro_rules! noting {
        ($event:ident) => {{
            let record = record.clone();
            async move |event: actix_socketio::$event| {
                note(&record, stringify!($event), &event.socket)
            }
        }};
    }
    let failing = async |event: OnMessage| {
        if event.event() == "fail" {
            event.json::<u8>()?;
        }
        Ok(())
    };
    let server = TestServer::start(
        builder()
            .on_handshake(|request, extensions| {
                let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
                extensions.insert(User(user.unwrap_or("nobody").to_owned()));
                Ok(())
            })
            .on_connect(noting!(OnConnect))
            .on_subscribe(noting!(OnSubscribe))
            .on_message(noting!(OnMessage))
            .on_message(failing)
            .on_error(noting!(OnError))
            .on_unsubscribe(noting!(OnUnsubscribe))
            .on_disconnect(noting!(OnDisconnect))
            .on_finish(noting!(OnFinish))
            .route(channel("^room-")),
    );
    let headers = [("x-user", "ada"), ("x-wish", "peace")];
    let mut client =
        Client::ask(&server.url, mode, "&team=blue", &headers, r#"0{"token":7}"#).await;
    assert!(client.recv().await.starts_with(r#"0{"sid":"#));
    client.subscribe("room-1").await;
    client.emit("fail", json!(["no number"])).await;
    client.close().await;
    server.wait_until_empty().await;
    let mut events = Vec::new();
    let expected: Vec<_> = [
        "OnConnect",
        "OnSubscribe",
        "OnMessage",
        "OnError",
        "OnDisconnect",
        "OnUnsubscribe",
        "OnFinish",
    ]
    .iter()
    .map(|event| {
        events.push(*event);
        format!("ada blue 7 peace true {}", events.join(","))
    })
    .collect();
    assert_eq!(record.lines(), expected);
}

async fn an_update_of_the_context_is_one_step(mode: Mode) {
    const THREADS: u32 = 4;
    const EACH: u32 = 500;
    async fn count(event: OnMessage) -> HandlerResult {
        match event.event() {
            "who am i" => event.ack(&event.socket.id())?,
            "count" => event
                .socket
                .context()
                .update("count", |count: Option<u32>| count.unwrap_or(0) + 1)?,
            "how many" => event.ack(&event.socket.context().get::<u32>("count")?)?,
            _ => {}
        }
        Ok(())
    }
    let server = TestServer::start(builder().on_message(count));
    let mut client = Client::connect(&server.url, mode).await;
    let id = client.emit_with_ack("who am i", json!([])).await;
    let socket = server
        .io
        .socket(&id[0].as_str().expect("an id").parse().expect("an id"))
        .expect("it exists");
    let start = Arc::new(std::sync::Barrier::new(THREADS as usize + 1));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (socket, start) = (socket.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                for _ in 0..EACH {
                    let counted = socket
                        .context()
                        .update("count", |count: Option<u32>| count.unwrap_or(0) + 1);
                    counted.expect("a number");
                }
            })
        })
        .collect();
    start.wait();
    for _ in 0..10 {
        client.emit("count", json!([])).await;
    }
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!(client.emit_with_ack("how many", json!([])).await, json!([THREADS * EACH + 10]));
}

async fn clients_have_nothing_in_common(mode: Mode) {
    async fn remember(event: OnMessage) -> HandlerResult {
        if event.event() == "remember" {
            let before: Option<String> = event.socket.context().get("word")?;
            event.socket.context().insert("word", event.json::<String>()?)?;
            event.ack(&before)?;
        }
        Ok(())
    }
    let server = TestServer::start(builder().on_message(remember));
    let mut ada = Client::connect(&server.url, mode).await;
    let mut bob = Client::connect(&server.url, mode).await;
    assert_eq!(ada.emit_with_ack("remember", json!(["apple"])).await, json!([null]));
    assert_eq!(bob.emit_with_ack("remember", json!(["pear"])).await, json!([null]));
    assert_eq!(ada.emit_with_ack("remember", json!([""])).await, json!(["apple"]));
    assert_eq!(bob.emit_with_ack("remember", json!([""])).await, json!(["pear"]));
}
