use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use super::*;
use crate::{
    model::{Channel, Namespace, Quota, SocketId, Transport},
    outbox::{Outbox, SocketSender},
    protocol::{PacketCodec, UnsealedPacket, connect},
    registry::{ChangeSender, SequencerLimits},
    stats::Counters,
};

const MAX_OUTBOX: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(3600);

struct Server {
    sequencer: Sequencer,
    counters: Arc<Counters>,
}

impl Server {
    fn start() -> Self {
        let counters = Arc::<Counters>::default();
        let changes = ChangeSender::new(1);
        let limits = SequencerLimits {
            max_publications: 1000,
            max_outbox: MAX_OUTBOX,
            history: None,
            is_shared: false,
        };
        let sequencer = Sequencer::start(changes, Arc::clone(&counters), limits, None);
        Self { sequencer, counters }
    }

    /// A client that is subscribed to these channels.
    fn subscriber(&self, channels: &[&str]) -> Arc<Outbox> {
        let congested: Quota = self.counters.congested.clone();
        let outbox = Outbox::sharing(Transport::WebSocket, MAX_OUTBOX, congested.into(), |_| {});
        let (id, namespace) = (SocketId::random(), Namespace::default());
        let sender = SocketSender::new(Arc::clone(&outbox));
        sender.open(connect("/", ""), &[]);
        let registry_id = self.sequencer.registry_id();
        self.sequencer.attach(registry_id, namespace.clone(), id, sender);
        for name in channels {
            self.sequencer.subscribe(registry_id, namespace.clone(), id, channel(name), None, None);
        }
        outbox
    }

    /// Publishes what a client has sent.
    async fn relay(&self, to: &str, bytes: usize) {
        let publication = Publication::new(audience(to), packet(bytes));
        let publication = self.sequencer.reserve(publication, PATIENCE).await;
        self.sequencer.publish(publication).unwrap();
    }
}

fn channel(name: &str) -> Channel {
    Channel::new(name, 100).unwrap()
}

fn audience(channel_name: &str) -> Audience {
    Audience { to: vec![channel(channel_name)], ..Audience::everyone(Namespace::default()) }
}

fn packet(bytes: usize) -> UnsealedPacket {
    PacketCodec::default().publication("/", "e", &"x".repeat(bytes), false).unwrap()
}

/// Takes everything, as a client that reads does.
fn drain(outbox: &Outbox) -> usize {
    let (frames, _) = outbox.depth();
    while outbox.take_chunk().is_some() {}
    frames
}

/// More publishers than an outbox has room for, to more channels than one, all at once.
#[actix_web::test]
async fn however_many_publish_at_once_no_outbox_overflows() {
    const PUBLISHERS: usize = 50;
    let server = Server::start();
    let outbox = server.subscriber(&["a", "b", "c"]);
    drain(&outbox);
    let mut publishing: Vec<_> =
        (0..PUBLISHERS).map(|at| Box::pin(server.relay(["a", "b", "c"][at % 3], 15_000))).collect();
    let (mut received, mut rounds) = (0, 0);
    while !publishing.is_empty() {
        // Everything that can go on does, and then the client reads.
        for _ in 0..20 {
            publishing.retain_mut(|publisher| {
                publisher.as_mut().poll(&mut Context::from_waker(Waker::noop())) == Poll::Pending
            });
            tokio::task::yield_now().await;
        }
        assert!(!outbox.is_closed(), "after {received}");
        let (frames, bytes) = outbox.depth();
        assert!(frames > 0 && bytes <= MAX_OUTBOX / 8 * 7, "{frames} frames, {bytes} bytes");
        received += drain(&outbox);
        rounds += 1;
    }
    assert_eq!(received, PUBLISHERS);
    assert!(rounds > PUBLISHERS / 5, "{rounds}");
    assert!(server.counters.held.get() > 0);
    assert_eq!(server.counters.given_up.get(), 0);
    assert_eq!(server.sequencer.0.backpressure.in_flight.available_permits(), {
        server.sequencer.0.backpressure.max_in_flight
    });
}

#[actix_web::test]
async fn other_channels_and_what_the_server_sends_do_not_wait() {
    let server = Server::start();
    let slow = server.subscriber(&["slow"]);
    let quick = server.subscriber(&["quick"]);
    for _ in 0..3 {
        server.relay("slow", 15_000).await;
    }
    // Now they are in the outbox.
    server.sequencer.barrier(server.sequencer.registry_id()).await;
    let mut held = pin!(server.relay("slow", 15_000));
    for _ in 0..10 {
        assert_eq!(held.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
        tokio::task::yield_now().await;
    }
    drain(&quick);
    for _ in 0..2 {
        server.relay("quick", 10_000).await;
    }
    let own = Publication::new(audience("slow"), packet(10));
    assert_eq!(server.sequencer.publish_and_count(own).await.unwrap().delivered, 1);
    assert_eq!(drain(&quick), 2);
    assert_eq!(drain(&slow), 1 + 3 + 1);
    held.await;
    let own = Publication::new(audience("slow"), packet(10));
    assert_eq!(server.sequencer.publish_and_count(own).await.unwrap().delivered, 1);
    assert_eq!(drain(&slow), 2);
    assert_eq!(server.counters.held.get(), 1);
}

/// The timer of the wait fires before the client is written to again.
#[actix_web::test]
async fn a_subscriber_is_not_given_up_for_time_in_which_the_server_did_not_run() {
    let server = Server::start();
    let slow = server.subscriber(&["slow"]);
    for _ in 0..3 {
        server.relay("slow", 15_000).await;
    }
    server.sequencer.barrier(server.sequencer.registry_id()).await;
    let limit = Duration::from_millis(100);
    let publication = Publication::new(audience("slow"), packet(15_000));
    let mut held = pin!(server.sequencer.reserve(publication, limit));
    while server.counters.held.get() == 0 {
        assert!(held.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        tokio::task::yield_now().await;
    }
    std::thread::sleep(limit * 3); // nothing runs, as in a process that is stopped
    let reading = async {
        // The timers that are due fire in the turns before the client reads.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        drain(&slow)
    };
    tokio::join!(held, reading);
    assert_eq!(server.counters.given_up.get(), 0);
}
