//! Events of one client for an actor. Events that an actor handles one by one are sent to it in a
//! batch, and the order is the same. Where a batch could change the order, each event waits for the
//! one before.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix::prelude::*;
use actix_socketio::{
    HandlerError, HandlerResult, OnError, OnFinish, OnMessage, SocketHandler, SocketIo,
};
use serde_json::json;

use crate::{
    app::{Record, TestServer},
    client::{Client, Mode},
    fixture::Fixture,
    raw::WebSocket,
    wait::wait_until,
};

in_every_mode! {
    an_actor_has_the_events_of_a_client_in_order_and_its_end_last,
    an_actor_that_answers_with_a_future_has_one_event_at_a_time,
    a_pool_has_one_event_of_a_client_at_a_time,
    a_handler_of_errors_receives_each_before_the_next_event,
}

const EVENTS: usize = 100;

/// Sends events without waiting, and then one with an acknowledgement.
async fn send(client: &mut Client) {
    for number in 0..EVENTS {
        client.emit("number", json!([number])).await;
    }
    client.emit_with_ack("last", json!([])).await;
}

/// Records each number, and sends it back.
struct Prompt(Record);

impl Actor for Prompt {
    type Context = Context<Self>;
}

impl SocketHandler for Prompt {
    type Events = (OnMessage, OnFinish);
}

impl Handler<OnMessage> for Prompt {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> HandlerResult {
        match event.event() {
            "number" => {
                let number: usize = event.json()?;
                self.0.add(number.to_string());
                event.socket.emit("number", &number)?;
            }
            _ => event.ack(&())?,
        }
        Ok(())
    }
}

impl Handler<OnFinish> for Prompt {
    type Result = HandlerResult;

    fn handle(&mut self, _: OnFinish, _: &mut Self::Context) -> HandlerResult {
        self.0.add("finish");
        Ok(())
    }
}

async fn an_actor_has_the_events_of_a_client_in_order_and_its_end_last(mode: Mode) {
    let record = Record::new();
    let prompt = Prompt(record.clone());
    let actor = Actor::start_in_arbiter(&Arbiter::new().handle(), |_: &mut Context<_>| prompt);
    let server = TestServer::start(SocketIo::builder().to(&actor));
    let mut client = Client::connect(&server.url, mode).await;
    send(&mut client).await;
    for number in 0..EVENTS {
        assert_eq!(client.expect_event("number").await, json!([number]));
    }
    client.close().await;
    let expected: Vec<_> =
        (0..EVENTS).map(|number| number.to_string()).chain(["finish".to_owned()]).collect();
    assert_eq!(record.until("finish").await, expected);
}

/// Checks that each event ends before the next begins.
fn one_at_a_time(lines: &[String]) {
    let expected =
        (0..EVENTS).flat_map(|number| [format!("begin {number}"), format!("end {number}")]);
    assert_eq!(lines, expected.collect::<Vec<_>>());
}

/// Answers with a future, and could therefore handle several events concurrently.
struct Patient(Record);

impl Actor for Patient {
    type Context = Context<Self>;
}

impl Handler<OnMessage> for Patient {
    type Result = ResponseFuture<HandlerResult>;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        let record = self.0.clone();
        Box::pin(async move {
            if event.event() == "number" {
                let number: usize = event.json()?;
                record.add(format!("begin {number}"));
                tokio::task::yield_now().await;
                record.add(format!("end {number}"));
            }
            event.ack(&())?;
            Ok(())
        })
    }
}

async fn an_actor_that_answers_with_a_future_has_one_event_at_a_time(mode: Mode) {
    let record = Record::new();
    let server = TestServer::start(SocketIo::builder().on_message(Patient(record.clone()).start()));
    send(&mut Client::connect(&server.url, mode).await).await;
    one_at_a_time(&record.lines());
}

/// One of several actors, each on a thread of its own.
struct Pooled(Record);

