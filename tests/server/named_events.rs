//! Handlers of events by their names: what their parameters read, and what clients read of their
//! results.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_socketio::{
    Args, Data, HandlerError, HandlerResult, Later, Many, MessageError, OnError, OnMessage, Rest,
    Socket, SocketId, SocketIo, channel,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    app::{Record, TestServer, builder, recorder},
    client::{Client, Mode},
};

in_every_mode! {
    arguments_are_read_by_the_types_of_parameters,
    the_value_of_a_handler_is_the_acknowledgement,
    an_argument_that_does_not_fit_is_a_refusal_that_the_client_reads,
    handlers_of_one_name_run_in_the_order_of_registration,
    the_first_value_answers_and_no_value_waits_for_the_last,
    an_event_of_a_name_is_for_the_routes_of_the_clients_channels,
    a_name_lets_clients_publish_its_event_alone,
    a_handler_has_the_server_at_hand,
}

#[derive(Deserialize)]
struct Move {
    x: i32,
    y: i32,
}

#[derive(Serialize)]
struct Board {
    moves: usize,
    last: (i32, i32),
}

async fn arguments_are_read_by_the_types_of_parameters(mode: Mode) {
    #[derive(Default)]
    struct Moves(AtomicUsize);
    async fn count(socket: Socket) -> Result<usize, HandlerError> {
        Ok(socket.channels().len())
    }
    let server = TestServer::start(
        builder()
            .data(Moves::default())
            .on("two", async |a: String, socket: Socket, b: u8| {
                Ok(format!("{a}{b} {}", socket.namespace()))
            })
            .on("optional", async |a: Option<String>, b: Option<u8>| Ok(json!([a, b])))
            .on("tuple", async |(a, b): (u8, u8)| Ok(a + b))
            .on("object", async |moves: Data<Moves>, Move { x, y }: Move| {
                let moves = moves.0.fetch_add(1, Ordering::Relaxed) + 1;
                Ok(Board { moves, last: (x, y) })
            })
            .on("rest", async |a: i32, Rest(more): Rest<i32>| Ok(a + more.iter().sum::<i32>()))
            .on("raw", async |_: Value, args: Args| Ok(Many(args)))
            .on("event", async |event: OnMessage, a: Value| Ok(json!([event.event(), a])))
            .on("no parameters", async || Ok("nothing"))
            .on("eight", async |a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8| {
                Ok([a, b, c, d, e, f, g, h])
            })
            .on("function", count)
            .on("as", async |event: OnMessage| {
                let (a, b): (String, u8) = event.args_as()?;
                Ok(json!({a: b}))
            }),
    );
    let mut client = Client::connect(&server.url, mode).await;
    for (event, args, answer) in [
        ("two", json!(["a", 2]), json!(["a2 /"])),
        ("two", json!(["a", 2, "more"]), json!(["a2 /"])),
        ("optional", json!(["a", 2]), json!([["a", 2]])),
        ("optional", json!([]), json!([[null, null]])),
        ("tuple", json!([[1, 2]]), json!([3])),
        ("object", json!([{"x": 1, "y": 2}]), json!([{"moves": 1, "last": [1, 2]}])),
        ("object", json!([{"y": 4, "x": 3}]), json!([{"moves": 2, "last": [3, 4]}])),
        ("rest", json!([1, 2, 3]), json!([6])),
        ("rest", json!([1]), json!([1])),
        ("raw", json!([0, "a", {"b": 1.5}]), json!(["a", {"b": 1.5}])),
        ("event", json!([{"a": 1}]), json!([["event", {"a": 1}]])),
        ("no parameters", json!([1]), json!(["nothing"])),
        ("eight", json!([1, 2, 3, 4, 5, 6, 7, 8]), json!([[1, 2, 3, 4, 5, 6, 7, 8]])),
        ("function", json!([]), json!([0])),
        ("as", json!(["a", 2]), json!([{"a": 2}])),
    ] {
        assert_eq!(client.emit_with_ack(event, args).await, answer, "{event}");
    }
}

