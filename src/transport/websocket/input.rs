//! Where the half that reads has its bytes from.

use std::{
    cell::{Cell, RefCell},
    io::{self, ErrorKind, Read},
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::web::{self, BytesMut};
use futures_core::Stream;
use socket2::SockRef;
use tokio::{io::Interest, net::TcpStream, task::coop::has_budget_remaining};

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

thread_local! {
    /// What is read stays here only until it is known how much it is: a connection that waits has no buffer.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into());
}

pub(super) enum Input<'a> {
    /// A request's payload, while actix-http reads the connection.
    Payload(web::Payload),
    /// The connection itself.
    Stream(&'a TcpStream, &'a Waiting),
}

/// Whether a reader waits for its peer, and for nothing else: it would be polled for nothing as long as nothing comes.
#[derive(Default)]
pub(super) struct Waiting {
    waits: Cell<bool>,
    /// A clock runs as well, or something may end that it is about.
    has_deadline: Cell<bool>,
}

impl Waiting {
    /// Whether the reader would get any further. One that would not is woken as soon as it would.
    pub(super) fn is_over(&self, stream: &TcpStream) -> bool {
        let waits = self.waits.get() && !self.has_deadline.get();
        // This looks at what the last events have said, without a system call.
        !waits || stream.try_io(Interest::READABLE, || Ok(())).is_ok()
    }
}

impl Input<'_> {
    /// Whether whoever reads waits for something else at the same time.
    pub(super) fn has_deadline(&self, has_deadline: bool) {
        if let Self::Stream(_, waiting) = self {
            waiting.has_deadline.set(has_deadline);
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
            Self::Stream(stream, waiting) => BUFFER.with_borrow_mut(|buffer| {
                let result = poll_read(stream, buffer, cx);
                // A task that has had its turn is told to wait, too, and nothing wakes it then for what comes.
                waiting.waits.set(result.is_pending() && has_budget_remaining());
                let count = ready!(result).unwrap_or(0);
                into.extend_from_slice(&buffer[..count]);
                Poll::Ready(count)
            }),
        }
    }
}

/// Reads as [`AsyncRead`](tokio::io::AsyncRead) does, from a connection that is shared.
fn poll_read(stream: &TcpStream, buffer: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_read_ready(cx))?;
        let mut count = 0;
        let result = stream.try_io(Interest::READABLE, || {
            count = (&*SockRef::from(stream)).read(buffer)?;
            // Where there was room for more, it was all: not to be asked for again before more comes.
            if (1..buffer.len()).contains(&count) { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match result {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
            Err(_) if count == 0 => {}
            _ => return Poll::Ready(Ok(count)),
        }
    }
}
