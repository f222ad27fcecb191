//! Past the queue: a frame for a transport that waits is written where it is.

use super::{FrameBatch, Pushed, queue::Outbox};

/// A turn of somebody with something for many: it counts them, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlushPass(pub(crate) u64);

impl Outbox {
    /// As [`Outbox::push`], of one frame behind the other; but where the transport waits, in
    /// somebody's turn, they are written at once, and no task is woken for it. That happens once in
    /// a turn: what follows waits, to leave in one write.
    pub(crate) fn deliver(&self, batch: &FrameBatch, turn: Option<FlushPass>) -> Pushed {
        let mut state = self.state.lock();
        // The transport waits if it has left its waker: the queue is open then, and nothing is in
        // it.
        debug_assert!(state.waker.is_none() || state.stream.is_none() || state.has_nothing());
        if let Some(FlushPass(turn)) = turn
            && state.waker.is_some()
            && let Some(stream) = &mut state.stream
            && stream.frame_builder != turn
        {
            stream.frame_builder = turn;
            match stream.write(batch.bytes()) {
                Ok(count) if count == batch.bytes().len() => return Pushed::Queued,
                Ok(count) => return self.push_rest(state, batch.bytes().slice(count..)),
                // There is no room, or nobody there: the transport's task finds out.
                Err(_) => {}
            }
        }
        self.push_all(state, batch.frames().iter().cloned())
    }
}

#[cfg(test)]
mod tests;
