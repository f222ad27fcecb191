//! A handler actor whose mailbox is full for a long time.

use std::sync::{Arc, mpsc};

use actix::prelude::*;
use actix_socketio::{HandlerResult, OnMessage, channel};
use parking_lot::Mutex;
use serde_json::json;

use crate::{
    app::{TestServer, builder, recorder},
    client::{Client, Mode},
    wait::wait_until,
};

/// An actor that blocks its thread.
struct Busy {
    until: Arc<Mutex<mpsc::Receiver<()>>>,
    handled: Arc<Mutex<Vec<u64>>>,
}

impl Actor for Busy {
    type Context = Context<Self>;
}

impl Handler<OnMessage> for Busy {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        if event.event() == "work" {
            // An error means that the sender is dropped, and that no event waits any more.
            let _ = self.until.lock().recv();
            self.handled.lock().push(event.json()?);
        }
        Ok(())
    }
}

#[actix_web::test]
async fn an_actor_that_is_busy_for_long_holds_back_its_own_clients_only() {
    const CROWD: usize = 20;
    const EVENTS: u64 = 50;
    let (record, recorder) = recorder();
    let (done, until) = mpsc::channel();
    let handled = Arc::<Mutex<Vec<u64>>>::default();
    let arbiter = Arbiter::new();
    let busy = Busy { until: Arc::new(Mutex::new(until)), handled: Arc::clone(&handled) };
    let busy = Busy::start_in_arbiter(&arbiter.handle(), |_| busy);
    let builder = builder().on_disconnect(&recorder).on_unsubscribe(&recorder).on_finish(&recorder);
    let server = TestServer::start(
        builder.route(channel("^busy-").on_message(busy)).route(channel("^room-")),
    );
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        let mut client = Client::connect(&server.url, Mode::WebSocket).await;
        client.subscribe("busy-1").await;
        for number in 0..EVENTS {
            client.emit("work", json!([number])).await;
        }
        crowd.push(client);
    }
    let mut neighbours = Vec::new();
    for mode in [Mode::Polling, Mode::WebSocket, Mode::Upgrade] {
        let mut neighbour = Client::connect(&server.url, mode).await;
        neighbour.subscribe("room-1").await;
        neighbours.push(neighbour);
    }
    for round in 0..50 {
        server
            .io
            .to("room-1")
            .to("busy-1")
            .emit("round", &round)
            .expect("the registry has capacity");
        for neighbour in &mut neighbours {
            assert_eq!(neighbour.fence().await, [format!(r#"2["round",{round}]"#)]);
        }
        for client in &mut crowd {
            assert_eq!(
                client.expect_event("round").await,
                json!([round]),
                "they receive, though their events are not handled"
            );
        }
    }
    assert_eq!(handled.lock().len(), 0);
    // Half of the clients leave, and their events are handled all the same.
    for client in &crowd[..CROWD / 2] {
        client.close().await;
    }
    drop(done);
    record.until_there_are(CROWD / 2, "finish").await;
    for client in &mut crowd[CROWD / 2..] {
        assert_eq!(client.fence().await, [""; 0]);
        client.close().await;
    }
    for neighbour in &neighbours {
        neighbour.close().await;
    }
    server.wait_until_empty().await;
    let mut numbers = handled.lock().clone();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..EVENTS).flat_map(|number| [number; CROWD]).collect::<Vec<_>>());
    for (line, count) in [("disconnect: transport close", CROWD + 3), ("unsubscribe busy-1", CROWD)]
    {
        assert_eq!(record.count(line), count, "{line}");
    }
    assert_eq!(record.count("finish"), CROWD + 3);
    wait_until("nothing is left", || server.io.stats().is_idle());
    arbiter.stop();
}
