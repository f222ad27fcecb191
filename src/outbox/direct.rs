//! Past the queue: a frame for a transport that waits is written where it is.

use std::{sync::Arc, thread::ThreadId};

use tokio::net::TcpStream;

use super::{
    Burst, Pushed, Transport,
    queue::{Outbox, Phase},
};
use crate::protocol::Frame;

/// A turn of somebody on a transport's thread, with something for many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) thread: ThreadId,
    /// Counts this one's turns, from 1.
    pub(crate) number: u64,
}

/// A WebSocket's connection, which others on its thread write to.
pub(super) struct Port {
    stream: Arc<TcpStream>,
    thread: ThreadId,
    /// The last turn in which something was written past the queue.
    written: u64,
}

/// Closes a port when it is dropped.
pub(crate) struct OpenPort<'a>(&'a Outbox);

impl Outbox {
    /// Lets frames be written past the queue: to a WebSocket that takes them as they are, whose task runs on this thread, and
    /// that polls the outbox only when it has nothing else to write.
    pub(crate) fn open_port(&self, stream: Arc<TcpStream>) -> OpenPort<'_> {
        self.state.lock().port = Some(Port { stream, thread: std::thread::current().id(), written: 0 });
        OpenPort(self)
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
                Ok(count) => return self.push_all(state, [Frame::rest(burst.bytes().slice(count..))]),
                // There is no room, or nobody there: the transport's task finds out.
                Err(_) => {}
            }
        }
        self.push_all(state, burst.frames().iter().cloned())
    }
}

impl Drop for OpenPort<'_> {
    fn drop(&mut self) {
        self.0.state.lock().port = None;
    }
}

#[cfg(test)]
mod tests;
