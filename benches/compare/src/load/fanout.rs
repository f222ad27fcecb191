//! Publications to channels, each to all of its subscribers.

use std::time::{Duration, Instant};

use super::{
    AFTERMATH, Figures, PATIENCE, WARM_UP, audience::Audience, clients::Clients, meter::Meter,
    publishers::Publishers,
};
use crate::{Fallible, server::Server};

/// How long a probe may take before the next one.
const PROBE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Fanout {
    pub(crate) channels: usize,
    /// The subscribers of each channel.
    pub(crate) subscribers: usize,
    pub(crate) publishers: usize,
    /// The size of the payload in bytes.
    pub(crate) bytes: usize,
    pub(crate) pace: Pace,
    /// Whether the clients ask for positions, which are one more argument of each event.
    pub(crate) asks_positions: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// The most publications in flight, of all publishers together. The next goes when all
    /// subscribers have received one.
    Window(usize),
    /// Publications in a second, whether or not the last one has arrived.
    Rate(u32),
}

/// The first clients are subscribers, channel by channel, and the last ones are publishers. A stream
/// is one publisher in one channel. Either each channel has one stream, or all publishers have a
/// stream in the only channel.
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

    fn start(&self, server: &Server) -> Fallible<Run> {
        let connect = match self.asks_positions {
            true => Clients::connect_with_positions,
            false => Clients::connect,
        };
        let mut run = Run {
            clients: connect(server.addr, self.connections())?,
            audience: Audience::new(*self),
            publishers: Publishers::new(*self),
        };
        run.subscribe(self)?;
        Ok(run)
    }

    /// Publishes this many times, and checks that all are delivered.
    pub(crate) fn publish_times(&self, server: &Server, count: u64) -> Fallible {
        let mut run = self.start(server)?;
        run.publish_while(self, |run| run.publishers.sent < count)?;
        run.audience.agrees()
    }

    pub(super) fn run(&self, server: &Server, length: Duration) -> Fallible<Figures> {
        let mut run = self.start(server)?;
        run.publish(self, WARM_UP)?;
        if matches!(self.pace, Pace::Rate(_)) {
            run.audience.measure_latencies();
        }
        let before = run.audience.heard;
        let meter = Meter::start(server.process())?;
        run.publish(self, length)?;
        let mut figures = meter.stop(run.audience.heard - before)?;
        // A doubled delivery arrives late.
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
    /// Subscribes all, and waits until they are subscribed. Not all servers acknowledge a
    /// subscription, so probes find it out.
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

    /// Publishes for this time, and waits until all subscribers have received everything.
    fn publish(&mut self, fanout: &Fanout, length: Duration) -> Fallible {
        let start = Instant::now();
        self.publish_while(fanout, |_| start.elapsed() < length)
    }

    /// Publishes while it is so, and waits until all subscribers have received everything.
    fn publish_while(&mut self, fanout: &Fanout, is_so: impl Fn(&Self) -> bool) -> Fallible {
        self.publishers.resume();
        while is_so(self) {
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
