//! Log-ins by password, bounded for each address and in all.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    time::Duration,
};

use tokio::time::Instant;

use crate::model::ip_network;

/// The most addresses that are remembered. An attacker that has more has no use for forgetting.
const MAX_ADDRESSES: usize = 10_000;

/// The bounds of log-ins.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttemptLimits {
    /// Passwords that are checked at once.
    pub(super) max_checks: usize,
    /// Failures of one address within the window, after which it has to wait.
    pub(super) max_failures: usize,
    pub(super) failure_window: Duration,
    pub(super) failure_pause: Duration,
}

/// Why a password is not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotChecked {
    /// The address has failed too often, and has to wait this long.
    Throttled(Duration),
    /// The address has a log-in that is being checked, or the server has as many as it checks.
    Busy,
}

/// The address of a client, or the network of its IPv6 address. All unknown ones are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct AttemptOrigin(Option<IpAddr>);

/// The addresses that may try a password, and those that have to wait.
#[derive(Debug)]
pub(super) struct AttemptTable {
    limits: AttemptLimits,
    by_origin: HashMap<AttemptOrigin, Attempts>,
    checks: usize,
}

#[derive(Debug, Default)]
struct Attempts {
    is_checking: bool,
    failures: VecDeque<Instant>,
    refused_until: Option<Instant>,
}

impl AttemptOrigin {
    pub(super) fn new(ip: Option<IpAddr>) -> Self {
        Self(ip.map(ip_network))
    }
}

impl AttemptTable {
    pub(super) fn new(limits: AttemptLimits) -> Self {
        Self { limits, by_origin: HashMap::new(), checks: 0 }
    }

    /// Starts a check. [`Self::end`] must follow if it is granted.
    pub(super) fn begin(&mut self, origin: AttemptOrigin, now: Instant) -> Result<(), NotChecked> {
        if let Some(attempts) = self.by_origin.get_mut(&origin) {
            match attempts.refused_until {
                Some(until) if now < until => return Err(NotChecked::Throttled(until - now)),
                _ => attempts.refused_until = None,
            }
            if attempts.is_checking {
                return Err(NotChecked::Busy);
            }
        }
        if self.checks >= self.limits.max_checks {
            return Err(NotChecked::Busy);
        }
        if self.by_origin.len() >= MAX_ADDRESSES && !self.by_origin.contains_key(&origin) {
            self.make_room(now);
        }
        self.by_origin.entry(origin).or_default().is_checking = true;
        self.checks += 1;
        Ok(())
    }

    /// Ends a check, and counts a failure.
    pub(super) fn end(&mut self, origin: AttemptOrigin, has_failed: bool, now: Instant) {
        self.checks = self.checks.saturating_sub(1);
        let AttemptLimits { max_failures, failure_window, failure_pause, .. } = self.limits;
        let Some(attempts) = self.by_origin.get_mut(&origin) else { return };
        attempts.is_checking = false;
        if has_failed {
            attempts.forget_before(now, failure_window);
            attempts.failures.push_back(now);
            if attempts.failures.len() >= max_failures {
                attempts.failures.clear();
                attempts.refused_until = Some(now + failure_pause);
            }
        } else if attempts.failures.is_empty() {
            self.by_origin.remove(&origin);
        }
    }

    /// Forgets what no longer counts, or else one address.
    fn make_room(&mut self, now: Instant) {
        let window = self.limits.failure_window;
        self.by_origin.retain(|_, attempts| {
            attempts.forget_before(now, window);
            attempts.counts(now)
        });
        if self.by_origin.len() >= MAX_ADDRESSES {
            let idle = self.by_origin.iter().find(|(_, attempts)| !attempts.is_checking);
            if let Some(origin) = idle.map(|(origin, _)| *origin) {
                self.by_origin.remove(&origin);
            }
        }
    }
}

impl Attempts {
    fn forget_before(&mut self, now: Instant, window: Duration) {
        while self.failures.front().is_some_and(|at| now.duration_since(*at) >= window) {
            self.failures.pop_front();
        }
    }

    fn counts(&self, now: Instant) -> bool {
        let is_refused = self.refused_until.is_some_and(|until| now < until);
        self.is_checking || is_refused || !self.failures.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: AttemptLimits = AttemptLimits {
        max_checks: 2,
        max_failures: 5,
        failure_window: Duration::from_secs(60),
        failure_pause: Duration::from_secs(30),
    };

    fn origin(last: u8) -> AttemptOrigin {
        AttemptOrigin::new(Some(IpAddr::from([10, 0, 0, last])))
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn an_address_checks_one_at_a_time_and_the_server_as_many_as_its_limit() {
        let (mut table, now) = (AttemptTable::new(LIMITS), Instant::now());
        assert_eq!(table.begin(origin(1), now), Ok(()));
        assert_eq!(table.begin(origin(1), now), Err(NotChecked::Busy), "the same address");
        assert_eq!(table.begin(origin(2), now), Ok(()));
        assert_eq!(table.begin(origin(3), now), Err(NotChecked::Busy), "two at once");
        table.end(origin(1), false, now);
        assert_eq!(table.begin(origin(3), now), Ok(()));
        assert_eq!(table.begin(AttemptOrigin::new(None), now), Err(NotChecked::Busy));
        table.end(origin(3), false, now);
        table.end(origin(2), false, now);
        assert!(table.by_origin.is_empty(), "successes leave nothing");
    }

    #[test]
    fn five_failures_in_a_minute_cost_half_a_minute() {
        let (mut table, start) = (AttemptTable::new(LIMITS), Instant::now());
        let mut fail = |from: AttemptOrigin, after: u64| {
            let now = start + seconds(after);
            table.begin(from, now)?;
            table.end(from, true, now);
            Ok(())
        };
        for after in [0, 1, 2, 3] {
            assert_eq!(fail(origin(1), after), Ok(()));
        }
        // The first four are too old by now.
        for after in [64, 65, 66, 67, 68] {
            assert_eq!(fail(origin(1), after), Ok(()), "after {after} s");
        }
        assert_eq!(fail(origin(1), 69), Err(NotChecked::Throttled(seconds(29))));
        assert_eq!(fail(origin(1), 97), Err(NotChecked::Throttled(seconds(1))), "not prolonged");
        assert_eq!(fail(origin(2), 69), Ok(()), "another address");
        assert_eq!(fail(origin(1), 98), Ok(()));
    }

    #[test]
    fn the_addresses_of_an_ipv6_network_are_one() {
        let (mut table, now) = (AttemptTable::new(LIMITS), Instant::now());
        let of = |text: &str| AttemptOrigin::new(Some(text.parse().unwrap()));
        assert_eq!(table.begin(of("2001:db8::1"), now), Ok(()));
        assert_eq!(table.begin(of("2001:db8::2"), now), Err(NotChecked::Busy));
        assert_eq!(table.begin(of("2001:db8:0:1::1"), now), Ok(()));
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_what_no_longer_counts_first() {
        let (mut table, start) = (AttemptTable::new(LIMITS), Instant::now());
        let of = |at: u32| AttemptOrigin::new(Some(IpAddr::from(at.to_be_bytes())));
        let count = u32::try_from(MAX_ADDRESSES).unwrap() * 2;
        for at in 0..count {
            table.begin(of(at), start).unwrap();
            table.end(of(at), true, start);
        }
        assert_eq!(table.by_origin.len(), MAX_ADDRESSES);
        let later = start + LIMITS.failure_window;
        table.begin(of(count), later).unwrap();
        assert_eq!(table.by_origin.len(), 1);
    }
}
