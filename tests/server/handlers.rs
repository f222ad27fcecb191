//! Everything that can be a handler, and which handlers receive an event.

use std::time::Duration;

use actix::prelude::*;
use actix_socketio::{
    HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, OnSubscribe,
    OnUnsubscribe, SocketHandler, SocketIo, channel,
};
use serde_json::json;

use crate::{
    app::{Record, TestServer, builder, recorder},
    client::{Client, Mode},
};

in_every_mode! {
    every_kind_of_handler_is_asked_in_the_order_of_registration,
    an_actor_is_registered_for_all_events_that_it_lists,
    an_event_of_a_channel_is_for_the_handlers_of_its_routes,
    any_other_event_is_for_the_routes_of_all_the_clients_channels,
    the_first_objection_ends_the_question,
    a_handler_that_fails_does_not_keep_an_event_from_the_others,
    a_handler_that_never_answers_is_an_error_and_the_next_event_goes_on,
    a_client_whose_on_connect_handler_never_answers_is_refused,
}

/// An actor that answers immediately.
struct Quick(Record, &'static str);

impl Actor for Quick {
    type Context = Context<Self>;
}

impl Handler<OnMessage> for Quick {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        self.0.add(format!("{}: {}", self.1, event.event()));
        Ok(())
    }
}

/// An actor that answers with a future.
struct Slow(Record);

impl Actor for Slow {
    type Context = Context<Self>;
}

impl Handler<OnMessage> for Slow {
    type Result = ResponseFuture<HandlerResult>;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        let record = self.0.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            record.add(format!("slow actor: {}", event.event()));
            Ok(())
        })
    }
}

/// An actor in a pool of threads. It may block.
struct Blocking(Record);

impl Actor for Blocking {
    type Context = SyncContext<Self>;
}

impl Handler<OnMessage> for Blocking {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        std::thread::yield_now();
        self.0.add(format!("pool: {}", event.event()));
        Ok(())
    }
}

async fn every_kind_of_handler_is_asked_in_the_order_of_registration(mode: Mode) {
    /// A function that finds the record without capturing it.
    async fn function(event: OnMessage) -> HandlerResult {
        if let Some(record) = event.socket.extensions().get::<Record>() {
            record.add(format!("function: {}", event.event()));
        }
        Ok(())
    }
    let record = Record::new();
    let (own, lent) = (record.clone(), record.clone());
    let pooled = record.clone();
    let pool = SyncArbiter::start(2, move || Blocking(pooled.clone()));
    let recipient: Recipient<OnMessage> = Quick(record.clone(), "recipient").start().recipient();
    let actor = Quick(record.clone(), "actor").start();
    let server = TestServer::start(
        SocketIo::builder()
            .on_handshake(move |_, extensions| {
                extensions.insert(own.clone());
                Ok(())
            })
            .on_message(function)
            .on_message(&actor)
            .on_message(Slow(record.clone()).start())
            .on_message(recipient)
            .on_message(&pool)
            // Its future borrows what it has captured.
            .on_message(async move |event: OnMessage| {
                let record = &lent;
                tokio::task::yield_now().await;
                record.add(format!("closure: {}", event.event()));
                event.ack(&())?;
                Ok(())
            }),
    );
    let mut client = Client::connect(&server.url, mode).await;
    let mut expected = Vec::new();
    for event in ["one", "two", "three"] {
        client.emit_with_ack(event, json!([])).await;
        for handler in ["function", "actor", "slow actor", "recipient", "pool", "closure"] {
            expected.push(format!("{handler}: {event}"));
        }
    }
    assert_eq!(record.lines(), expected);
}

/// An actor that handles two of the seven events.
struct Gate(Record);

impl Actor for Gate {
    type Context = Context<Self>;
}

impl SocketHandler for Gate {
    type Events = (OnSubscribe, OnUnsubscribe);
}

impl Handler<OnSubscribe> for Gate {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnSubscribe, _: &mut Self::Context) -> Self::Result {
        self.0.add(format!("gate: subscribe {}", event.channel));
        Ok(())
    }
}

impl Handler<OnUnsubscribe> for Gate {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnUnsubscribe, _: &mut Self::Context) -> Self::Result {
        self.0.add(format!("gate: unsubscribe {}", event.channel));
        Ok(())
    }
}

