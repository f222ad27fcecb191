use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// How long the link waits before it connects again: 50 ms, doubled up to 1 s, for ever.
///
/// Up to half of each wait is left out at random, so that the servers of a cluster do not all come
/// back to Redis at once.
#[derive(Debug)]
pub(super) struct BackOff(Duration);

impl Default for BackOff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl BackOff {
    /// The wait before the next attempt. `jitter` is from 0 to 1.
    pub(super) fn next(&mut self, jitter: f64) -> Duration {
        let wait = self.0;
        self.0 = (wait * 2).min(LONGEST);
        wait.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_second_and_begin_anew() {
        let mut back_off = BackOff::default();
        let waits: Vec<_> = (0..7).map(|_| back_off.next(0.0).as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1_000, 1_000]);
        back_off.reset();
        assert_eq!(back_off.next(0.0), FIRST);
    }

    #[test]
    fn jitter_leaves_out_half_at_most() {
        assert_eq!(BackOff::default().next(1.0), FIRST / 2);
        assert_eq!(BackOff::default().next(0.5), FIRST * 3 / 4);
        assert_eq!(BackOff::default().next(7.0), FIRST / 2);
    }
}
