//! Packets for one client alone: they need no frame, and no place in the queue, if what they become
//! is known already.

use bytes::{Bytes, BytesMut};

use super::{
    Pushed,
    queue::{Outbox, Phase, wake},
};
use crate::protocol::{Frame, OutgoingPacket};

/// Room for some small packets: who gets one, often gets more. It is there only until the transport
/// has taken them, and of a size that glibc gives out without a search (from 1,024 on, it first
/// puts all that is free together).
const INITIAL_CAPACITY: usize = 1000;

/// Bytes of the largest of them. They are copied under the lock; what is larger waits as a frame,
/// which is not.
const MAX_PACKET: usize = 4 * 1024;

/// Packets for a WebSocket that takes frames as they are, one behind the other, which leave before
/// the frames that wait.
#[derive(Default)]
pub(super) struct WriteBuffer {
    bytes: BytesMut,
    packets: usize,
}

impl WriteBuffer {
    fn push(&mut self, websocket: &[u8]) {
        if self.bytes.is_empty() {
            self.bytes.reserve(INITIAL_CAPACITY.max(websocket.len()));
        }
        self.bytes.extend_from_slice(websocket);
        self.packets += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets == 0
    }

    pub(super) fn packets(&self) -> usize {
        self.packets
    }

    /// Everything, in one piece.
    pub(super) fn followed_by(mut self, frames: &[Frame]) -> Bytes {
        self.bytes.reserve(frames.iter().map(Frame::len).sum());
        frames.iter().for_each(|frame| self.bytes.extend_from_slice(frame.websocket()));
        self.bytes.freeze()
    }
}

impl Outbox {
    /// As [`Outbox::push`], of a packet for this client alone. Where its WebSocket takes frames as
    /// they are, and none waits, it is put behind the last one without becoming a frame.
    pub(crate) fn push_packet(&self, mut packet: OutgoingPacket) -> Pushed {
        let cost = packet.cost();
        let Some(websocket) = packet.websocket().filter(|bytes| bytes.len() <= MAX_PACKET) else {
            return self.push(packet.into_frame());
        };
        let mut state = self.state.lock();
        if state.stream.is_none() || !state.frames.is_empty() || state.phase != Phase::Open {
            drop(state);
            return self.push(packet.into_frame());
        }
        // It has the bound that it would have as a frame.
        if state.bytes + cost > self.max_bytes {
            return self.overflow(state);
        }
        state.bytes += cost;
        state.write_buffer.push(websocket);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Pushed::Queued
    }
}

#[cfg(test)]
mod tests {
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

    fn outgoing_packet(name: &str) -> OutgoingPacket {
        PacketCodec::default().event("/", None, name, "").unwrap()
    }

    fn frame(name: &str) -> Frame {
        outgoing_packet(name).into_frame()
    }

    fn bytes(names: &[&str]) -> Poll<TakenFrames> {
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
    async fn packets_leave_in_one_piece_and_wake_once() {
        let outbox = outbox(1000).await;
        let woken = Arc::new(WakeCount(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&woken));
        assert!(outbox.poll_all(&mut Context::from_waker(&waker)).is_pending());
        for name in ["a", "b"] {
            assert_eq!(outbox.push_packet(outgoing_packet(name)), Pushed::Queued);
        }
        assert_eq!((woken.0.load(Ordering::Relaxed), outbox.depth().0), (1, 2));
        assert_eq!(outbox.push_volatile(&frame("volatile")), Pushed::Dropped);
        assert_eq!(outbox.poll_all(&mut cx()), bytes(&["a", "b"]));
        assert!(outbox.poll_all(&mut cx()).is_pending());
        assert_eq!(outbox.depth(), (0, 0));
    }

    #[actix_web::test]
    async fn frames_between_them_keep_their_place() {
        let outbox = outbox(10_000).await;
        outbox.push_packet(outgoing_packet("a"));
        outbox.push(frame("b"));
        outbox.push_packet(outgoing_packet("c"));
        assert_eq!(outbox.poll_all(&mut cx()), bytes(&["a", "b", "c"]));
        outbox.push(frame("d"));
        outbox.push_packet(outgoing_packet("e"));
        assert_eq!(
            outbox.poll_all(&mut cx()),
            Poll::Ready(TakenFrames::Frames(vec![frame("d"), frame("e")]))
        );
    }

    #[actix_web::test]
    async fn their_bound_is_that_of_frames() {
        let cost = frame("a").cost();
        let outbox = outbox(2 * cost).await;
        assert_eq!(outbox.push_packet(outgoing_packet("a")), Pushed::Queued);
        assert_eq!(outbox.push_packet(outgoing_packet("a")), Pushed::Queued);
        assert_eq!(outbox.depth(), (2, 2 * cost));
        assert_eq!(outbox.push_packet(outgoing_packet("a")), Pushed::Dropped);
        assert!(outbox.is_closed());
        assert_eq!(
            (outbox.depth(), outbox.poll_all(&mut cx())),
            ((0, 0), Poll::Ready(TakenFrames::Closed))
        );
    }

    #[actix_web::test]
    async fn they_leave_before_the_goodbye_or_not_at_all() {
        let outbox = outbox(1000).await;
        outbox.push_packet(outgoing_packet("a"));
        outbox.finish();
        assert_eq!(outbox.push_packet(outgoing_packet("b")), Pushed::Dropped);
        assert_eq!(outbox.poll_all(&mut cx()), bytes(&["a"]));
        assert_eq!(outbox.poll_all(&mut cx()), Poll::Ready(TakenFrames::Last(Vec::new())));
        let abandoned = self::outbox(1000).await;
        abandoned.push_packet(outgoing_packet("a"));
        abandoned.finish_discarding();
        assert_eq!(abandoned.poll_all(&mut cx()), Poll::Ready(TakenFrames::Last(Vec::new())));
    }

    #[actix_web::test]
    async fn what_a_websocket_does_not_take_as_it_is_waits_as_a_frame() {
        let outbox = outbox(10_000).await;
        let binary =
            |parser: &PacketCodec| parser.event("/", None, "a", &Bytes::from_static(&[1])).unwrap();
        for packet in [binary(&PacketCodec::default()), binary(&PacketCodec::new(MsgpackParser))] {
            outbox.push_packet(packet);
            assert!(matches!(outbox.poll_all(&mut cx()), Poll::Ready(TakenFrames::One(_))));
        }
        let large = "x".repeat(MAX_PACKET);
        outbox.push_packet(outgoing_packet(&large));
        assert_eq!(outbox.poll_all(&mut cx()), Poll::Ready(TakenFrames::One(frame(&large))));
        drop(outbox.detach_stream());
        outbox.push_packet(outgoing_packet("a"));
        assert_eq!(outbox.poll_all(&mut cx()), Poll::Ready(TakenFrames::One(frame("a"))));
    }
}
