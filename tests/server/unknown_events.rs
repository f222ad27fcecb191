//! Events that no handler takes: they are counted, logged, and answered.

use actix_socketio::{HandlerError, HandlerResult, OnMessage, Socket, SocketIo, channel};
use serde_json::{Value, json};

use crate::{
    app::{Record, TestServer, builder},
    client::{Client, Mode},
};

in_every_mode! {
    a_client_that_waits_reads_that_no_handler_takes_its_event,
    on_unknown_receives_what_no_other_handler_takes,
    a_handler_of_every_event_takes_each,
}

fn no_such_event() -> Value {
    json!([{"message": "no such event"}])
}

async fn a_client_that_waits_reads_that_no_handler_takes_its_event(mode: Mode) {
    // The last server has no handler of events at all.
    for builder in [SocketIo::builder().on("known", async || Ok(1)), SocketIo::builder()] {
        let server = TestServer::start(builder.route(channel("room-").on("known", async || Ok(2))));
        let mut client = Client::connect(&server.url, mode).await;
        assert_eq!(client.emit_with_ack("unknown", json!([1])).await, no_such_event());
        client.emit("unknown", json!([1])).await;
        client.subscribe("room-1").await;
        assert_ne!(client.emit_with_ack("known", json!([])).await, no_such_event());
        assert_eq!(client.rest(), [""; 0], "a client that asked for nothing gets nothing");
        assert_eq!(server.io.stats().unknown_events, 2);
        assert!(server.io.stats().handler_failures.values().all(|count| *count == 0));
    }
}

async fn on_unknown_receives_what_no_other_handler_takes(mode: Mode) {
    let record = Record::new();
    let [unknown, fails] = [(); 2].map(|()| record.clone());
    let server = TestServer::start(
        SocketIo::builder()
            .on_unknown(async move |event: OnMessage, socket: Socket| {
                tokio::task::yield_now().await;
                unknown.add(format!("{} in {}", event.event(), socket.namespace()));
                match event.event() {
                    "answered" => Ok(event.ack("an answer")?),
                    "refused" => Err(HandlerError::reject("not here")),
                    _ => Ok(()),
                }
            })
            .on_unknown(async move |event: OnMessage| {
                fails.add(format!("again {}", event.event()));
                Ok(())
            })
            .on("known", async || Ok(1))
            .route(channel("room-").on("routed", async || Ok(2)).on_message(
                async |event: OnMessage| match event.event() {
                    "taken" => Ok(event.ack("taken")?),
                    _ => Ok(()),
                },
            )),
    );
    let mut client = Client::connect(&server.url, mode).await;
    for (event, answer) in [
        ("known", json!([1])),
        ("routed", no_such_event()),
        ("answered", json!(["an answer"])),
        ("refused", json!([{"message": "not here"}])),
    ] {
        assert_eq!(client.emit_with_ack(event, json!([])).await, answer, "{event}");
    }
    client.subscribe("room-1").await;
    assert_eq!(client.emit_with_ack("routed", json!([])).await, json!([2]));
    assert_eq!(client.emit_with_ack("taken", json!([])).await, json!(["taken"]));
    let expected = ["routed", "answered", "refused"]
        .map(|event| [format!("{event} in /"), format!("again {event}")])
        .concat();
    assert_eq!(record.lines(), expected);
    assert_eq!(server.io.stats().unknown_events, 3);
}

async fn a_handler_of_every_event_takes_each(mode: Mode) {
    async fn unknown(_: OnMessage) -> HandlerResult {
        Err(HandlerError::reject("never"))
    }
    let server = TestServer::start(builder().on("known", async || Ok(1)).on_unknown(unknown));
    let mut client = Client::connect(&server.url, mode).await;
    client.send(r#"21["not answered"]"#).await;
    assert_eq!(client.fence().await, [""; 0], "the handler may answer later");
    assert_eq!(server.io.stats().unknown_events, 0);
}
