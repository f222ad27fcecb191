//! The half that writes.

use std::{
    cell::RefCell,
    mem,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use actix_http::ws::{CloseReason, Codec, Message};
use actix_web::Error;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio_util::codec::Encoder;

use crate::{
    outbox::TakenFrames,
    protocol::{Frame, Version, v3},
    transport::{Session, SessionEnd, deflate},
};

/// Where the frames come from.
#[derive(Default)]
pub(super) enum FrameSource {
    /// Not yet decided: a probe.
    #[default]
    Nothing,
    Outbox(Arc<Session>),
    /// No more.
    End,
}

/// What the two halves share.
#[derive(Default)]
pub(super) struct WriteState {
    /// Frames of the WebSocket's own: the answer to a probe.
    own: BytesMut,
    /// The answer to the last ping: one is enough for all pings before (RFC 6455 §5.5.3), and
    /// bounds what a flood costs.
    pub(super) pong: Option<Bytes>,
    pub(super) source: FrameSource,
    /// The Close frame to end with, unless the connection was cut.
    goodbye: Option<Option<CloseReason>>,
    /// The client takes no binary messages.
    base64: bool,
    version: Version,
    /// The client takes compressed messages, and gets those of so many bytes or more.
    pub(super) deflate: Option<usize>,
    waker: Option<Waker>,
}

impl WriteState {
    pub(super) fn new(base64: bool, version: Version) -> Self {
        Self { base64, version, ..Self::default() }
    }

    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn close(&mut self, reason: Option<CloseReason>) {
        match mem::replace(&mut self.source, FrameSource::End) {
            FrameSource::End => {}
            FrameSource::Nothing => self.goodbye = Some(reason),
            FrameSource::Outbox(session) => {
                // Nothing comes behind the goodbye, or into the middle; and it comes not into the
                // middle of a frame.
                if let Some(rest) = session.outbox.stop_waiting() {
                    self.own = [&rest[..], &self.own].concat()[..].into();
                }
                self.goodbye = Some(reason);
            }
        }
        self.wake();
    }

    pub(super) fn encode(&mut self, message: Message) {
        // The codec refuses nothing but fragments out of order, and none is ever sent.
        let _ = Codec::new().encode(message, &mut self.own);
    }

    /// Whether frames need not be made into something else for this client.
    pub(super) fn takes_frames_as_they_are(&self) -> bool {
        self.version == Version::V4 && !self.base64 && self.deflate.is_none()
    }

    /// A frame as this client wants it.
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

    /// One chunk for all, behind what is the WebSocket's own.
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
            FrameSource::Outbox(session) if self.own.is_empty() => session.outbox.poll_all(cx),
            // It does not wait for frames while it has to write something else.
            FrameSource::Outbox(session) => {
                session.outbox.take_all().map_or(Poll::Pending, Poll::Ready)
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
            // Before what is its own, and with it: there may be more such bytes each time.
            Poll::Ready(TakenFrames::Bytes(bytes)) if self.own.is_empty() => {
                Poll::Ready(Some(bytes))
            }
            Poll::Ready(TakenFrames::Bytes(bytes)) => {
                let own = mem::take(&mut self.own);
                Poll::Ready(Some([bytes, own.freeze()].concat().into()))
            }
            // Without a copy.
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
                self.source = FrameSource::End;
                self.own = self.join(frames);
                self.encode(Message::Close(None));
                Poll::Ready(Some(mem::take(&mut self.own).freeze()))
            }
            Poll::Ready(TakenFrames::Closed | TakenFrames::Nothing) => {
                self.source = FrameSource::End;
                if let Some(reason) = self.goodbye.take() {
                    self.encode(Message::Close(reason));
                }
                let last = mem::take(&mut self.own);
                Poll::Ready((!last.is_empty()).then(|| last.freeze()))
            }
        }
    }
}

/// The half that writes. Dropped when the peer is gone.
pub(super) struct Writer(pub(super) Rc<RefCell<WriteState>>);

impl Writer {
    /// What to write next, in one piece. Nothing: it was all.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.borrow_mut().poll(cx)
    }

    /// What there is to write just now, before anything waits for more.
    pub(super) fn take(&self) -> Option<Bytes> {
        match self.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(chunk) => chunk,
            Poll::Pending => None,
        }
    }

    /// The connection was cut, and nobody has said goodbye.
    pub(super) fn is_closed(&self) -> bool {
        matches!(&self.0.borrow().source, FrameSource::Outbox(session) if session.outbox.is_closed())
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
    async fn it_waits_for_frames_only_when_it_has_nothing_to_say_itself() {
        let outbox = Outbox::new(Transport::WebSocket, 1000, |_| {});
        let session = test_session(&outbox);
        let mut state = WriteState {
            source: FrameSource::Outbox(session),
            ..WriteState::new(false, Version::V4)
        };
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(state.poll(cx).is_pending());
        state.pong = Some(Bytes::from_static(b"x"));
        assert_eq!(state.poll(cx), Poll::Ready(Some(Bytes::from_static(b"\x8a\x01x"))));
        // Whoever writes past the queue now could come into the middle of the pong.
        assert_eq!(outbox.push_volatile(&Frame::PING), Pushed::Dropped);
        assert!(state.poll(cx).is_pending());
        assert_eq!(outbox.push_volatile(&Frame::PING), Pushed::Queued);
        assert!(state.poll(cx).is_ready());
        assert!(state.poll(cx).is_pending());
        state.close(None);
        assert_eq!(outbox.push_volatile(&Frame::PING), Pushed::Dropped);
    }

    #[actix_web::test]
    async fn a_pong_does_not_wait_for_a_pause_in_what_is_sent() {
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
        let outgoing_packet = || PacketCodec::default().event("/", None, "a", "").unwrap();
        state.pong = Some(Bytes::from_static(b"x"));
        outbox.push_packet(outgoing_packet());
        let expected = [outgoing_packet().into_frame().websocket(), &b"\x8a\x01x"[..]].concat();
        assert_eq!(
            state.poll(&mut Context::from_waker(Waker::noop())),
            Poll::Ready(Some(expected.into()))
        );
        assert!(state.own.is_empty());
    }
}
