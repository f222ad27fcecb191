//! Subscribing and unsubscribing, by the client and by the server: when a subscription begins and
//! when it ends.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use actix::prelude::*;
use actix_socketio::{HandlerResult, OnMessage, OnSubscribe, SocketIo, channel};
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder, recorder},
    client::{Client, Mode},
};

in_every_mode! {
    only_subscribers_receive_the_messages_of_a_channel,
    subscribing_again_is_granted_without_an_event,
    after_the_answer_to_unsubscribe_no_message_arrives,
    unsubscribing_from_a_channel_that_one_is_not_in_is_granted_without_an_event,
    the_server_subscribes_without_asking_a_handler,
    a_snapshot_that_follows_the_subscription_leaves_no_gap,
    a_snapshot_of_the_actor_that_publishes_comes_first,
}

async fn only_subscribers_receive_the_messages_of_a_channel(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder).route(channel("^room-")));
    let mut inside = Client::connect(&server.url, mode).await;
    let mut outside = Client::connect(&server.url, mode).await;
    inside.subscribe("room-1").await;
    outside.subscribe("room-2").await;
    server.io.broadcast_channel("room-1", &json!({"hello": [1, null]})).expect("a publication");
    assert_eq!(inside.messages().await, [json!({"hello": [1, null]})]);
    assert_eq!(outside.fence().await, [""; 0]);
    assert_eq!(record.lines(), ["connect", "connect", "subscribe room-1", "subscribe room-2"]);
}

async fn subscribing_again_is_granted_without_an_event(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder).route(channel("^room-")));
    let mut client = Client::connect(&server.url, mode).await;
    for _ in 0..3 {
        client.subscribe("room-1").await;
    }
    server.io.broadcast_channel("room-1", "once").expect("a publication");
    assert_eq!(client.messages().await, ["once"]);
    assert_eq!(record.lines(), ["connect", "subscribe room-1"]);
}

/// Publishes 1, 2, 3, … to `room-1` as fast as possible, from a thread of its own, until it is
/// dropped.
struct Publisher {
    stop: Arc<AtomicBool>,
    /// The last number that is published, or about to be.
    last: Arc<AtomicU64>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Publisher {
    fn start(io: &SocketIo, last: &Arc<AtomicU64>) -> Self {
        let (io, last, stop) = (io.clone(), Arc::clone(last), Arc::<AtomicBool>::default());
        let (counter, stopped) = (Arc::clone(&last), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async {
                // Many publications are in flight at any moment, but their number is bounded.
                while !stopped.load(Ordering::SeqCst) {
                    for _ in 0..100 {
                        let next = counter.fetch_add(1, Ordering::SeqCst) + 1;
                        io.to("room-1").emit("count", &next).expect("a publication");
                    }
                    let next = counter.fetch_add(1, Ordering::SeqCst) + 1;
                    io.to("room-1").publish("count", &next).await.expect("a publication");
                }
            });
        });
        Self { stop, last, thread: Some(thread) }
    }

    /// Waits until it has published this many more.
    async fn wait_for_more(&self, count: u64) {
        let wanted = self.last.load(Ordering::SeqCst) + count;
        while self.last.load(Ordering::SeqCst) < wanted {
            assert!(
                !self.thread.as_ref().expect("it runs").is_finished(),
                "the publisher has stopped"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || thread::panicking(), "the publisher panicked");
    }
}

/// The numbers of the events `count`.
fn counted_numbers(packets: &[String]) -> Vec<u64> {
    let number =
        |packet: &String| packet.strip_prefix(r#"2["count","#)?.strip_suffix(']')?.parse().ok();
    packets.iter().filter_map(number).collect()
}

fn has_no_gap(numbers: &[u64]) -> bool {
    numbers.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

async fn after_the_answer_to_unsubscribe_no_message_arrives(mode: Mode) {
    let (record, recorder) = recorder();
    let server =
        TestServer::start(builder().max_outbox(1 << 30).to(&recorder).route(channel("^room-")));
    let mut client = Client::connect(&server.url, mode).await;
    let publisher = Publisher::start(&server.io, &Arc::default());
    let mut rounds = Vec::new();
    for _ in 0..5 {
        client.subscribe("room-1").await;
        publisher.wait_for_more(50).await;
        assert_eq!(client.emit_with_ack("unsubscribe", json!(["room-1"])).await, json!([null]));
        rounds.push(counted_numbers(&client.rest()));
        publisher.wait_for_more(50).await;
        assert_eq!(client.fence().await, [""; 0], "after the answer");
    }
    assert!(rounds.iter().all(|numbers| numbers.len() >= 49 && has_no_gap(numbers)), "{rounds:?}");
    assert_eq!(record.lines()[1..], ["subscribe room-1", "unsubscribe room-1"].repeat(5));
}

async fn unsubscribing_from_a_channel_that_one_is_not_in_is_granted_without_an_event(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder).route(channel("^room-")));
    let mut client = Client::connect(&server.url, mode).await;
    assert_eq!(client.emit_with_ack("unsubscribe", json!(["room-1"])).await, json!([null]));
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(record.lines(), ["connect"]);
}

