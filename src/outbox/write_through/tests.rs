use std::{
    io::{ErrorKind, Read},
    net,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

use actix_http::ws::{Codec, Frame as WsFrame};
use bytes::BytesMut;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_util::codec::Decoder;

use super::{super::TakenFrames, *};
use crate::{
    model::Transport,
    protocol::{EnginePacket, Frame, PacketCodec},
};

fn frame(text: &str) -> Frame {
    Frame::engine(&EnginePacket::Message(text.into()))
}

/// An outbox, and the client at the other end of the connection that is its port.
struct OutboxFixture {
    outbox: Arc<Outbox>,
    client: net::TcpStream,
    woken: Arc<CountingWaker>,
}

#[derive(Default)]
struct CountingWaker(AtomicUsize);

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Both ends of a connection: the server's, and the client's.
async fn connection() -> (TcpStream, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    server.set_nonblocking(true).unwrap();
    client.set_nonblocking(true).unwrap();
    let stream = TcpStream::from_std(server).unwrap();
    stream.writable().await.unwrap();
    (stream, client)
}

impl OutboxFixture {
    async fn start(active_transport: Transport) -> Self {
        let (stream, client) = connection().await;
        let outbox = Outbox::new(active_transport, 1 << 24, |_| {});
        outbox.attach_stream(stream).unwrap();
        Self { outbox, client, woken: Arc::default() }
    }

    /// The transport asks.
    fn poll(&self) -> Poll<TakenFrames> {
        let waker = Waker::from(Arc::clone(&self.woken));
        self.outbox.poll_all(&mut Context::from_waker(&waker))
    }

    fn woken(&self) -> usize {
        self.woken.0.load(Ordering::Relaxed)
    }

    fn deliver(&self, text: &str, number: u64) -> Pushed {
        self.outbox.deliver(&FrameBatch::new(vec![frame(text)]), Some(FlushPass(number)))
    }

    /// What the client has got by now.
    fn read(&self) -> Vec<u8> {
        let mut got = Vec::new();
        if let Err(error) = (&self.client).read_to_end(&mut got) {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
        got
    }

    /// As [`OutboxFixture::read`], when there is something.
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
    let world = OutboxFixture::start(Transport::WebSocket).await;
    assert!(world.poll().is_pending());
    for number in 1..4 {
        assert_eq!(world.deliver("a", number), Pushed::Queued);
        assert_eq!(world.read_some().await, **frame("a").websocket());
    }
    assert_eq!((world.woken(), world.outbox.depth()), (0, (0, 0)));
}

#[actix_web::test]
async fn what_follows_in_the_same_turn_leaves_together() {
    let world = OutboxFixture::start(Transport::WebSocket).await;
    assert!(world.poll().is_pending());
    for text in ["a", "b", "c"] {
        world.deliver(text, 1);
    }
    // The transport has been woken, and not asked yet.
    world.deliver("d", 2);
    assert_eq!(world.read_some().await, **frame("a").websocket());
    assert_eq!(world.woken(), 1);
    assert_eq!(
        world.poll(),
        Poll::Ready(TakenFrames::Frames(vec![frame("b"), frame("c"), frame("d")]))
    );
}

#[actix_web::test]
async fn a_burst_is_written_in_one_piece_or_queued_frame_by_frame() {
    let world = OutboxFixture::start(Transport::WebSocket).await;
    let batch = FrameBatch::new(vec![frame("a"), frame("b")]);
    assert!(world.poll().is_pending());
    assert_eq!(world.outbox.deliver(&batch, Some(FlushPass(1))), Pushed::Queued);
    assert_eq!(
        world.read_some().await,
        [frame("a").websocket(), frame("b").websocket()].map(|bytes| &bytes[..]).concat()
    );
    assert_eq!(world.woken(), 0);
    assert_eq!(world.outbox.deliver(&batch, None), Pushed::Queued);
    assert_eq!(world.poll(), Poll::Ready(TakenFrames::Frames(vec![frame("a"), frame("b")])));
    assert_eq!(world.woken(), 1);
}

#[actix_web::test]
async fn nobody_writes_past_a_transport_that_does_not_wait() {
    let world = OutboxFixture::start(Transport::WebSocket).await;
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
async fn nobody_writes_out_of_turn_or_to_a_port_that_is_closed() {
    let world = OutboxFixture::start(Transport::WebSocket).await;
    assert!(world.poll().is_pending());
    world.outbox.deliver(&FrameBatch::new(vec![frame("a")]), None);
    assert_eq!(world.poll(), Poll::Ready(TakenFrames::One(frame("a"))));
    assert!(world.poll().is_pending());
    let stream = world.outbox.detach_stream();
    world.deliver("b", 1);
    assert_eq!(world.poll(), Poll::Ready(TakenFrames::One(frame("b"))));
    assert!(world.read().is_empty() && stream.is_some());
}

#[actix_web::test]
async fn the_websocket_that_takes_keeps_its_port_whoever_else_is_there() {
    let world = OutboxFixture::start(Transport::WebSocket).await;
    assert!(world.poll().is_pending());
    let (other, client) = connection().await;
    let other = world.outbox.attach_stream(other).unwrap_err();
    assert_eq!(other.peer_addr().unwrap(), client.local_addr().unwrap());
    world.deliver("a", 1);
    assert_eq!(world.read_some().await, **frame("a").websocket());
}

#[actix_web::test]
async fn a_client_that_has_gone_is_for_its_transport_to_find() {
    let mut world = OutboxFixture::start(Transport::WebSocket).await;
    assert!(world.poll().is_pending());
    let mut turns = 1..;
    // The first writes are answered with a reset, and one after that with an error.
    world.client = connection().await.1;
    while world.woken() == 0 {
        assert_eq!(world.deliver("a", turns.next().unwrap()), Pushed::Queued);
    }
    assert_eq!(world.poll(), Poll::Ready(TakenFrames::One(frame("a"))));
}

/// Whether the kernel took a part of it, and the transport has been woken for the rest.
fn has_begun(world: &OutboxFixture, numbers: &mut impl Iterator<Item = u64>) -> bool {
    while world.woken() == 0 {
        let number = numbers.next().unwrap();
        world.deliver(&"x".repeat(50_000 + number as usize), number);
    }
    world.outbox.depth().0 == 0
}

#[actix_web::test]
async fn what_was_begun_is_ended_before_a_goodbye() {
    let mut numbers = 1..;
    let mut world = OutboxFixture::start(Transport::WebSocket).await;
    assert!(world.poll().is_pending());
    while !has_begun(&world, &mut numbers) {
        // The buffers were full between two frames. Another connection may end in one.
        world = OutboxFixture::start(Transport::WebSocket).await;
        assert!(world.poll().is_pending());
    }
    world.outbox.finish_discarding();
    assert!(matches!(world.poll(), Poll::Ready(TakenFrames::Bytes(_))));
    assert_eq!(world.poll(), Poll::Ready(TakenFrames::Last(Vec::new())));
    assert_eq!(world.outbox.stop_waiting(), None);
}

#[actix_web::test]
async fn a_poll_that_waits_has_no_port() {
    let world = OutboxFixture::start(Transport::Polling).await;
    // It comes with the WebSocket that takes over.
    let stream = world.outbox.detach_stream().unwrap();
    assert!(world.outbox.begin_poll());
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(world.outbox.poll_batch(1000, 10, cx).is_pending());
    world.deliver("a", 1);
    assert_eq!(world.outbox.poll_batch(1000, 10, cx), Poll::Ready(TakenFrames::One(frame("a"))));
    assert!(world.outbox.poll_batch(1000, 10, cx).is_pending());
    assert!(world.outbox.complete_upgrade());
    world.outbox.attach_stream(stream).unwrap();
    world.deliver("b", 2);
    assert!(world.read().is_empty(), "the WebSocket has not asked yet");
    assert_eq!(world.poll(), Poll::Ready(TakenFrames::One(frame("b"))));
}

#[actix_web::test]
async fn what_does_not_fit_follows_byte_for_byte() {
    let world = OutboxFixture::start(Transport::WebSocket).await;
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
            TakenFrames::Bytes(bytes) => rest.extend_from_slice(&bytes),
            TakenFrames::One(frame) => rest.extend_from_slice(frame.websocket()),
            TakenFrames::Frames(frames) => {
                frames.iter().for_each(|frame| rest.extend_from_slice(frame.websocket()))
            }
            other => panic!("{other:?}"),
        }
    }
    let mut got = Vec::new();
    while got.len() < expected.len() {
        got.append(&mut world.read());
        if let Some(Ok(count)) = world.outbox.with_stream(|stream| stream.try_write(&rest)) {
            rest.drain(..count);
        }
        tokio::task::yield_now().await;
    }
    assert!(
        got == expected,
        "{} bytes arrived, {} were sent, or others",
        got.len(),
        expected.len()
    );
}

/// Three threads with something to say, each in its own way, and a transport that takes what waits:
/// what each says comes whole and in its order.
#[actix_web::test]
async fn whoever_says_something_from_wherever_is_heard_in_order() {
    const EACH: u64 = 3000;
    let world = OutboxFixture::start(Transport::WebSocket).await;
    let says = |who: char, n: u64| frame(&format!("{who}{n}:{}", "x".repeat(n as usize % 700)));
    let outgoing_packet = |who: char, n: u64| {
        PacketCodec::default().event("/", None, &format!("{who}{n}:"), "").unwrap()
    };
    // So that there often is no room, in the middle of a frame too.
    world
        .outbox
        .with_stream(|stream| SockRef::from(stream).set_send_buffer_size(16 * 1024))
        .unwrap()
        .unwrap();
    let (outbox, mut left, start) = (&world.outbox, Vec::new(), Instant::now());
    let got = thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0..EACH {
                assert_eq!(
                    outbox.deliver(&FrameBatch::new(vec![says('a', n)]), Some(FlushPass(n + 1))),
                    Pushed::Queued
                );
            }
        });
        scope.spawn(move || {
            (0..EACH).for_each(|n| assert_eq!(outbox.push(says('b', n)), Pushed::Queued));
        });
        scope.spawn(move || {
            (0..EACH).for_each(|n| {
                assert_eq!(outbox.push_packet(outgoing_packet('c', n)), Pushed::Queued)
            });
        });
        let (mut got, mut codec) = (vec![Vec::new(); 3], Codec::new().client_mode());
        let mut buffer = BytesMut::new();
        while got.iter().any(|from: &Vec<u64>| from.len() < EACH as usize) {
            assert!(start.elapsed() < Duration::from_secs(30), "something is lost");
            if left.is_empty() {
                left = match world.poll() {
                    Poll::Ready(TakenFrames::Bytes(bytes)) => bytes.to_vec(),
                    Poll::Ready(TakenFrames::One(frame)) => frame.websocket().to_vec(),
                    Poll::Ready(TakenFrames::Frames(frames)) => {
                        frames.iter().flat_map(|one| one.websocket().to_vec()).collect()
                    }
                    Poll::Ready(other) => panic!("{other:?}"),
                    Poll::Pending => Vec::new(),
                };
            }
            if let Some(Ok(count)) = outbox
                .with_stream(|stream| SockRef::from(stream).send(&left))
                .filter(|_| !left.is_empty())
            {
                left.drain(..count);
            }
            buffer.extend_from_slice(&world.read());
            while let Some(WsFrame::Text(text)) = codec.decode(&mut buffer).expect("whole frames") {
                let text = String::from_utf8(text.to_vec()).unwrap();
                let (who, rest) = ['a', 'b', 'c']
                    .iter()
                    .enumerate()
                    .find_map(|(at, who)| Some((at, text.split_once(*who)?.1)))
                    .unwrap();
                got[who].push(rest.split(':').next().unwrap().parse::<u64>().unwrap());
            }
        }
        got
    });
    for from in got {
        assert!(from.into_iter().eq(0..EACH));
    }
}

#[test]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn what_a_write_looks_at_is_on_one_line_of_memory() {
    use std::mem::{align_of, offset_of};

    use super::super::queue::OutboxState;

    // The lock is in front of it.
    let end = align_of::<OutboxState>() + offset_of!(OutboxState, phase);
    assert!(end <= 64 && align_of::<Outbox>() == 64, "it ends at {end}");
    assert_eq!(offset_of!(Outbox, state), 0);
}