async fn an_actor_is_registered_for_all_events_that_it_lists(mode: Mode) {
    let (record, recorder) = recorder();
    let gate = Gate(record.clone()).start();
    let server = TestServer::start(
        builder().to(&recorder).route(channel("a").to(&gate)).route(channel("b")),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.subscribe("a").await;
    client.subscribe("b").await;
    client.emit("hello", json!([])).await;
    client.close().await;
    server.wait_until_empty().await;
    assert_eq!(
        record.lines(),
        [
            "connect",
            "subscribe a",
            "gate: subscribe a",
            "subscribe b",
            "hello()",
            "disconnect: transport close",
            "unsubscribe a",
            "gate: unsubscribe a",
            "unsubscribe b",
            "finish",
        ]
    );
}

/// A function that records its name with each event.
macro_rules! named {
    ($record:ident, $event:ident, $name:literal) => {{
        let record = $record.clone();
        async move |_: $event| {
            record.add($name);
            Ok(())
        }
    }};
}

async fn an_event_of_a_channel_is_for_the_handlers_of_its_routes(mode: Mode) {
    let record = Record::new();
    let server = TestServer::start(
        builder()
            .route(channel("^room-1$").on_subscribe(named!(record, OnSubscribe, "route 1")))
            .on_subscribe(named!(record, OnSubscribe, "builder 1"))
            .route(
                channel("^room-")
                    .on_subscribe(named!(record, OnSubscribe, "route 2a"))
                    .on_subscribe(named!(record, OnSubscribe, "route 2b"))
                    .on_unsubscribe(named!(record, OnUnsubscribe, "left 2")),
            )
            .on_subscribe(named!(record, OnSubscribe, "builder 2"))
            .route(channel("room-2").on_subscribe(named!(record, OnSubscribe, "route 3")))
            .route(channel("^other").on_unsubscribe(named!(record, OnUnsubscribe, "left other"))),
    );
    let mut client = Client::connect(&server.url, mode).await;
    for (room, handlers) in [
        ("room-1", &["builder 1", "builder 2", "route 1", "route 2a", "route 2b"][..]),
        ("room-2", &["builder 1", "builder 2", "route 2a", "route 2b", "route 3"]),
        ("room-3", &["builder 1", "builder 2", "route 2a", "route 2b"]),
        ("other", &["builder 1", "builder 2"]),
    ] {
        let before = record.lines().len();
        client.subscribe(room).await;
        assert_eq!(record.lines()[before..], *handlers, "{room}");
    }
    let before = record.lines().len();
    client.emit_with_ack("unsubscribe", json!(["room-3"])).await;
    client.close().await;
    server.wait_until_empty().await;
    assert_eq!(record.lines()[before..], ["left 2", "left 2", "left 2", "left other"]);
}

async fn any_other_event_is_for_the_routes_of_all_the_clients_channels(mode: Mode) {
    let record = Record::new();
    let server = TestServer::start(
        builder()
            .on_message(named!(record, OnMessage, "builder"))
            .route(
                channel("^a")
                    .on_message(named!(record, OnMessage, "a"))
                    .on_finish(named!(record, OnFinish, "finish a")),
            )
            .route(channel("^b").on_message(named!(record, OnMessage, "b")).on_disconnect(named!(
                record,
                OnDisconnect,
                "disconnect b"
            )))
            .route(channel("c").on_message(named!(record, OnMessage, "c"))),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.emit("in none", json!([])).await;
    client.subscribe("b-1").await;
    client.emit("in one", json!([])).await;
    client.subscribe("a-1").await;
    client.subscribe("a-2").await;
    client.emit("in three, of two routes", json!([])).await;
    client.emit_with_ack("unsubscribe", json!(["b-1"])).await;
    client.emit("in two, of one route", json!([])).await;
    client.close().await;
    server.wait_until_empty().await;
    assert_eq!(
        record.lines(),
        ["builder", "builder", "b", "builder", "a", "b", "builder", "a", "finish a"]
    );
}

async fn the_first_objection_ends_the_question(mode: Mode) {
    let (record, recorder) = recorder();
    let refused = record.clone();
    let server = TestServer::start(
        builder()
            .on_subscribe(&recorder)
            .route(channel("^room-").on_subscribe(async move |_: OnSubscribe| {
                refused.add("refused");
                Err(actix_socketio::HandlerError::reject("no"))
            }))
            .route(channel("^room").on_subscribe(&recorder)),
    );
    let mut client = Client::connect(&server.url, mode).await;
    assert_eq!(
        client.emit_with_ack("subscribe", json!(["room-1"])).await,
        json!([{"message": "no"}])
    );
    assert_eq!(record.lines(), ["subscribe room-1", "refused"]);
}

async fn a_handler_that_fails_does_not_keep_an_event_from_the_others(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder()
            .on_message(async |event: OnMessage| {
                event.json::<u64>()?;
                Ok(())
            })
            .on_message(&recorder)
            .on_error(&recorder)
            .on_error(named!(record, OnError, "second handler of errors")),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.emit("hello", json!(["world"])).await;
    assert_eq!(client.fence().await, [""; 0]);
    let lines = record.lines();
    assert!(lines[0].starts_with(r#"error: event "hello": argument 0"#), "{lines:?}");
    assert_eq!(lines[1..], ["second handler of errors", r#"hello("world")"#]);
}

/// A slow actor.
struct Stuck;

impl Actor for Stuck {
    type Context = Context<Self>;
}

impl Handler<OnMessage> for Stuck {
    type Result = ResponseFuture<HandlerResult>;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        Box::pin(async move {
            if event.event() == "stuck actor" { std::future::pending().await } else { Ok(()) }
        })
    }
}

async fn a_handler_that_never_answers_is_an_error_and_the_next_event_goes_on(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder()
            .handler_timeout(Duration::from_millis(500))
            .to(&recorder)
            .on_message(Stuck.start())
            .on_message(async |event: OnMessage| match event.event() {
                "stuck function" => std::future::pending().await,
                _ => Ok(()),
            })
            .on_disconnect(async |_: OnDisconnect| std::future::pending().await),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.emit("stuck function", json!([])).await;
    client.emit("stuck actor", json!([])).await;
    assert_eq!(client.fence().await, [""; 0]);
    client.close().await;
    server.wait_until_empty().await;
    let late = "error: the handler did not answer within handler_timeout";
    assert_eq!(
        record.lines(),
        [
            "connect",
            "stuck function()",
            late,
            "stuck actor()",
            late,
            "disconnect: transport close",
            late,
            "finish",
        ]
    );
}

async fn a_client_whose_on_connect_handler_never_answers_is_refused(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder()
            .handler_timeout(Duration::from_millis(500))
            .to(&recorder)
            .on_connect(async |_: OnConnect| std::future::pending().await),
    );
    let mut client = Client::ask(&server.url, mode, "", &[], "0").await;
    assert_eq!(client.recv().await, r#"4{"message":"internal error"}"#);
    assert_eq!(
        record.lines(),
        ["connect", "error: the handler did not answer within handler_timeout"]
    );
}