impl Actor for Pooled {
    type Context = SyncContext<Self>;
}

impl Handler<OnMessage> for Pooled {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> HandlerResult {
        if event.event() == "number" {
            let number: usize = event.json()?;
            self.0.add(format!("begin {number}"));
            std::thread::yield_now();
            self.0.add(format!("end {number}"));
        }
        event.ack(&())?;
        Ok(())
    }
}

async fn a_pool_has_one_event_of_a_client_at_a_time(mode: Mode) {
    let record = Record::new();
    let pooled = record.clone();
    let pool = SyncArbiter::start(2, move || Pooled(pooled.clone()));
    let server = TestServer::start(SocketIo::builder().on_message(&pool));
    send(&mut Client::connect(&server.url, mode).await).await;
    one_at_a_time(&record.lines());
}

/// Fails for each number.
struct Failing(Record);

impl Actor for Failing {
    type Context = Context<Self>;
}

impl SocketHandler for Failing {
    type Events = (OnMessage, OnError);
}

impl Handler<OnMessage> for Failing {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> HandlerResult {
        if event.event() == "number" {
            let number: usize = event.json()?;
            self.0.add(format!("begin {number}"));
            return Err(HandlerError::reject(number.to_string()));
        }
        event.ack(&())?;
        Ok(())
    }
}

impl Handler<OnError> for Failing {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnError, _: &mut Self::Context) -> HandlerResult {
        let reported = event.error.to_client();
        self.0.add(format!("end {}", reported["message"].as_str().unwrap_or_default()));
        Ok(())
    }
}

async fn a_handler_of_errors_receives_each_before_the_next_event(mode: Mode) {
    let record = Record::new();
    let server = TestServer::start(SocketIo::builder().to(&Failing(record.clone()).start()));
    send(&mut Client::connect(&server.url, mode).await).await;
    one_at_a_time(&record.lines());
}

/// Blocks while the test holds the lock.
struct HeldUp(Arc<Mutex<Vec<usize>>>);

impl Actor for HeldUp {
    type Context = Context<Self>;
}

impl Handler<OnMessage> for HeldUp {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> HandlerResult {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.json()?);
        Ok(())
    }
}

/// Events that the actor has received and not begun to handle count as waiting.
#[actix_web::test]
async fn an_actor_that_is_held_up_holds_its_clients_back_at_max_inbox() {
    const INBOX: usize = 4;
    let received = Arc::<Mutex<Vec<usize>>>::default();
    let actor = HeldUp(Arc::clone(&received));
    let actor = Actor::start_in_arbiter(&Arbiter::new().handle(), |_: &mut Context<_>| actor);
    let mut fixture = Fixture::with(|builder| {
        let builder = builder.max_inbox(INBOX).handler_timeout(Duration::from_secs(600));
        builder.namespace("/held", |namespace| namespace.on_message(&actor))
    });
    let mut session = WebSocket::open(fixture.addr);
    session.send("40/held,");
    assert!(session.text().starts_with("40/held,"));
    let before = fixture.io.stats().messages_received;
    let held = received.lock().expect("no thread has panicked");
    for number in 0..EVENTS {
        session.send(&format!(r#"42/held,["number",{number}]"#));
    }
    // The actor handles one event, and these wait. Nothing else is decoded, except for the packets
    // of the bystander.
    let taken = |others: u64| (1 + INBOX) as u64 + others;
    wait_until("as many events wait as may", || {
        fixture.io.stats().messages_received - before == taken(0)
    });
    for step in 1..=3 {
        fixture.assert_bystander_works();
        assert_eq!(fixture.io.stats().messages_received - before, taken(step));
    }
    drop(held);
    wait_until("all are received", || {
        received.lock().is_ok_and(|received| received.len() == EVENTS)
    });
    assert!(received.lock().expect("no thread has panicked").is_sorted());
    drop(session);
    fixture.assert_all_freed();
}
