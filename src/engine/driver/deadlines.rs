use std::time::Instant;

use super::{super::heartbeat::Beat, SessionDriver};
use crate::protocol::Frame;

/// Which deadline of a session has passed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// The client did not answer a ping in time.
    PingTimeout,
    /// The client did not fetch the last packets in time.
    CloseTimeout,
}

/// # Deadlines
impl SessionDriver {
    /// The time at which [`SessionDriver::tick`] must be called.
    pub(crate) fn next_deadline(&self) -> Instant {
        let next = self.last_poll_by.unwrap_or_else(|| self.heartbeat.next());
        self.throttle.until().map_or(next, |until| until.min(next))
    }

    /// Returns whether the client was over its rate and may be read again.
    pub(crate) fn resumes_reading(&mut self, now: Instant) -> bool {
        self.throttle.is_over(now)
    }

    /// Sends a ping if one is due, and returns which deadline has passed.
    pub(crate) fn tick(&mut self, now: Instant) -> Due {
        if let Some(until) = self.last_poll_by {
            return if now >= until { Due::CloseTimeout } else { Due::Nothing };
        }
        match self.heartbeat.beat(now, self.packets.is_held()) {
            Beat::Nothing => Due::Nothing,
            Beat::Ping => {
                // The outbox reports an overflow if it is full.
                self.outbox().push(Frame::PING);
                Due::Nothing
            }
            Beat::Dead => Due::PingTimeout,
        }
    }

    /// Gives the client the whole ping timeout again, after the server held back its packets.
    pub(crate) fn reading_resumed(&mut self) {
        self.heartbeat.read_on(Instant::now());
    }

    /// Whether the session has ended and waits for its client's last poll.
    pub(crate) fn awaits_last_poll(&self) -> bool {
        self.last_poll_by.is_some()
    }
}
