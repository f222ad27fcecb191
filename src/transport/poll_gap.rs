//! How long a client takes from the answer to one poll to its next poll.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// Measures the gaps between a client's polls. A client that is there polls again as soon as it
/// has an answer, so a gap is about a round trip.
#[derive(Debug)]
pub(crate) struct PollGap {
    opened: Instant,
    /// When the last answer was made, in milliseconds since `opened`. The first one is that of the
    /// handshake.
    answered: AtomicU32,
    /// In milliseconds.
    longest: AtomicU32,
}

impl PollGap {
    pub(super) fn new(opened: Instant) -> Self {
        Self { opened, answered: AtomicU32::new(0), longest: AtomicU32::new(0) }
    }

    /// A poll has come. One session has one poll at a time, so no order is needed between them.
    pub(super) fn ends(&self, now: Instant) {
        let gap = self.milliseconds(now).saturating_sub(self.answered.load(Ordering::Relaxed));
        self.longest.fetch_max(gap, Ordering::Relaxed);
    }

    /// A poll has its answer.
    pub(super) fn begins(&self, now: Instant) {
        self.answered.store(self.milliseconds(now), Ordering::Relaxed);
    }

    /// The longest gap so far.
    pub(crate) fn longest(&self) -> Duration {
        Duration::from_millis(self.longest.load(Ordering::Relaxed).into())
    }

    fn milliseconds(&self, now: Instant) -> u32 {
        // 49 days on, gaps are zero.
        u32::try_from(now.saturating_duration_since(self.opened).as_millis()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_gap_counts_and_not_the_time_of_a_poll() {
        let opened = Instant::now();
        let at = |milliseconds| opened + Duration::from_millis(milliseconds);
        let gap = PollGap::new(opened);
        assert_eq!(gap.longest(), Duration::ZERO);
        gap.ends(at(30));
        gap.begins(at(25_000));
        gap.ends(at(25_080));
        gap.begins(at(25_090));
        gap.ends(at(25_100));
        assert_eq!(gap.longest(), Duration::from_millis(80));
        gap.begins(at(u64::MAX >> 20));
        gap.ends(at(u64::MAX >> 19));
        assert_eq!(gap.longest(), Duration::from_millis(80));
    }
}
