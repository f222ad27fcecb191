//! Past the queue: a frame for a transport that waits is written where it is.

use std::{
    sync::Arc,
    task::{Context, Poll},
    thread::ThreadId,
};

use tokio::net::TcpStream;

use super::{
    Burst, Pushed, Taken, Transport,
    port::Port,
    queue::{Outbox, Phase},
};

/// A turn of somebody on a transport's thread, with something for many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) thread: ThreadId,
    /// Counts this one's turns, from 1.
    pub(crate) number: u64,
}

/// Takes a connection's port out of its outbox when it is dropped, so that nothing holds the connection any more.
pub(crate) struct PortGuard<'a> {
    outbox: &'a Outbox,
    stream: Arc<TcpStream>,
}

impl Outbox {
    /// As [`Outbox::poll_all`], of a WebSocket that takes frames as they are: while it waits, frames may be written to its
    /// connection past the queue, on this thread. It must have nothing else to write.
    pub(crate) fn poll_all_with_port(&self, stream: &Arc<TcpStream>, cx: &mut Context<'_>) -> Poll<Taken> {
        let mut state = self.state.lock();
        // Whoever leaves its waker leaves its port: the one that is there may be another's.
        if !state.port.as_ref().is_some_and(|port| port.is_of(stream)) {
            state.port = Some(Port::new(stream));
        }
        self.all(state, Some(cx.waker()))
    }

    /// For as long as this connection may have its port here.
    pub(crate) fn guard_port(&self, stream: Arc<TcpStream>) -> PortGuard<'_> {
        PortGuard { outbox: self, stream }
    }

    /// As [`Outbox::push`], of one frame behind the other; but where the transport waits, on the thread whose turn it is, they
    /// are written at once, and no task is woken for it. That happens once in a turn: what follows waits, to leave in one
    /// write.
    pub(crate) fn deliver(&self, burst: &Burst, turn: Option<Turn>) -> Pushed {
        let mut state = self.state.lock();
        // The transport waits if it has left its waker, and then nothing is in the queue.
        if let Some(turn) = turn
            && state.waker.is_some()
            && state.phase == Phase::Open
            && state.holder == Transport::WebSocket
            && let Some(port) = &mut state.port
            && port.thread == turn.thread
            && port.written != turn.number
        {
            port.written = turn.number;
            match port.stream.try_write(burst.bytes()) {
                Ok(count) if count == burst.bytes().len() => return Pushed::Queued,
                Ok(count) => return self.push_rest(state, burst.bytes().slice(count..)),
                // There is no room, or nobody there: the transport's task finds out.
                Err(_) => {}
            }
        }
        self.push_all(state, burst.frames().iter().cloned())
    }
}

impl Drop for PortGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.outbox.state.lock();
        if state.port.as_ref().is_some_and(|port| port.is_of(&self.stream)) {
            state.port = None;
        }
    }
}

#[cfg(test)]
mod tests;
