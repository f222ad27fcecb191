use std::{
    collections::{HashMap, VecDeque},
    mem,
};

use actix_socketio::store::Place;

use crate::{channel_key::ChannelKey, row_table::RowTable};

/// Which stored publications histories still keep, and in which rows they are.
#[derive(Debug, Default)]
pub(crate) struct LiveIndex {
    ids: HashMap<ChannelKey, u64>,
    channels: HashMap<u64, ChannelSlots>,
    pub(crate) rows: RowTable,
    live_bytes: u64,
    /// Channels that had no slots when they were last looked at.
    emptied: Vec<u64>,
}

/// The publications of one channel, in the order of their places.
#[derive(Debug)]
struct ChannelSlots {
    key: ChannelKey,
    slots: VecDeque<Slot>,
    /// The newest place that was ever added.
    newest: Place,
}

/// One publication in one channel.
#[derive(Debug, Clone, Copy)]
struct Slot {
    place: Place,
    row: u64,
    /// Its bytes, divided by the number of its channels.
    bytes: u32,
}

impl LiveIndex {
    /// The bytes of the publications that histories keep.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    pub(crate) fn id(&self, key: &ChannelKey) -> Option<u64> {
        self.ids.get(key).copied()
    }

    pub(crate) fn key(&self, id: u64) -> Option<&ChannelKey> {
        self.channels.get(&id).map(|channel| &channel.key)
    }

    /// Adds a channel. It counts as unused until it has a publication.
    pub(crate) fn add_channel(&mut self, id: u64, key: ChannelKey) {
        self.ids.insert(key.clone(), id);
        self.channels
            .insert(id, ChannelSlots { key, slots: VecDeque::new(), newest: Place::START });
        self.emptied.push(id);
    }

    /// Whether a channel's publication at a place is stored.
    pub(crate) fn contains(&self, id: u64, place: Place) -> bool {
        self.channels.get(&id).is_some_and(|channel| channel.position(place).is_ok())
    }

    /// The channels that keep a publication of a row, of those that it was for.
    pub(crate) fn keeping(&self, row: u64, place: Place, channels: &[u64]) -> Vec<u64> {
        let is_kept = |id: &u64| {
            self.channels.get(id).is_some_and(|channel| {
                channel.position(place).is_ok_and(|at| channel.slots[at].row == row)
            })
        };
        channels.iter().copied().filter(is_kept).collect()
    }

    /// Adds a publication of a row to these channels. A channel that has it in another row has it
    /// in this one from now on.
    pub(crate) fn add(&mut self, row: u64, place: Place, channels: &[u64], bytes: u32) {
        let slot = Slot { place, row, bytes: bytes / channels.len().max(1) as u32 };
        let mut added = 0;
        for id in channels {
            let Some(channel) = self.channels.get_mut(id) else { continue };
            channel.newest = channel.newest.max(place);
            self.live_bytes += u64::from(slot.bytes);
            match channel.position(place) {
                Err(at) => channel.slots.insert(at, slot),
                Ok(at) => {
                    let before = mem::replace(&mut channel.slots[at], slot);
                    self.live_bytes -= u64::from(before.bytes);
                    self.rows.release(before.row);
                }
            }
            added += 1;
        }
        self.rows.add_slots(row, place, added);
    }

    /// Drops a channel's publications up to a place.
    pub(crate) fn trim(&mut self, id: u64, up_to: Place) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        while channel.slots.front().is_some_and(|slot| slot.place <= up_to) {
            let Some(slot) = channel.slots.pop_front() else { break };
            self.live_bytes -= u64::from(slot.bytes);
            self.rows.release(slot.row);
        }
        if channel.slots.is_empty() {
            self.emptied.push(id);
        }
    }

    /// Drops one publication of a channel.
    pub(crate) fn remove(&mut self, id: u64, place: Place) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        let Some(slot) = channel.position(place).ok().and_then(|at| channel.slots.remove(at))
        else {
            return;
        };
        self.live_bytes -= u64::from(slot.bytes);
        self.rows.release(slot.row);
        if channel.slots.is_empty() {
            self.emptied.push(id);
        }
    }

    /// All publications, by channel.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u64, Place)> + '_ {
        self.channels
            .iter()
            .flat_map(|(id, channel)| channel.slots.iter().map(|slot| (*id, slot.place)))
    }

    /// Forgets the channels without a publication, and returns them with their newest place.
    pub(crate) fn take_unused_channels(&mut self) -> (Vec<u64>, Place) {
        let (mut unused, mut newest) = (Vec::new(), Place::START);
        for id in mem::take(&mut self.emptied) {
            if self.channels.get(&id).is_none_or(|channel| !channel.slots.is_empty()) {
                continue;
            }
            if let Some(channel) = self.channels.remove(&id) {
                self.ids.remove(&channel.key);
                newest = newest.max(channel.newest);
                unused.push(id);
            }
        }
        (unused, newest)
    }
}

