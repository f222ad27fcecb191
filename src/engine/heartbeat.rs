use std::time::Duration;

use tokio::time::Instant;

use crate::deadline::{Deadline, DeadlineState};

/// The heartbeat of one session: when a ping is due, and when its pong is late. The clock is
/// passed in.
///
/// The first ping is due one interval after the handshake, each later one an interval after the
/// pong. A deadline counts from the instant at which the ping was due, so that late timers do not
/// add up.
#[derive(Debug)]
pub(super) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    state: HeartbeatState,
}

#[derive(Debug)]
enum HeartbeatState {
    /// The next ping is due at `ping`.
    Quiet { ping: Instant },
    /// The pong has to come by `deadline`.
    Pinged { deadline: Deadline },
    /// The client sends the pings; its next one has to come by `deadline`.
    Listening { deadline: Deadline },
}

/// The result of checking the clock.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Nothing,
    Ping,
    /// Treat the client as gone: its answer was not among what had arrived by the deadline.
    Dead,
}

impl Heartbeat {
    pub(super) fn new(interval: Duration, timeout: Duration, now: Instant) -> Self {
        Self { interval, timeout, state: HeartbeatState::Quiet { ping: now + interval } }
    }

    /// The heartbeat of Engine.IO 3, in which the client sends the pings.
    pub(super) fn listening(interval: Duration, timeout: Duration, now: Instant) -> Self {
        let deadline = Deadline::after(now, interval + timeout);
        Self { interval, timeout, state: HeartbeatState::Listening { deadline } }
    }

    /// Notes a ping from the client.
    pub(super) fn ping(&mut self, now: Instant) {
        let deadline = Deadline::after(now, self.interval + self.timeout);
        self.state = HeartbeatState::Listening { deadline };
    }

    /// Notes a pong. One without a ping before it does no harm.
    pub(super) fn pong(&mut self, now: Instant) {
        if let HeartbeatState::Listening { .. } = self.state {
            return;
        }
        self.state = HeartbeatState::Quiet { ping: now + self.interval };
    }

    /// Checks the clock. With `unread` the server itself holds back what the client sends, so a
    /// missing pong is not the client's fault.
    pub(super) fn beat(&mut self, now: Instant, unread: bool) -> Beat {
        match &mut self.state {
            HeartbeatState::Quiet { ping } if now >= *ping => {
                // After a process was stopped for a while, its clients must not all count as
                // late.
                let sent = if now - *ping < self.timeout / 2 { *ping } else { now };
                let deadline = Deadline::after(sent, self.timeout);
                self.state = HeartbeatState::Pinged { deadline };
                Beat::Ping
            }
            HeartbeatState::Quiet { .. } => Beat::Nothing,
            HeartbeatState::Pinged { deadline } | HeartbeatState::Listening { deadline } => {
                if now >= deadline.at() && unread {
                    *deadline = Deadline::after(now, self.timeout);
                }
                match deadline.check(now) {
                    DeadlineState::Missed => Beat::Dead,
                    DeadlineState::Ahead | DeadlineState::Grace => Beat::Nothing,
                }
            }
        }
    }

    /// Gives the client the whole timeout again, after the server held back its packets.
    pub(super) fn read_on(&mut self, now: Instant) {
        if let HeartbeatState::Pinged { deadline } | HeartbeatState::Listening { deadline } =
            &mut self.state
            && deadline.at() < now + self.timeout
        {
            *deadline = Deadline::after(now, self.timeout);
        }
    }

    /// The time from which the client's answer is late. `None`: none is due.
    pub(super) fn late_from(&self) -> Option<Instant> {
        match &self.state {
            HeartbeatState::Quiet { .. } => None,
            HeartbeatState::Pinged { deadline } | HeartbeatState::Listening { deadline } => {
                Some(deadline.late_from())
            }
        }
    }

