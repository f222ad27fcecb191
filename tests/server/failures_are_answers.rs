//! A client that waits for an acknowledgement reads it when a handler of its event fails.

use std::time::Duration;

use actix::prelude::*;
use actix_socketio::{HandlerError, HandlerResult, OnMessage, OnPacket, SocketIo};
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder, recorder},
    client::{Client, Mode},
};

in_every_mode! {
    a_refusal_is_the_acknowledgement,
    a_failure_is_the_acknowledgement_of_every_kind_of_handler,
    a_client_that_has_its_answer_gets_no_other,
    a_refusal_of_on_packet_is_the_acknowledgement,
}

fn opaque() -> Value {
    json!([{"message": "internal error"}])
}

async fn a_refusal_is_the_acknowledgement(mode: Mode) {
    let (record, recorder) = recorder();
    let server =
        TestServer::start(builder().on_error(&recorder).on_message(async |event: OnMessage| {
            match event.event() {
                "full" => {
                    Err(HandlerError::reject("the room is full").with_data(&json!({"seats": 8})))
                }
                "closed" => Err(HandlerError::reject("the room is closed")),
                _ => Ok(()),
            }
        }));
    let mut client = Client::connect(&server.url, mode).await;
    let full = client.emit_with_ack("full", json!([])).await;
    assert_eq!(full, json!([{"message": "the room is full", "data": {"seats": 8}}]));
    let closed = client.emit_with_ack("closed", json!([])).await;
    assert_eq!(closed, json!([{"message": "the room is closed"}]));
    client.emit("closed", json!([])).await;
    assert_eq!(client.fence().await, [""; 0], "a client that asked for nothing gets nothing");
    let closed = "error: rejected: the room is closed";
    assert_eq!(record.lines(), ["error: rejected: the room is full", closed, closed]);
}

/// Fails, or answers nothing, as the event says.
fn fail(event: &OnMessage) -> HandlerResult {
    match event.event() {
        "argument" => event.json::<u32>().map(drop)?,
        "reject" => return Err(HandlerError::reject("no")),
        "panic" => panic!("a panic of the test"),
        _ => {}
    }
    Ok(())
}

struct Quick;

impl Actor for Quick {
    type Context = Context<Self>;
}

impl Handler<OnMessage> for Quick {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        fail(&event)
    }
}

struct Slow;

impl Actor for Slow {
    type Context = Context<Self>;
}

impl Handler<OnMessage> for Slow {
    type Result = ResponseFuture<HandlerResult>;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        Box::pin(async move {
            tokio::task::yield_now().await;
            match event.event() {
                "pending" => std::future::pending().await,
                _ => fail(&event),
            }
        })
    }
}

async fn a_failure_is_the_acknowledgement_of_every_kind_of_handler(mode: Mode) {
    let elsewhere = Arbiter::new();
    let start = || SocketIo::builder().handler_timeout(Duration::from_millis(300));
    let quick = Quick.start();
    let far = Quick::start_in_arbiter(&elsewhere.handle(), |_| Quick);
    let slow = Slow.start();
    let function = async |event: OnMessage| match event.event() {
        "pending" => std::future::pending().await,
        _ => fail(&event),
    };
    for (what, builder, ways) in [
        ("function", start().on_message(function), &["argument", "panic", "pending"][..]),
        ("actor", start().on_message(&quick), &["argument"]),
        ("actor on another thread", start().on_message(&far), &["argument"]),
        ("recipient", start().on_message(quick.clone().recipient()), &["argument"]),
        ("actor with a future", start().on_message(&slow), &["argument", "pending"]),
    ] {
        let server = TestServer::start(builder);
        let mut client = Client::connect(&server.url, mode).await;
        for _ in 0..2 {
            let refused = client.emit_with_ack("reject", json!([])).await;
            assert_eq!(refused, json!([{"message": "no"}]), "{what}");
            for way in ways {
                let answer = client.emit_with_ack(way, json!(["x"])).await;
                assert_eq!(answer, opaque(), "{what}, {way}");
            }
        }
    }
    elsewhere.stop();
}

async fn a_client_that_has_its_answer_gets_no_other(mode: Mode) {
    let server = TestServer::start(
        builder()
            .on_message(async |event: OnMessage| {
                match event.event() {
                    "answered" => event.ack("the first")?,
                    "refused" => return Err(HandlerError::reject("the first")),
                    _ => {}
                }
                Ok(())
            })
            .on_message(async |event: OnMessage| match event.event() {
                "fence" => Ok(()),
                "refused" => Ok(event.ack("too late")?),
                _ => Err(HandlerError::reject("the second")),
            }),
    );
    let mut client = Client::connect(&server.url, mode).await;
    for (event, answer) in [
        ("answered", json!(["the first"])),
        ("refused", json!([{"message": "the first"}])),
        ("other", json!([{"message": "the second"}])),
    ] {
        assert_eq!(client.emit_with_ack(event, json!([])).await, answer, "{event}");
        assert_eq!(client.fence().await, [""; 0], "{event}: there is one answer");
    }
}

async fn a_refusal_of_on_packet_is_the_acknowledgement(mode: Mode) {
    let (record, recorder) = recorder();
    let server =
        TestServer::start(builder().on_message(&recorder).on_packet(async |event: OnPacket| {
            match event.message.event() {
                "muted" => Err(HandlerError::reject("you are muted")),
                "broken" => event.message.json::<u32>().map(drop).map_err(HandlerError::from),
                _ => Ok(()),
            }
        }));
    let mut client = Client::connect(&server.url, mode).await;
    let muted = client.emit_with_ack("muted", json!([])).await;
    assert_eq!(muted, json!([{"message": "you are muted"}]));
    assert_eq!(client.emit_with_ack("broken", json!(["x"])).await, opaque());
    client.emit("muted", json!([])).await;
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(record.lines(), [""; 0], "the events are dropped");
}
