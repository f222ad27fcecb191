use std::{
    collections::{HashMap, hash_map::Entry},
    hint::black_box,
    ops::Range,
    sync::Arc,
};

use super::{Audience, publication::AudienceList};
use crate::{
    model::{Channel, IdMap, Namespace, SocketId},
    outbox::{FlushPass, FrameBatch, Pushed, SocketSender},
    protocol::Frame,
    stats::{Counters, Flow},
};

/// Senders that are prefetched before a frame is pushed into the first of them.
const PREFETCH: usize = 16;

/// The sockets and channels of one registry, and their subscriptions.
///
/// Every operation but a publication costs the same whatever the number of subscribers.
#[derive(Debug)]
pub(crate) struct SubscriberTable {
    namespaces: HashMap<Namespace, NamespaceTable>,
    counters: Arc<Counters>,
}

/// The frames that are delivered to an audience.
#[derive(Debug)]
pub(crate) enum Payload {
    FrameBatch(FrameBatch),
    /// Only for clients whose transport waits for something to send.
    Volatile(Frame),
}

/// The outcome of [`SubscriberTable::publish`].
pub(crate) struct Delivered {
    /// The number of sockets that it was queued for.
    pub(crate) receivers: usize,
    /// No receiver is left.
    pub(crate) is_all: bool,
}

/// One namespace.
#[derive(Debug, Default)]
struct NamespaceTable {
    ids: IdMap<SocketId, usize>,
    /// Sockets by slot; a free slot is reused.
    members: Vec<Option<SocketRow>>,
    free: Vec<usize>,
    channels: HashMap<Channel, Vec<Subscription>>,
    /// Counts publications to more than one channel, to deliver once to each socket.
    round: u64,
}

#[derive(Debug)]
struct SocketRow {
    id: SocketId,
    sender: Arc<SocketSender>,
    /// Its position in the list of each of its channels.
    positions: HashMap<Channel, usize>,
    /// The last round that has visited it.
    seen: u64,
}

/// A subscriber beside its sender, so that a publication to one channel reads one list from end to
/// end.
#[derive(Debug)]
struct Subscription {
    id: SocketId,
    slot: usize,
    sender: Arc<SocketSender>,
}

impl Payload {
    /// The number of frames, and their bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        match self {
            Self::FrameBatch(batch) => (batch.frames().len(), batch.bytes().len()),
            Self::Volatile(frame) => (1, frame.len()),
        }
    }
}

impl SubscriberTable {
    pub(crate) fn new(counters: Arc<Counters>) -> Self {
        Self { namespaces: HashMap::new(), counters }
    }

    pub(crate) fn attach(&mut self, namespace: Namespace, id: SocketId, sender: Arc<SocketSender>) {
        self.namespaces.entry(namespace).or_default().attach(id, sender);
    }

