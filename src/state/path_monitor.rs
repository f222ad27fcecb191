use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{
    config::Config,
    model::{PathHealth, PathOutcome},
    stats::Counters,
};

/// The last result of the probes of a server's path, and whether they run.
#[derive(Debug, Default)]
pub(crate) struct PathMonitor {
    is_running: AtomicBool,
    last: Mutex<Option<PathResult>>,
}

/// The result of a probe.
#[derive(Debug, Clone, Copy)]
struct PathResult {
    workers: PathOutcome,
    cluster: Option<PathOutcome>,
    at: Instant,
}

impl PathMonitor {
    /// Returns whether the probes have to be started: they were not before.
    pub(crate) fn begin(&self) -> bool {
        !self.is_running.swap(true, Ordering::Relaxed)
    }

    /// The probes could not be started.
    pub(crate) fn end(&self) {
        self.is_running.store(false, Ordering::Relaxed);
    }

    pub(crate) fn note(
        &self,
        workers: PathOutcome,
        cluster: Option<PathOutcome>,
        now: Instant,
        counters: &Counters,
    ) {
        *self.last.lock() = Some(PathResult { workers, cluster, at: now });
        // Both ways are probed at the same time.
        let times = [Some(workers), cluster].into_iter().flatten().map(PathOutcome::time);
        match times.collect::<Option<Vec<_>>>() {
            None => counters.path_probe_failures.add(1),
            Some(times) => {
                let longest = times.into_iter().max().unwrap_or_default();
                let micros = usize::try_from(longest.as_micros()).unwrap_or(usize::MAX);
                counters.path_probe_micros.set(micros);
            }
        }
    }

    pub(crate) fn health(&self, config: &Config, now: Instant) -> Option<PathHealth> {
        let PathResult { workers, cluster, at } = (*self.last.lock())?;
        let age = now.saturating_duration_since(at);
        Some(PathHealth { workers, cluster, age, max_age: max_age(config) })
    }
}

/// The age of a result at which the probes themselves hang.
fn max_age(config: &Config) -> Duration {
    let Config { path_interval, path_timeout, cluster_path_timeout, .. } = config;
    path_interval
        .saturating_mul(3)
        .saturating_add(*path_timeout)
        .saturating_add(*cluster_path_timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_ages_and_is_counted() {
        let (monitor, counters, config) =
            (PathMonitor::default(), Counters::default(), Config::default());
        let start = Instant::now();
        assert_eq!(monitor.health(&config, start), None);
        let took = |millis| PathOutcome::Whole(Duration::from_millis(millis));
        monitor.note(took(1), Some(took(3)), start, &counters);
        let later = start + Duration::from_secs(17);
        let health = monitor.health(&config, later).expect("a result");
        assert_eq!((health.age, health.is_whole()), (Duration::from_secs(17), true));
        let health = monitor.health(&config, later + Duration::from_secs(1)).expect("a result");
        assert!(!health.is_whole(), "three intervals of 5 s, and limits of 1 s and 2 s");
        let stats = || crate::stats::Stats::new(&counters, crate::stats::Gauges::default());
        assert_eq!(stats().path_probe, Duration::from_millis(3));
        monitor.note(took(1), Some(PathOutcome::Broken), later, &counters);
        assert_eq!((stats().path_probe_failures, stats().path_probe.as_millis()), (1, 3));
    }

    #[test]
    fn probes_begin_once() {
        let monitor = PathMonitor::default();
        assert!(monitor.begin() && !monitor.begin());
        monitor.end();
        assert!(monitor.begin());
    }
}
