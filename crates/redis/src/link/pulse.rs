use std::time::{Duration, Instant};

/// Whether a way to this server still works, judged by what comes by it and by nothing else.
///
/// TCP may be well while Redis stands still, or while a proxy swallows what passes it. A heartbeat
/// of this server comes back in each interval, and nothing else is needed then. Where nothing came
/// for an interval and a quarter, the link sends itself a probe. Where not even that comes before
/// the second interval is over, the way is dead.
#[derive(Debug)]
pub(super) struct Pulse {
    /// The time without anything before a probe.
    quiet: Duration,
    /// The time for the probe.
    limit: Duration,
    probed: Option<Instant>,
}

/// The thing to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing, for this long.
    Wait(Duration),
    Probe,
    Dead,
}

impl Pulse {
    pub(super) fn new(interval: Duration) -> Self {
        Self { quiet: interval * 5 / 4, limit: interval * 3 / 4, probed: None }
    }

    /// `heard` is when something came last. A probe that is due counts as sent.
    pub(super) fn beat(&mut self, heard: Instant, now: Instant) -> Beat {
        self.probed = self.probed.filter(|probed| *probed > heard);
        let due = self.probed.map_or(heard + self.quiet, |probed| probed + self.limit);
        let rest = due.saturating_duration_since(now);
        match self.probed {
            _ if !rest.is_zero() => Beat::Wait(rest),
            Some(_) => Beat::Dead,
            None => {
                self.probed = Some(now);
                Beat::Probe
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const INTERVAL: Duration = Duration::from_secs(4);

    #[test]
    fn silence_is_probed_and_then_dead() {
        let (mut pulse, start) = (Pulse::new(INTERVAL), Instant::now());
        assert_eq!(pulse.beat(start, start), Beat::Wait(5 * SECOND));
        assert_eq!(pulse.beat(start, start + 2 * SECOND), Beat::Wait(3 * SECOND));
        assert_eq!(pulse.beat(start, start + 5 * SECOND), Beat::Probe);
        assert_eq!(pulse.beat(start, start + 5 * SECOND), Beat::Wait(3 * SECOND));
        assert_eq!(pulse.beat(start, start + 2 * INTERVAL), Beat::Dead);
    }

    #[test]
    fn what_comes_keeps_the_way_alive() {
        let (mut pulse, start) = (Pulse::new(INTERVAL), Instant::now());
        assert_eq!(pulse.beat(start, start + 5 * SECOND), Beat::Probe);
        let heard = start + 6 * SECOND;
        assert_eq!(pulse.beat(heard, start + 8 * SECOND), Beat::Wait(3 * SECOND));
        assert_eq!(pulse.beat(heard, start + 11 * SECOND), Beat::Probe);
    }

    #[test]
    fn a_heartbeat_in_each_interval_needs_no_probe() {
        let (mut pulse, start) = (Pulse::new(INTERVAL), Instant::now());
        for beat in 1..10 {
            let heard = start + INTERVAL * beat;
            assert_eq!(pulse.beat(heard, heard + INTERVAL), Beat::Wait(SECOND));
        }
    }

    #[test]
    fn a_server_that_stood_still_itself_probes_before_it_judges() {
        let (mut pulse, start) = (Pulse::new(INTERVAL), Instant::now());
        assert_eq!(pulse.beat(start, start + 60 * SECOND), Beat::Probe);
    }
}
