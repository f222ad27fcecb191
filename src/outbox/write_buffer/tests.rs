use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio::net::{TcpListener, TcpStream};

use super::{super::TakenFrames, *};
use crate::{
    model::Transport,
    protocol::{MsgpackParser, PacketCodec},
};

async fn outbox(max_bytes: usize) -> Arc<Outbox> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let outbox = Outbox::new(Transport::WebSocket, max_bytes, |_| {});
    outbox.attach_stream(stream).unwrap();
    outbox
}

fn packet(name: &str) -> OutgoingPacket {
    PacketCodec::default().event("/", None, name, "").unwrap()
}

fn frame(name: &str) -> Frame {
    packet(name).into_frame()
}

fn bytes_of(names: &[&str]) -> Poll<TakenFrames> {
    let frames = names.iter().map(|name| frame(name).into_websocket());
    Poll::Ready(TakenFrames::Bytes(frames.collect::<Vec<_>>().concat().into()))
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

struct WakeCount(AtomicUsize);

impl Wake for WakeCount {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[actix_web::test]
async fn packets_leave_in_one_piece_and_wake_the_transport_once() {
    let outbox = outbox(1000).await;
    let wakes = Arc::new(WakeCount(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&wakes));
    assert!(outbox.poll_chunk(&mut Context::from_waker(&waker)).is_pending());
    for name in ["a", "b"] {
        assert_eq!(outbox.push_packet(packet(name)), Pushed::Queued);
    }
    assert_eq!((wakes.0.load(Ordering::Relaxed), outbox.depth().0), (1, 2));
    assert_eq!(outbox.push_volatile(&frame("volatile")), Pushed::Dropped);
    assert_eq!(outbox.poll_chunk(&mut cx()), bytes_of(&["a", "b"]));
    assert!(outbox.poll_chunk(&mut cx()).is_pending());
    assert_eq!(outbox.depth(), (0, 0));
}

#[actix_web::test]
async fn frames_between_packets_keep_their_place() {
    let outbox = outbox(10_000).await;
    outbox.push_packet(packet("a"));
    outbox.push(frame("b"));
    outbox.push_packet(packet("c"));
    assert_eq!(outbox.poll_chunk(&mut cx()), bytes_of(&["a", "b", "c"]));
    outbox.push(frame("d"));
    outbox.push_packet(packet("e"));
    assert_eq!(
        outbox.poll_chunk(&mut cx()),
        Poll::Ready(TakenFrames::Frames(vec![frame("d"), frame("e")]))
    );
}

#[actix_web::test]
async fn packets_have_the_same_bound_as_frames() {
    let cost = frame("a").cost();
    let outbox = outbox(2 * cost).await;
    assert_eq!(outbox.push_packet(packet("a")), Pushed::Queued);
    assert_eq!(outbox.push_packet(packet("a")), Pushed::Queued);
    assert_eq!(outbox.depth(), (2, 2 * cost));
    assert_eq!(outbox.push_packet(packet("a")), Pushed::Dropped);
    assert!(outbox.is_closed());
    assert_eq!(
        (outbox.depth(), outbox.poll_chunk(&mut cx())),
        ((0, 0), Poll::Ready(TakenFrames::Closed))
    );
}

#[actix_web::test]
async fn packets_leave_before_the_close_or_are_discarded() {
    let outbox = outbox(1000).await;
    outbox.push_packet(packet("a"));
    outbox.finish();
    assert_eq!(outbox.push_packet(packet("b")), Pushed::Dropped);
    assert_eq!(outbox.poll_chunk(&mut cx()), bytes_of(&["a"]));
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::Last(Vec::new())));
    let discarding = self::outbox(1000).await;
    discarding.push_packet(packet("a"));
    discarding.finish_discarding();
    assert_eq!(discarding.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::Last(Vec::new())));
}

#[actix_web::test]
async fn a_packet_that_cannot_be_buffered_waits_as_a_frame() {
    let outbox = outbox(10_000).await;
    let binary =
        |parser: &PacketCodec| parser.event("/", None, "a", &Bytes::from_static(&[1])).unwrap();
    for packet in [binary(&PacketCodec::default()), binary(&PacketCodec::new(MsgpackParser))] {
        outbox.push_packet(packet);
        assert!(matches!(outbox.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::One(_))));
    }
    let large = "x".repeat(MAX_PACKET);
    outbox.push_packet(packet(&large));
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::One(frame(&large))));
    drop(outbox.detach_stream());
    outbox.push_packet(packet("a"));
    assert_eq!(outbox.poll_chunk(&mut cx()), Poll::Ready(TakenFrames::One(frame("a"))));
}
