//! Who may take what is in the queue: polling, one poll at a time, until a WebSocket takes over.

use std::mem;

use super::{
    OutboxEvent,
    queue::{Outbox, Phase},
};
use crate::model::Transport;

impl Outbox {
    /// Whether a WebSocket is trying to take over from polling.
    pub(crate) fn is_probing(&self) -> bool {
        self.state.lock().probing
    }

    /// A WebSocket wants to take over; `false` if one does already, or has. Lets the waiting poll
    /// return.
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

    /// The probe failed: polling goes on.
    pub(crate) fn end_probe(&self) {
        self.state.lock().probing = false;
    }

    /// The WebSocket takes from now on; `false` if one did already, or nothing is left to take.
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

    /// Claims the right to poll; `false` if a poll waits already.
    pub(crate) fn begin_poll(&self) -> bool {
        let mut state = self.state.lock();
        !mem::replace(&mut state.polling, true)
    }

    /// Gives the right to poll back, whether anything was taken or not.
    pub(crate) fn end_poll(&self) {
        let mut state = self.state.lock();
        state.polling = false;
        state.release_poll = false;
        if state.active_transport == Transport::Polling {
            // Nobody waits any more, for volatile frames in particular.
            state.waker = None;
        }
    }

    /// Lets a poll that waits return with nothing.
    pub(crate) fn release(&self) {
        self.state.lock().release_poll();
    }

    /// Whether a poll waits that a goodbye could answer: one that was let go returns with nothing,
    /// whatever comes now.
    pub(crate) fn is_polled(&self) -> bool {
        let state = self.state.lock();
        state.polling && !state.release_poll && state.frames.is_empty()
    }
}
