use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll},
};

use futures_core::future::LocalBoxFuture;
use smallvec::SmallVec;
use tokio::sync::oneshot;

use super::{
    job::{Job, Outcome},
    running_jobs::RunningJobs,
};
use crate::{model::SocketId, protocol::EnginePacket, routing::Router};

/// What a client has sent and no handler is done with: jobs in order, one at a time, at most so
/// many that wait; behind them the packets of the last batch, for which there is no room. Until
/// there is, a transport that waits is not answered, and reads no more.
#[derive(Debug)]
pub(super) struct JobQueue {
    jobs: VecDeque<Job>,
    running: RunningJobs,
    /// Of jobs that wait, here or with their handler.
    bytes: usize,
    limit: usize,
    limit_bytes: usize,
    packets: VecDeque<EnginePacket>,
    /// One, but where a POST and a WebSocket meet.
    waiting: SmallVec<[oneshot::Sender<()>; 1]>,
    /// Batches that have come, in all.
    received: usize,
}

impl JobQueue {
    pub(super) fn new(limit: usize, limit_bytes: usize) -> Self {
        Self {
            // Most clients never have two.
            jobs: VecDeque::with_capacity(1),
            running: RunningJobs::default(),
            bytes: 0,
            limit,
            limit_bytes,
            packets: VecDeque::new(),
            waiting: SmallVec::new(),
            received: 0,
        }
    }

    /// A batch has come; its transport may wait to hear that there is room for more.
    pub(super) fn receive(
        &mut self,
        packets: Vec<EnginePacket>,
        taken: Option<oneshot::Sender<()>>,
    ) {
        if self.packets.is_empty() {
            self.packets = packets.into();
        } else {
            self.packets.extend(packets);
        }
        self.waiting.extend(taken);
        self.received += 1;
    }

    /// How many batches have come, if everything in them is done.
    pub(super) fn done(&self) -> Option<usize> {
        (self.is_idle() && !self.is_held()).then_some(self.received)
    }

    /// The next packet, if there is room for the job that it may become. When all are out, the
    /// transports hear of it.
    pub(super) fn next_packet(&mut self) -> Option<EnginePacket> {
        if self.jobs.len() + self.running.waiting() >= self.limit || self.bytes >= self.limit_bytes
        {
            return None;
        }
        let packet = self.packets.pop_front();
        if packet.is_none() {
            self.packets = VecDeque::new();
            for transport in self.waiting.drain(..) {
                // A transport which has gone needs no answer.
                let _ = transport.send(());
            }
        }
        packet
    }

    /// Whether there is something for which there is no room, or a transport waits for room and
    /// reads nothing meanwhile.
    pub(super) fn is_held(&self) -> bool {
        !self.packets.is_empty() || !self.waiting.is_empty()
    }

    /// Nothing more is received; jobs which wait are still done.
    pub(super) fn close(&mut self) {
        self.packets.clear();
        self.waiting.clear();
    }

    pub(super) fn push(&mut self, mut job: Job) {
        if !self.running.is_empty() {
            job.detach();
        }
        self.bytes += job.cost();
        self.jobs.push_back(job);
    }

    /// The next job, if the one before is done, or lets others follow.
    pub(super) fn start(&mut self) -> Option<Job> {
        let next = self.jobs.front()?;
        if !self.running.is_empty() && !self.running.may_follow(next) {
            return None;
        }
        let job = self.jobs.pop_front()?;
        self.bytes -= job.cost();
        Some(job)
    }

    /// A job takes a while, which is worth `cost`: those behind it wait, and are not to keep all
    /// that came with them.
    pub(super) fn run(
        &mut self,
        job: SocketId,
        run: LocalBoxFuture<'static, Outcome>,
        cost: usize,
        line: Option<Arc<Router>>,
    ) {
        self.jobs.iter_mut().for_each(Job::detach);
        // Of those that follow, each still waits for its turn.
        let waits = if self.running.is_empty() { 0 } else { cost };
        self.bytes += waits;
        self.running.push(job, run, waits, line);
    }

    /// The next job that is done of those that took a while. `None`: there is none.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<(SocketId, Outcome)>> {
        self.running.poll(cx).map(|done| {
            let (socket, outcome, next) = done?;
            self.bytes -= next;
            Some((socket, outcome))
        })
    }

    /// Whether a job is being done.
    pub(super) fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// Whether there is nothing to do, and nothing being done.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.jobs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_no_room_for_is_held_whether_anybody_waits_or_not() {
        let pong = || vec![EnginePacket::Pong("".into())];
        for (limit, waits) in [(0, false), (0, true), (1, false), (1, true)] {
            let mut jobs = JobQueue::new(limit, 1000);
            let (sender, mut taken) = oneshot::channel();
            jobs.receive(pong(), waits.then_some(sender));
            assert!(jobs.is_held());
            assert_eq!(jobs.next_packet().is_some(), limit > 0);
            let _ = jobs.next_packet();
            assert_eq!(jobs.is_held(), limit == 0, "limit {limit}, waits: {waits}");
            assert_eq!(jobs.done(), (limit > 0).then_some(1));
            assert_eq!(taken.try_recv().is_ok(), limit > 0 && waits);
        }
    }
}
