//! The writing half: frames of the WebSocket's own, and those from the outbox.

use std::{
    cell::RefCell,
    mem,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use actix_http::ws::{CloseCode, CloseReason, Codec, Message};
use actix_web::Error;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio_util::codec::Encoder;

use crate::{
    outbox::TakenFrames,
    protocol::{Frame, Version, v3},
    transport::{Session, SessionEnd, deflate},
};

/// Where the writer gets its frames from.
#[derive(Default)]
pub(super) enum FrameSource {
    /// Nowhere yet: the WebSocket is a probe.
    #[default]
    Nothing,
    Outbox(Arc<Session>),
    /// Nowhere any more.
    End,
}

impl FrameSource {
    /// The status of the Close frame after the last frame. As Node's, it has none unless the client
    /// is to come back.
    fn close_reason(&self) -> Option<CloseReason> {
        match self {
            Self::Outbox(session) if session.is_going_away() => Some(CloseCode::Away.into()),
            _ => None,
        }
    }
}

/// The bytes that the writer has to write, and how. Both halves share this state: the reader puts
/// its answers here.
#[derive(Default)]
pub(super) struct WriteState {
    /// Encoded frames of the WebSocket's own, such as the answer to a probe.
    own: BytesMut,
    /// The answer to the last ping, if there is no room for it in `own`.
    pong: Option<Bytes>,
    pub(super) source: FrameSource,
    /// The Close frame to end with. `None` if the connection is cut off without one.
    close_frame: Option<Option<CloseReason>>,
    /// The client does not accept binary messages.
    base64: bool,
    version: Version,
    /// Messages of at least this many bytes are compressed. `None` if compression was not
    /// negotiated.
    pub(super) deflate: Option<usize>,
    waker: Option<Waker>,
}

/// The most bytes of the WebSocket's own frames with which a ping is answered by itself: each of
/// more than 30 pings, and of 2,000 empty ones. Beyond it, the answer to the last ping also answers
/// those before (RFC 6455 §5.5.3), which bounds the memory for a client that does not read.
const PONGS: usize = 4 * 1024;

impl WriteState {
    pub(super) fn new(base64: bool, version: Version) -> Self {
        Self { base64, version, ..Self::default() }
    }

    /// Wakes the writer, if it waits.
    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Ends the writer: it sends a Close frame and no more frames from the outbox.
    pub(super) fn close(&mut self, reason: Option<CloseReason>) {
        match mem::replace(&mut self.source, FrameSource::End) {
            FrameSource::End => {}
            FrameSource::Nothing => self.close_frame = Some(reason),
            FrameSource::Outbox(session) => {
                // From now on, no registry writes to the stream. A frame of which the client has
                // the beginning is completed before the Close frame.
                if let Some(rest) = session.outbox.stop_waiting() {
                    self.own = [&rest[..], &self.own].concat()[..].into();
                }
                self.close_frame = Some(reason);
            }
        }
        self.wake();
    }

    /// Answers a ping.
    pub(super) fn answer_ping(&mut self, data: Bytes) {
        if self.own.len() < PONGS {
            self.encode(Message::Pong(data));
        } else {
            // A copy, so that it does not keep the buffer that the ping was read into.
            self.pong = Some(Bytes::copy_from_slice(&data));
        }
        self.wake();
    }

    /// Appends a message to the WebSocket's own frames.
    pub(super) fn encode(&mut self, message: Message) {
        // The codec fails only for fragments out of order, and no fragments are sent.
        let _ = Codec::new().encode(message, &mut self.own);
    }

    /// Whether the client gets frames exactly as the outbox holds them.
    pub(super) fn sends_frames_unchanged(&self) -> bool {
        self.version == Version::V4 && !self.base64 && self.deflate.is_none()
    }

    /// Encodes a frame for this client.
    fn bytes(&self, frame: Frame) -> Bytes {
        match self.deflate {
            _ if self.version == Version::V3 => v3::websocket(&frame, !self.base64),
            _ if self.base64 && !frame.attachments().is_empty() => frame.websocket_base64(),
            Some(threshold) => {
                frame.deflated(|message| deflate::deflate(message, threshold)).clone()
            }
            None => frame.into_websocket(),
        }
    }

    /// Joins the WebSocket's own frames and then these into one chunk.
    fn join(&mut self, frames: Vec<Frame>) -> BytesMut {
        let mut chunk = mem::take(&mut self.own);
        if self.deflate.is_none() {
            chunk.reserve(frames.iter().map(Frame::len).sum());
        }
        for frame in frames {
            chunk.extend_from_slice(&self.bytes(frame));
        }
        chunk
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(data) = self.pong.take() {
            self.encode(Message::Pong(data));
        }
        let taken = match &self.source {
            FrameSource::Outbox(session) if self.own.is_empty() => session.outbox.poll_chunk(cx),
            // While the writer waits in the outbox, others may write to the stream. So it waits
            // only if it has nothing of its own to write.
            FrameSource::Outbox(session) => {
                session.outbox.take_chunk().map_or(Poll::Pending, Poll::Ready)
            }
            FrameSource::Nothing => Poll::Pending,
            FrameSource::End => Poll::Ready(TakenFrames::Closed),
        };
        match taken {
            Poll::Pending if self.own.is_empty() => {
                match &mut self.waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            Poll::Pending => Poll::Ready(Some(mem::take(&mut self.own).freeze())),
            Poll::Ready(TakenFrames::Bytes(bytes)) if self.own.is_empty() => {
                Poll::Ready(Some(bytes))
            }
            // Such bytes come first, as they may complete a frame. The own frames are sent along:
            // if bytes came at every poll, a pong would otherwise never be sent.
            Poll::Ready(TakenFrames::Bytes(bytes)) => {
                let own = mem::take(&mut self.own);
                Poll::Ready(Some([bytes, own.freeze()].concat().into()))
            }
            // The frame's bytes are shared, not copied.
            Poll::Ready(TakenFrames::One(frame)) if self.own.is_empty() => {
                Poll::Ready(Some(self.bytes(frame)))
            }
            Poll::Ready(TakenFrames::One(frame)) => {
                Poll::Ready(Some(self.join(vec![frame]).freeze()))
            }
            Poll::Ready(TakenFrames::Frames(frames)) => {
                Poll::Ready(Some(self.join(frames).freeze()))
            }
            Poll::Ready(TakenFrames::Last(frames)) => {
                let source = mem::replace(&mut self.source, FrameSource::End);
                self.own = self.join(frames);
                self.encode(Message::Close(source.close_reason()));
                Poll::Ready(Some(mem::take(&mut self.own).freeze()))
            }
            Poll::Ready(TakenFrames::Closed | TakenFrames::Nothing) => {
                self.source = FrameSource::End;
                if let Some(reason) = self.close_frame.take() {
                    self.encode(Message::Close(reason));
                }
                let last = mem::take(&mut self.own);
                Poll::Ready((!last.is_empty()).then(|| last.freeze()))
            }
        }
    }
}

/// The writing half of a WebSocket. It is dropped when the client is gone, and then ends the
/// session.
pub(super) struct Writer(pub(super) Rc<RefCell<WriteState>>);

impl Writer {
    /// The next bytes to write, in one piece. `None` at the end.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.borrow_mut().poll(cx)
    }

    /// The bytes that can be written now, without waiting for more.
    pub(super) fn take(&self) -> Option<Bytes> {
        match self.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(chunk) => chunk,
            Poll::Pending => None,
        }
    }

    /// Whether the session was cut off, so that no Close frame is sent.
    pub(super) fn is_closed(&self) -> bool {
        let state = self.0.borrow();
        matches!(&state.source, FrameSource::Outbox(session) if session.outbox.is_closed())
    }
}

