//! Drops publications that are too old in channels that are not read.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::yield_now,
    time::{Instant, MissedTickBehavior, interval},
};

use super::Sequencer;

/// How often histories are swept. Until then an old publication takes memory, and is not sent.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Publications that are dropped before others get the lock.
const SWEPT_AT_ONCE: usize = 256;

impl Sequencer {
    /// Starts a task on this thread that lives as long as the server. It is for servers that keep
    /// publications.
    pub(crate) fn start_sweeping(&self) {
        let weak = Arc::downgrade(&self.0);
        actix::spawn(async move {
            let mut ticks = interval(SWEEP_INTERVAL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(inner) = weak.upgrade() else { return };
                let now = Instant::now();
                while inner.lock_state().index_mut().histories.expire(now, SWEPT_AT_ONCE) {
                    yield_now().await;
                }
            }
        });
    }
}