    /// When to check the clock again.
    pub(super) fn next(&self) -> Instant {
        match &self.state {
            HeartbeatState::Quiet { ping } => *ping,
            HeartbeatState::Pinged { deadline } | HeartbeatState::Listening { deadline } => {
                deadline.at()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::READ_GRACE;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_client_that_answers_is_pinged_an_interval_after_each_pong() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(s(25), s(20), start);
        assert_eq!(heartbeat.beat(start + s(24), false), Beat::Nothing);
        assert_eq!(heartbeat.beat(start + s(25), false), Beat::Ping);
        assert_eq!(heartbeat.beat(start + s(26), false), Beat::Nothing);
        heartbeat.pong(start + s(30));
        assert_eq!(heartbeat.next(), start + s(55));
        assert_eq!(heartbeat.beat(start + s(55), false), Beat::Ping);
    }

    #[test]
    fn a_silent_client_is_dead_an_interval_and_a_timeout_after_the_handshake() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(s(25), s(20), start);
        assert_eq!(heartbeat.beat(start + s(26), false), Beat::Ping, "a timer one second late");
        assert_eq!(heartbeat.next(), start + s(45));
        assert_eq!(heartbeat.beat(start + s(45), false), Beat::Nothing, "a pong may be unread");
        assert_eq!(heartbeat.late_from(), Some(start + s(45)));
        assert_eq!(heartbeat.beat(start + s(45) + READ_GRACE, false), Beat::Dead);
    }

    #[test]
    fn a_pong_that_was_not_read_while_the_server_was_stopped_is_in_time() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(s(25), s(20), start);
        assert_eq!(heartbeat.beat(start + s(25), false), Beat::Ping);
        assert_eq!(heartbeat.beat(start + s(55), false), Beat::Nothing, "ten seconds late");
        assert_eq!(heartbeat.next(), start + s(65));
        heartbeat.pong(start + s(55));
        assert_eq!(heartbeat.next(), start + s(80));
        assert_eq!(heartbeat.late_from(), None);
    }

    #[test]
    fn an_engine_io_3_client_sends_the_pings() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::listening(s(25), s(20), start);
        assert_eq!(heartbeat.beat(start + s(44), false), Beat::Nothing);
        heartbeat.ping(start + s(44));
        heartbeat.pong(start + s(45));
        assert_eq!(heartbeat.next(), start + s(89));
        assert_eq!(heartbeat.beat(start + s(89), true), Beat::Nothing, "the server does not read");
        assert_eq!(heartbeat.beat(start + s(109), false), Beat::Nothing, "a ping may be unread");
        assert_eq!(heartbeat.beat(start + s(109) + READ_GRACE, false), Beat::Dead);
    }

    #[test]
    fn clients_are_not_late_after_the_server_was_stopped() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(s(25), s(20), start);
        assert_eq!(heartbeat.beat(start + s(3600), false), Beat::Ping);
        assert_eq!(heartbeat.next(), start + s(3620));
    }

    #[test]
    fn a_pong_is_not_late_while_the_server_does_not_read() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(s(25), s(20), start);
        heartbeat.beat(start + s(25), false);
        assert_eq!(heartbeat.beat(start + s(45), true), Beat::Nothing);
        assert_eq!(heartbeat.beat(start + s(64), false), Beat::Nothing);
        assert_eq!(heartbeat.beat(start + s(65), false), Beat::Nothing);
        assert_eq!(heartbeat.beat(start + s(65) + READ_GRACE, false), Beat::Dead);
    }

    #[test]
    fn a_pong_has_the_whole_time_once_the_server_reads_on() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(s(25), s(20), start);
        heartbeat.read_on(start + s(24));
        assert_eq!(heartbeat.next(), start + s(25), "no pong is due");
        heartbeat.beat(start + s(25), false);
        heartbeat.read_on(start + s(44));
        assert_eq!(heartbeat.beat(start + s(45), false), Beat::Nothing);
        assert_eq!(heartbeat.beat(start + s(64), false), Beat::Nothing);
        assert_eq!(heartbeat.beat(start + s(64) + READ_GRACE, false), Beat::Dead);
    }
}
