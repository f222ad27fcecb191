//! Parameters of handlers that are no arguments: values of the application, `auth`, parts of
//! events, and types of the application's own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use actix_socketio::{
    Auth, BuildError, Builder, Call, Channel, Data, DataMap, DisconnectReason, Event, FromEvent,
    HandlerError, HandlerResult, OnConnect, OnMessage, OnServerEvent, Socket, SocketIo, channel,
};
use actix_web::web;
use serde::Deserialize;
use serde_json::json;

use crate::{
    app::{Record, TestServer, builder},
    client::{Client, Mode},
};

in_every_mode! {
    auth_and_a_user_are_parameters_of_every_event,
    a_value_is_shared_by_all_handlers,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

/// The names of clients, by their tokens.
struct Users(HashMap<&'static str, &'static str>);

struct User(&'static str);

impl<E: Event> FromEvent<E> for User {
    fn from_event(call: &mut Call<'_, E>) -> Result<Self, HandlerError> {
        let users = Data::<Users>::from_event(call)?;
        let Auth(Token { token }) = Auth::from_event(call)?;
        let name = users.0.get(&*token).copied();
        name.map(User).ok_or_else(|| HandlerError::reject("log in first"))
    }

    fn missing(data: &DataMap) -> Option<&'static str> {
        <Data<Users> as FromEvent<E>>::missing(data)
    }
}

async fn auth_and_a_user_are_parameters_of_every_event(mode: Mode) {
    let record = Record::new();
    let [errors, subscribes, ends, gone] = [(); 4].map(|()| record.clone());
    let server = TestServer::start(
        builder()
            .data(Users([("a", "ada"), ("b", "bob")].into()))
            .on_connect(async |User(name): User, socket: Socket| {
                Ok(socket.context().insert("name", name)?)
            })
            .on("whoami", async |User(name): User, greeting: String| {
                Ok(format!("{greeting} {name}"))
            })
            .on_error(async move |error: HandlerError| {
                errors.add(error.to_string());
                Ok(())
            })
            .on_disconnect(async move |reason: DisconnectReason, User(name): User| {
                gone.add(format!("{name}: {reason}"));
                Ok(())
            })
            .route(
                channel("room-")
                    .on_subscribe(async move |channel: Channel, User(name): User| {
                        subscribes.add(format!("{name} in {channel}"));
                        match &*channel {
                            "room-closed" => Err(HandlerError::reject("closed")),
                            _ => Ok(()),
                        }
                    })
                    .on_unsubscribe(async move |User(name): User, channel: Channel| {
                        ends.add(format!("{name} out of {channel}"));
                        Ok(())
                    }),
            ),
    );
    let mut client = Client::open(&server.url, mode).await;
    for (auth, why) in [
        (json!({"token": "x"}), "log in first"),
        (json!({"token": 5}), "auth: expected a string"),
        (json!({}), "auth: its member `token` is missing"),
    ] {
        client.send(&format!("0{auth}")).await;
        assert_eq!(client.recv().await, format!("4{}", json!({"message": why})), "{auth}");
    }
    client.send(r#"0{"token":"a"}"#).await;
    assert!(client.recv().await.starts_with(r#"0{"sid":"#));
    assert_eq!(client.emit_with_ack("whoami", json!(["I am"])).await, json!(["I am ada"]));
    client.subscribe("room-1").await;
    let closed = client.emit_with_ack("subscribe", json!(["room-closed"])).await;
    assert_eq!(closed, json!([{"message": "closed"}]));
    client.close().await;
    server.wait_until_empty().await;
    assert_eq!(
        record.lines(),
        ["ada in room-1", "ada in room-closed", "ada: transport close", "ada out of room-1",]
    );
}

async fn a_value_is_shared_by_all_handlers(mode: Mode) {
    #[derive(Default)]
    struct Log(Mutex<Vec<String>>);
    let of_web = web::Data::new(7_u64);
    let server = TestServer::start(
        builder()
            .data(Log::default())
            .data(Arc::new(5_u32))
            .data(of_web.clone())
            .on_connect(async |log: Data<Log>| {
                log.0.lock().expect("no panic").push("connect".to_owned());
                Ok(())
            })
            .on("say", async |log: Data<Log>, text: String| {
                let mut log = log.0.lock().expect("no panic");
                log.push(text);
                Ok(log.clone())
            })
            .on("numbers", async |a: Data<u32>, b: Data<u64>| Ok(u64::from(*a) + *b))
            .namespace("/admin", |admin| {
                admin.on("log", async |log: Data<Log>| Ok(log.0.lock().expect("no panic").clone()))
            }),
    );
    let mut client = Client::connect(&server.url, mode).await;
    let said = client.emit_with_ack("say", json!(["hi"])).await;
    assert_eq!(said, json!([["connect", "hi"]]));
    assert_eq!(client.emit_with_ack("numbers", json!([])).await, json!([12]));
    client.send("0/admin,").await;
    client.recv().await;
    client.send(r#"2/admin,1["log"]"#).await;
    assert_eq!(client.recv().await, r#"3/admin,1[["connect","hi"]]"#);
    let log = server.io.of("/admin").data::<Log>().expect("it was given");
    assert_eq!(*log.0.lock().expect("no panic"), ["connect", "hi"]);
    assert!(Arc::ptr_eq(&server.io.data::<u64>().expect("it was given"), &of_web.into_inner()));
    assert!(server.io.data::<u8>().is_none());
}

fn build_error(builder: Builder) -> String {
    builder.build().map(drop).expect_err("a mistake of the application").to_string()
}

#[actix_web::test]
async fn a_value_that_was_not_given_is_found_when_the_server_is_built() {
    struct Greeting;
    let wants = |of: &str| {
        let greeting = std::any::type_name::<Greeting>();
        format!("the handler of {of} wants {greeting}, which Builder::data was not given")
    };
    let start = SocketIo::builder;
    let hello = async |_: Data<Greeting>| Ok(());
    assert_eq!(build_error(start().on("hello", hello)), wants(r#""hello""#));
    assert_eq!(build_error(start().on_connect(hello)), wants("OnConnect"));
    assert_eq!(build_error(start().on_server_event(hello)), wants("OnServerEvent"));
    assert_eq!(build_error(start().on_unknown(hello)), wants("unknown events"));
    let route = channel("room-").on("hello", hello);
    assert_eq!(build_error(start().route(route)), wants(r#""hello""#));
    let admin = start().namespace("/admin", |admin| admin.on("hello", hello));
    assert_eq!(build_error(admin), wants(r#""hello""#));
    let user = build_error(start().on("whoami", async |_: String, _: User| Ok(())));
    assert!(user.contains("Users") && user.contains("whoami"), "{user}");
    #[derive(Default, serde::Deserialize)]
    struct Counter {}
    let of_web = build_error(start().on("count", async |_: web::Data<Counter>| Ok(())));
    assert!(of_web.contains("wants actix_socketio::Data"), "{of_web}");
    assert_eq!(
        format!("{:?}", start().on("hello", hello).build().expect_err("no data")),
        wants(r#""hello""#)
    );
    let given = start().on("hello", hello).data(Greeting).build();
    assert!(given.is_ok());
    let error = start().on("hello", hello).build().expect_err("it was not given");
    assert!(matches!(error, BuildError::Data { handler, .. } if handler == r#""hello""#));
}

#[actix_web::test]
async fn a_handler_that_no_event_could_reach_is_found_when_the_server_is_built() {
    let start = SocketIo::builder;
    for name in ["connect", "disconnect", "connect_error", "disconnecting", "newListener"] {
        let error = build_error(start().on(name, async || Ok(())));
        let expected = "the name is reserved, so no client sends it";
        assert_eq!(error, format!("no handler of the event {name:?} would run: {expected}"));
    }
    for (name, method) in [
        ("subscribe", "on_subscribe"),
        ("unsubscribe", "on_unsubscribe"),
        ("publish", "on_message"),
    ] {
        let error = build_error(start().route(channel("room-").on(name, async || Ok(()))));
        assert!(error.contains(&format!("which is for `{method}`")), "{error}");
    }
    let renamed = start().subscribe_event("join").on("subscribe", async || Ok(()));
    assert!(renamed.build().is_ok());
    assert!(
        build_error(start().subscribe_event("join").on("join", async || Ok(()))).contains("join")
    );
}

#[actix_web::test]
async fn handlers_of_several_events_are_generic() {
    async fn note<E: Event>(event: E, data: Data<Record>) -> HandlerResult {
        data.add(event.socket().namespace().as_str());
        Ok(())
    }
    let record = Record::new();
    let server = TestServer::start(
        SocketIo::builder()
            .data(record.clone())
            .on_connect(note::<OnConnect>)
            .on_message(note::<OnMessage>)
            .on_server_event(async |_: OnServerEvent, _: Data<Record>| Ok(())),
    );
    let client = Client::connect(&server.url, Mode::WebSocket).await;
    client.emit("any", json!([])).await;
    record.until_there_are(2, "/").await;
}
