use std::{
    io::{ErrorKind, Read},
    net,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio::net::TcpStream;

use super::{super::TakenFrames, *};
use crate::{
    model::Transport,
    protocol::{EnginePacket, Frame},
};

mod concurrency;
mod partial_writes;

fn frame(text: &str) -> Frame {
    Frame::engine(&EnginePacket::Message(text.into()))
}

fn batch(frames: Vec<Frame>) -> PublicationBatch {
    PublicationBatch::of(frames)
}

/// An outbox with an attached stream, and the client at the other end of that stream.
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

    /// Takes what is queued, as the transport does.
    fn poll(&self) -> Poll<TakenFrames> {
        let waker = Waker::from(Arc::clone(&self.woken));
        self.outbox.poll_chunk(&mut Context::from_waker(&waker))
    }

    fn woken(&self) -> usize {
        self.woken.0.load(Ordering::Relaxed)
    }

    fn deliver(&self, text: &str, turn: u64) -> Pushed {
        self.outbox.deliver(&batch(vec![frame(text)]), Some(WriteThroughTurn::after(turn)), None)
    }

    /// Reads all bytes that have reached the client so far.
    fn read(&self) -> Vec<u8> {
        let mut received = Vec::new();
        if let Err(error) = (&self.client).read_to_end(&mut received) {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
        received
    }

    /// As [`OutboxFixture::read`], but waits for bytes.
    async fn read_some(&self) -> Vec<u8> {
        loop {
            let received = self.read();
            if !received.is_empty() {
                return received;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[actix_web::test]
async fn a_waiting_transport_is_written_to_and_not_woken() {
    let fixture = OutboxFixture::start(Transport::WebSocket).await;
    assert!(fixture.poll().is_pending());
    for turn in 1..4 {
        assert_eq!(fixture.deliver("a", turn), Pushed::Queued);
        assert_eq!(fixture.read_some().await, **frame("a").websocket());
    }
    assert_eq!((fixture.woken(), fixture.outbox.depth()), (0, (0, 0)));
}

#[actix_web::test]
async fn later_frames_of_a_pass_leave_together() {
    let fixture = OutboxFixture::start(Transport::WebSocket).await;
    assert!(fixture.poll().is_pending());
    for text in ["a", "b", "c"] {
        fixture.deliver(text, 1);
    }
    // The transport is woken, and has not taken yet.
    fixture.deliver("d", 2);
    assert_eq!(fixture.read_some().await, **frame("a").websocket());
    assert_eq!(fixture.woken(), 1);
    assert_eq!(
        fixture.poll(),
        Poll::Ready(TakenFrames::Frames(vec![frame("b"), frame("c"), frame("d")]))
    );
}

#[actix_web::test]
async fn a_batch_is_written_in_one_piece_or_queued_frame_by_frame() {
    let fixture = OutboxFixture::start(Transport::WebSocket).await;
    let batch = batch(vec![frame("a"), frame("b")]);
    assert!(fixture.poll().is_pending());
    assert_eq!(
        fixture.outbox.deliver(&batch, Some(WriteThroughTurn::after(1)), None),
        Pushed::Queued
    );
    assert_eq!(
        fixture.read_some().await,
        [frame("a").websocket(), frame("b").websocket()].map(|bytes| &bytes[..]).concat()
    );
    assert_eq!(fixture.woken(), 0);
    assert_eq!(fixture.outbox.deliver(&batch, None, None), Pushed::Queued);
    assert_eq!(fixture.poll(), Poll::Ready(TakenFrames::Frames(vec![frame("a"), frame("b")])));
    assert_eq!(fixture.woken(), 1);
}

#[actix_web::test]
async fn frames_are_queued_while_the_transport_does_not_wait() {
    let fixture = OutboxFixture::start(Transport::WebSocket).await;
    fixture.deliver("before it has taken", 1);
    assert!(fixture.poll().is_ready());
    fixture.deliver("while it writes that", 2);
    assert!(fixture.poll().is_ready());
    assert!(fixture.poll().is_pending());
    // It has something else to write.
    assert_eq!(fixture.outbox.take_chunk(), None);
    fixture.deliver("while it writes something else", 3);
    assert!(fixture.poll().is_ready());
    assert!(fixture.poll().is_pending());
    fixture.outbox.finish();
    assert_eq!(fixture.deliver("after the end", 4), Pushed::Dropped);
    assert!(fixture.read().is_empty());
}

#[actix_web::test]
async fn frames_are_queued_outside_a_pass_or_without_a_stream() {
    let fixture = OutboxFixture::start(Transport::WebSocket).await;
    assert!(fixture.poll().is_pending());
    fixture.outbox.deliver(&batch(vec![frame("a")]), None, None);
    assert_eq!(fixture.poll(), Poll::Ready(TakenFrames::One(frame("a"))));
    assert!(fixture.poll().is_pending());
    let stream = fixture.outbox.detach_stream();
    fixture.deliver("b", 1);
    assert_eq!(fixture.poll(), Poll::Ready(TakenFrames::One(frame("b"))));
    assert!(fixture.read().is_empty() && stream.is_some());
}

#[actix_web::test]
async fn a_second_stream_does_not_replace_the_attached_one() {
    let fixture = OutboxFixture::start(Transport::WebSocket).await;
    assert!(fixture.poll().is_pending());
    let (other, client) = connection().await;
    let other = fixture.outbox.attach_stream(other).unwrap_err();
    assert_eq!(other.peer_addr().unwrap(), client.local_addr().unwrap());
    fixture.deliver("a", 1);
    assert_eq!(fixture.read_some().await, **frame("a").websocket());
}

#[actix_web::test]
async fn a_broken_stream_is_left_for_the_transport_to_find() {
    let mut fixture = OutboxFixture::start(Transport::WebSocket).await;
    assert!(fixture.poll().is_pending());
    let mut turns = 1..;
    // The peer answers the first writes with a reset, after which a write fails.
    fixture.client = connection().await.1;
    while fixture.woken() == 0 {
        assert_eq!(fixture.deliver("a", turns.next().unwrap()), Pushed::Queued);
    }
    assert_eq!(fixture.poll(), Poll::Ready(TakenFrames::One(frame("a"))));
}

#[actix_web::test]
async fn a_waiting_poll_gets_frames_through_the_queue() {
    let fixture = OutboxFixture::start(Transport::Polling).await;
    // Only a WebSocket attaches a stream.
    let stream = fixture.outbox.detach_stream().unwrap();
    assert!(fixture.outbox.begin_poll());
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(fixture.outbox.poll_batch(1000, 10, cx).is_pending());
    fixture.deliver("a", 1);
    assert_eq!(fixture.outbox.poll_batch(1000, 10, cx), Poll::Ready(TakenFrames::One(frame("a"))));
    assert!(fixture.outbox.poll_batch(1000, 10, cx).is_pending());
    assert!(fixture.outbox.complete_upgrade());
    fixture.outbox.attach_stream(stream).unwrap();
    fixture.deliver("b", 2);
    assert!(fixture.read().is_empty(), "the WebSocket has not asked yet");
    assert_eq!(fixture.poll(), Poll::Ready(TakenFrames::One(frame("b"))));
}

#[test]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn what_a_delivery_reads_is_on_one_cache_line() {
    use std::mem::{align_of, offset_of};

    use super::super::queue::OutboxState;

    // The lock stands before the state.
    let end = align_of::<OutboxState>() + offset_of!(OutboxState, phase);
    assert!(end <= 64 && align_of::<Outbox>() == 64, "it ends at {end}");
    assert_eq!(offset_of!(Outbox, state), 0);
}
