//! Taking a connection over from actix-http, once it has written the answer to the handshake.
//!
//! actix-http would keep two buffers of 8 KiB and a task for it, run each write through its
//! dispatcher, and decide when the connection is closed. To a WebSocket it has nothing to give. It
//! has no way to hand the connection on either; but it lets go of one, without shutting it down,
//! when a response's body ends before its length. So the answer announces a byte that never comes
//! (to actix-http alone: an answer with status 101 has no `Content-Length`), and a [`DuplicateStream`] of
//! the descriptor, made when the client connected, holds the connection from then on.

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

/// A second descriptor of a connection, kept beside it until a WebSocket takes it, or it is clear
/// that none will.
pub(crate) struct DuplicateStream(Cell<Option<StdStream>>);

impl DuplicateStream {
    /// Nothing where descriptors are short: its WebSocket then stays with actix-http.
    #[cfg(unix)]
    pub(crate) fn of(stream: &TcpStream) -> Option<Self> {
        let duplicate = socket2::SockRef::from(stream).try_clone().ok()?;
        Some(Self(Cell::new(Some(duplicate.into()))))
    }

    /// Elsewhere a duplicate can't have readiness events of its own.
    #[cfg(not(unix))]
    pub(crate) fn of(_: &TcpStream) -> Option<Self> {
        None
    }

    /// The duplicate for the connection of this request, if there is one. It is there once.
    pub(crate) fn take(request: &HttpRequest) -> Option<StdStream> {
        request.conn_data::<Self>()?.0.take()
    }
}

/// A connection that was taken over, and what its client had sent by then.
pub(super) struct TakenStream {
    pub(super) stream: ConnectionStream,
    pub(super) early: BytesMut,
}

/// The body of an answer to a handshake. It waits until the answer is written, and takes the
/// connection.
pub(super) struct Takeover {
    stream: Option<ConnectionStream>,
    /// What leaves with the answer, in the same write.
    first: Bytes,
    payload: Payload,
    early: BytesMut,
    max_early: usize,
    /// There was room to write, so that the answer's head is written by the time this is asked
    /// again.
    writable: bool,
    taker: Option<oneshot::Sender<TakenStream>>,
}

impl Takeover {
    /// Begins to take a connection over; its payload is given back if that can't be. A client which
    /// sends more than `max_early` bytes before its answer is written is cut off.
    pub(super) fn begin(
        request: &HttpRequest,
        payload: Payload,
        max_early: usize,
    ) -> Result<(Self, oneshot::Receiver<TakenStream>), Payload> {
        let Some(Ok(stream)) = DuplicateStream::take(request).map(TcpStream::from_std) else {
            return Err(payload);
        };
        let (taker, taken) = oneshot::channel();
        let takeover = Self {
            stream: Some(ConnectionStream::new(stream)),
            first: Bytes::new(),
            payload,
            early: BytesMut::new(),
            max_early,
            writable: false,
            taker: Some(taker),
        };
        Ok((takeover, taken))
    }

    /// Frames that leave with the answer.
    pub(super) fn brings(self, first: Bytes) -> Self {
        Self { first, ..self }
    }

    /// Takes what actix-http has read, which is all of it: each time, it reads before it asks for
    /// more of a body. Ready: there is no sense in waiting.
    fn poll_early(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match ready!(Pin::new(&mut self.payload).poll_next(cx)) {
                Some(Ok(chunk)) if self.early.len() + chunk.len() <= self.max_early => {
                    self.early.extend_from_slice(&chunk);
                }
                // The client has gone, or sends too much.
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl MessageBody for Takeover {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        // A byte more than there is.
        BodySize::Sized(self.first.len() as u64 + 1)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = &mut *self;
        if !this.first.is_empty() {
            return Poll::Ready(Some(Ok(mem::take(&mut this.first))));
        }
        let (Some(stream), Some(taker)) = (&this.stream, &mut this.taker) else {
            return Poll::Ready(None);
        };
        if taker.poll_closed(cx).is_ready() {
            return Poll::Ready(None);
        }
        let is_writable = stream.poll_write_ready(cx).is_ready();
        if this.poll_early(cx).is_ready() {
            return Poll::Ready(None);
        }
        // The answer is written after this is asked, not before.
        match is_writable {
            true if mem::replace(&mut this.writable, true) => {}
            true => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            false => return Poll::Pending,
        }
        if let (Some(stream), Some(taker)) = (this.stream.take(), this.taker.take()) {
            // One who no longer waits lets go of the connection.
            let _ = taker.send(TakenStream { stream, early: mem::take(&mut this.early) });
        }
        Poll::Ready(None)
    }
}
