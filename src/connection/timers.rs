use std::time::{Duration, Instant};

use super::{Heartbeat, heartbeat::Beat};
use crate::{config::Config, protocol::Version};

/// The deadlines of one connection, with the clock passed in.
#[derive(Debug)]
pub(super) struct Timers {
    heartbeat: Heartbeat,
    /// By then the client must be in a namespace.
    connect: Option<Instant>,
    connect_timeout: Duration,
    /// By then what was said last must be fetched; nothing else counts any more.
    close: Option<Instant>,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Ping,
    PingTimeout,
    ConnectTimeout,
    CloseTimeout,
}

impl Timers {
    pub(super) fn new(config: &Config, version: Version, now: Instant) -> Self {
        let heartbeat = match version {
            Version::V3 => Heartbeat::listening,
            Version::V4 => Heartbeat::new,
        };
        Self {
            heartbeat: heartbeat(config.ping_interval, config.ping_timeout, now),
            connect: Some(now + config.connect_timeout),
            connect_timeout: config.connect_timeout,
            close: None,
        }
    }

    pub(super) fn pong(&mut self, now: Instant) {
        self.heartbeat.pong(now);
    }

    /// The client has pinged, as old ones do.
    pub(super) fn ping(&mut self, now: Instant) {
        self.heartbeat.ping(now);
    }

    /// The server reads on what it has held back.
    pub(super) fn read_on(&mut self, now: Instant) {
        self.heartbeat.read_on(now);
    }

    /// The client is in a namespace, or in none any more.
    pub(super) fn member(&mut self, is_member: bool, now: Instant) {
        self.connect = (!is_member).then(|| now + self.connect_timeout);
    }

    /// Everything is said; until then it may be fetched.
    pub(super) fn linger(&mut self, until: Instant) {
        self.close = Some(until);
    }

    pub(super) fn is_lingering(&self) -> bool {
        self.close.is_some()
    }

    pub(super) fn due(&mut self, now: Instant, unread: bool) -> Due {
        if let Some(close) = self.close {
            return if now >= close { Due::CloseTimeout } else { Due::Nothing };
        }
        if self.connect.is_some_and(|connect| now >= connect) {
            return Due::ConnectTimeout;
        }
        match self.heartbeat.beat(now, unread) {
            Beat::Nothing => Due::Nothing,
            Beat::Ping => Due::Ping,
            Beat::Dead => Due::PingTimeout,
        }
    }

    /// When to look again.
    pub(super) fn next(&self) -> Instant {
        let next = self.heartbeat.next();
        self.close.unwrap_or_else(|| self.connect.map_or(next, |connect| connect.min(next)))
    }
}
