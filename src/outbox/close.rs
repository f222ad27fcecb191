//! The three ways to close an outbox: after the queued frames, without them, or by cutting off.

use std::mem;

use bytes::Bytes;

use super::queue::{Outbox, OutboxState, Phase, wake};

impl Outbox {
    /// Accepts no more frames. The queued frames still go out, followed by the transport's close.
    pub(crate) fn finish(&self) {
        let mut state = self.state.lock();
        if state.phase != Phase::Open {
            return;
        }
        state.phase = Phase::Finishing;
        state.release_all_holds();
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }

    /// As [`Outbox::finish`], but drops the queued frames.
    pub(crate) fn finish_discarding(&self) {
        let mut state = self.state.lock();
        // A frame of which the client has the beginning is completed. Without its end, the client
        // would read the Close frame as a part of it.
        let kept = state.unfinished.as_ref().map_or(0, Bytes::len) + state.reserved.sum();
        let unsent = state.bytes - kept;
        state.release(unsent);
        let dropped = (mem::take(&mut state.frames), mem::take(&mut state.write_buffer));
        drop(state);
        drop(dropped);
        self.finish();
    }

    /// Drops everything and ends the transport without a close.
    pub(crate) fn abort(&self) {
        let dropped = self.state.lock().abort();
        drop(dropped);
    }

    /// Whether nothing will ever come out of the outbox again.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().phase == Phase::Closed
    }
}

impl OutboxState {
    /// Closes the outbox. Returns what it dropped, so that the caller can free that without the
    /// lock.
    pub(super) fn abort(&mut self) -> impl Sized + use<> {
        self.phase = Phase::Closed;
        self.release(self.bytes - self.reserved.sum());
        self.release_all_holds();
        wake(self.waker.take());
        (mem::take(&mut self.frames), mem::take(&mut self.write_buffer), self.unfinished.take())
    }
}
