use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Gap,
    channel_history::{ChannelHistory, Kept},
};
use crate::{
    model::{Channel, History, Namespace, Place},
    stats::{Counters, TrimReason},
    store::HistoryStore,
};

/// The bounds of all histories together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistoryLimits {
    /// Bytes that all of them keep.
    pub(crate) max_bytes: usize,
    /// Channels that have a history.
    pub(crate) max_channels: usize,
    /// Publications that a client may get at once when it comes back.
    pub(crate) max_recovered: usize,
    /// Bytes that it may get at once.
    pub(crate) max_recovered_bytes: usize,
}

impl Default for HistoryLimits {
    /// No limits.
    fn default() -> Self {
        Self {
            max_bytes: usize::MAX,
            max_channels: usize::MAX,
            max_recovered: usize::MAX,
            max_recovered_bytes: usize::MAX,
        }
    }
}

/// Identifies the history of a channel while it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::registry) struct HistoryId(usize);

/// The histories of all channels.
#[derive(Debug)]
pub(in crate::registry) struct Histories {
    limits: HistoryLimits,
    slots: Vec<Option<HistorySlot>>,
    free: Vec<usize>,
    /// The entries of all, the oldest first.
    by_place: BTreeSet<(Place, HistoryId)>,
    /// Those that become too old, by the instant.
    by_age: BTreeSet<(Instant, Place, HistoryId)>,
    /// All histories, by the place of their newest publication.
    by_newest: BTreeSet<(Place, HistoryId)>,
    bytes: usize,
    /// The newest place in a history that does not exist any more.
    forgotten: Place,
    /// Keeps the same over a restart.
    store: Option<Arc<dyn HistoryStore>>,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct HistorySlot {
    history: ChannelHistory,
    newest: Place,
    owner: HistoryOwner,
}

/// The channel of a history. Without a channel: what goes to all sockets of the namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::registry) struct HistoryOwner {
    pub(in crate::registry) namespace: Namespace,
    pub(in crate::registry) channel: Option<Channel>,
}

