//! Where the half that reads has its bytes from.

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

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

thread_local! {
    /// What is read stays here only until it is known how much it is: a connection that waits has
    /// no buffer.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into());
}

pub(super) enum ReadSource<'a> {
    /// A request's payload, while actix-http reads the connection.
    Payload(Payload),
    /// The connection itself.
    Connection(&'a ConnectionStream, &'a Waiting),
}

/// Whether a reader waits for its peer, and for nothing else: it would be polled for nothing as
/// long as nothing comes.
#[derive(Default)]
pub(super) struct Waiting {
    waits: Cell<bool>,
    /// A clock runs as well, or something may end that it is about.
    has_deadline: Cell<bool>,
}

impl Waiting {
    /// Whether the reader would get any further. One that would not is woken as soon as it would.
    pub(super) fn is_over(&self, stream: &ConnectionStream) -> bool {
        let waits = self.waits.get() && !self.has_deadline.get();
        !waits || stream.is_readable()
    }
}

impl ReadSource<'_> {
    /// Whether whoever reads waits for something else at the same time.
    pub(super) fn has_deadline(&self, has_deadline: bool) {
        if let Self::Connection(_, waiting) = self {
            waiting.has_deadline.set(has_deadline);
        }
    }

    /// Whoever publishes may write to the connection while this outbox is waited for, if it was
    /// taken over.
    pub(super) fn attach_stream(&self, outbox: &Arc<Outbox>) {
        if let Self::Connection(stream, _) = self {
            stream.attach_stream(outbox);
        }
    }

    /// Reads on, and says how many bytes there were: none, when the peer has gone.
    pub(super) fn poll_read(&mut self, into: &mut BytesMut, cx: &mut Context<'_>) -> Poll<usize> {
        match self {
            Self::Payload(payload) => Poll::Ready(match ready!(Pin::new(payload).poll_next(cx)) {
                Some(Ok(chunk)) => {
                    into.extend_from_slice(&chunk);
                    chunk.len()
                }
                Some(Err(_)) | None => 0,
            }),
            Self::Connection(stream, waiting) => BUFFER.with_borrow_mut(|buffer| {
                let result = stream.poll_read(buffer, cx);
                // A task that has had its turn is told to wait, too, and nothing wakes it then for
                // what comes.
                waiting.waits.set(result.is_pending() && has_budget_remaining());
                let count = ready!(result).unwrap_or(0);
                into.extend_from_slice(&buffer[..count]);
                Poll::Ready(count)
            }),
        }
    }
}