async fn the_server_subscribes_without_asking_a_handler(mode: Mode) {
    async fn join(event: OnMessage) -> HandlerResult {
        match event.event() {
            "join" => event.ack(&event.socket.subscribe(event.json::<String>()?)?)?,
            "part" => event.ack(&event.socket.unsubscribe(event.json::<String>()?))?,
            _ => {}
        }
        Ok(())
    }
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().on_message(join).to(&recorder));
    let mut client = Client::connect(&server.url, mode).await;
    // No route declares this channel.
    assert_eq!(client.emit_with_ack("join", json!(["backstage"])).await, json!([true]));
    assert_eq!(
        client.emit_with_ack("join", json!(["backstage"])).await,
        json!([false]),
        "it is in already"
    );
    server.io.broadcast_channel("backstage", "psst").expect("a publication");
    assert_eq!(client.messages().await, ["psst"]);
    assert_eq!(client.emit_with_ack("part", json!(["backstage"])).await, json!([true]));
    assert_eq!(client.emit_with_ack("part", json!(["backstage"])).await, json!([false]));
    server.io.broadcast_channel("backstage", "psst").expect("a publication");
    assert_eq!(client.fence().await, [""; 0]);
    let asked = record.lines().iter().filter(|line| line.contains("subscribe")).count();
    assert_eq!(asked, 0, "{:?}", record.lines());
}

async fn a_snapshot_that_follows_the_subscription_leaves_no_gap(mode: Mode) {
    let last = Arc::<AtomicU64>::default();
    let state = Arc::clone(&last);
    let server = TestServer::start(builder().max_outbox(1 << 30).route(
        channel("^room-").on_subscribe(async move |event: OnSubscribe| {
            event.socket.subscribe(&event.channel)?;
            event.socket.emit("snapshot", &state.load(Ordering::SeqCst))?;
            Ok(())
        }),
    ));
    let publisher = Publisher::start(&server.io, &last);
    for _ in 0..5 {
        let mut client = Client::connect(&server.url, mode).await;
        publisher.wait_for_more(20).await;
        client.subscribe("room-1").await;
        publisher.wait_for_more(50).await;
        let packets = client.fence().await;
        let numbers = counted_numbers(&packets);
        assert!(numbers.len() >= 49 && has_no_gap(&numbers), "{packets:?}");
        // The publisher runs by itself, so the snapshot may be older or newer than the first
        // message, but there must be no gap.
        let snapshot = packets
            .iter()
            .find_map(|packet| packet.strip_prefix(r#"2["snapshot","#)?.strip_suffix(']'));
        let snapshot: u64 = snapshot.expect("a snapshot").parse().expect("a number");
        assert!(numbers[0] <= snapshot + 1, "nothing between {snapshot} and {}", numbers[0]);
    }
}

/// Publishes its count, and gives new subscribers a snapshot of it.
struct Counter {
    io: Option<SocketIo>,
    count: u64,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Begin(SocketIo);

impl Actor for Counter {
    type Context = Context<Self>;
}

impl Handler<Begin> for Counter {
    type Result = ();

    fn handle(&mut self, Begin(io): Begin, ctx: &mut Self::Context) {
        self.io = Some(io);
        ctx.run_interval(Duration::from_millis(1), |counter, _| {
            for _ in 0..10 {
                counter.count += 1;
                let io = counter.io.as_ref().expect("the handler has begun");
                io.to("room-1").emit("count", &counter.count).expect("a publication");
            }
        });
    }
}

impl Handler<OnSubscribe> for Counter {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnSubscribe, _: &mut Self::Context) -> Self::Result {
        event.socket.subscribe(&event.channel)?;
        event.socket.emit("count", &self.count)?;
        Ok(())
    }
}

async fn a_snapshot_of_the_actor_that_publishes_comes_first(mode: Mode) {
    let arbiter = Arbiter::new();
    let counter = Counter::start_in_arbiter(&arbiter.handle(), |_| Counter { io: None, count: 0 });
    let server = TestServer::start(builder().route(channel("^room-").on_subscribe(&counter)));
    counter.send(Begin(server.io.clone())).await.expect("the actor is alive");
    for _ in 0..5 {
        let mut client = Client::connect(&server.url, mode).await;
        client.emit("subscribe", json!(["room-1"])).await;
        let mut numbers = Vec::new();
        while numbers.len() < 100 {
            let number: Value = client.expect_event("count").await;
            numbers.push(number[0].as_u64().expect("a number"));
        }
        assert!(has_no_gap(&numbers), "{numbers:?}");
    }
    arbiter.stop();
}
