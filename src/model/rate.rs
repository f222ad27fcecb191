use std::{fmt, time::Duration};

use tokio::time::Instant;

/// Limits how much may happen in a second, and how much in the same moment.
///
/// ```
/// use actix_socketio::{Rate, SocketIo};
///
/// // A hundred events a second in the long run, five hundred in the same moment after a pause.
/// let builder = SocketIo::builder().event_rate(Rate::per_second(100).burst(500));
/// ```
///
/// In a file it is `"100/s"`, or a table with `per_second` and `burst`: see
/// [`Config`](crate::Config#as-a-file).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    per_second: u32,
    burst: u32,
}

impl Rate {
    /// Allows `per_second` in a second in the long run, and as much in the same moment.
    pub const fn per_second(per_second: u32) -> Self {
        Self { per_second, burst: per_second }
    }

    /// Allows `burst` in the same moment, after a pause. Default: the amount for a second.
    #[must_use]
    pub const fn burst(self, burst: u32) -> Self {
        Self { burst, ..self }
    }

    /// Returns whether the rate allows anything at all.
    pub(crate) const fn is_possible(self) -> bool {
        self.per_second > 0 && self.burst > 0
    }
}

/// `100/s`, or `100/s with a burst of 500`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.per_second)?;
        if self.burst != self.per_second {
            write!(f, " with a burst of {}", self.burst)?;
        }
        Ok(())
    }
}

/// A token bucket, with the clock passed in. It is full at first. [`TokenBucket::charge`] may take
/// more than it has, because a packet cannot be charged in parts.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: f64::from(rate.burst), at: now }
    }

    /// Takes `amount` tokens, even if the bucket has fewer.
    pub(crate) fn charge(&mut self, amount: usize, now: Instant) {
        self.refill(now);
        // Bounded, so that the wait for the missing tokens is a valid `Duration` at any rate.
        self.tokens = (self.tokens - amount as f64).max(-f64::from(u32::MAX));
    }

    /// Takes one token. If the bucket is empty, returns how long to wait for a token.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.wait(now).map_or(Ok(()), Err)?;
        self.tokens -= 1.0;
        Ok(())
    }

    /// How long to wait for the next token. `None`: a token can be taken now.
    pub(crate) fn wait(&mut self, now: Instant) -> Option<Duration> {
        self.refill(now);
        let missing = 1.0 - self.tokens;
        // A microsecond more, so that rounding never makes the wait too short.
        (missing > 0.0).then(|| {
            Duration::from_secs_f64(missing / f64::from(self.rate.per_second))
                + Duration::from_micros(1)
        })
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        let full = f64::from(self.rate.burst);
        self.tokens = (self.tokens + elapsed * f64::from(self.rate.per_second)).min(full);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_in_one_moment_and_then_the_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(Rate::per_second(10).burst(3), start);
        assert_eq!([(); 4].map(|()| bucket.take(start).is_ok()), [true, true, true, false]);
        let wait = bucket.wait(start).unwrap();
        assert!(wait > Duration::from_millis(99) && wait < Duration::from_millis(101), "{wait:?}");
        assert!(bucket.take(start + Duration::from_millis(50)).is_err());
        assert!(bucket.take(start + Duration::from_millis(101)).is_ok());
        assert_eq!(bucket.wait(start + Duration::from_secs(60)), None);
        let later = start + Duration::from_secs(60);
        assert_eq!(
            [(); 4].map(|()| bucket.take(later).is_ok()),
            [true, true, true, false],
            "no more than the burst"
        );
    }

    #[test]
    fn a_charge_beyond_the_tokens_is_waited_for() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(Rate::per_second(100), start);
        bucket.charge(1_000, start);
        let wait = bucket.wait(start).unwrap();
        assert!(wait > Duration::from_secs(9) && wait < Duration::from_millis(9_020), "{wait:?}");
        assert_eq!(bucket.wait(start + wait), None, "the wait is enough");
        bucket.charge(usize::MAX, start);
        assert!(
            bucket.wait(start) > Some(Duration::from_secs(1)),
            "the wait for any charge is a valid duration"
        );
    }

    #[test]
    fn a_clock_that_goes_back_changes_nothing() {
        let start = Instant::now() + Duration::from_secs(60);
        let mut bucket = TokenBucket::new(Rate::per_second(1), start);
        assert!(bucket.take(start).is_ok());
        assert!(bucket.take(start - Duration::from_secs(30)).is_err());
        assert!(bucket.take(start + Duration::from_secs(1)).is_ok());
    }
}
