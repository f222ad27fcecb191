use std::{
    collections::{HashMap, hash_map::Entry},
    mem,
    sync::Arc,
};

use smallvec::SmallVec;

use super::{
    Audience, Change, ChangeSender, RegistryId,
    committing::ReservedPlaces,
    history::{Histories, HistoryId, HistoryLimits},
    past_run::PastRun,
    presence::PresenceTable,
    shared_order::SharedOrder,
};
use crate::{
    model::{Channel, DisconnectReason, History, IdMap, Namespace, Place, SocketId},
    stats::Counters,
};

/// The registries that have sockets of each namespace and subscribers of each channel, and the
/// histories.
///
/// This is what it takes to send a publication to these registries alone, and to report namespaces
/// and channels that open and close. It relies on its callers: a socket joins and leaves a channel
/// by turns, and is not mentioned after it was detached.
#[derive(Debug)]
pub(super) struct RegistryIndex {
    pub(super) namespaces: HashMap<Namespace, NamespaceIndex>,
    /// The newest place.
    pub(super) place: Place,
    /// The distance to the next place: none where a cluster gives the places.
    pub(super) step: u64,
    /// If a cluster orders what its servers publish.
    pub(super) shared: Option<Box<SharedOrder>>,
    /// The first place that is reserved, or none.
    pub(super) reserved_from: Place,
    pub(super) reserved: Option<ReservedPlaces>,
    pub(super) histories: Histories,
    /// The rest of the server's previous run.
    pub(super) past_run: PastRun,
    /// The members of channels, if any route declares presence.
    pub(super) presence: Option<Box<PresenceTable>>,
    pub(super) changes: ChangeSender,
    pub(super) counters: Arc<Counters>,
}

#[derive(Debug, Default)]
pub(super) struct NamespaceIndex {
    sockets: RegistryCounts,
    pub(super) channels: HashMap<Channel, ChannelRecord>,
    /// The sockets that are away and may come back, each with the place of the newest publication
    /// that named it.
    pub(super) away: IdMap<SocketId, Place>,
    /// The record of publications to all sockets.
    pub(super) everyone: ChannelRecord,
}

/// The state of one channel. It is there while the channel has subscribers, or some that are away,
/// or a history.
#[derive(Debug, Default)]
pub(super) struct ChannelRecord {
    subscribers: RegistryCounts,
    /// The history that the routes give the channel. The outer `None`: not looked up yet.
    pub(super) rule: Option<Option<History>>,
    pub(super) history: Option<HistoryId>,
    /// The place of the newest publication. Those that may be lost do not count.
    pub(super) newest: Place,
    /// If the newest publications leave out one socket, such as their sender: this socket, and the
    /// place of the newest one before them.
    left_out: Option<(SocketId, Place)>,
    /// The number of subscribers that are away and may come back.
    pub(super) pins: usize,
}

impl ChannelRecord {
    /// A record of a channel that may have had publications up to a place.
    pub(super) fn new(rule: Option<History>, forgotten: Place) -> Self {
        // Without a rule, no client asks for earlier ones.
        let newest = if rule.is_some() { forgotten } else { Place::default() };
        Self { rule: Some(rule), newest, ..Self::default() }
    }

    /// Notes a publication that leaves these sockets out. Returns the place of the newest before.
    pub(super) fn note(&mut self, place: Place, except: &[SocketId]) -> Place {
        self.left_out = match (except, self.left_out) {
            ([socket], Some((same, before))) if *socket == same => Some((same, before)),
            ([socket], _) => Some((*socket, self.newest)),
            _ => None,
        };
        mem::replace(&mut self.newest, place)
    }

    /// The place of the newest publication that was for a socket.
    pub(super) fn newest_for(&self, socket: SocketId) -> Place {
        match self.left_out {
            Some((left_out, before)) if left_out == socket => before,
            _ => self.newest,
        }
    }

    #[cfg(feature = "api")]
    pub(super) fn subscribers(&self) -> usize {
        self.subscribers.0.iter().map(|(_, count)| count).sum()
    }

    pub(super) fn is_unused(&self) -> bool {
        self.subscribers.is_empty() && self.history.is_none() && self.pins == 0
    }
}

/// Counts sockets on each registry. There are few registries, one for each worker.
#[derive(Debug, Default)]
struct RegistryCounts(SmallVec<[(RegistryId, usize); 1]>);

impl RegistryCounts {
    fn add(&mut self, registry_id: RegistryId) {
        match self.0.iter_mut().find(|(at, _)| *at == registry_id) {
            Some((_, count)) => *count += 1,
            None => self.0.push((registry_id, 1)),
        }
    }