async fn the_value_of_a_handler_is_the_acknowledgement(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder()
            .on_error(&recorder)
            .on("nothing", async || Ok(()))
            .on("value", async || Ok(json!({"a": [1]})))
            .on("null", async || Ok(None::<u8>))
            .on("several", async || Ok(Many(((), "value"))))
            .on("later", async |event: OnMessage| {
                actix::spawn(async move {
                    tokio::task::yield_now().await;
                    event.ack("at last")
                });
                Ok(Later)
            })
            .on("by itself", async |event: OnMessage| Ok(event.ack("itself")?))
            .on("room", async |socket: Socket| Ok(socket.subscribe("")?))
            .on("refusal", async || -> HandlerResult {
                Err(HandlerError::reject("no").with_data(&1))
            })
            .on("broken", async || Ok("x".parse::<u8>()?)),
    );
    let nameless =
        actix_socketio::Channel::new("", 10).expect_err("it has no character").to_string();
    let mut client = Client::connect(&server.url, mode).await;
    for (event, answer) in [
        ("nothing", json!([])),
        ("value", json!([{"a": [1]}])),
        ("null", json!([null])),
        ("several", json!([null, "value"])),
        ("later", json!(["at last"])),
        ("by itself", json!(["itself"])),
        ("refusal", json!([{"message": "no", "data": 1}])),
        ("room", json!([{"message": nameless}])),
        ("broken", json!([{"message": "internal error"}])),
    ] {
        assert_eq!(client.emit_with_ack(event, json!([])).await, answer, "{event}");
        client.emit(event, json!([])).await;
        assert_eq!(client.fence().await, [""; 0], "{event}: there is one answer");
    }
    let (refusal, broken) = ("error: rejected: no", "error: invalid digit found in string");
    let nameless = &*format!("error: rejected: {nameless}");
    assert_eq!(record.lines(), [refusal, refusal, nameless, nameless, broken, broken]);
}

async fn an_argument_that_does_not_fit_is_a_refusal_that_the_client_reads(mode: Mode) {
    let record = Record::new();
    let (errors, calls) = (record.clone(), record.clone());
    let server = TestServer::start(
        builder()
            .on_error(async move |event: OnError| {
                assert!(event.error.is_rejection());
                let of = event.error.downcast_ref::<MessageError>().expect("the cause");
                errors.add(format!("{}, {}", of.event, event.error));
                Ok(())
            })
            .on("say", async move |_: Socket, _: String, _: u8| {
                calls.add("called");
                Ok(())
            })
            .on("object", async |_: Move| Ok(()))
            .on("id", async |_: SocketId| Ok(()))
            .on("rest", async |_: Rest<u8>| Ok(())),
    );
    let mut client = Client::connect(&server.url, mode).await;
    for (event, args, why) in [
        ("say", json!([5, 1]), "argument 1: expected a string"),
        ("say", json!(["a", "b"]), "argument 2: expected an integer from 0 to 255"),
        ("say", json!(["a", 300]), "argument 2: expected an integer from 0 to 255"),
        ("say", json!(["a"]), "argument 2: expected an integer from 0 to 255, and it is missing"),
        ("object", json!(["a"]), "argument 1: expected an object"),
        ("object", json!([{"x": 1}]), "argument 1: its member `y` is missing"),
        ("id", json!(["x"]), "argument 1: expected 20 base64url characters"),
        ("rest", json!([1, 2, "x"]), "argument 3: expected an integer from 0 to 255"),
    ] {
        let answer = client.emit_with_ack(event, args.clone()).await;
        assert_eq!(answer, json!([{"message": why}]), "{event} {args}");
    }
    client.emit("say", json!([5, 1])).await;
    assert_eq!(client.fence().await, [""; 0], "a client that asked for nothing gets nothing");
    assert_eq!(client.emit_with_ack("say", json!(["a", 1])).await, json!([]));
    let lines = record.lines();
    assert_eq!(record.count("called"), 1, "{lines:?}");
    assert_eq!(
        lines[0],
        "say, rejected: argument 1: expected a string (event \"say\": invalid type: integer `5`, \
         expected a string at line 1 column 1)"
    );
    assert_eq!(lines.len(), 10, "each raises an error: {lines:#?}");
}