impl ChannelSlots {
    fn position(&self, place: Place) -> Result<usize, usize> {
        // Most are new.
        if self.slots.back().is_none_or(|newest| newest.place < place) {
            return Err(self.slots.len());
        }
        self.slots.binary_search_by_key(&place, |slot| slot.place)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use actix_socketio::{Channel, Namespace};

    use super::*;

    fn key(name: &str) -> ChannelKey {
        ChannelKey::new(&Namespace::default(), Some(&Channel::new(name, 9).unwrap()))
    }

    /// Two channels, and rows 1 and 2.
    fn index() -> LiveIndex {
        let mut index = LiveIndex::default();
        index.add_channel(1, key("a"));
        index.add_channel(2, key("b"));
        for row in [1, 2] {
            index.rows.add(row, Instant::now());
        }
        index
    }

    #[test]
    fn a_publication_is_live_until_its_last_channel_drops_it() {
        let mut index = index();
        index.add(1, Place::new(5), &[1, 2], 100);
        assert_eq!((index.live_bytes(), index.take_unused_channels().0), (100, vec![]));
        index.trim(1, Place::new(5));
        assert!(!index.contains(1, Place::new(5)));
        assert_eq!(index.keeping(1, Place::new(5), &[1, 2]), [2]);
        assert_eq!(index.take_unused_channels(), (vec![1], Place::new(5)));
        assert_eq!(index.live_bytes(), 50);
        assert_eq!((index.id(&key("a")), index.id(&key("b"))), (None, Some(2)));
        index.trim(2, Place::new(9));
        assert_eq!((index.live_bytes(), index.take_unused_channels().0), (0, vec![2]));
        let (mut rows, newest) = index.rows.take_unused();
        rows.sort_unstable();
        assert_eq!((rows, newest), (vec![1, 2], Place::new(5)));
    }

    #[test]
    fn a_publication_that_has_moved_is_live_in_its_new_row_alone() {
        let mut index = index();
        index.add(1, Place::new(5), &[1], 100);
        index.add(2, Place::new(5), &[1], 100);
        assert_eq!(index.keeping(1, Place::new(5), &[1]), [] as [u64; 0]);
        assert_eq!(index.keeping(2, Place::new(5), &[1]), [1]);
        assert_eq!((index.live_bytes(), index.rows.take_unused().0), (100, vec![1]));
    }

    #[test]
    fn places_may_come_in_any_order() {
        let mut index = index();
        for place in [9, 3, 6] {
            index.add(1, Place::new(place), &[1], 10);
        }
        index.remove(1, Place::new(6));
        index.remove(1, Place::new(7));
        index.trim(1, Place::new(3));
        assert_eq!(index.places().collect::<Vec<_>>(), [(1, Place::new(9))]);
        assert_eq!(index.live_bytes(), 10);
    }
}
