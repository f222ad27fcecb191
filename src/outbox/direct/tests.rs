use std::{
    io::{ErrorKind, Read},
    net,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Wake, Waker},
    thread,
};

use super::{super::Taken, *};
use crate::protocol::{EnginePacket, Frame};

fn frame(text: &str) -> Frame {
    Frame::engine(&EnginePacket::Message(text.into()))
}

/// An outbox, and both ends of the connection that its port writes to.
struct World {
    outbox: Arc<Outbox>,
    stream: Arc<TcpStream>,
    client: net::TcpStream,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl World {
    async fn start(holder: Transport) -> Self {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        server.set_nonblocking(true).unwrap();
        client.set_nonblocking(true).unwrap();
        let stream = Arc::new(TcpStream::from_std(server).unwrap());
        stream.writable().await.unwrap();
        Self { outbox: Outbox::new(holder, 1 << 20, |_| {}), stream, client, woken: Arc::default() }
    }

    /// The transport asks.
    fn poll(&self) -> Poll<Taken> {
        let waker = Waker::from(Arc::clone(&self.woken));
        self.outbox.poll_all_with_port(&self.stream, &mut Context::from_waker(&waker))
    }

    fn woken(&self) -> usize {
        self.woken.0.load(Ordering::Relaxed)
    }

    fn deliver(&self, text: &str, number: u64) -> Pushed {
        let turn = Turn { thread: thread::current().id(), number };
        self.outbox.deliver(&Burst::new(vec![frame(text)]), Some(turn))
    }

    /// What the client has got by now.
    fn read(&self) -> Vec<u8> {
        let mut got = Vec::new();
        if let Err(error) = (&self.client).read_to_end(&mut got) {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
        got
    }

    /// As [`World::read`], when there is something.
    async fn read_some(&self) -> Vec<u8> {
        loop {
            let got = self.read();
            if !got.is_empty() {
                return got;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[actix_web::test]
async fn a_transport_that_waits_is_written_to_and_not_woken() {
    let world = World::start(Transport::WebSocket).await;
    assert!(world.poll().is_pending());
    for number in 1..4 {
        assert_eq!(world.deliver("a", number), Pushed::Queued);
        assert_eq!(world.read_some().await, **frame("a").websocket());
    }
    assert_eq!((world.woken(), world.outbox.depth()), (0, (0, 0)));
}

#[actix_web::test]
async fn what_follows_in_the_same_turn_leaves_together() {
    let world = World::start(Transport::WebSocket).await;
    assert!(world.poll().is_pending());
    for text in ["a", "b", "c"] {
        world.deliver(text, 1);
    }
    // The transport has been woken, and not asked yet.
    world.deliver("d", 2);
    assert_eq!(world.read_some().await, **frame("a").websocket());
    assert_eq!(world.woken(), 1);
    assert_eq!(world.poll(), Poll::Ready(Taken::Frames(vec![frame("b"), frame("c"), frame("d")])));
}

#[actix_web::test]
async fn a_burst_is_written_in_one_piece_or_queued_frame_by_frame() {
    let world = World::start(Transport::WebSocket).await;
    let burst = Burst::new(vec![frame("a"), frame("b")]);
    let turn = |number| Some(Turn { thread: thread::current().id(), number });
    assert!(world.poll().is_pending());
    assert_eq!(world.outbox.deliver(&burst, turn(1)), Pushed::Queued);
    assert_eq!(
        world.read_some().await,
        [frame("a").websocket(), frame("b").websocket()].map(|bytes| &bytes[..]).concat()
    );
    assert_eq!(world.woken(), 0);
    assert_eq!(world.outbox.deliver(&burst, None), Pushed::Queued);
    assert_eq!(world.poll(), Poll::Ready(Taken::Frames(vec![frame("a"), frame("b")])));
    assert_eq!(world.woken(), 1);
}

#[actix_web::test]
async fn nobody_writes_past_a_transport_that_does_not_wait() {
    let world = World::start(Transport::WebSocket).await;
    world.deliver("before it has asked", 1);
    assert!(world.poll().is_ready());
    world.deliver("while it writes that", 2);
    assert!(world.poll().is_ready());
    assert!(world.poll().is_pending());
    // It has something else to write.
    assert_eq!(world.outbox.take_all(), None);
    world.deliver("while it writes something else", 3);
    assert!(world.poll().is_ready());
    assert!(world.poll().is_pending());
    world.outbox.finish();
    assert_eq!(world.deliver("after the end", 4), Pushed::Dropped);
    assert!(world.read().is_empty());
}

#[actix_web::test]
async fn nobody_writes_from_another_thread_or_to_a_port_that_is_closed() {
    let world = World::start(Transport::WebSocket).await;
    let elsewhere = Turn { thread: thread::spawn(|| thread::current().id()).join().unwrap(), number: 1 };
    assert!(world.poll().is_pending());
    world.outbox.deliver(&Burst::new(vec![frame("a")]), Some(elsewhere));
    assert_eq!(world.poll(), Poll::Ready(Taken::One(frame("a"))));
    assert!(world.poll().is_pending());
    drop(world.outbox.guard_port(Arc::clone(&world.stream)));
    world.deliver("b", 2);
    assert_eq!(world.poll(), Poll::Ready(Taken::One(frame("b"))));
    assert!(world.read().is_empty());
}

#[actix_web::test]
async fn a_frame_goes_to_the_websocket_that_waits_whoever_else_is_there() {
    let (world, other) = (World::start(Transport::WebSocket).await, World::start(Transport::WebSocket).await);
    assert!(world.poll().is_pending());
    // One that comes and goes without having waited: a second WebSocket of the same session.
    let guard = world.outbox.guard_port(Arc::clone(&other.stream));
    world.deliver("a", 1);
    drop(guard);
    world.deliver("b", 2);
    let both = [frame("a").websocket(), frame("b").websocket()].map(|bytes| &bytes[..]).concat();
    let mut got = Vec::new();
    while got.len() < both.len() {
        got.append(&mut world.read_some().await);
    }
    assert_eq!(got, both);
    assert!(other.read().is_empty());
}

/// Whether the kernel took a part of it, and the transport has been woken for the rest.
fn has_begun(world: &World, numbers: &mut impl Iterator<Item = u64>) -> bool {
    while world.woken() == 0 {
        let number = numbers.next().unwrap();
        world.deliver(&"x".repeat(50_000 + number as usize), number);
    }
    world.outbox.depth().0 == 0
}

#[actix_web::test]
async fn what_was_begun_is_ended_before_a_goodbye() {
    let mut numbers = 1..;
    let mut world = World::start(Transport::WebSocket).await;
    assert!(world.poll().is_pending());
    while !has_begun(&world, &mut numbers) {
        // The buffers were full between two frames. Another connection may end in one.
        world = World::start(Transport::WebSocket).await;
        assert!(world.poll().is_pending());
    }
    world.outbox.abandon();
    assert!(matches!(world.poll(), Poll::Ready(Taken::Rest(_))));
    assert_eq!(world.poll(), Poll::Ready(Taken::Last(Vec::new())));
    assert_eq!(world.outbox.stop_waiting(), None);
}

#[actix_web::test]
async fn a_websocket_that_probes_is_not_written_to_while_polling_goes_on() {
    let world = World::start(Transport::Polling).await;
    assert!(world.outbox.begin_poll());
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(world.outbox.poll_batch(1000, 10, cx).is_pending());
    world.deliver("a", 1);
    assert_eq!(world.outbox.poll_batch(1000, 10, cx), Poll::Ready(Taken::Frames(vec![frame("a")])));
    assert!(world.read().is_empty());
}

#[actix_web::test]
async fn what_does_not_fit_follows_byte_for_byte() {
    let world = World::start(Transport::WebSocket).await;
    assert!(world.poll().is_pending());
    // Until the kernel's buffers are full, in a frame or between two.
    let (mut expected, mut number) = (Vec::new(), 0);
    while world.woken() == 0 {
        number += 1;
        let text = format!("{number:0>50000}");
        assert_eq!(world.deliver(&text, number), Pushed::Queued);
        expected.extend_from_slice(frame(&text).websocket());
    }
    world.deliver("last", number + 1);
    expected.extend_from_slice(frame("last").websocket());
    let mut rest = Vec::new();
    while let Poll::Ready(taken) = world.poll() {
        match taken {
            Taken::Rest(bytes) => rest.extend_from_slice(&bytes),
            Taken::One(frame) => rest.extend_from_slice(frame.websocket()),
            Taken::Frames(frames) => frames.iter().for_each(|frame| rest.extend_from_slice(frame.websocket())),
            other => panic!("{other:?}"),
        }
    }
    let mut got = Vec::new();
    while got.len() < expected.len() {
        got.append(&mut world.read());
        if let Ok(count) = world.stream.try_write(&rest) {
            rest.drain(..count);
        }
        tokio::task::yield_now().await;
    }
    assert!(got == expected, "{} bytes arrived, {} were sent, or others", got.len(), expected.len());
}