    pub(crate) fn detach(&mut self, namespace: &Namespace, id: SocketId) {
        if let Some(table) = self.namespaces.get_mut(namespace) {
            table.detach(id);
            if table.ids.is_empty() {
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
    /// `pass`, the frames are written to their clients immediately.
    pub(crate) fn publish(
        &mut self,
        audience: &Audience,
        payload: &Payload,
        part: Range<usize>,
        pass: Option<FlushPass>,
        mut delivered: impl FnMut(SocketId),
    ) -> Delivered {
        // A write takes a hundred times as long as a push. There are only as many writes as a part
        // has sockets.
        let pass = pass.filter(|_| audience.list().is_some());
        let mut receivers = 0;
        let push = |id, sender: &SocketSender| {
            let pushed = match payload {
                Payload::Volatile(frame) => sender.push_volatile(frame),
                Payload::FrameBatch(batch) => sender.deliver(batch, pass),
            };
            if pushed == Pushed::Queued {
                receivers += 1;
                delivered(id);
            }
        };
        let table = self.namespaces.get_mut(&audience.namespace);
        let is_all = table.is_none_or(|table| table.select(audience, part, push));
        let (frames, bytes) = payload.size();
        self.counters.traffic.add(Flow::Sent, receivers * frames, receivers * bytes);
        Delivered { receivers, is_all }
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

impl NamespaceTable {
    fn attach(&mut self, id: SocketId, sender: Arc<SocketSender>) {
        let Entry::Vacant(entry) = self.ids.entry(id) else { return };
        let member = Some(SocketRow { id, sender, positions: HashMap::new(), seen: 0 });
        entry.insert(match self.free.pop() {
            Some(slot) => {
                self.members[slot] = member;
                slot
            }
            None => {
                self.members.push(member);
                self.members.len() - 1
            }
        });
    }

    fn detach(&mut self, id: SocketId) {
        let Some(slot) = self.ids.remove(&id) else { return };
        let Some(member) = self.members[slot].take() else { return };
        for (channel, position) in member.positions {
            self.leave(&channel, position);
        }
        self.free.push(slot);
    }

    fn subscribe(&mut self, id: SocketId, channel: Channel) {
        let Some(&slot) = self.ids.get(&id) else { return };
        let Some(member) = &mut self.members[slot] else { return };
        if let Entry::Vacant(position) = member.positions.entry(channel.clone()) {
            let list = self.channels.entry(channel).or_default();
            position.insert(list.len());
            list.push(Subscription { id, slot, sender: Arc::clone(&member.sender) });
        }
    }

    fn unsubscribe(&mut self, id: SocketId, channel: &Channel) {
        let Some(&slot) = self.ids.get(&id) else { return };
        let position =
            self.members[slot].as_mut().and_then(|member| member.positions.remove(channel));
        if let Some(position) = position {
            self.leave(channel, position);
        }
    }

    /// Fills the gap with the last subscription of the list, and updates the position of that one.
    fn leave(&mut self, channel: &Channel, position: usize) {
        let Some(list) = self.channels.get_mut(channel) else { return };
        list.swap_remove(position);
        if let Some(moved) = list.get(position) {
            let member = self.members[moved.slot].as_mut();
            if let Some(entry) = member.and_then(|member| member.positions.get_mut(channel)) {
                *entry = position;
            }
        }
        if list.is_empty() {
            self.channels.remove(channel);
        }
    }

    /// Visits every socket of an audience, or, if they are in one list, those in a part of it.
    /// Returns whether it is the last part.
    fn select(
        &mut self,
        audience: &Audience,
        part: Range<usize>,
        mut visit: impl FnMut(SocketId, &SocketSender),
    ) -> bool {
        let Audience { to, except, except_sockets, including, .. } = audience;
        // There is at most one if the audience is in one list.
        let left_out = except_sockets.first().copied();
        match audience.list() {
            Some(AudienceList::Channel(channel)) => {
                let subscriptions = self.channels.get(channel).map_or(&[][..], Vec::as_slice);
                return visit_part(
                    subscriptions,
                    part,
                    left_out,
                    |one| Some((one.id, &*one.sender)),
                    visit,
                );
            }
            Some(AudienceList::Everyone) => {
                return visit_part(
                    &self.members,
                    part,
                    left_out,
                    |one| one.as_ref().map(|one| (one.id, &*one.sender)),
                    visit,
                );
            }
            None => {}
        }
        self.round += 1;
        let round = self.round;
        for id in except_sockets {
            self.mark(self.ids.get(id).copied(), round);
        }
        for channel in except {
            let slots: Vec<_> =
                self.channels.get(channel).into_iter().flatten().map(|one| one.slot).collect();
            for slot in slots {
                self.mark(Some(slot), round);
            }
        }
        // A socket that is included by its id is not left out because of a channel.
        for slot in including.iter().filter_map(|id| self.ids.get(id)) {
            if let Some(member) = &mut self.members[*slot] {
                member.seen = round;
                visit(member.id, &member.sender);
            }
        }
        if audience.only_included {
            return true;
        }
        let mut visit = |member: &mut Option<SocketRow>| {
            if let Some(member) = member
                && std::mem::replace(&mut member.seen, round) != round
            {
                visit(member.id, &member.sender);
            }
        };
        if to.is_empty() {
            self.members.iter_mut().for_each(visit);
        } else {
            for subscription in to.iter().filter_map(|channel| self.channels.get(channel)).flatten()
            {
                visit(&mut self.members[subscription.slot]);
            }
        }
        true
    }

    fn mark(&mut self, slot: Option<usize>, round: u64) {
        if let Some(member) = slot.and_then(|slot| self.members[slot].as_mut()) {
            member.seen = round;
        }
    }
}

/// Visits the sockets in a part of a list. Returns whether it is the last part.
fn visit_part<T>(
    list: &[T],
    part: Range<usize>,
    left_out: Option<SocketId>,
    sender: impl Fn(&T) -> Option<(SocketId, &SocketSender)>,
    mut visit: impl FnMut(SocketId, &SocketSender),
) -> bool {
    let is_last = list.len() <= part.end;
    let part = part.start.min(list.len())..part.end.min(list.len());
    for some in list[part].chunks(PREFETCH) {
        // The sum is not needed. `black_box` keeps the compiler from removing the loop.
        black_box(
            some.iter().filter_map(&sender).map(|(_, sender)| sender.prefetch()).sum::<usize>(),
        );
        for (id, sender) in some.iter().filter_map(&sender).filter(|(id, _)| Some(*id) != left_out)
        {
            visit(id, sender);
        }
    }
    is_last
}

#[cfg(test)]
mod tests;
