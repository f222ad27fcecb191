//! Events made by hand, for handlers that the test calls itself.

use actix::prelude::*;
use actix_socketio::{
    Channel, DisconnectReason, HandlerError, HandlerResult, Many, OnConnect, OnDisconnect, OnError,
    OnFinish, OnMessage, OnPacket, OnSubscribe, OnUnsubscribe, OnUpgrade, SocketIo,
    test::{self, AskError, TestClient, TestServer},
};
use bytes::Bytes;
use serde_json::{Value, json};

async fn client() -> TestClient {
    let io = SocketIo::builder()
        .on_message(async |_: OnMessage| panic!("the server does not see what is made by hand"))
        .build()
        .expect("the settings are valid");
    TestServer::new(&io).await.client().connect().await.expect("it is admitted")
}

#[test]
fn a_message_has_a_name_arguments_and_perhaps_a_waiting_acknowledgement() {
    test::system(async {
        let mut ada = client().await;
        let event = ada.by_hand().message("chat", &("tea", 7));
        assert_eq!((event.event(), event.args().len(), event.wants_ack()), ("chat", 2, false));
        assert!(event.channel.is_none() && event.socket == ada.socket());
        event.ack("not asked for").unwrap();

        let (event, answer) = ada.by_hand().message_with_ack("sum", &Many(vec![1, 2]));
        assert!(event.wants_ack());
        event
            .ack(&Many((event.arg::<u8>(0).unwrap() + event.arg::<u8>(1).unwrap(), "more")))
            .unwrap();
        assert!(answer.get_args().await.unwrap().iter().eq(["3", r#""more""#]));

        let (event, answer) = ada.by_hand().message_with_ack("file", &Bytes::from_static(b"abc"));
        event.ack(&event.json::<Bytes>().unwrap()).unwrap();
        assert_eq!(answer.get::<Bytes>().await.unwrap(), "abc");

        let (event, answer) = ada.by_hand().message_with_ack("refused", &());
        event.ack(&HandlerError::reject("no").to_client()).unwrap();
        assert_eq!(answer.get::<Value>().await.unwrap_err().refused().message, "no");

        let (_event, answer) = ada.by_hand().message_with_ack("forgotten", &());
        assert!(matches!(answer.get::<()>().await, Err(AskError::TimedOut)));
        ada.nothing().await;

        let (event, answer) = ada.by_hand().server_event("reload", &("users", 2));
        assert_eq!((event.event(), event.namespace.as_str()), ("reload", "/"));
        event.ack(&event.arg::<u8>(1).unwrap()).unwrap();
        assert_eq!(answer.get::<u8>().await.unwrap(), 2);
        let (event, answer) = ada.by_hand().server_event("forgotten", &());
        drop(event);
        assert!(matches!(answer.get::<()>().await, Err(AskError::TimedOut)));
    });
}

#[test]
fn what_a_handler_does_to_the_socket_is_seen() {
    async fn join(event: OnSubscribe) -> HandlerResult {
        event.socket.subscribe(&event.channel)?;
        event.socket.context().insert("last", event.channel.as_str())?;
        event.socket.emit("score", &json!({"home": 1}))?;
        Ok(())
    }
    test::system(async {
        let mut ada = client().await;
        join(ada.by_hand().subscribe("match-1")).await.unwrap();
        assert!(ada.socket().is_subscribed("match-1"));
        assert_eq!(ada.socket().context().get::<String>("last").unwrap().unwrap(), "match-1");
        assert_eq!(ada.next().await, ("score", json!([{"home": 1}])));
    });
}

/// An actor of all events. It keeps a journal.
#[derive(Default)]
struct Journal(Vec<String>);

impl Actor for Journal {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "Vec<String>")]
struct Read;

impl Handler<Read> for Journal {
    type Result = Vec<String>;

    fn handle(&mut self, _: Read, _: &mut Self::Context) -> Vec<String> {
        self.0.clone()
    }
}

macro_rules! journal {
    ($($event:ident as |$it:ident| $text:expr;)*) => {$(
        impl Handler<$event> for Journal {
            type Result = HandlerResult;

            fn handle(&mut self, $it: $event, _: &mut Self::Context) -> HandlerResult {
                self.0.push($text);
                Ok(())
            }
        }
    )*};
}

journal! {
    OnConnect as |it| format!("connect {}", it.socket.namespace());
    OnMessage as |it| format!("{} to {:?}", it.event(), it.channel.as_ref().map(Channel::as_str));
    OnPacket as |it| format!("packet {}", it.message.event());
    OnSubscribe as |it| format!("subscribe {}", it.channel);
    OnUnsubscribe as |it| format!("unsubscribe {}", it.channel);
    OnUpgrade as |it| format!("upgrade {}", it.socket.is_connected());
    OnError as |it| format!("error {}", it.error);
    OnDisconnect as |it| format!("disconnect {}", it.reason);
    OnFinish as |it| format!("finish {}", it.socket.channels().len());
}

#[test]
fn an_actor_takes_each_event() {
    test::system(async {
        let ada = client().await;
        let (by_hand, journal) = (ada.by_hand(), Journal::default().start());
        let message = by_hand.message("look", &());
        journal.do_send(by_hand.connect());
        journal.do_send(message.clone());
        journal.do_send(by_hand.packet(message));
        journal.do_send(by_hand.publication("room-1", "chat", "hi"));
        journal.do_send(by_hand.subscribe("room-1"));
        journal.do_send(by_hand.unsubscribe("room-1"));
        journal.do_send(by_hand.upgrade());
        journal.do_send(by_hand.error(HandlerError::reject("no")));
        journal.do_send(by_hand.disconnect(DisconnectReason::PingTimeout));
        journal.do_send(by_hand.finish());
        let events = journal.send(Read).await.unwrap();
        assert_eq!(
            events,
            [
                "connect /",
                "look to None",
                "packet look",
                r#"chat to Some("room-1")"#,
                "subscribe room-1",
                "unsubscribe room-1",
                "upgrade true",
                "error rejected: no",
                "disconnect ping timeout",
                "finish 0",
            ]
        );
    });
}
