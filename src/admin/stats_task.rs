//! The task that tells administrators how the server is, while there are any.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use log::Level;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    state::AdminState,
    stats::{ServerStats, Totals},
};
use crate::{
    log_text::log_line,
    server::{SocketIo, WeakSocketIo},
    socket::SendError,
    stats::Stats,
};

/// The time between two reports. The UI takes a server that is silent for 10 s for a lost one.
const PERIOD: Duration = Duration::from_secs(2);

/// How long a server reports to the administrators of others, after it has heard of them.
pub(super) const WATCH_TIME: Duration = Duration::from_secs(7);

/// The event by which a server that has administrators asks the others of its cluster to report.
pub(super) const WATCHED: &str = "admin_watched";

/// The task, which says so when it ends for whatever reason.
struct StatsTask(Arc<AdminState>);

impl AdminState {
    /// Starts to report, unless the task runs already. It ends by itself.
    pub(super) fn start_telling(self: &Arc<Self>) {
        if let Some(io) = self.begin_telling() {
            drop(actix::spawn(StatsTask(Arc::clone(self)).run(io)));
        }
    }
}

impl StatsTask {
    async fn run(self, weak: WeakSocketIo) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = None;
        loop {
            ticks.tick().await;
            // The server is not kept alive in between.
            let Some(io) = weak.upgrade() else { return };
            let Some(has_admins) = self.0.go_on_telling() else { return };
            let stats = io.stats();
            let totals = Totals::of(&stats);
            let earlier = told.replace(totals.clone()).unwrap_or_else(|| totals.clone());
            if let Err(error) = self.tell(&io, &stats, &totals, &earlier, has_admins) {
                log_line!(Level::Warn, "administrators can't be told of the server: {}"; error);
            }
        }
    }

    fn tell(
        &self,
        io: &SocketIo,
        stats: &Stats,
        totals: &Totals,
        earlier: &Totals,
        has_admins: bool,
    ) -> Result<(), SendError> {
        let Self(state) = self;
        let io = io.of(state.namespace.as_str());
        let events = totals.since(earlier, SystemTime::now());
        let sizes = io.namespace_sizes();
        let report = ServerStats::new(&state.identity, stats, io.uptime(), sizes, events);
        // The ordinary way, so that in a cluster it reaches the administrators of all servers.
        io.everyone().skip_history().emit("server_stats", &report)?;
        if has_admins { io.server_side_emit(WATCHED, &()) } else { Ok(()) }
    }
}

impl Drop for StatsTask {
    fn drop(&mut self) {
        self.0.stop_telling();
    }
}
