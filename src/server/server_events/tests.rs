use std::time::Duration;

use tokio::{sync::Semaphore, time::timeout};

use super::*;
use crate::{event::HandlerResult, routing::Handlers};

/// A dispatcher with one handler, which notes that it begins and then takes a permit.
struct Gated {
    dispatcher: ServerEventDispatcher,
    begun: Arc<Semaphore>,
    gate: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl Gated {
    fn start(max_events: usize) -> Self {
        let begun = Arc::new(Semaphore::new(0));
        let gate = Arc::new(Semaphore::new(0));
        let counters = Arc::<Counters>::default();
        let (note, wait) = (Arc::clone(&begun), Arc::clone(&gate));
        let handler = async move |event: OnServerEvent| -> HandlerResult {
            note.add_permits(1);
            wait.acquire().await?.forget();
            Ok(event.ack(event.event())?)
        };
        let mut handlers = Handlers::default();
        handlers.register::<OnServerEvent, _, _>(handler);
        let handlers = ServerEventHandlers::new(&handlers, Duration::from_secs(30));
        let mut table = ServerEventTable::default();
        table.add(Namespace::default(), handlers);
        let dispatcher =
            ServerEventDispatcher::start(table, max_events, Arc::clone(&counters), Arc::default());
        Self { dispatcher, begun, gate, counters }
    }

    fn send(&self, name: &str) -> AdapterFuture<Option<Args>> {
        let args = Args::default();
        self.dispatcher.handle(ServerEvent::new(Namespace::default(), name, args))
    }

    /// Sends an event, and waits until its handler has begun.
    async fn send_and_begin(&self, name: &str) -> AdapterFuture<Option<Args>> {
        let answer = self.send(name);
        begin(&self.begun).await;
        answer
    }

    fn is_overflowing(&self) -> bool {
        self.dispatcher.is_overflowing.load(Ordering::Relaxed)
    }

    fn refused(&self) -> String {
        format!("{:?}", self.counters.refused)
    }
}

async fn begin(begun: &Semaphore) {
    let permit = timeout(Duration::from_secs(20), begun.acquire()).await;
    permit.expect("a handler begins").expect("it is open").forget();
}

#[actix_web::test]
async fn an_episode_lasts_until_the_queue_is_empty() {
    let gated = Gated::start(2);
    let first = gated.send_and_begin("first").await;
    let waiting = [gated.send("second"), gated.send("third")];
    assert!(!gated.is_overflowing());
    assert!(gated.send("refused").await.is_none());
    assert!(gated.refused().contains(r#""max_server_events": 1"#), "{}", gated.refused());

    gated.gate.add_permits(1);
    begin(&gated.begun).await;
    assert!(gated.is_overflowing(), "one event still waits");
    gated.gate.add_permits(1);
    begin(&gated.begun).await;
    assert!(!gated.is_overflowing());
    gated.gate.add_permits(1);
    assert!(first.await.is_some());
    for answer in waiting {
        assert!(answer.await.is_some());
    }
}

#[actix_web::test]
async fn the_task_ends_with_the_server() {
    let gated = Gated::start(usize::MAX);
    let (first, second) = (gated.send_and_begin("first").await, gated.send("second"));
    let Gated { dispatcher, begun, gate, counters } = gated;
    drop(dispatcher);
    gate.add_permits(2);
    assert!(first.await.is_some(), "the event in progress is finished");
    assert!(second.await.is_none());
    assert_eq!((begun.available_permits(), Arc::strong_count(&counters)), (0, 1));
}

#[actix_web::test]
async fn an_event_without_handlers_takes_no_place_in_the_queue() {
    let gated = Gated::start(1);
    let _first = gated.send_and_begin("first").await;
    for _ in 0..3 {
        let event = ServerEvent::new(Namespace::new("/other"), "e", Args::default());
        assert!(gated.dispatcher.handle(event).await.is_none());
    }
    assert!(!gated.is_overflowing());
}
