//! The knowledge of a server whose cluster orders what all servers publish: it has to know of
//! every channel, since the clients of any server may come back here.

use std::{collections::HashMap, hash::Hash, mem};

use super::{
    Audience,
    history::HistoryOwner,
    index::{ChannelRecord, NamespaceIndex, RegistryIndex},
    recording::destinations,
};
use crate::model::{Channel, History, Namespace, Place, SocketId};

/// The newest place of each of many keys. Those that were not noted for the longest time are
/// forgotten first, many at once.
#[derive(Debug)]
pub(super) struct RecentPlaces<K> {
    recent: HashMap<K, Place>,
    older: HashMap<K, Place>,
    /// Keys that are in neither may have had a place up to this one.
    floor: Place,
    max: usize,
}

impl<K: Hash + Eq> RecentPlaces<K> {
    /// At most `max` keys.
    fn new(max: usize) -> Self {
        Self { recent: HashMap::new(), older: HashMap::new(), floor: Place::START, max }
    }

    /// Notes a place of a key.
    fn note(&mut self, key: K, place: Place) {
        if self.recent.len() >= self.max / 2 && !self.recent.contains_key(&key) {
            let forgotten = mem::replace(&mut self.older, mem::take(&mut self.recent));
            self.floor = forgotten.into_values().max().unwrap_or_default().max(self.floor);
        }
        let newest = self.recent.entry(key).or_default();
        *newest = place.max(*newest);
    }

    /// Every key may have had a place up to this one.
    fn raise(&mut self, floor: Place) {
        self.floor = floor.max(self.floor);
        let all = self.recent.values_mut().chain(self.older.values_mut());
        all.for_each(|newest| *newest = floor.max(*newest));
    }

    /// The newest place that a key may have had.
    fn newest(&self, key: &K) -> Place {
        let known = self.recent.get(key).or_else(|| self.older.get(key));
        known.copied().unwrap_or(self.floor)
    }
}

/// The part of the index for a cluster that orders publications.
#[derive(Debug)]
pub(super) struct SharedOrder {
    channels: RecentPlaces<HistoryOwner>,
    named: RecentPlaces<SocketId>,
    /// The version of the newest diff of presence. Diffs are in no stream.
    version: Place,
    /// The past before this place is unknown.
    floor: Place,
}

impl SharedOrder {
    /// The versions of one millisecond. JavaScript reads them as exact numbers.
    const VERSION_BITS: u32 = 10;

    pub(super) fn new(max_channels: usize) -> Box<Self> {
        Box::new(Self {
            channels: RecentPlaces::new(max_channels),
            named: RecentPlaces::new(max_channels),
            version: Place::START,
            floor: Place::START,
        })
    }

    /// The newest version of presence, which follows the places roughly: another server goes on.
    fn advance_version(&mut self, place: Place) -> &mut Place {
        let (millis, _) = place.entry();
        self.version = self.version.max(Place::new(millis << Self::VERSION_BITS));
        &mut self.version
    }
}

impl ChannelRecord {
    /// The same, if the newest publication is known otherwise.
    pub(super) fn at(mut self, newest: Option<Place>) -> Self {
        self.newest = newest.unwrap_or(self.newest);
        self
    }
}

impl RegistryIndex {
    /// The place of a publication, and whether it is beside the cluster's stream: it has no entry,
    /// or its entry is not behind the newest, so that no position says whether a client has it.
    /// With `is_past`, the entry at which the past begins is one of the stream's, too.
    pub(super) fn place_of(&mut self, entry: Option<Place>, is_past: bool) -> (Place, bool) {
        let Some(shared) = &self.shared else { return (self.next_place(), false) };
        let first = if is_past { shared.floor } else { Place::START };
        let entry = entry.filter(|place| *place > self.place || *place == first);
        self.place = entry.unwrap_or_default().max(self.place);
        (self.place, entry.is_none())
    }

    /// The newest place that a channel may have had, if there is no record of it.
    pub(super) fn unrecorded_newest(
        &self,
        namespace: &Namespace,
        channel: Option<&Channel>,
    ) -> Place {
        let forgotten = self.histories.forgotten();
        let Some(shared) = &self.shared else { return forgotten };
        let owner = HistoryOwner { namespace: namespace.clone(), channel: channel.cloned() };
        shared.channels.newest(&owner).max(forgotten)
    }

