//! Publications to channels, each to all of its subscribers.

use std::time::{Duration, Instant};

use super::{
    AFTERMATH, Figures, PATIENCE, WARM_UP, audience::Audience, clients::Clients, meter::Meter,
    publishers::Publishers,
};
use crate::{Fallible, server::Server};

/// How long a probe may take; then there is another.
const PROBE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Fanout {
    pub(crate) channels: usize,
    /// Of each channel.
    pub(crate) subscribers: usize,
    pub(crate) publishers: usize,
    /// Of the payload.
    pub(crate) bytes: usize,
    pub(crate) pace: Pace,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// So many are on their way at a time, of all publishers together: the next goes when one has
    /// been heard by all.
    Window(usize),
    /// So many are published in a second, whatever has become of the last.
    Rate(u32),
}

/// Subscribers are the first clients, channel by channel; publishers come after them. A stream is
/// what one publisher publishes in one channel: each channel has one, or there is one channel, and
/// each publisher has one.
impl Fanout {
    pub(super) fn audience(&self) -> usize {
        self.channels * self.subscribers
    }

    pub(super) fn connections(&self) -> usize {
        self.audience() + self.publishers
    }

    pub(super) fn streams(&self) -> usize {
        self.channels.max(self.publishers)
    }

    pub(super) fn streams_of_a_channel(&self) -> usize {
        self.streams() / self.channels
    }

    pub(super) fn channel(number: usize) -> String {
        format!("channel-{number}")
    }

    pub(super) fn run(&self, server: &Server, length: Duration) -> Fallible<Figures> {
        let mut run = Run {
            clients: Clients::connect(server.addr, self.connections())?,
            audience: Audience::new(*self),
            publishers: Publishers::new(*self),
        };
        run.subscribe(self)?;
        run.publish(self, WARM_UP)?;
        if matches!(self.pace, Pace::Rate(_)) {
            run.audience.measure_latencies();
        }
        let before = run.audience.heard;
        let meter = Meter::start(server.process())?;
        run.publish(self, length)?;
        let mut figures = meter.stop(run.audience.heard - before)?;
        // What is doubled comes late.
        run.clients.listen(&mut run.audience, AFTERMATH)?;
        run.audience.agrees()?;
        (figures.p50_us, figures.p99_us) =
            (run.audience.percentile(50), run.audience.percentile(99));
        Ok(figures)
    }
}

struct Run {
    clients: Clients,
    audience: Audience,
    publishers: Publishers,
}

impl Run {
    /// Subscribes all, and waits until they are: what is not acknowledged everywhere is found out
    /// by probes.
    fn subscribe(&mut self, fanout: &Fanout) -> Fallible {
        for subscriber in 0..fanout.audience() {
            let channel = Fanout::channel(subscriber / fanout.subscribers);
            self.clients.send(subscriber, format!(r#"42["subscribe","{channel}"]"#).as_bytes())?;
        }
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let probe = self.audience.expect_probe();
            self.publishers.probe(probe, &mut self.clients)?;
            if self.clients.until(&mut self.audience, PROBE, |audience| audience.absent() == 0)? {
                return self.clients.listen(&mut self.audience, AFTERMATH);
            }
        }
        Err(format!("{} of {} are not subscribed", self.audience.absent(), fanout.audience())
            .into())
    }

    /// Publishes for so long, and waits until everybody has heard everything.
    fn publish(&mut self, fanout: &Fanout, length: Duration) -> Fallible {
        self.publishers.resume();
        let start = Instant::now();
        while start.elapsed() < length {
            let pause = self.publishers.publish(&self.audience, &mut self.clients)?;
            self.clients.turn(pause, &mut self.audience)?;
        }
        let due = self.publishers.sent * fanout.subscribers as u64;
        if self.clients.until(&mut self.audience, PATIENCE, |audience| audience.heard >= due)? {
            return Ok(());
        }
        let missing = due - self.audience.heard;
        Err(format!("{missing} of {due} deliveries were lost: they are missing after {PATIENCE:?}")
            .into())
    }
}
