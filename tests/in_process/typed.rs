//! Handlers by event, with typed parameters: as clients call them, and as a test does.

use actix::prelude::*;
use actix_socketio::{
    ClientEvent, Data, HandlerError, HandlerResult, Many, Received, Socket, SocketHandler,
    SocketIo,
    test::{self, TestServer},
};
use parking_lot::Mutex;
use serde_json::{Value, json};

type Log = Mutex<Vec<String>>;

async fn say(socket: Socket, log: Data<Log>, text: String) -> Result<usize, HandlerError> {
    if text.is_empty() {
        return Err(HandlerError::reject("say something").with_data(&json!({"least": 1})));
    }
    socket.others().emit("said", &text)?;
    let mut log = log.lock();
    log.push(text);
    Ok(log.len())
}

#[test]
fn a_client_reads_answers_and_refusals() {
    test::system(async {
        let io = SocketIo::builder()
            .data(Log::default())
            .on("say", say)
            .on("quiet", async || Ok(()))
            .on("two", async || Ok(Many((1, "a"))))
            .build()
            .unwrap();
        let server = TestServer::new(&io).await;
        let mut ada = server.client().connect().await.unwrap();
        let mut bob = server.client().connect().await.unwrap();
        assert_eq!(ada.ask::<usize>("say", "hi").await.unwrap(), 1);
        assert_eq!(bob.expect::<String>("said").await, "hi");
        ada.ask::<()>("quiet", &()).await.unwrap();
        assert!(ada.ask_args("two", &()).await.unwrap().iter().eq(["1", r#""a""#]));

        let refused = ada.ask::<Value>("say", "").await.unwrap_err().refused();
        assert_eq!(refused.data, Some(json!({"least": 1})));
        let refused = ada.ask::<Value>("say", &7).await.unwrap_err().refused();
        assert!(refused.message.starts_with("argument 1"), "{refused}");
        let refused = ada.ask::<Value>("sya", "hi").await.unwrap_err().refused();
        assert_eq!(refused.message, "no such event");
        bob.nothing().await;
    });
}

#[test]
fn a_handler_is_called_by_the_test_itself() {
    test::system(async {
        let io = SocketIo::builder().build().unwrap();
        let server = TestServer::new(&io).await;
        let ada = server.client().connect().await.unwrap();
        let mut bob = server.client().connect().await.unwrap();
        let log = Data::new(Log::default());
        assert_eq!(say(ada.socket(), log.clone(), "hi".to_owned()).await.unwrap(), 1);
        assert_eq!(bob.next().await, ("said", json!(["hi"])));
        assert!(say(ada.socket(), log.clone(), String::new()).await.unwrap_err().is_rejection());
        assert_eq!(*log.lock(), ["hi"]);
    });
}

#[derive(serde::Deserialize)]
struct Move {
    x: i32,
    y: i32,
}

impl ClientEvent for Move {
    const NAME: &'static str = "move";
    type Answer = i32;
}

#[derive(Default)]
struct Board;

impl Actor for Board {
    type Context = Context<Self>;
}

impl SocketHandler for Board {
    type Events = (Received<Move>,);
}

impl Handler<Received<Move>> for Board {
    type Result = Result<i32, HandlerError>;

    fn handle(&mut self, event: Received<Move>, _: &mut Self::Context) -> Self::Result {
        Ok(event.data.x + event.data.y)
    }
}

#[test]
fn an_actor_receives_a_typed_event_from_a_client_and_from_the_test() {
    test::system(async {
        let board = Board.start();
        let io = SocketIo::builder().to(&board).build().unwrap();
        let mut ada = TestServer::new(&io).await.client().connect().await.unwrap();
        assert_eq!(ada.ask::<i32>("move", &json!({"x": 1, "y": 2})).await.unwrap(), 3);
        for event in
            [ada.by_hand().received(&(3, 4)), ada.by_hand().received(&json!({"x": 3, "y": 4}))]
        {
            assert_eq!(board.send(event).await.unwrap().unwrap(), 7);
        }
    });
}

#[test]
#[should_panic = "argument 2"]
fn a_typed_event_that_does_not_match_is_a_mistake_of_the_test() {
    let result: HandlerResult = test::system(async {
        let io = SocketIo::builder().build().unwrap();
        let ada = TestServer::new(&io).await.client().connect().await.unwrap();
        let _: Received<Move> = ada.by_hand().received(&(3, "north"));
        Ok(())
    });
    drop(result);
}
