//! A handler fails in any of the seven events, as a function or as an actor, by a panic or by
//! silence: each socket finishes in order, and other clients are not affected. The effect on its
//! own client is in `tests/server/handlers.rs` and `tests/server/odd_endings.rs`.

use std::time::Duration;

use actix::prelude::*;
use actix_socketio::{
    Builder, HandlerError, HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage,
    OnSubscribe, OnUnsubscribe, Socket, SocketHandler, channel,
};
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder, recorder},
    client::{Client, Mode},
    wait::wait_until,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Panics,
    NeverAnswers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Connect,
    Message,
    Subscribe,
    Unsubscribe,
    Error,
    Disconnect,
    Finish,
}

const EVERYWHERE: [At; 7] = [
    At::Connect,
    At::Message,
    At::Subscribe,
    At::Unsubscribe,
    At::Error,
    At::Disconnect,
    At::Finish,
];

/// Fails at one event of the clients that request it.
#[derive(Debug, Clone, Copy)]
struct Failing {
    at: At,
    how: How,
}

/// The payload of CONNECT of a client for which handlers fail.
const VICTIM: &str = r#"0{"victim":true}"#;

impl Failing {
    /// Panics before it returns a future.
    fn begin(self, at: At, socket: &Socket) -> impl Future<Output = HandlerResult> + use<> {
        let fails = at == self.at
            && socket.handshake().auth::<Value>().is_ok_and(|auth| auth["victim"] == true);
        assert!(!fails || self.how == How::NeverAnswers, "boom in {at:?}");
        async move { if fails { std::future::pending().await } else { Ok(()) } }
    }
}

impl Actor for Failing {
    type Context = Context<Self>;
}

impl SocketHandler for Failing {
    type Events =
        (OnConnect, OnMessage, OnSubscribe, OnUnsubscribe, OnError, OnDisconnect, OnFinish);
}

macro_rules! fail {
    ($($event:ident $at:ident $on:ident)*) => {
        $(
            impl Handler<$event> for Failing {
                type Result = ResponseFuture<HandlerResult>;

                fn handle(&mut self, event: $event, _: &mut Self::Context) -> Self::Result {
                    Box::pin(self.begin(At::$at, &event.socket))
                }
            }
        )*

        fn functions(builder: Builder, failing: Failing) -> Builder {
            builder$(.$on(async move |event: $event| failing.begin(At::$at, &event.socket).await))*
        }
    };
}

fail! {
    OnConnect Connect on_connect
    OnMessage Message on_message
    OnSubscribe Subscribe on_subscribe
    OnUnsubscribe Unsubscribe on_unsubscribe
    OnError Error on_error
    OnDisconnect Disconnect on_disconnect
    OnFinish Finish on_finish
}

/// Runs a victim and its neighbour until both have finished.
async fn run_until_finished(failing: Failing, is_actor: bool) {
    let what = format!("{failing:?}, {}", if is_actor { "an actor" } else { "a function" });
    let (record, recorder) = recorder();
    // Only silence is waited for. Otherwise an actor may be late on a busy machine.
    let builder = match failing.how {
        How::Panics => builder(),
        How::NeverAnswers => builder().handler_timeout(Duration::from_millis(100)),
    };
    let builder = builder.to(&recorder).route(channel("^room-"));
    // This event causes the errors.
    let builder = builder.on_message(async |event: OnMessage| match event.event() {
        "bad" => Err(HandlerError::reject("a bad event")),
        _ => Ok(()),
    });
    let builder = if is_actor { builder.to(&failing.start()) } else { functions(builder, failing) };
    let server = TestServer::start(builder);
    let received = |number: u32| json!([{ "to all": number }]);

    let mut neighbour = Client::connect(&server.url, Mode::WebSocket).await;
    neighbour.subscribe("room-3").await;
    let before = record.lines().len();
    let lines = || record.lines()[before..].to_vec();
    let mut victim = Client::ask(&server.url, Mode::WebSocket, "", &[], VICTIM).await;
    let answer = victim.recv().await;
    let mut expected = vec!["connect"];
    if failing.at == At::Connect {
        assert_eq!(answer, r#"4{"message":"internal error"}"#, "{what}");
    } else {
        assert!(answer.starts_with(r#"0{"sid":"#), "{what}: {answer}");
        for channel in ["room-1", "room-2"] {
            let refusal = victim.emit_with_ack("subscribe", json!([channel])).await;
            let refused = failing.at == At::Subscribe;
            assert_eq!(
                refused,
                refusal == json!([{"message": "internal error"}]),
                "{what}: {refusal}"
            );
            // The server itself requests no acknowledgement.
            server.io.except("room-3").sockets_join(channel).await.expect("a name");
        }
        victim.emit("bad", json!([])).await;
        assert_eq!(
            victim.emit_with_ack("unsubscribe", json!(["room-2"])).await,
            json!([null]),
            "{what}"
        );
        server.io.except("room-3").sockets_join("room-4").await.expect("a name");
        expected.extend(["subscribe room-1", "subscribe room-2", "bad()", "unsubscribe room-2"]);
        expected.extend([
            "disconnect: transport close",
            "unsubscribe room-1",
            "unsubscribe room-4",
            "finish",
        ]);
    }
    server.io.emit("received", &received(1)[0]).expect("the registry has capacity");
    assert_eq!(neighbour.expect_event("received").await, received(1), "{what}");
    victim.close().await;
    drop(victim);
    while server.io.connections() > 1 {
        server.io.emit("received", &received(2)[0]).expect("the registry has capacity");
        assert_eq!(neighbour.expect_event("received").await, received(2), "{what}");
    }
    let (errors, life): (Vec<_>, Vec<_>) =
        lines().into_iter().partition(|line| line.starts_with("error: "));
    assert_eq!(life, expected, "{what}");
    let failure = match (failing.how, is_actor) {
        (How::NeverAnswers, _) => {
            "error: the handler did not answer within handler_timeout".to_owned()
        }
        (How::Panics, true) => "error: the handler's actor has stopped".to_owned(),
        (How::Panics, false) => format!("error: the handler panicked: boom in {:?}", failing.at),
    };
    // A failure of a handler of errors is logged. It is not an event.
    let reported = failing.at != At::Error || (is_actor && failing.how == How::Panics);
    assert_eq!(errors.contains(&failure), reported, "{what}: {errors:?}");

    let before = lines().len();
    neighbour.close().await;
    server.wait_until_empty().await;
    let (_, life): (Vec<_>, Vec<_>) =
        lines()[before..].iter().cloned().partition(|line| line.starts_with("error: "));
    assert_eq!(life, ["disconnect: transport close", "unsubscribe room-3", "finish"], "{what}");
    wait_until("nothing is left", || server.io.stats().is_idle());
}

#[actix_web::test]
async fn each_socket_finishes_though_a_handler_panics() {
    for at in EVERYWHERE {
        for is_actor in [false, true] {
            run_until_finished(Failing { at, how: How::Panics }, is_actor).await;
        }
    }
}

#[actix_web::test]
async fn each_socket_finishes_though_a_handler_never_answers() {
    for at in EVERYWHERE {
        for is_actor in [false, true] {
            run_until_finished(Failing { at, how: How::NeverAnswers }, is_actor).await;
        }
    }
}
