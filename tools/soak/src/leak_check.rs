//! Checks that a server without clients is as it was before: counters, descriptors, memory.

use crate::{
    Fallible,
    net::PATIENCE,
    report::{Report, mib},
    server::Server,
    ws::Ws,
};

/// Rounds of warm-up. glibc keeps freed memory and still takes some more for the same load again,
/// less in each round.
pub(crate) const WARM_UP: u64 = 4;
/// How far memory may grow after the warm-up.
const MAX_GROWTH: f64 = 1.1;

pub(crate) struct LeakCheck {
    fds: usize,
    rounds: u64,
    /// Memory after the warm-up.
    rss_kb: Option<u64>,
}

impl LeakCheck {
    /// Reads the state of a server that has had no client yet.
    pub(crate) async fn new(server: &Server) -> Fallible<Self> {
        // The server listens before its workers run, and each worker opens descriptors.
        let mut first = Ws::connect(server.addr).await?;
        first.join().await?;
        let before = server.read().await?;
        drop(first);
        server.read_until(PATIENCE, |reading| reading.is_idle).await?;
        Ok(Self { fds: before.fds - 1, rounds: 0, rss_kb: None })
    }

    /// Compares memory with this figure instead of the one after the warm-up.
    pub(crate) fn against(mut self, rss_kb: u64) -> Self {
        self.rss_kb = Some(rss_kb);
        self
    }

    pub(crate) async fn check(&mut self, server: &Server, report: &mut Report) -> Fallible {
        let after = server
            .read_until(PATIENCE, |reading| reading.is_idle && reading.fds == self.fds)
            .await?;
        let gauges = if after.is_idle { "yes".to_owned() } else { after.stats.to_string() };
        report.criterion("all gauges are zero", gauges, after.is_idle);
        let fds = format!("{}, before {}", after.fds, self.fds);
        report.criterion("descriptors", fds, after.fds == self.fds);
        let finishes = format!("{} of {}", after.finishes, after.connects);
        report.criterion(
            "each OnConnect has had its OnFinish",
            finishes,
            after.finishes == after.connects,
        );
        self.rounds += 1;
        match self.rss_kb {
            None => {
                report.note("memory after it", mib(after.rss_kb));
                self.rss_kb = (self.rounds == WARM_UP).then_some(after.rss_kb);
            }
            Some(first) => {
                let ratio = after.rss_kb as f64 / first as f64;
                let measured = format!(
                    "{}, of {} that is {:.0} %",
                    mib(after.rss_kb),
                    mib(first),
                    ratio * 100.0
                );
                report.criterion("memory, at most 110 %", measured, ratio <= MAX_GROWTH);
            }
        }
        Ok(())
    }
}
