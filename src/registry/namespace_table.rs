use std::{
    collections::{HashMap, hash_map::Entry},
    hint::black_box,
    ops::Range,
    sync::Arc,
};

use super::{Audience, publication::AudienceList};
use crate::{
    model::{Channel, IdMap, Place, SocketId},
    outbox::SocketSender,
};

/// Senders that are prefetched before a frame is pushed into the first of them.
const PREFETCH: usize = 16;

/// The sockets and channels of one namespace.
#[derive(Debug, Default)]
pub(super) struct NamespaceTable {
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

impl NamespaceTable {
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    #[cfg(test)]
    pub(super) fn has_channels(&self) -> bool {
        !self.channels.is_empty()
    }

    pub(super) fn sender(&self, id: SocketId) -> Option<&SocketSender> {
        let slot = *self.ids.get(&id)?;
        self.members[slot].as_ref().map(|member| &*member.sender)
    }

    /// Notes that no history covers a publication for the sockets that were added to the channels'
    /// subscribers.
    pub(super) fn uncover_included(&self, audience: &Audience, place: Place) {
        let Audience { to, sockets, including, .. } = audience;
        for id in sockets.iter().chain(including) {
            let member = self.ids.get(id).and_then(|slot| self.members[*slot].as_ref());
            if let Some(member) = member
                && !audience.is_everyone()
                && !to.iter().any(|channel| member.positions.contains_key(channel))
            {
                member.sender.uncover(place);
            }
        }
    }

    pub(super) fn attach(&mut self, id: SocketId, sender: Arc<SocketSender>) {
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

    pub(super) fn detach(&mut self, id: SocketId) {
        let Some(slot) = self.ids.remove(&id) else { return };
        let Some(member) = self.members[slot].take() else { return };
        for (channel, position) in member.positions {
            self.leave(&channel, position);
        }
        self.free.push(slot);
    }

    pub(super) fn subscribe(&mut self, id: SocketId, channel: Channel) {
        let Some(&slot) = self.ids.get(&id) else { return };
        let Some(member) = &mut self.members[slot] else { return };
        if let Entry::Vacant(position) = member.positions.entry(channel.clone()) {
            let list = self.channels.entry(channel).or_default();
            position.insert(list.len());
            list.push(Subscription { id, slot, sender: Arc::clone(&member.sender) });
        }
    }

    pub(super) fn unsubscribe(&mut self, id: SocketId, channel: &Channel) {
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
    pub(super) fn select(
        &mut self,
        audience: &Audience,
        part: Range<usize>,
        visit: impl FnMut(SocketId, &SocketSender),
    ) -> bool {
        // There is at most one if the audience is in one list.
        let left_out = audience.except_sockets.first().copied();
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
        self.select_marked(audience, visit);
        true
    }

    /// Visits every socket of an audience that is in no single list. A round of its own marks the
    /// sockets that are left out or visited, so that each is visited once.
    fn select_marked(
        &mut self,
        audience: &Audience,
        mut visit: impl FnMut(SocketId, &SocketSender),
    ) {
        let Audience { to, except, except_sockets, sockets, including, .. } = audience;
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
        let mut visit = |member: &mut Option<SocketRow>| {
            if let Some(member) = member
                && std::mem::replace(&mut member.seen, round) != round
            {
                visit(member.id, &member.sender);
            }
        };
        if audience.is_everyone() {
            self.members.iter_mut().for_each(visit);
        } else {
            for slot in sockets.iter().filter_map(|id| self.ids.get(id)) {
                visit(&mut self.members[*slot]);
            }
            for subscription in to.iter().filter_map(|channel| self.channels.get(channel)).flatten()
            {
                visit(&mut self.members[subscription.slot]);
            }
        }
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
