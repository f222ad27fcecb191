use std::time::{Duration, Instant};

/// Whether a way to this server still works, judged by what comes by it and by nothing else.
///
/// TCP may be well while Redis stands still, or while a proxy swallows what passes it. So where
/// nothing came for an interval, the link sends itself a probe. Where not even that comes within
/// another interval, the way is dead.
#[derive(Debug)]
pub(super) struct Pulse {
    interval: Duration,
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
        Self { interval, probed: None }
    }

    /// `heard` is when something came last. A probe that is due counts as sent.
    pub(super) fn beat(&mut self, heard: Instant, now: Instant) -> Beat {
        self.probed = self.probed.filter(|probed| *probed > heard);
        let since = self.probed.unwrap_or(heard);
        let rest = (since + self.interval).saturating_duration_since(now);
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

    #[test]
    fn silence_is_probed_and_then_dead() {
        let (mut pulse, start) = (Pulse::new(SECOND), Instant::now());
        assert_eq!(pulse.beat(start, start), Beat::Wait(SECOND));
        assert_eq!(pulse.beat(start, start + SECOND / 2), Beat::Wait(SECOND / 2));
        assert_eq!(pulse.beat(start, start + SECOND), Beat::Probe);
        assert_eq!(pulse.beat(start, start + SECOND), Beat::Wait(SECOND));
        assert_eq!(pulse.beat(start, start + 2 * SECOND), Beat::Dead);
    }

    #[test]
    fn what_comes_keeps_the_way_alive() {
        let (mut pulse, start) = (Pulse::new(SECOND), Instant::now());
        assert_eq!(pulse.beat(start, start + SECOND), Beat::Probe);
        let heard = start + SECOND + SECOND / 4;
        assert_eq!(pulse.beat(heard, start + 2 * SECOND), Beat::Wait(SECOND / 4));
        assert_eq!(pulse.beat(heard, start + 3 * SECOND), Beat::Probe);
    }

    #[test]
    fn a_server_that_stood_still_itself_probes_before_it_judges() {
        let (mut pulse, start) = (Pulse::new(SECOND), Instant::now());
        assert_eq!(pulse.beat(start, start + 60 * SECOND), Beat::Probe);
    }
}
