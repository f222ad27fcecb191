//! Past the queue: a frame for a transport that waits is written where it is.

use super::{Burst, Pushed, queue::Outbox};

/// A turn of somebody with something for many: it counts them, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn(pub(crate) u64);

impl Outbox {
    /// As [`Outbox::push`], of one frame behind the other; but where the transport waits, in
    /// somebody's turn, they are written at once, and no task is woken for it. That happens once in
    /// a turn: what follows waits, to leave in one write.
    pub(crate) fn deliver(&self, burst: &Burst, turn: Option<Turn>) -> Pushed {
        let mut state = self.state.lock();
        // The transport waits if it has left its waker: the queue is open then, and nothing is in
        // it.
        debug_assert!(state.waker.is_none() || state.port.is_none() || state.has_nothing());
        if let Some(Turn(turn)) = turn
            && state.waker.is_some()
            && let Some(port) = &mut state.port
            && port.written != turn
        {
            port.written = turn;
            match port.write(burst.bytes()) {
                Ok(count) if count == burst.bytes().len() => return Pushed::Queued,
                Ok(count) => return self.push_rest(state, burst.bytes().slice(count..)),
                // There is no room, or nobody there: the transport's task finds out.
                Err(_) => {}
            }
        }
        self.push_all(state, burst.frames().iter().cloned())
    }
}

#[cfg(test)]
mod tests;
