//! Which transport may take from the queue: polling, one poll at a time, until a WebSocket takes
//! over.

use std::mem;

use super::{
    OutboxEvent,
    queue::{Outbox, OutboxState, Phase, wake},
};
use crate::model::Transport;

impl Outbox {
    /// Whether a WebSocket is trying to take over from polling.
    pub(crate) fn is_probing(&self) -> bool {
        self.state.lock().probing
    }

    /// Begins a WebSocket's attempt to take over, and releases the waiting poll. Returns `false` if
    /// another attempt is under way, a WebSocket is active already, or the outbox is not open.
    pub(crate) fn begin_probe(&self) -> bool {
        let mut state = self.state.lock();
        if state.probing
            || state.active_transport == Transport::WebSocket
            || state.phase != Phase::Open
        {
            return false;
        }
        state.probing = true;
        state.release_poll();
        true
    }

    /// Ends a failed attempt. Polling continues.
    pub(crate) fn end_probe(&self) {
        self.state.lock().probing = false;
    }

    /// Makes the WebSocket the active transport. Returns `false` if a WebSocket is active already,
    /// or the outbox is closed.
    pub(crate) fn complete_upgrade(&self) -> bool {
        let mut state = self.state.lock();
        if state.active_transport == Transport::WebSocket || state.phase == Phase::Closed {
            return false;
        }
        state.active_transport = Transport::WebSocket;
        state.probing = false;
        state.release_poll();
        drop(state);
        (self.notify)(OutboxEvent::Upgraded);
        true
    }

    /// Claims the right to poll. Returns `false` if another poll has it.
    pub(crate) fn begin_poll(&self) -> bool {
        let mut state = self.state.lock();
        !mem::replace(&mut state.polling, true)
    }

    /// Gives the right to poll back, whether or not frames were taken.
    pub(crate) fn end_poll(&self) {
        let mut state = self.state.lock();
        state.polling = false;
        state.release_poll = false;
        if state.active_transport == Transport::Polling {
            // No poll waits any more, so volatile frames are dropped until the next one.
            state.waker = None;
        }
    }

    /// Makes a waiting poll return without frames.
    pub(crate) fn release(&self) {
        self.state.lock().release_poll();
    }

    /// Whether a poll waits that can carry a Close packet. A released poll cannot: it returns
    /// without frames, whatever is pushed now.
    pub(crate) fn is_polled(&self) -> bool {
        let state = self.state.lock();
        state.polling && !state.release_poll && state.frames.is_empty()
    }
}

impl OutboxState {
    /// Makes a waiting poll return without frames.
    fn release_poll(&mut self) {
        self.release_poll = self.polling;
        wake(self.waker.take());
    }
}
