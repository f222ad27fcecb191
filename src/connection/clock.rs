//! The deadlines of a connection, and its one timer.

use std::time::Duration;

use actix::Context;
use tokio::time::Instant;

use super::Connection;
use crate::{
    deadline::{Deadline, DeadlineState},
    engine::{Alarm, Due},
    event::DisconnectReason,
    log_text::log_line,
};

/// The timer of a connection, and the one deadline that is Socket.IO's: a client has to enter a
/// namespace within `connect_timeout`.
pub(super) struct Clock {
    alarm: Alarm,
    connect_by: Option<Deadline>,
    connect_timeout: Duration,
    /// When a token needs something next.
    #[cfg(feature = "jwt")]
    pub(super) token_at: Option<Instant>,
}

impl Clock {
    pub(super) fn new(connect_timeout: Duration, now: Instant) -> Self {
        let connect_by = Some(Deadline::after(now, connect_timeout));
        Self {
            alarm: Alarm::default(),
            connect_by,
            connect_timeout,
            #[cfg(feature = "jwt")]
            token_at: None,
        }
    }

    /// Notes that the client is in a namespace, so that there is no deadline.
    pub(super) fn entered(&mut self) {
        self.connect_by = None;
    }

    /// Notes that the client has left its last namespace: its time starts anew.
    pub(super) fn left(&mut self) {
        self.connect_by = Some(Deadline::after(Instant::now(), self.connect_timeout));
    }
}

impl Connection {
    /// Sets the timer to the next deadline.
    pub(super) fn set_alarm(&mut self, ctx: &mut Context<Self>) {
        let next = self.next_deadline();
        self.clock.alarm.set(next, ctx, Self::tick);
    }

    /// Sets the timer again if a deadline comes before it: after a pong the next ping may be due
    /// before the deadline of the last one, and a client over its rate is read again some time.
    pub(super) fn reschedule(&mut self, ctx: &mut Context<Self>) {
        if !self.driver.is_ended() && self.clock.alarm.is_after(self.next_deadline()) {
            self.set_alarm(ctx);
        }
    }

    fn next_deadline(&self) -> Instant {
        let next = self.driver.next_deadline();
        #[cfg(feature = "jwt")]
        let next = self.clock.token_at.map_or(next, |at| next.min(at));
        match &self.clock.connect_by {
            Some(connect_by) if self.may_be_late() => next.min(connect_by.at()),
            _ => next,
        }
    }

    /// The timer has fired.
    fn tick(&mut self, ctx: &mut Context<Self>) {
        self.clock.alarm.clear();
        #[cfg(feature = "jwt")]
        if self.tokens_due(ctx) {
            return;
        }
        if self.driver.resumes_reading(Instant::now()) {
            self.process(ctx);
            if !self.driver.is_held() {
                self.driver.reading_resumed();
            }
        }
        if self.connect_is_late(Instant::now()) {
            let peer = self.driver.peer();
            log_line!(log::Level::Info, "{}: in no namespace within connect_timeout", peer);
            self.end(DisconnectReason::TransportClose, ctx);
        } else {
            match self.driver.tick(Instant::now()) {
                Due::Nothing => {}
                Due::PingTimeout => self.end(DisconnectReason::PingTimeout, ctx),
                Due::CloseTimeout => return self.give_up_client(ctx),
            }
        }
        if !self.driver.is_ended() || self.driver.awaits_last_poll() {
            self.set_alarm(ctx);
        }
    }

    /// A client that comes back may have to wait for its turn.
    fn may_be_late(&self) -> bool {
        !self.driver.awaits_last_poll() && self.claims == 0
    }

    /// Whether the client has entered no namespace in time, by what was read so far.
    fn connect_is_late(&mut self, now: Instant) -> bool {
        let may_be_late = self.may_be_late();
        let connect_by = self.clock.connect_by.as_mut().filter(|_| may_be_late);
        connect_by.is_some_and(|by| by.check(now) == DeadlineState::Missed)
    }
}
