use tokio::time::Instant;

use super::{super::heartbeat::Beat, SessionDriver};
use crate::{
    deadline::{Deadline, DeadlineState},
    protocol::Frame,
};

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
        let last_poll_by = self.last_poll_by.as_ref().map(Deadline::at);
        let next = last_poll_by.unwrap_or_else(|| self.heartbeat.next());
        self.throttle.until().map_or(next, |until| until.min(next))
    }

    /// Returns whether the client was over its rate and may be read again.
    pub(crate) fn resumes_reading(&mut self, now: Instant) -> bool {
        self.throttle.is_over(now)
    }

    /// Sends a ping if one is due, and returns which deadline has passed.
    pub(crate) fn tick(&mut self, now: Instant) -> Due {
        if let Some(last_poll_by) = &mut self.last_poll_by {
            return match last_poll_by.check(now) {
                DeadlineState::Missed => Due::CloseTimeout,
                DeadlineState::Ahead | DeadlineState::Grace => Due::Nothing,
            };
        }
        let beat = self.heartbeat.beat(now, self.packets.is_held());
        self.note_pong_deadline();
        match beat {
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
        self.note_pong_deadline();
    }

    /// Lets polls know whether the client's answer to a ping is late.
    pub(super) fn note_pong_deadline(&self) {
        self.session.pong_deadline.set(self.heartbeat.late_from());
    }

    /// Whether the session has ended and waits for its client's last poll.
    pub(crate) fn awaits_last_poll(&self) -> bool {
        self.last_poll_by.is_some()
    }
}