    fn remove(&mut self, registry_id: RegistryId) {
        if let Some(position) = self.0.iter().position(|(at, _)| *at == registry_id) {
            self.0[position].1 -= 1;
            if self.0[position].1 == 0 {
                self.0.swap_remove(position);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn registries(&self) -> impl Iterator<Item = RegistryId> {
        self.0.iter().map(|(registry_id, _)| *registry_id)
    }
}

impl NamespaceIndex {
    /// Whether nothing of it is left to know.
    pub(super) fn is_unused(&self) -> bool {
        self.sockets.is_empty()
            && self.channels.is_empty()
            && self.everyone.history.is_none()
            && self.away.is_empty()
    }
}

impl RegistryIndex {
    pub(super) fn new(
        changes: ChangeSender,
        counters: Arc<Counters>,
        limits: HistoryLimits,
    ) -> Self {
        Self {
            namespaces: HashMap::new(),
            place: Place::START,
            step: 1,
            shared: None,
            reserved_from: Place::START,
            reserved: None,
            histories: Histories::new(limits, Arc::clone(&counters)),
            past_run: PastRun::default(),
            presence: None,
            changes,
            counters,
        }
    }

    pub(super) fn attach(&mut self, namespace: Namespace, registry_id: RegistryId) {
        let is_empty = self.namespace_or_new(&namespace).sockets.is_empty();
        if is_empty {
            let namespace = namespace.clone();
            self.changes.send(|| Change::NamespaceOpened { namespace });
        }
        self.namespace_or_new(&namespace).sockets.add(registry_id);
    }

    /// `rule`: the history that the routes give the channel.
    pub(super) fn subscribe(
        &mut self,
        namespace: &Namespace,
        registry_id: RegistryId,
        socket: SocketId,
        channel: &Channel,
        rule: Option<History>,
    ) {
        let forgotten = self.histories.forgotten();
        let newest = self.shared_newest(namespace, channel);
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        let record = namespace_index.channels.entry(channel.clone());
        let record = record.or_insert_with(|| ChannelRecord::new(rule, forgotten).at(newest));
        record.rule = Some(rule);
        let here = || (namespace.clone(), channel.clone());
        if record.subscribers.is_empty() {
            self.counters.channels.up();
            self.changes.send(|| {
                let (namespace, channel) = here();
                Change::ChannelOpened { namespace, channel }
            });
        }
        record.subscribers.add(registry_id);
        self.counters.subscriptions.up();
        self.changes.send(|| {
            let (namespace, channel) = here();
            Change::Joined { namespace, channel, socket }
        });
    }

    pub(super) fn unsubscribe(
        &mut self,
        namespace: &Namespace,
        registry_id: RegistryId,
        socket: SocketId,
        channel: &Channel,
    ) {
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        let Entry::Occupied(mut record) = namespace_index.channels.entry(channel.clone()) else {
            return;
        };
        let here = || (namespace.clone(), channel.clone());
        record.get_mut().subscribers.remove(registry_id);
        self.counters.subscriptions.down();
        self.changes.send(|| {
            let (namespace, channel) = here();
            Change::Left { namespace, channel, socket }
        });
        if record.get().subscribers.is_empty() {
            if record.get().is_unused() {
                record.remove();
            }
            self.counters.channels.down();
            self.changes.send(|| {
                let (namespace, channel) = here();
                Change::ChannelClosed { namespace, channel }
            });
        }
    }

    /// Reports that an admitted socket has ended.
    pub(super) fn socket_ended(
        &self,
        namespace: &Namespace,
        socket: SocketId,
        reason: DisconnectReason,
    ) {
        let namespace = || namespace.clone();
        self.changes.send(|| Change::SocketDisconnected { namespace: namespace(), socket, reason });
    }

    /// Removes a socket that was subscribed to these channels.
    pub(super) fn detach(
        &mut self,
        namespace: &Namespace,
        registry_id: RegistryId,
        socket: SocketId,
        channels: &[Channel],
    ) {
        for channel in channels {
            self.unsubscribe(namespace, registry_id, socket, channel);
        }
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        namespace_index.sockets.remove(registry_id);
        if namespace_index.sockets.is_empty() {
            if namespace_index.is_unused() {
                self.namespaces.remove(namespace);
            }
            self.changes.send(|| Change::NamespaceClosed { namespace: namespace.clone() });
        }
    }

    /// Removes the record of a channel whose history has ended, unless it has subscribers.
    pub(super) fn history_ended(&mut self, namespace: &Namespace, channel: Option<&Channel>) {
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        match channel {
            None => namespace_index.everyone.history = None,
            Some(channel) => {
                if let Some(record) = namespace_index.channels.get_mut(channel) {
                    record.history = None;
                    if record.is_unused() {
                        namespace_index.channels.remove(channel);
                    }
                }
            }
        }
        if namespace_index.is_unused() {
            self.namespaces.remove(namespace);
        }
    }

    /// The registries that may have sockets of an audience.
    pub(super) fn registries(&self, audience: &Audience) -> SmallVec<[RegistryId; 4]> {
        let Some(namespace_index) = self.namespaces.get(&audience.namespace) else {
            return SmallVec::new();
        };
        // The registry of a socket that is named by its id is not known here.
        let names_sockets = !audience.including.is_empty() || !audience.sockets.is_empty();
        if audience.to.is_empty() || names_sockets {
            return namespace_index.sockets.registries().collect();
        }
        let mut registries = SmallVec::new();
        for registry_id in audience
            .to
            .iter()
            .filter_map(|channel| namespace_index.channels.get(channel))
            .flat_map(|record| record.subscribers.registries())
        {
            if !registries.contains(&registry_id) {
                registries.push(registry_id);
            }
        }
        registries
    }

    /// The channels with subscribers.
    pub(super) fn channels(&self, namespace: &Namespace) -> Vec<Channel> {
        let Some(namespace_index) = self.namespaces.get(namespace) else { return Vec::new() };
        let records = namespace_index.channels.iter();
        let open = records.filter(|(_, record)| !record.subscribers.is_empty());
        open.map(|(channel, _)| channel.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: impl ToString) -> Channel {
        Channel::new(&name.to_string(), 100).unwrap()
    }

    fn audience(to: &[&str], including: &[SocketId]) -> Audience {
        Audience {
            to: to.iter().map(channel).collect(),
            including: including.to_vec(),
            ..Audience::everyone(Namespace::default())
        }
    }

    #[test]
    fn a_publication_goes_to_registries_that_may_have_a_receiver() {
        let mut index =
            RegistryIndex::new(ChangeSender::new(1), Arc::default(), HistoryLimits::default());
        let (main, [a, b, c]) = (Namespace::default(), [(); 3].map(|()| SocketId::random()));
        let registries = [0, 1, 2].map(RegistryId);
        for registry_id in registries {
            index.attach(main.clone(), registry_id);
        }
        let [x, y, z] = registries;
        index.subscribe(&main, x, a, &channel("x"), None);
        index.subscribe(&main, y, b, &channel("x"), None);
        index.subscribe(&main, y, b, &channel("y"), None);
        assert_eq!(&*index.registries(&audience(&["x"], &[])), [x, y]);
        assert_eq!(&*index.registries(&audience(&["y", "x"], &[])), [y, x]);
        assert_eq!(&*index.registries(&audience(&["nothing"], &[])), [] as [RegistryId; 0]);
        assert_eq!(&*index.registries(&audience(&[], &[])), [x, y, z]);
        assert_eq!(
            &*index.registries(&audience(&["y"], &[c])),
            [x, y, z],
            "a socket that is included may be anywhere"
        );
        index.unsubscribe(&main, x, a, &channel("x"));
        index.detach(&main, z, c, &[]);
        assert_eq!(&*index.registries(&audience(&["x"], &[])), [y]);
        assert_eq!(&*index.registries(&audience(&[], &[])), [x, y]);
        index.detach(&main, y, b, &[channel("y"), channel("x")]);
        assert_eq!(index.channels(&main), [] as [Channel; 0]);
        index.detach(&main, x, a, &[]);
        assert!(index.namespaces.is_empty());
    }

    #[tokio::test]
    async fn a_listener_receives_every_change_in_order() {
        let sender = ChangeSender::new(8);
        let mut index =
            RegistryIndex::new(sender.clone(), Arc::default(), HistoryLimits::default());
        let mut changes = sender.listen();
        let (namespace, socket) = (Namespace::new("/live"), SocketId::random());
        index.attach(namespace.clone(), RegistryId(0));
        index.subscribe(&namespace, RegistryId(0), socket, &channel("a"), None);
        index.detach(&namespace, RegistryId(0), socket, &[channel("a")]);
        let (n, c) = (|| namespace.clone(), || channel("a"));
        for expected in [
            Change::NamespaceOpened { namespace: n() },
            Change::ChannelOpened { namespace: n(), channel: c() },
            Change::Joined { namespace: n(), channel: c(), socket },
            Change::Left { namespace: n(), channel: c(), socket },
            Change::ChannelClosed { namespace: n(), channel: c() },
            Change::NamespaceClosed { namespace: n() },
        ] {
            assert_eq!(changes.next().await, Some(expected));
        }
        index.attach(namespace.clone(), RegistryId(0));
        for at in 0..10 {
            index.subscribe(&namespace, RegistryId(0), socket, &channel(at), None);
        }
        // One for the namespace and two for each channel, of which eight are kept.
        assert_eq!(changes.next().await, Some(Change::Missed { count: 13 }));
        assert_eq!(
            changes.next().await,
            Some(Change::ChannelOpened { namespace: n(), channel: channel(6) })
        );
        drop((index, sender));
        while let Some(change) = changes.next().await {
            assert!(matches!(change, Change::ChannelOpened { .. } | Change::Joined { .. }));
        }
    }
}
