use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// When a file that fails is opened again: after 1, 2, 4 and so on up to 30 seconds.
#[derive(Debug, Default)]
pub(crate) struct Retry(Option<(Instant, Duration)>);

impl Retry {
    /// Takes note of a failure. Returns the wait until the next attempt.
    pub(crate) fn failed(&mut self, now: Instant) -> Duration {
        let wait = self.0.map_or(FIRST, |(_, wait)| (wait * 2).min(LONGEST));
        self.0 = Some((now + wait, wait));
        wait
    }

    pub(crate) fn succeeded(&mut self) {
        self.0 = None;
    }

    /// Whether it is time for the next attempt.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.0.is_none_or(|(at, _)| now >= at)
    }

    /// The time until the next attempt, if one is to come.
    pub(crate) fn rest(&self, now: Instant) -> Option<Duration> {
        self.0.map(|(at, _)| at.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let (mut retry, now) = (Retry::default(), Instant::now());
        assert!(retry.is_due(now) && retry.rest(now).is_none());
        let waits: Vec<_> = (0..7).map(|_| retry.failed(now).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert!(!retry.is_due(now) && retry.is_due(now + LONGEST));
        assert_eq!(retry.rest(now), Some(LONGEST));
        retry.succeeded();
        assert_eq!(retry.failed(now), FIRST);
    }
}
