use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::Serialize;

/// The upper bounds of the buckets. With fixed ones, the values of all servers can be added up.
const BOUNDS: [Duration; 13] = [
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
];

/// One for each bound, and one for what took longer than all of them.
const BUCKETS: usize = BOUNDS.len() + 1;

/// How long things took: a histogram with fixed buckets, in [`Stats`](crate::Stats).
///
/// ```
/// # actix::System::new().block_on(async {
/// use actix_socketio::{SocketIo, TimeHistogram};
///
/// let io = SocketIo::builder().build().unwrap();
/// // Nothing was asked of the HTTP API so far.
/// assert_eq!(io.stats().api_time.get("publish"), None::<&TimeHistogram>);
/// # });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TimeHistogram {
    /// How many there were: the sum of `buckets`.
    pub count: u64,
    /// The time that all of them took together.
    pub sum: Duration,
    /// How many took at most as long as the bound of [`TimeHistogram::BOUNDS`] at the same place,
    /// and longer than the bound before it. The last one counts those that took longer than all
    /// bounds.
    pub buckets: Vec<u64>,
}

impl TimeHistogram {
    /// The upper bounds of the buckets, in order: from half a millisecond to 5 seconds.
    ///
    /// ```
    /// use std::time::Duration;
    /// use actix_socketio::TimeHistogram;
    ///
    /// assert_eq!(TimeHistogram::BOUNDS.first(), Some(&Duration::from_micros(500)));
    /// assert_eq!(TimeHistogram::BOUNDS.last(), Some(&Duration::from_secs(5)));
    /// ```
    pub const BOUNDS: &'static [Duration] = &BOUNDS;

    /// The upper bound of each bucket in seconds, and its count. That of the last is infinite.
    pub(crate) fn seconds(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = BOUNDS.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        bounds.zip(self.buckets.iter().copied())
    }
}

/// The counters of a histogram. They take no lock.
#[derive(Debug, Default)]
pub(super) struct TimeCounts {
    nanos: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl TimeCounts {
    pub(super) fn add(&self, took: Duration) {
        let bucket = BOUNDS.partition_point(|bound| *bound < took);
        // All values together fill it in 584 years.
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        // Not above the number of bounds, which is the last bucket.
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> TimeHistogram {
        let sum = Duration::from_nanos(self.nanos.load(Ordering::Relaxed));
        let counts = self.buckets.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<_> = counts.collect();
        TimeHistogram { count: buckets.iter().sum(), sum, buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_the_last_bucket_has_none() {
        let counts = TimeCounts::default();
        assert!(BOUNDS.is_sorted());
        for bound in BOUNDS {
            counts.add(bound);
            counts.add(bound + Duration::from_nanos(1));
        }
        let histogram = counts.get();
        let mut expected = [2; BUCKETS];
        (expected[0], expected[BUCKETS - 1]) = (1, 1);
        assert_eq!(histogram.buckets, expected);
        assert_eq!(histogram.count, 2 * BOUNDS.len() as u64);
        let sum = 2 * BOUNDS.iter().sum::<Duration>() + Duration::from_nanos(13);
        assert_eq!(histogram.sum, sum);
        let seconds: Vec<_> = histogram.seconds().collect();
        assert_eq!(seconds[0], (0.0005, 1));
        assert_eq!(seconds[BUCKETS - 1], (f64::INFINITY, 1));
    }

    #[test]
    fn threads_count_together() {
        let counts = TimeCounts::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        counts.add(Duration::from_millis(7));
                    }
                });
            }
        });
        let histogram = counts.get();
        assert_eq!((histogram.count, histogram.sum), (4000, Duration::from_secs(28)));
        assert_eq!(histogram.buckets[4], 4000, "{histogram:?}");
    }
}
