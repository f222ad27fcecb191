use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use actix_socketio::store::{StoreHealth, StoreStatus};
use parking_lot::{Condvar, Mutex};

use crate::queue::{Mode, Queue, Wake};

/// The part that the server's threads and the store's thread share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) queue: Mutex<Queue>,
    wake: Condvar,
    /// The number of the place that [`HistoryStore::reserved`] returns.
    ///
    /// [`HistoryStore::reserved`]: actix_socketio::store::HistoryStore::reserved
    pub(crate) reserved: AtomicU64,
    pub(crate) counts: Counts,
    /// A loss that cannot be made good: the file was damaged when it was opened.
    pub(crate) loss: Mutex<Option<String>>,
}

/// The counters of a store, and the sizes of its file.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) appended: AtomicU64,
    pub(crate) committed: AtomicU64,
    pub(crate) left_out: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) damaged: AtomicU64,
    pub(crate) live_bytes: AtomicU64,
    pub(crate) stored_bytes: AtomicU64,
}

pub(crate) fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            queue: Mutex::new(Queue::new()),
            wake: Condvar::new(),
            reserved: AtomicU64::new(0),
            counts: Counts::default(),
            loss: Mutex::new(None),
        }
    }

    pub(crate) fn wake(&self, wake: Wake) {
        if wake == Wake::Yes {
            self.wake.notify_one();
        }
    }

    /// Waits until a group is complete, for `longest` at most.
    pub(crate) fn wait(&self, interval: Duration, longest: Duration) {
        let end = Instant::now() + longest;
        let mut queue = self.queue.lock();
        loop {
            let now = Instant::now();
            match queue.rest(interval, now) {
                Some(rest) if now < end => {
                    let until = now.checked_add(rest).map_or(end, |until| until.min(end));
                    self.wake.wait_until(&mut queue, until);
                }
                _ => return,
            }
        }
    }

    pub(crate) fn status(&self) -> StoreStatus {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (health, queued_bytes) = {
            let queue = self.queue.lock();
            let health = match queue.mode() {
                Mode::Failing(why) => StoreHealth::degraded(why),
                _ if queue.has_left_out() => {
                    StoreHealth::degraded("the disk is slower than publishing")
                }
                _ => StoreHealth::Healthy,
            };
            (health, queue.bytes())
        };
        let health = match (&*self.loss.lock(), health) {
            (Some(loss), StoreHealth::Healthy) => StoreHealth::degraded(loss),
            (_, health) => health,
        };
        let counts = &self.counts;
        let mut status = StoreStatus::new(health);
        status.appended = read(&counts.appended);
        status.committed = read(&counts.committed);
        status.left_out = read(&counts.left_out);
        status.groups = read(&counts.groups);
        status.failures = read(&counts.failures);
        status.damaged = read(&counts.damaged);
        status.queued_bytes = queued_bytes;
        status.live_bytes = read(&counts.live_bytes);
        status.stored_bytes = read(&counts.stored_bytes);
        status
    }
}
