use std::{
    collections::VecDeque,
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::future::LocalBoxFuture;

use super::{
    job::{Job, Outcome},
    running::RunningJobs,
};
use crate::{
    model::{MemoryShare, SocketId},
    routing::Router,
};

/// The jobs of one connection. They start in order. The next one starts when the last one is done,
/// or at once if one sequential handler actor has both.
///
/// Their number and bytes are bounded: while there is no capacity for a job, no packet is processed
/// that may become one.
#[derive(Debug)]
pub(in crate::connection) struct JobQueue {
    waiting: VecDeque<Job>,
    /// The jobs at the end of the queue that still share the buffers that they were read into.
    attached: usize,
    running: RunningJobs,
    /// Bytes of the jobs that wait or run.
    bytes: usize,
    limit: usize,
    limit_bytes: usize,
    memory: MemoryShare,
    /// There was no memory for the job that came last. No more are taken until one is done.
    is_out_of_memory: bool,
}

impl JobQueue {
    pub(super) fn new(limit: usize, limit_bytes: usize, memory: MemoryShare) -> Self {
        Self {
            // Most clients never have two.
            waiting: VecDeque::with_capacity(1),
            attached: 0,
            running: RunningJobs::default(),
            bytes: 0,
            limit,
            limit_bytes,
            memory,
            is_out_of_memory: false,
        }
    }

    /// Whether there is capacity for one more job.
    ///
    /// There is for the first one that waits, however large the job that runs is: its handler may
    /// wait for an acknowledgement, which is in no job, but behind packets that are.
    pub(in crate::connection) fn has_capacity(&self) -> bool {
        self.waiting.len() + self.running.waiting() < self.limit
            && (self.waiting.is_empty()
                || (self.bytes < self.limit_bytes && !self.is_out_of_memory))
    }

    /// Sets the bytes of the jobs that wait or run.
    fn count(&mut self, bytes: usize) {
        self.bytes = bytes;
        self.is_out_of_memory = !self.memory.set(bytes);
    }

    pub(in crate::connection) fn push(&mut self, mut job: Job) {
        if self.running.is_empty() {
            self.attached += 1;
        } else {
            job.detach();
        }
        self.count(self.bytes + job.cost());
        self.waiting.push_back(job);
    }

    /// Takes the next job, if the one before is done or lets others follow.
    pub(in crate::connection) fn start(&mut self) -> Option<Job> {
        let next = self.waiting.front()?;
        if !self.running.is_empty() && !self.running.may_follow(next) {
            return None;
        }
        let job = self.waiting.pop_front()?;
        self.count(self.bytes - job.cost());
        self.attached = self.attached.min(self.waiting.len());
        Some(job)
    }

    /// Keeps the rest of a job whose handler takes longer. The jobs behind it wait, so they copy
    /// what they need of the buffers that they were read into.
    pub(super) fn run(
        &mut self,
        socket: SocketId,
        rest: LocalBoxFuture<'static, Outcome>,
        cost: usize,
        pipeline: Option<Arc<Router>>,
    ) {
        // Each once: those that waited behind an earlier job have copies already.
        let attached = mem::take(&mut self.attached);
        self.waiting.iter_mut().rev().take(attached).for_each(Job::detach);
        self.count(self.bytes + cost);
        self.running.push(socket, rest, cost, pipeline);
    }

    /// Polls for the next finished job. `None`: no job is running.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<(SocketId, Outcome)>> {
        self.running.poll(cx).map(|finished| {
            let finished = finished?;
            self.count(self.bytes - finished.cost);
            Some((finished.socket, finished.outcome))
        })
    }

    /// Whether a job is running.
    pub(in crate::connection) fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// Whether no job runs and none waits.
    pub(in crate::connection) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }
}
