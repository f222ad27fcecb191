use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::model::{Channel, Namespace};

/// A time that does not come, for times that a clock does not have.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The time that is so much later.
pub(super) fn after(start: Instant, wait: Duration) -> Instant {
    start.checked_add(wait).unwrap_or_else(|| start + NEVER)
}

/// A timer, by which it is removed before its time.
pub(super) type TimerId = (Instant, u64);

/// Something to do in a channel at some time.
#[derive(Debug)]
pub(super) struct Timer {
    pub(super) namespace: Namespace,
    pub(super) channel: Channel,
    pub(super) task: TimerTask,
}

#[derive(Debug)]
pub(super) enum TimerTask {
    /// Take the diff of the channel.
    Diff,
    /// The member has been away for too long.
    End(Arc<str>),
}

/// The timers of all channels with presence, in the order of their times.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeMap<TimerId, Timer>,
    count: u64,
}

impl Timers {
    pub(super) fn add(&mut self, at: Instant, timer: Timer) -> TimerId {
        self.count += 1;
        let id = (at, self.count);
        self.by_time.insert(id, timer);
        id
    }

    pub(super) fn remove(&mut self, id: TimerId) {
        self.by_time.remove(&id);
    }

    /// The time of the first timer.
    pub(super) fn next(&self) -> Option<Instant> {
        self.by_time.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the first timer if its time has come.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let first = self.by_time.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
