use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::job::Job;
use crate::protocol::EnginePacket;

/// What a client has sent and no handler has seen: jobs in order, one at a time, at most so many; behind them the packets
/// of the last batch, for which there is no room. Until there is, the transport is not answered, and reads no more.
#[derive(Debug)]
pub(super) struct Inbox {
    jobs: VecDeque<Job>,
    bytes: usize,
    busy: bool,
    limit: usize,
    limit_bytes: usize,
    packets: VecDeque<EnginePacket>,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Inbox {
    pub(super) fn new(limit: usize, limit_bytes: usize) -> Self {
        Self {
            // Most clients never have two.
            jobs: VecDeque::with_capacity(1),
            bytes: 0,
            busy: false,
            limit,
            limit_bytes,
            packets: VecDeque::new(),
            waiting: Vec::new(),
        }
    }

    /// A batch has come; its transport waits to hear that there is room for more.
    pub(super) fn receive(&mut self, packets: Vec<EnginePacket>, taken: oneshot::Sender<()>) {
        if self.packets.is_empty() {
            self.packets = packets.into();
        } else {
            self.packets.extend(packets);
        }
        self.waiting.push(taken);
    }

    /// The next packet, if there is room for the job that it may become. When all are out, the transports hear of it.
    pub(super) fn next_packet(&mut self) -> Option<EnginePacket> {
        if self.jobs.len() >= self.limit || self.bytes >= self.limit_bytes {
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

    /// Whether a transport waits for room, and reads nothing meanwhile.
    pub(super) fn is_held(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Nothing more is received; jobs which wait are still done.
    pub(super) fn close(&mut self) {
        self.packets.clear();
        self.waiting.clear();
    }

    pub(super) fn push(&mut self, mut job: Job) {
        if self.busy {
            job.detach();
        }
        self.bytes += job.cost();
        self.jobs.push_back(job);
    }

    /// The next job, if the one before is done; it is under way until [`Inbox::done`].
    pub(super) fn start(&mut self) -> Option<Job> {
        if self.busy {
            return None;
        }
        let job = self.jobs.pop_front()?;
        self.bytes -= job.cost();
        self.busy = true;
        Some(job)
    }

    /// The job that is under way takes a while: those behind it wait, and are not to keep all that came with them.
    pub(super) fn wait(&mut self) {
        self.jobs.iter_mut().for_each(Job::detach);
    }

    pub(super) fn done(&mut self) {
        self.busy = false;
    }

    /// Whether there is nothing to do, and nothing being done.
    pub(super) fn is_idle(&self) -> bool {
        !self.busy && self.jobs.is_empty()
    }
}
