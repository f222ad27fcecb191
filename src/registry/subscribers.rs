use std::{collections::HashMap, ops::Range, sync::Arc};

use super::{
    Audience,
    namespace_table::NamespaceTable,
    queue::{ComeBack, Replay},
};
use crate::{
    model::{Channel, Namespace, SocketId},
    outbox::{PlacedFrame, PublicationBatch, Pushed, SocketSender, WriteThroughTurn},
    protocol::Frame,
    stats::{Counters, Flow},
};

/// The sockets and channels of one registry, and their subscriptions.
///
/// Every operation but a publication costs the same whatever the number of subscribers.
#[derive(Debug)]
pub(crate) struct RegistryTable {
    namespaces: HashMap<Namespace, NamespaceTable>,
    counters: Arc<Counters>,
}

/// The frames that are delivered to an audience.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would be an allocation for each batch")]
pub(crate) enum Payload {
    PublicationBatch(PublicationBatch),
    /// Only for clients whose transport waits for something to send.
    Volatile(Arc<PlacedFrame>),
}

/// The outcome of [`RegistryTable::publish`].
pub(crate) struct Delivered {
    /// The number of sockets that it was queued for.
    pub(crate) receivers: usize,
    /// No receiver is left.
    pub(crate) is_all: bool,
}

impl Payload {
    /// The number of frames, and their bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        match self {
            Self::PublicationBatch(batch) => {
                let plain = batch.plain();
                (plain.frames().len(), plain.bytes().len())
            }
            Self::Volatile(event) => (1, event.frame().len()),
        }
    }
}

impl RegistryTable {
    pub(crate) fn new(counters: Arc<Counters>) -> Self {
        Self { namespaces: HashMap::new(), counters }
    }

    pub(crate) fn attach(&mut self, namespace: Namespace, id: SocketId, sender: Arc<SocketSender>) {
        self.namespaces.entry(namespace).or_default().attach(id, sender);
    }

    pub(crate) fn detach(&mut self, namespace: &Namespace, id: SocketId) {
        if let Some(table) = self.namespaces.get_mut(namespace) {
            table.detach(id);
            if table.is_empty() {
                self.namespaces.remove(namespace);
            }
        }
    }

    pub(crate) fn subscribe(&mut self, namespace: &Namespace, id: SocketId, channel: Channel) {
        if let Some(table) = self.namespaces.get_mut(namespace) {
            table.subscribe(id, channel);
        }
    }

    pub(crate) fn unsubscribe(&mut self, namespace: &Namespace, id: SocketId, channel: &Channel) {
        if let Some(table) = self.namespaces.get_mut(namespace) {
            table.unsubscribe(id, channel);
        }
    }

    /// Queues frames for the sockets of an audience, and calls `delivered` with each.
    ///
    /// If the audience is in one list, only the sockets in this part of it are visited. With a
    /// `turn`, the frames are written to their clients immediately.
    pub(crate) fn publish(
        &mut self,
        audience: &Audience,
        payload: &Payload,
        part: Range<usize>,
        turn: Option<WriteThroughTurn>,
        mut delivered: impl FnMut(SocketId),
    ) -> Delivered {
        // A write takes a hundred times as long as a push. There are only as many writes as a part
        // has sockets.
        let turn = turn.filter(|_| audience.list().is_some());
        let mut receivers = 0;
        let push = |id, sender: &SocketSender| {
            let pushed = match payload {
                Payload::Volatile(event) => sender.deliver_volatile(event),
                Payload::PublicationBatch(batch) => sender.deliver(batch, turn),
            };
            if pushed == Pushed::Queued {
                receivers += 1;
                delivered(id);
            }
        };
        let table = self.namespaces.get_mut(&audience.namespace);
        let is_all = table.is_none_or(|table| {
            let is_all = table.select(audience, part, push);
            if let Payload::PublicationBatch(batch) = payload {
                table.uncover_included(audience, batch.last());
            }
            is_all
        });
        let (frames, bytes) = payload.size();
        self.counters.traffic.add(Flow::Sent, receivers * frames, receivers * bytes);
        Delivered { receivers, is_all }
    }

    /// Sends a socket what it has missed, and returns the number of publications.
    pub(super) fn replay(&mut self, replay: Replay) -> usize {
        let Replay { namespace, id, caught_up, from, answer } = replay;
        let table = self.namespaces.get(&namespace);
        let Some(sender) = table.and_then(|table| table.sender(id)) else { return 0 };
        let missed = &caught_up.missed;
        sender.replay(answer(&caught_up), missed, from);
        let bytes = missed.iter().map(|event| event.frame().len()).sum();
        self.counters.traffic.add(Flow::Sent, missed.len(), bytes);
        self.counters.replayed.add(missed.len() as u64);
        missed.len()
    }

    /// Admits a socket that comes back, and returns the number of events that it had missed.
    pub(super) fn come_back(&mut self, come_back: ComeBack) -> usize {
        let ComeBack { namespace, id, connect, missed, hold } = come_back;
        let table = self.namespaces.get(&namespace);
        let Some(sender) = table.and_then(|table| table.sender(id)) else { return 0 };
        sender.open(connect, &missed);
        if let Some(hold) = hold {
            sender.hold_until_sent(hold);
        }
        let bytes = missed.iter().map(|event| event.frame().len()).sum();
        self.counters.traffic.add(Flow::Sent, missed.len(), bytes);
        self.counters.replayed.add(missed.len() as u64);
        missed.len()
    }

    /// Queues a frame for one socket.
    pub(crate) fn push(&self, sender: &SocketSender, frame: Frame) {
        let length = frame.len();
        if sender.push(frame) == Pushed::Queued {
            self.counters.traffic.add(Flow::Sent, 1, length);
        }
    }

    /// Visits every socket of an audience once.
    pub(crate) fn select(
        &mut self,
        audience: &Audience,
        visit: impl FnMut(SocketId, &SocketSender),
    ) {
        if let Some(table) = self.namespaces.get_mut(&audience.namespace) {
            table.select(audience, 0..usize::MAX, visit);
        }
    }
}

#[cfg(test)]
mod tests;
