//! Where the reading half gets its bytes from.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::{dev::Payload, web::BytesMut};
use futures_core::Stream as _;
use tokio::task::coop::has_budget_remaining;

use super::stream::ConnectionStream;
use crate::outbox::Outbox;

/// The most bytes that are read in one system call.
const CHUNK: usize = 64 * 1024;

thread_local! {
    /// All streams of a thread are read into this buffer, and the bytes are then copied out. So a
    /// stream that waits for its client needs no buffer of its own.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into());
}

pub(super) enum ReadSource<'a> {
    /// The payload of a request. actix-http reads the stream.
    Payload(Payload),
    /// The stream itself.
    Stream(&'a ConnectionStream, &'a ReadGate),
}

/// Spares polls of a reader that waits for bytes and for nothing else, while none have come.
///
/// The reader and the writer share one task, so the reader would be polled for each write.
#[derive(Default)]
pub(super) struct ReadGate {
    waits_for_bytes: Cell<bool>,
    /// The reader also waits for a timer, or for the end of the session.
    has_deadline: Cell<bool>,
}

impl ReadGate {
    /// Whether the reader can make progress. If not, the stream wakes the task as soon as it can.
    pub(super) fn may_read(&self, stream: &ConnectionStream) -> bool {
        let waits_for_bytes = self.waits_for_bytes.get() && !self.has_deadline.get();
        !waits_for_bytes || stream.is_readable()
    }
}

impl ReadSource<'_> {
    /// Sets whether the reader waits for something else than bytes at the same time.
    pub(super) fn has_deadline(&self, has_deadline: bool) {
        if let Self::Stream(_, gate) = self {
            gate.has_deadline.set(has_deadline);
        }
    }

    /// Stores a stream that was taken over in the outbox, so that others may write to it while the
    /// writer waits for frames.
    pub(super) fn attach_stream(&self, outbox: &Arc<Outbox>) {
        if let Self::Stream(stream, _) = self {
            stream.attach_stream(outbox);
        }
    }

    /// Appends the next bytes to `into`, and returns how many there were: none if the client has
    /// gone.
    pub(super) fn poll_read(&mut self, into: &mut BytesMut, cx: &mut Context<'_>) -> Poll<usize> {
        match self {
            Self::Payload(payload) => Poll::Ready(match ready!(Pin::new(payload).poll_next(cx)) {
                Some(Ok(chunk)) => {
                    into.extend_from_slice(&chunk);
                    chunk.len()
                }
                Some(Err(_)) | None => 0,
            }),
            Self::Stream(stream, gate) => BUFFER.with_borrow_mut(|buffer| {
                let result = stream.poll_read(buffer, cx);
                // A task without tokio budget also gets `Pending`, but the stream does not wake it
                // then. Such a reader must be polled again.
                gate.waits_for_bytes.set(result.is_pending() && has_budget_remaining());
                let count = ready!(result).unwrap_or(0);
                into.extend_from_slice(&buffer[..count]);
                Poll::Ready(count)
            }),
        }
    }
}