impl Histories {
    pub(in crate::registry) fn new(limits: HistoryLimits, counters: Arc<Counters>) -> Self {
        Self {
            limits,
            slots: Vec::new(),
            free: Vec::new(),
            by_place: BTreeSet::new(),
            by_age: BTreeSet::new(),
            by_newest: BTreeSet::new(),
            bytes: 0,
            forgotten: Place::default(),
            store: None,
            counters,
        }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(in crate::registry) fn limits(&self) -> &HistoryLimits {
        &self.limits
    }

    /// Up to this place, a channel without a history may have had publications.
    pub(in crate::registry) fn forgotten(&self) -> Place {
        self.forgotten
    }

    /// Forgets that a channel without a history has had no publications up to a place.
    pub(in crate::registry) fn forget(&mut self, place: Place) {
        self.forgotten = self.forgotten.max(place);
    }

    /// Forgets that one history has all publications up to a place.
    pub(in crate::registry) fn uncover(&mut self, id: HistoryId, place: Place) {
        if let Some(slot) = &mut self.slots[id.0] {
            slot.history.uncover(place);
        }
    }

    /// Forgets that histories, and channels without one, have all publications up to a place.
    pub(in crate::registry) fn uncover_all(&mut self, place: Place) {
        self.forget(place);
        self.slots.iter_mut().flatten().for_each(|slot| slot.history.uncover(place));
    }

    pub(in crate::registry) fn store(&self) -> Option<&Arc<dyn HistoryStore>> {
        self.store.as_ref()
    }

    pub(in crate::registry) fn set_store(&mut self, store: Arc<dyn HistoryStore>) {
        self.store = Some(store);
    }

    /// All histories: the channel, the place up to which publications may be missing, the newest
    /// place, and the publications.
    pub(in crate::registry) fn all(
        &self,
    ) -> impl Iterator<Item = (&HistoryOwner, Place, Place, impl Iterator<Item = &Kept>)> {
        self.slots.iter().flatten().map(|HistorySlot { history, newest, owner }| {
            (owner, history.trimmed(), *newest, history.iter())
        })
    }

    /// Begins the history of a channel that may have had publications up to `trimmed`. `ended`
    /// hears whose history had to end for it.
    pub(in crate::registry) fn begin(
        &mut self,
        owner: HistoryOwner,
        trimmed: Place,
        ended: impl FnOnce(HistoryOwner),
    ) -> HistoryId {
        if self.by_newest.len() >= self.limits.max_channels
            && let Some(&(_, oldest)) = self.by_newest.first()
            && let Some(owner) = self.end(oldest)
        {
            ended(owner);
        }
        let history = ChannelHistory::after(trimmed);
        let slot = Some(HistorySlot { history, newest: trimmed, owner });
        let id = match self.free.pop() {
            Some(at) => {
                self.slots[at] = slot;
                HistoryId(at)
            }
            None => {
                self.slots.push(slot);
                HistoryId(self.slots.len() - 1)
            }
        };
        self.by_newest.insert((trimmed, id));
        self.counters.histories.up();
        id
    }

    /// Ends a history. Returns whose it was.
    fn end(&mut self, id: HistoryId) -> Option<HistoryOwner> {
        while self.drop_oldest(id, TrimReason::Channels) {}
        let slot = self.slots[id.0].take()?;
        self.by_newest.remove(&(slot.newest, id));
        self.forgotten = self.forgotten.max(slot.newest);
        self.free.push(id.0);
        self.counters.histories.down();
        Some(slot.owner)
    }

    /// Keeps a publication, which is the newest of all, and drops what is too much.
    pub(in crate::registry) fn keep(
        &mut self,
        id: HistoryId,
        history: History,
        kept: Kept,
        now: Instant,
    ) {
        self.restore(id, history, kept, history.within, now);
    }

    /// Keeps a publication that becomes too old in `rest`.
    pub(in crate::registry) fn restore(
        &mut self,
        id: HistoryId,
        History { last, .. }: History,
        mut kept: Kept,
        rest: Option<Duration>,
        now: Instant,
    ) {
        let Some(slot) = &mut self.slots[id.0] else { return };
        let place = kept.place();
        // No clock reaches such an age.
        kept.expires = rest.and_then(|rest| now.checked_add(rest));
        self.by_newest.remove(&(slot.newest, id));
        slot.newest = place;
        self.by_newest.insert((place, id));
        self.by_place.insert((place, id));
        if let Some(expires) = kept.expires {
            self.by_age.insert((expires, place, id));
        }
        self.bytes += kept.cost();
        slot.history.push(kept);
        while self.history(id).is_some_and(|history| history.len() > last) {
            self.drop_oldest(id, TrimReason::Count);
        }
        while self.bytes > self.limits.max_bytes
            && let Some(&(_, oldest)) = self.by_place.first()
        {
            self.drop_oldest(oldest, TrimReason::Bytes);
        }
        // More than one, so that what is too old goes faster than new ones come.
        self.expire(now, 2);
        self.counters.history_bytes.set(self.bytes);
    }

    /// Drops entries that are too old, at most this number. Returns whether there may be more.
    pub(in crate::registry) fn expire(&mut self, now: Instant, most: usize) -> bool {
        for _ in 0..most {
            match self.by_age.first() {
                Some(&(expires, place, id)) if expires <= now => self.expire_one(place, id),
                _ => return false,
            }
        }
        self.counters.history_bytes.set(self.bytes);
        true
    }

    /// Drops an entry that is too old, and all before it: they are at least as old.
    fn expire_one(&mut self, place: Place, id: HistoryId) {
        while self.oldest(id).is_some_and(|oldest| oldest <= place) {
            self.drop_oldest(id, TrimReason::Age);
        }
    }

    /// Drops what is too old in one history.
    pub(in crate::registry) fn expire_history(&mut self, id: HistoryId, now: Instant) {
        let oldest = |histories: &Self| {
            let oldest = histories.history(id)?.iter().next()?;
            oldest.expires.filter(|expires| *expires <= now)
        };
        while oldest(self).is_some() {
            self.drop_oldest(id, TrimReason::Age);
        }
        self.counters.history_bytes.set(self.bytes);
    }

    /// Drops everything in one history. A client that has not had it is told of the gap.
    pub(in crate::registry) fn clear(&mut self, id: HistoryId) {
        while self.drop_oldest(id, TrimReason::Removed) {}
        self.counters.history_bytes.set(self.bytes);
    }

    fn oldest(&self, id: HistoryId) -> Option<Place> {
        self.history(id)?.iter().next().map(Kept::place)
    }

    fn drop_oldest(&mut self, id: HistoryId, reason: TrimReason) -> bool {
        let Some(slot) = self.slots[id.0].as_mut() else { return false };
        let Some(oldest) = slot.history.pop() else { return false };
        if let Some(store) = &self.store {
            let HistoryOwner { namespace, channel } = &slot.owner;
            store.trim(namespace, channel.as_ref(), oldest.place());
        }
        self.by_place.remove(&(oldest.place(), id));
        if let Some(expires) = oldest.expires {
            self.by_age.remove(&(expires, oldest.place(), id));
        }
        self.bytes -= oldest.cost();
        self.counters.history_trimmed.add(reason);
        true
    }

    fn history(&self, id: HistoryId) -> Option<&ChannelHistory> {
        self.slots[id.0].as_ref().map(|slot| &slot.history)
    }

    /// Publications of a channel up to this place may be missing.
    pub(in crate::registry) fn trimmed(&self, id: HistoryId) -> Place {
        self.history(id).map(ChannelHistory::trimmed).unwrap_or_default()
    }

    /// Lists the publications of a channel after a place.
    pub(in crate::registry) fn since(
        &self,
        id: HistoryId,
        place: Place,
    ) -> Result<impl Iterator<Item = &Kept>, Gap> {
        self.history(id).ok_or(Gap::Trimmed)?.since(place)
    }

    /// The newest publications of a channel, the oldest of them first, and whether it never had
    /// others.
    pub(in crate::registry) fn newest(&self, id: HistoryId, count: usize) -> (Vec<&Kept>, bool) {
        let Some(history) = self.history(id) else { return (Vec::new(), false) };
        let mut newest: Vec<_> = history.iter().rev().take(count).collect();
        newest.reverse();
        let is_all = newest.len() == history.len() && history.trimmed() == Place::default();
        (newest, is_all)
    }
}
