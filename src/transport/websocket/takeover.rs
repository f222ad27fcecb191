//! Takes a TCP stream over from actix-http, once the answer to the handshake is written.
//!
//! actix-http would keep two buffers of 8 KiB and a task for the stream, run each write through its
//! dispatcher, and decide when the stream is closed. A WebSocket needs none of that.
//!
//! actix-http has no way to hand a stream on. But it drops a stream, without shutting it down, if
//! the body of a response ends before its announced length. So the answer announces one byte that
//! never comes. Only actix-http sees this length, as an answer with status 101 has no
//! `Content-Length`. A [`DuplicateStream`] of the descriptor, made when the client connected, keeps
//! the connection open from then on.

use std::{
    cell::Cell,
    convert::Infallible,
    mem,
    net::TcpStream as StdStream,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    HttpRequest,
    body::{BodySize, MessageBody},
    dev::Payload,
    web::{Bytes, BytesMut},
};
use futures_core::Stream as _;
use tokio::{net::TcpStream, sync::oneshot};

use super::stream::ConnectionStream;
#[cfg(feature = "tls")]
use crate::tls::SharedTlsStream;

/// A second descriptor of a client's TCP stream. It is kept with the HTTP connection until a
/// WebSocket takes it, or until it is clear that none will.
pub(crate) struct DuplicateStream(Cell<Option<StdStream>>);

impl DuplicateStream {
    /// Duplicates the descriptor. Returns `None` if the process has no descriptor left. A WebSocket
    /// on this stream then stays with actix-http.
    #[cfg(unix)]
    pub(crate) fn of(stream: &TcpStream) -> Option<Self> {
        let duplicate = socket2::SockRef::from(stream).try_clone().ok()?;
        Some(Self(Cell::new(Some(duplicate.into()))))
    }

    /// Returns `None`: outside of Unix, a duplicate cannot have readiness events of its own.
    #[cfg(not(unix))]
    pub(crate) fn of(_: &TcpStream) -> Option<Self> {
        None
    }

    /// Takes the duplicate for the stream of this request, if it has one and it is not taken yet.
    pub(crate) fn take(request: &HttpRequest) -> Option<StdStream> {
        request.conn_data::<Self>()?.0.take()
    }
}

/// The stream of a request, before it is taken over.
enum ClaimedStream {
    /// The duplicate, which is here already.
    Duplicate(ConnectionStream),
    /// The TLS stream itself. actix-http has it until it is taken away.
    #[cfg(feature = "tls")]
    Tls(SharedTlsStream),
}

impl ClaimedStream {
    fn of(request: &HttpRequest) -> Option<Self> {
        #[cfg(feature = "tls")]
        if let Some(stream) = SharedTlsStream::of(request) {
            return Some(Self::Tls(stream));
        }
        let duplicate = TcpStream::from_std(DuplicateStream::take(request)?).ok()?;
        Some(Self::Duplicate(ConnectionStream::new(duplicate)))
    }

    /// Ready if there is space to write, or the stream is broken.
    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Duplicate(stream) => stream.poll_write_ready(cx).map(drop),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_write_ready(cx),
        }
    }

    fn take(self) -> Option<ConnectionStream> {
        match self {
            Self::Duplicate(stream) => Some(stream),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.take().map(ConnectionStream::tls),
        }
    }
}

/// A stream that was taken over, with the bytes that the client had sent by then.
pub(super) struct TakenStream {
    pub(super) stream: ConnectionStream,
    pub(super) early: BytesMut,
}

/// The body of the answer to a handshake. It waits until the answer is written, and then hands the
/// stream to the WebSocket's task.
pub(super) struct Takeover {
    stream: Option<ClaimedStream>,
    /// Frames that are sent with the answer, in the same write.
    first_frames: Bytes,
    payload: Payload,
    early: BytesMut,
    max_early: usize,
    /// The stream was writable at an earlier poll. The answer is written by the next poll then.
    was_writable: bool,
    sender: Option<oneshot::Sender<TakenStream>>,
}

impl Takeover {
    /// As much may come before the answer is written, whatever the largest message is: a client
    /// that has its 101 may send many frames at once. actix-http reads no more ahead.
    const MIN_EARLY: usize = 128 * 1024;

    /// Begins to take a stream over. A client that sends [`Self::MIN_EARLY`] bytes more than
    /// `max_payload` before its answer is written is cut off.
    ///
    /// # Errors
    /// The payload, if the stream cannot be taken over.
    pub(super) fn begin(
        request: &HttpRequest,
        payload: Payload,
        max_payload: usize,
    ) -> Result<(Self, oneshot::Receiver<TakenStream>), Payload> {
        let Some(stream) = ClaimedStream::of(request) else { return Err(payload) };
        let (sender, taken) = oneshot::channel();
        let takeover = Self {
            stream: Some(stream),
            first_frames: Bytes::new(),
            payload,
            early: BytesMut::new(),
            // A frame is longer than its message.
            max_early: max_payload.saturating_add(Self::MIN_EARLY),
            was_writable: false,
            sender: Some(sender),
        };
        Ok((takeover, taken))
    }

    /// Adds frames that are sent with the answer.
    pub(super) fn with_first_frames(self, first_frames: Bytes) -> Self {
        Self { first_frames, ..self }
    }

    /// Takes all bytes that actix-http has read. It reads each time before it polls a body, so this
    /// leaves no bytes behind. Ready if the stream is not worth waiting for: the client has gone,
    /// or has sent too much.
    fn poll_early(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match ready!(Pin::new(&mut self.payload).poll_next(cx)) {
                Some(Ok(chunk)) if self.early.len() + chunk.len() <= self.max_early => {
                    self.early.extend_from_slice(&chunk);
                }
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl MessageBody for Takeover {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        // One byte more than the body has, so that actix-http drops the stream without closing it.
        BodySize::Sized(self.first_frames.len() as u64 + 1)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = &mut *self;
        if !this.first_frames.is_empty() {
            return Poll::Ready(Some(Ok(mem::take(&mut this.first_frames))));
        }
        let (Some(stream), Some(sender)) = (&this.stream, &mut this.sender) else {
            return Poll::Ready(None);
        };
        if sender.poll_closed(cx).is_ready() {
            return Poll::Ready(None);
        }
        let is_writable = stream.poll_write_ready(cx).is_ready();
        if this.poll_early(cx).is_ready() {
            return Poll::Ready(None);
        }
        // actix-http writes the answer after this poll, so a later poll hands the stream over.
        match is_writable {
            true if mem::replace(&mut this.was_writable, true) => {}
            true => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            false => return Poll::Pending,
        }
        let stream = this.stream.take().and_then(ClaimedStream::take);
        if let (Some(stream), Some(sender)) = (stream, this.sender.take()) {
            // If the task no longer waits, the stream is dropped here, which closes it.
            let _ = sender.send(TakenStream { stream, early: mem::take(&mut this.early) });
        }
        Poll::Ready(None)
    }
}
