//! Jobs: what a client's events ask handlers to do, one after the other.

mod job;
mod queue;
mod run;
mod running;

use tokio::time::Instant;

use crate::model::MemoryShare;

pub(super) use job::{Job, Started, Task, is_plain, notify};
pub(super) use queue::JobQueue;

/// The jobs of one connection.
pub(super) struct Jobs {
    pub(super) queue: JobQueue,
    /// When the first of the running jobs was started.
    started: Instant,
    /// Whether a future waits for the running jobs.
    awaited: bool,
}

impl Jobs {
    pub(super) fn new(limit: usize, limit_bytes: usize, memory: MemoryShare, now: Instant) -> Self {
        Self { queue: JobQueue::new(limit, limit_bytes, memory), started: now, awaited: false }
    }
}