async fn handlers_of_one_name_run_in_the_order_of_registration(mode: Mode) {
    let record = Record::new();
    let [first, every, second, other, route] = [(); 5].map(|()| record.clone());
    let server = TestServer::start(
        builder()
            .route(channel("^room-").on("chat", async move |_: OnMessage| {
                route.add("route");
                Ok(())
            }))
            .on("chat", async move |_: OnMessage| {
                tokio::task::yield_now().await;
                first.add("first");
                Ok(())
            })
            .on_message(async move |event: OnMessage| {
                if event.event() != "fence" {
                    every.add(format!("every: {}", event.event()));
                }
                Ok(())
            })
            .on("chat", async move |_: OnMessage| {
                second.add("second");
                Ok(())
            })
            .on("other", async move |_: OnMessage| {
                other.add("other");
                Ok(())
            }),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.subscribe("room-1").await;
    for event in ["chat", "other", "third", "chat"] {
        client.emit(event, json!([])).await;
    }
    assert_eq!(client.fence().await, [""; 0]);
    let chat = ["first", "every: chat", "second", "route"];
    let others = ["every: other", "other", "every: third"];
    assert_eq!(record.lines(), [&chat[..], &others[..], &chat[..]].concat());
}

async fn the_first_value_answers_and_no_value_waits_for_the_last(mode: Mode) {
    let server = TestServer::start(
        builder()
            .on("value", async || Ok(()))
            .on("value", async || Ok("the first"))
            .on("value", async || Ok("the second"))
            .on("nothing", async || Ok(()))
            .on("nothing", async || {
                tokio::task::yield_now().await;
                Ok(())
            })
            .on("refusal", async || Ok(()))
            .on("refusal", async || -> HandlerResult { Err(HandlerError::reject("no")) })
            .on("ack", async || Ok(()))
            .on_message(async |event: OnMessage| match event.event() {
                "ack" => Ok(event.ack("by hand")?),
                _ => Ok(()),
            }),
    );
    let mut client = Client::connect(&server.url, mode).await;
    for (event, answer) in [
        ("value", json!(["the first"])),
        ("nothing", json!([])),
        ("refusal", json!([{"message": "no"}])),
        ("ack", json!(["by hand"])),
    ] {
        assert_eq!(client.emit_with_ack(event, json!([])).await, answer, "{event}");
        assert_eq!(client.fence().await, [""; 0], "{event}: there is one answer");
    }
}

async fn an_event_of_a_name_is_for_the_routes_of_the_clients_channels(mode: Mode) {
    let server = TestServer::start(
        SocketIo::builder()
            .route(channel("^room-").on("where", async |_: Socket| Ok("in a room")))
            .namespace("/admin", |admin| admin.on("where", async || Ok("among administrators"))),
    );
    let mut client = Client::connect(&server.url, mode).await;
    let unknown = json!([{"message": "no such event"}]);
    assert_eq!(client.emit_with_ack("where", json!([])).await, unknown);
    client.subscribe("room-1").await;
    assert_eq!(client.emit_with_ack("where", json!([])).await, json!(["in a room"]));
    client.send("0/admin,").await;
    assert!(client.recv().await.starts_with("0/admin,"));
    client.send(r#"2/admin,77["where"]"#).await;
    assert_eq!(client.recv().await, r#"3/admin,77["among administrators"]"#);
}

async fn a_name_lets_clients_publish_its_event_alone(mode: Mode) {
    let record = Record::new();
    let moves = record.clone();
    let server = TestServer::start(builder().route(channel("^game-").on(
        "move",
        async move |event: OnMessage, Move { x, y }: Move| {
            moves.add(format!("{x} {y} in {:?}", event.channel.as_deref()));
            Ok("nothing reads this")
        },
    )));
    let mut client = Client::connect(&server.url, mode).await;
    client.subscribe("game-1").await;
    let publish = |event: &str, data: Value| json!(["game-1", event, data]);
    let moved = client.emit_with_ack("publish", publish("move", json!({"x": 1, "y": 2}))).await;
    assert_eq!(moved, json!([null]));
    let bad = client.emit_with_ack("publish", publish("move", json!(5))).await;
    assert_eq!(bad, json!([{"message": "argument 1: expected an object"}]));
    let other = client.emit_with_ack("publish", publish("other", json!(5))).await;
    assert_eq!(other, json!([{"message": "clients may not publish to this channel"}]));
    assert_eq!(record.lines(), [r#"1 2 in Some("game-1")"#]);
}

async fn a_handler_has_the_server_at_hand(mode: Mode) {
    async fn private(socket: Socket, to: SocketId, text: String) -> HandlerResult {
        let gone = || HandlerError::reject("gone");
        socket.io().socket(&to).ok_or_else(gone)?.emit("private", &Many((socket.id(), text)))?;
        Ok(())
    }
    async fn whoami(socket: Socket) -> Result<SocketId, HandlerError> {
        Ok(socket.id())
    }
    let server = TestServer::start(
        builder()
            .on("private", private)
            .on("whoami", whoami)
            .on("count", async |io: SocketIo| Ok(io.connections()))
            .on_message(async |event: OnMessage, io: SocketIo| match event.event() {
                "to all" => Ok(io.emit("hello", event.event())?),
                _ => Ok(()),
            })
            .namespace("/admin", |admin| admin.on("private", private).on("whoami", whoami)),
    );
    let mut ada = Client::connect(&server.url, mode).await;
    let mut bob = Client::connect(&server.url, mode).await;
    let from = ada.emit_with_ack("whoami", json!([])).await;
    let to = bob.emit_with_ack("whoami", json!([])).await;
    assert_eq!(ada.emit_with_ack("private", json!([to[0], "psst"])).await, json!([]));
    assert_eq!(bob.expect_event("private").await, json!([from[0], "psst"]));
    let gone = ada.emit_with_ack("private", json!(["AbCdEfGhIjKlMnOpQrSt", "psst"])).await;
    assert_eq!(gone, json!([{"message": "gone"}]));
    assert_eq!(ada.emit_with_ack("count", json!([])).await, json!([2]));
    ada.emit("to all", json!([])).await;
    assert_eq!(bob.expect_event("hello").await, json!(["to all"]));
    // The handle is that of the client's namespace, where no other client is.
    ada.expect_event("hello").await;
    ada.send("0/admin,").await;
    ada.recv().await;
    ada.send(&format!(r#"2/admin,5["private",{},"psst"]"#, to[0])).await;
    assert_eq!(ada.recv().await, r#"3/admin,5[{"message":"gone"}]"#);
}
