use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::entry::EntryId;

/// How a link is, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkHealth {
    /// It is subscribed, reads, and publishes.
    pub(crate) is_connected: bool,
    /// The time since something came by the channels.
    pub(crate) silence: Duration,
    /// The messages that Redis has not confirmed yet, and their bytes.
    pub(crate) held: usize,
    pub(crate) held_bytes: usize,
    /// How old the entry was that was read last, by the clocks of Redis and of this server. Zero
    /// when there is nothing more to read.
    pub(crate) lag: Duration,
    /// The messages that Redis has confirmed, since the link was started.
    pub(crate) sent: u64,
    pub(crate) given_up: u64,
    /// How often the link was lost.
    pub(crate) losses: u64,
}

/// What [`LinkHealth`] is made of.
#[derive(Debug)]
pub(super) struct Vitals {
    start: Instant,
    heard: AtomicU64,
    lag: AtomicU64,
    pub(super) is_connected: AtomicBool,
    pub(super) sent: AtomicU64,
    pub(super) given_up: AtomicU64,
    pub(super) losses: AtomicU64,
}

impl Vitals {
    pub(super) fn new(start: Instant) -> Self {
        Self {
            start,
            heard: AtomicU64::new(0),
            lag: AtomicU64::new(0),
            is_connected: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            losses: AtomicU64::new(0),
        }
    }

    /// Something came by the channels.
    pub(super) fn hear(&self, now: Instant) {
        // Not in milliseconds: what answers a probe within one would seem to be older than it.
        let nanos = now.saturating_duration_since(self.start).as_nanos();
        self.heard.store(u64::try_from(nanos).unwrap_or(u64::MAX), Relaxed);
    }

    /// When something came by the channels last.
    fn heard(&self) -> Instant {
        self.start + Duration::from_nanos(self.heard.load(Relaxed))
    }

    /// This entry was read now, or there was nothing to read.
    pub(super) fn read(&self, last: Option<EntryId>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.lag.store(last.map_or(0, |last| now.saturating_sub(last.ms)), Relaxed);
    }

    pub(super) fn health(&self, held: (usize, usize), now: Instant) -> LinkHealth {
        LinkHealth {
            is_connected: self.is_connected.load(Relaxed),
            silence: now.saturating_duration_since(self.heard()),
            held: held.0,
            held_bytes: held.1,
            lag: Duration::from_millis(self.lag.load(Relaxed)),
            sent: self.sent.load(Relaxed),
            given_up: self.given_up.load(Relaxed),
            losses: self.losses.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_counted_from_what_was_heard_last() {
        let start = Instant::now();
        let vitals = Vitals::new(start);
        vitals.hear(start + Duration::from_secs(3));
        let health = vitals.health((2, 300), start + Duration::from_secs(5));
        assert_eq!(health.silence, Duration::from_secs(2));
        assert_eq!((health.held, health.held_bytes), (2, 300));
    }

    #[test]
    fn lag_is_the_age_of_the_entry_that_was_read_last() {
        let vitals = Vitals::new(Instant::now());
        vitals.read(Some(EntryId { ms: 1, seq: 0 }));
        assert!(vitals.health((0, 0), Instant::now()).lag > Duration::from_secs(1));
        vitals.read(None);
        assert_eq!(vitals.health((0, 0), Instant::now()).lag, Duration::ZERO);
    }
}
