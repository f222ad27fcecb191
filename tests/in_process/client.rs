//! What a client within the test does, and what it reads.

use std::net::SocketAddr;

use actix_socketio::{
    HandlerError, HandlerResult, Many, OnConnect, OnMessage, SocketIo, channel,
    protocol::MsgpackParser,
    test::{self, AskError, TestServer},
};
use actix_web::{App, HttpRequest, error::ErrorForbidden, middleware::Logger, rt::spawn};
use bytes::Bytes;
use serde_json::{Value, json};

async fn enter(event: OnConnect) -> HandlerResult {
    let auth: Value = event.socket.handshake().auth()?;
    match auth["token"].as_str() {
        Some("secret") => Ok(event.socket.send("welcome")?),
        _ => Err(HandlerError::reject("log in first").with_data(&json!({"at": "/login"}))),
    }
}

async fn answer(event: OnMessage) -> HandlerResult {
    match event.event() {
        "echo" => event.ack(&Many(event.args()))?,
        "tell all" => event.socket.send_and_broadcast(&event.json::<Value>()?)?,
        "refuse" => event.ack(&HandlerError::reject("no").with_data(&7).to_client())?,
        _ => {}
    }
    Ok(())
}

#[test]
fn auth_headers_query_namespace_and_address_arrive() {
    test::system(async {
        let io = SocketIo::builder().namespace("/admin", |admin| admin.on_connect(enter));
        let io = io.build().unwrap();
        let server = TestServer::new(&io).await;
        let address = SocketAddr::from(([127, 0, 0, 1], 4711));
        let mut ada = server
            .client()
            .namespace("/admin")
            .auth(&json!({"token": "secret"}))
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .query("q", "a&b=ü")
            .peer_addr(address)
            .connect()
            .await
            .unwrap();
        assert_eq!(ada.expect::<String>("message").await, "welcome");
        let socket = ada.socket();
        let handshake = socket.handshake();
        assert_eq!((socket.id(), socket.namespace().as_str()), (ada.id(), "/admin"));
        assert_eq!(handshake.peer_addr(), Some(address));
        assert_eq!(handshake.headers().get_all("cookie").count(), 2);
        let query: std::collections::HashMap<String, String> = handshake.query().unwrap();
        assert_eq!(query["q"], "a&b=ü");
    });
}