impl Stream for Writer {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx).map(|chunk| chunk.map(Ok))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = self.0.borrow_mut();
        if let FrameSource::Outbox(session) = mem::replace(&mut state.source, FrameSource::End) {
            session.end(SessionEnd::Closed);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::{
        model::Transport,
        outbox::{Outbox, Pushed},
        protocol::PacketCodec,
        transport::session::test_session,
    };

    #[actix_web::test]
    async fn it_waits_for_frames_only_if_it_has_none_of_its_own() {
        let outbox = Outbox::new(Transport::WebSocket, 1000, |_| {});
        let session = test_session(&outbox);
        let mut state = WriteState {
            source: FrameSource::Outbox(session),
            ..WriteState::new(false, Version::V4)
        };
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(state.poll(cx).is_pending());
        state.answer_ping(Bytes::from_static(b"x"));
        assert_eq!(state.poll(cx), Poll::Ready(Some(Bytes::from_static(b"\x8a\x01x"))));
        // A frame that is written past the queue now could end up inside the pong.
        assert_eq!(outbox.push_volatile(&Frame::PING), Pushed::Dropped);
        assert!(state.poll(cx).is_pending());
        assert_eq!(outbox.push_volatile(&Frame::PING), Pushed::Queued);
        assert!(state.poll(cx).is_ready());
        assert!(state.poll(cx).is_pending());
        state.close(None);
        assert_eq!(outbox.push_volatile(&Frame::PING), Pushed::Dropped);
    }

    #[test]
    fn each_ping_is_answered_up_to_a_bound_and_then_the_last_one() {
        let mut state = WriteState::new(false, Version::V4);
        let cx = &mut Context::from_waker(Waker::noop());
        for count in [10, 5_000] {
            for number in 0..count {
                state.answer_ping(Bytes::copy_from_slice(format!("{number:04}").as_bytes()));
            }
            let Poll::Ready(Some(pongs)) = state.poll(cx) else { panic!("there are pongs") };
            let expected = count.min(PONGS.div_ceil(6) + 1);
            assert_eq!(pongs.len(), expected * 6, "of {count} pings");
            assert!(pongs.starts_with(b"\x8a\x040000\x8a\x040001"));
            assert!(pongs.ends_with(format!("{:04}", count - 1).as_bytes()));
            assert!(state.poll(cx).is_pending());
        }
    }

    #[actix_web::test]
    async fn a_pong_is_sent_even_if_packets_are_queued_all_the_time() {
        let outbox = Outbox::new(Transport::WebSocket, 10_000, |_| {});
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        outbox
            .attach_stream(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap())
            .unwrap();
        let session = test_session(&outbox);
        let mut state = WriteState {
            source: FrameSource::Outbox(session),
            ..WriteState::new(false, Version::V4)
        };
        let packet = || PacketCodec::default().event("/", None, "a", "").unwrap();
        state.answer_ping(Bytes::from_static(b"x"));
        outbox.push_packet(packet());
        let expected = [packet().into_frame().websocket(), &b"\x8a\x01x"[..]].concat();
        assert_eq!(
            state.poll(&mut Context::from_waker(Waker::noop())),
            Poll::Ready(Some(expected.into()))
        );
        assert!(state.own.is_empty());
    }
}