    /// The same in a cluster alone.
    pub(super) fn shared_newest(&self, namespace: &Namespace, channel: &Channel) -> Option<Place> {
        self.shared.as_ref()?;
        Some(self.unrecorded_newest(namespace, Some(channel)))
    }

    /// A new record of a channel.
    pub(super) fn new_record(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        rule: Option<History>,
    ) -> ChannelRecord {
        let newest = self.shared_newest(namespace, channel);
        ChannelRecord::new(rule, self.histories.forgotten()).at(newest)
    }

    /// The index of a namespace. A new one is made if necessary.
    pub(super) fn namespace_or_new(&mut self, namespace: &Namespace) -> &mut NamespaceIndex {
        if self.shared.is_some() && !self.namespaces.contains_key(namespace) {
            let newest = self.unrecorded_newest(namespace, None);
            let mut namespace_index = NamespaceIndex::default();
            namespace_index.everyone.newest = newest;
            self.namespaces.insert(namespace.clone(), namespace_index);
        }
        self.namespaces.entry(namespace.clone()).or_default()
    }

    /// The newest place of a publication that may have named a socket, wherever it was.
    pub(super) fn shared_named_last(&self, id: SocketId) -> Place {
        let shared = self.shared.as_ref();
        shared.map(|shared| shared.named.newest(&id)).unwrap_or_default()
    }

    /// Notes a publication for channels and sockets that this server has no record of.
    pub(super) fn note_shared(&mut self, audience: &Audience, place: Place) {
        let Some(shared) = &mut self.shared else { return };
        for id in audience.including.iter().chain(&audience.sockets) {
            shared.named.note(*id, place);
        }
        for channel in destinations(audience) {
            let namespace = audience.namespace.clone();
            shared.channels.note(HistoryOwner { namespace, channel: channel.cloned() }, place);
        }
    }

    /// Notes a publication that is in no stream. A client with the newest position may lack it, so
    /// only later positions are whole.
    pub(super) fn note_beside(&mut self, audience: &Audience) {
        let until = self.place.next();
        self.note_shared(audience, until);
        let namespace = &audience.namespace;
        for named in [&audience.including, &audience.sockets] {
            self.name(namespace, named, until);
        }
        for channel in destinations(audience) {
            let Some(record) = self.record_mut(namespace, channel) else { continue };
            record.note(until, &audience.except_sockets);
            if let Some(history) = record.history {
                self.histories.uncover(history, until);
            }
        }
    }

    /// Notes that nothing is known of what was published before a place.
    pub(super) fn past_begins_at(&mut self, place: Place) {
        self.place = self.place.max(place);
        self.histories.uncover_all(place);
        if let Some(shared) = &mut self.shared {
            shared.floor = place.max(shared.floor);
            shared.channels.raise(place);
            shared.named.raise(place);
        }
        for namespace_index in self.namespaces.values_mut() {
            let records = namespace_index.channels.values_mut();
            for record in records.chain([&mut namespace_index.everyone]) {
                record.note(place.max(record.newest), &[]);
            }
        }
    }

    /// The place before which the past of the cluster is unknown.
    pub(super) fn floor(&self) -> Place {
        self.shared.as_ref().map(|shared| shared.floor).unwrap_or_default()
    }

    /// The newest version of presence: the newest place, but in a cluster.
    pub(super) fn version(&mut self) -> &mut Place {
        match &mut self.shared {
            Some(shared) => shared.advance_version(self.place),
            None => &mut self.place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_forgotten_are_below_the_floor() {
        let mut places = RecentPlaces::new(4);
        for at in 1..=4 {
            places.note(at, Place::new(at));
        }
        assert_eq!(places.newest(&1), Place::new(1));
        assert_eq!(places.newest(&9), Place::START);
        // It is noted anew, so it outlives those that were noted with it first.
        places.note(1, Place::new(5));
        places.note(6, Place::new(6));
        assert_eq!(places.newest(&2), Place::new(2), "forgotten: the floor is its place");
        assert_eq!(places.newest(&9), Place::new(2));
        assert_eq!((places.newest(&1), places.newest(&4)), (Place::new(5), Place::new(4)));
        assert!(places.recent.len() + places.older.len() <= 4);
    }
}