#[test]
fn a_refusal_is_what_the_client_reads() {
    test::system(async {
        let io = SocketIo::builder()
            .on_handshake(|request: &HttpRequest, _| match request.headers().get("x-banned") {
                Some(_) => Err(ErrorForbidden("you are banned")),
                None => Ok(()),
            })
            .on_connect(enter)
            .build()
            .unwrap();
        let server = TestServer::new(&io).await;

        let refused = server.client().connect().await.unwrap_err();
        assert_eq!((&*refused.message, refused.status), ("log in first", None));
        assert_eq!(refused.data, Some(json!({"at": "/login"})));
        assert_eq!(refused.to_string(), r#"refused: log in first {"at":"/login"}"#);

        let refused = server.client().header("x-banned", "1").connect().await.unwrap_err();
        assert_eq!(refused.status.map(|status| status.as_u16()), Some(403));
        assert_eq!(refused.message, "you are banned");

        let refused = server.client().namespace("/elsewhere").connect().await.unwrap_err();
        assert_eq!(refused.message, "Invalid namespace");
    });
}

#[test]
fn an_answer_has_its_type_or_says_why_it_has_not() {
    test::system(async {
        let io = SocketIo::builder().on_message(answer).build().unwrap();
        let server = TestServer::new(&io).await;
        let mut ada = server.client().connect().await.unwrap();
        assert_eq!(ada.ask::<Vec<u8>>("echo", &vec![1, 2]).await.unwrap(), [1, 2]);
        ada.ask::<()>("echo", &()).await.unwrap();
        let args = ada.ask_args("echo", &("a", (1, 2), Value::Null)).await.unwrap();
        assert!(args.iter().eq([r#""a""#, "[1,2]", "null"]));

        let refused = ada.ask::<Value>("refuse", &()).await.unwrap_err().refused();
        assert_eq!((&*refused.message, refused.data), ("no", Some(json!(7))));
        assert_eq!(ada.ask_args("refuse", &()).await.unwrap().len(), 1, "as it is");

        let error = ada.ask::<u8>("echo", "text").await.unwrap_err();
        assert!(matches!(error, AskError::Unexpected { .. }), "{error}");
        assert!(error.to_string().starts_with(r#"the answer is "text", and "#), "{error}");
        assert!(matches!(ada.ask::<u8>("unknown", &()).await, Err(AskError::TimedOut)));
    });
}

#[test]
fn binary_data_travels_both_ways_with_every_parser() {
    test::system(async {
        for builder in [SocketIo::builder(), SocketIo::builder().parser(MsgpackParser)] {
            let io = builder.on_message(answer).build().unwrap();
            let server = TestServer::new(&io).await;
            let mut ada = server.client().namespace("/").connect().await.unwrap();
            let data = Bytes::from_static(&[0, 1, 255]);
            assert_eq!(ada.ask::<Bytes>("echo", &data).await.unwrap(), data);
            let args = ada.ask_args("echo", &("name", data.clone())).await.unwrap();
            assert_eq!((args.raw(0), args.binary(1)), (Some(r#""name""#), Some(data.clone())));
            io.emit("file", &Many(("name", data.clone()))).unwrap();
            let file = ada.next().await;
            assert_eq!((file.name(), file.arg::<Bytes>(1)), ("file", data));
        }
    });
}

#[test]
fn channels_are_subscribed_published_to_and_left() {
    test::system(async {
        let io = SocketIo::builder().route(channel("^room-").allow_publish()).build().unwrap();
        let server = TestServer::new(&io).await;
        let mut ada = server.client().connect().await.unwrap();
        let mut bob = server.client().connect().await.unwrap();
        let refused = ada.subscribe("elsewhere").await.unwrap_err().refused();
        assert_eq!(refused.message, "no such channel");
        ada.subscribe("room-1").await.unwrap();
        bob.subscribe("room-1").await.unwrap();
        ada.publish("room-1", "chat", &json!({"text": "hi"})).await.unwrap();
        assert_eq!(bob.next().await, ("chat", json!([{"text": "hi"}])));
        ada.nothing().await;
        bob.unsubscribe("room-1").await.unwrap();
        io.broadcast_channel("room-1", "only for Ada").unwrap();
        assert_eq!(ada.expect::<String>("message").await, "only for Ada");
        bob.nothing().await;
        assert!(bob.publish("room-1", "chat", "hi").await.is_err(), "not in the channel");
    });
}

#[test]
fn the_names_of_the_requests_are_those_of_the_server() {
    test::system(async {
        let io = SocketIo::builder()
            .subscribe_event("join")
            .unsubscribe_event("leave")
            .publish_event("say")
            .route(channel("^room-").allow_publish())
            .build()
            .unwrap();
        let server = TestServer::new(&io).await;
        let mut ada = server.client().connect().await.unwrap();
        ada.subscribe("room-1").await.unwrap();
        ada.publish("room-1", "chat", "hi").await.unwrap();
        ada.unsubscribe("room-1").await.unwrap();
        assert!(ada.socket().channels().is_empty());
    });
}

#[test]
fn the_server_asks_and_the_client_answers() {
    test::system(async {
        let io = SocketIo::builder().build().unwrap();
        let server = TestServer::new(&io).await;
        let mut ada = server.client().connect().await.unwrap();
        let mut bob = server.client().connect().await.unwrap();
        let everyone = io.everyone();
        let asked = spawn(async move { everyone.emit_with_ack::<_, u8>("goals", &()).await });
        let (of_ada, of_bob) = (ada.next().await, bob.next().await);
        assert!(of_ada.wants_ack() && of_bob.wants_ack());
        ada.ack(&of_ada, &3).await;
        bob.ack(&of_bob, &4).await;
        let acks = asked.await.unwrap().unwrap();
        let mut goals: Vec<_> = acks.answers.into_iter().map(|(_, goals)| goals.unwrap()).collect();
        goals.sort_unstable();
        assert_eq!(goals, [3, 4]);
    });
}

#[test]
fn events_are_read_in_order_by_name_or_all_at_once() {
    test::system(async {
        let io = SocketIo::builder().on_message(answer).build().unwrap();
        let server = TestServer::new(&io).await;
        let mut ada = server.client().connect().await.unwrap();
        for n in 0..3 {
            io.emit("noise", &n).unwrap();
        }
        io.emit("signal", &Many(("a", 1))).unwrap();
        assert_eq!(ada.wait_for("signal").await.read::<(String, u8)>(), ("a".to_owned(), 1));
        assert_eq!(ada.expect::<u8>("noise").await, 0);
        ada.emit("tell all", "mine").await;
        let names: Vec<_> = ada.received().await;
        assert_eq!(names.len(), 3);
        assert_eq!(names[2], ("message", json!(["mine"])));
        assert_ne!(names[2], ("message", json!(["yours"])));
        assert_ne!(names[2], ("msg", json!(["mine"])));
        ada.nothing().await;
    });
}

#[test]
fn nothing_waits_for_handlers_that_take_time() {
    test::system(async {
        let io = SocketIo::builder()
            .on_message(async |event: OnMessage| {
                tokio::time::sleep(std::time::Duration::from_secs(2)).await;
                event.socket.others().emit("late", &())?;
                Ok(event.socket.emit("late", &())?)
            })
            .build()
            .unwrap();
        let server = TestServer::new(&io).await;
        let mut ada = server.client().connect().await.unwrap();
        let mut bob = server.client().connect().await.unwrap();
        ada.emit("work", &()).await;
        assert_eq!(ada.received().await.len(), 1);
        assert_eq!(bob.received().await.len(), 1, "it was queued before");
    });
}

#[test]
fn an_app_of_ones_own_is_around_the_endpoint() {
    test::system(async {
        let io = SocketIo::builder().on_message(answer).build().unwrap();
        let app = App::new()
            .wrap(Logger::default())
            .service(actix_web::web::scope("/live").configure(io.mount()));
        let server = TestServer::with_app(&io, app).await;
        let refused = server.client().connect().await.unwrap_err();
        assert_eq!(refused.status.map(|status| status.as_u16()), Some(404));
        let mut ada = server.at("/live/socket.io").client().connect().await.unwrap();
        assert_eq!(ada.ask::<u8>("echo", &1).await.unwrap(), 1);
    });
}

/// Nothing above needs the clock to stand still.
#[actix_web::test]
async fn it_works_on_a_clock_that_runs() {
    let io = SocketIo::builder().on_message(answer).open_channels().build().unwrap();
    let server = TestServer::new(&io).await;
    let mut ada = server.client().connect().await.unwrap();
    let mut bob = server.client().connect().await.unwrap();
    assert_eq!(ada.ask::<u8>("echo", &1).await.unwrap(), 1);
    bob.subscribe("c").await.unwrap();
    ada.emit("tell all", "hi").await;
    assert_eq!(bob.expect::<String>("message").await, "hi");
    bob.nothing().await;
    ada.close().await;
    assert!(io.shutdown().await);
}
