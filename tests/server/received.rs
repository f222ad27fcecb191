//! Actors that receive events of clients as types of their own.

use actix::prelude::*;
use actix_socketio::{
    ClientEvent, HandlerError, HandlerResult, Later, OnError, OnMessage, OnSubscribe, Received,
    SocketHandler, SocketIo, channel,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use crate::{
    app::{Record, TestServer},
    client::{Client, Mode},
};

in_every_mode! {
    an_actor_receives_events_by_their_names,
    an_actor_on_a_route_receives_events_of_its_channels,
    an_actor_that_fails_answers_the_client,
}

#[derive(Deserialize)]
struct Chat(String, String);

impl ClientEvent for Chat {
    const NAME: &'static str = "chat";
    type Answer = usize;
}

#[derive(Deserialize)]
struct Move {
    x: i32,
    y: i32,
}

impl ClientEvent for Move {
    const NAME: &'static str = "move";
    type Answer = ();
}

#[derive(Deserialize)]
struct Leave;

impl ClientEvent for Leave {
    const NAME: &'static str = "leave";
    type Answer = Later;
}

#[derive(Deserialize)]
struct File(String, Bytes);

impl ClientEvent for File {
    const NAME: &'static str = "file";
    type Answer = Bytes;
}

struct Rooms(Record);

impl Actor for Rooms {
    type Context = Context<Self>;
}

impl SocketHandler for Rooms {
    type Events =
        (OnSubscribe, OnError, Received<Chat>, Received<Move>, Received<Leave>, Received<File>);
}

impl Handler<OnSubscribe> for Rooms {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnSubscribe, _: &mut Self::Context) -> Self::Result {
        self.0.add(format!("subscribe {}", event.channel));
        Ok(())
    }
}

impl Handler<OnError> for Rooms {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnError, _: &mut Self::Context) -> Self::Result {
        self.0.add(format!("rejected: {}", event.error.is_rejection()));
        Ok(())
    }
}

impl Handler<Received<Chat>> for Rooms {
    type Result = Result<usize, HandlerError>;

    fn handle(
        &mut self,
        Received { socket, data: Chat(room, text), .. }: Received<Chat>,
        _: &mut Self::Context,
    ) -> Self::Result {
        match &*text {
            "" => return Err(HandlerError::reject("say something")),
            "panic" => panic!("a panic of the test"),
            _ => {}
        }
        self.0.add(format!("{room}: {text} {}", socket.is_connected()));
        Ok(text.len())
    }
}

impl Handler<Received<Move>> for Rooms {
    type Result = ResponseFuture<HandlerResult>;

    fn handle(&mut self, event: Received<Move>, _: &mut Self::Context) -> Self::Result {
        let record = self.0.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            record.add(format!("move to {} {}", event.data.x, event.data.y));
            Ok(())
        })
    }
}

impl Handler<Received<Leave>> for Rooms {
    type Result = Result<Later, HandlerError>;

    fn handle(&mut self, event: Received<Leave>, _: &mut Self::Context) -> Self::Result {
        actix::spawn(async move { event.event.ack("later") });
        Ok(Later)
    }
}

impl Handler<Received<File>> for Rooms {
    type Result = Result<Bytes, HandlerError>;

    fn handle(&mut self, event: Received<File>, _: &mut Self::Context) -> Self::Result {
        let File(name, data) = event.data;
        self.0.add(name);
        Ok(data)
    }
}

async fn an_actor_receives_events_by_their_names(mode: Mode) {
    let record = Record::new();
    let server = TestServer::start(SocketIo::builder().to(&Rooms(record.clone()).start()));
    let mut client = Client::connect(&server.url, mode).await;
    for (event, args, answer) in [
        ("chat", json!(["tea", "hi"]), json!([2])),
        ("move", json!([{"x": 1, "y": 2}]), json!([])),
        ("move", json!([3, 4]), json!([])),
        ("leave", json!([]), json!(["later"])),
        ("other", json!([]), json!([{"message": "no such event"}])),
    ] {
        assert_eq!(client.emit_with_ack(event, args).await, answer, "{event}");
    }
    // Without a wait in between, they stay in order.
    client.emit("move", json!([5, 6])).await;
    client.emit("chat", json!(["tea", "bye"])).await;
    client.emit("move", json!([7, 8])).await;
    assert_eq!(client.emit_with_ack("leave", json!([])).await, json!(["later"]));
    assert_eq!(
        record.lines(),
        [
            "tea: hi true",
            "move to 1 2",
            "move to 3 4",
            "move to 5 6",
            "tea: bye true",
            "move to 7 8"
        ]
    );
}

async fn an_actor_on_a_route_receives_events_of_its_channels(mode: Mode) {
    let record = Record::new();
    let route = channel("^room-").to(&Rooms(record.clone()).start());
    let server = TestServer::start(SocketIo::builder().route(route));
    let mut client = Client::connect(&server.url, mode).await;
    let chat = json!(["tea", "hi"]);
    let unknown = json!([{"message": "no such event"}]);
    assert_eq!(client.emit_with_ack("chat", chat.clone()).await, unknown);
    client.subscribe("room-1").await;
    assert_eq!(client.emit_with_ack("chat", chat).await, json!([2]));
    let moved = client.emit_with_ack("publish", json!(["room-1", "move", {"x": 1, "y": 2}])).await;
    assert_eq!(moved, json!([null]));
    assert_eq!(record.lines(), ["subscribe room-1", "tea: hi true", "move to 1 2"]);
}

async fn an_actor_that_fails_answers_the_client(mode: Mode) {
    let record = Record::new();
    let errors = record.clone();
    let server =
        TestServer::start(SocketIo::builder().to(&Rooms(record.clone()).start()).on_error(
            async move |event: OnError| {
                errors.add(event.error.to_client()["message"].as_str().unwrap_or_default());
                Ok(())
            },
        ));
    let mut client = Client::connect(&server.url, mode).await;
    for (args, why) in [
        (json!(["tea"]), "argument 2: expected a string, and it is missing"),
        (json!(["tea", ""]), "say something"),
        (json!(["tea", "panic"]), "internal error"),
        (json!(["tea", "hi"]), "internal error"),
    ] {
        let answer = client.emit_with_ack("chat", args.clone()).await;
        assert_eq!(answer, json!([{"message": why}]), "{args}");
    }
    client.emit("chat", json!([])).await;
    record.until("argument 1: expected a string, and it is missing").await;
}

#[actix_web::test]
async fn a_function_takes_the_event_as_a_parameter() {
    let server = TestServer::start(
        SocketIo::builder()
            .on(Chat::NAME, async |Received { data: Chat(room, text), .. }: Received<Chat>| {
                Ok(format!("{room}: {text}"))
            })
            .on("raw", async |event: OnMessage| {
                let Move { x, y } = event.args_as()?;
                Ok(x + y)
            }),
    );
    let mut client = Client::connect(&server.url, Mode::WebSocket).await;
    assert_eq!(client.emit_with_ack("chat", json!(["tea", "hi"])).await, json!(["tea: hi"]));
    for args in [json!([1, 2]), json!([{"x": 1, "y": 2}])] {
        assert_eq!(client.emit_with_ack("raw", args).await, json!([3]));
    }
}
