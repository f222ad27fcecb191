use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use smallvec::SmallVec;

use super::{Audience, Change, ChangeSender, RegistryId};
use crate::{
    model::{Channel, Namespace, SocketId},
    stats::Counters,
};

/// The registries that have sockets of each namespace and subscribers of each channel.
///
/// This is what it takes to send a publication to these registries alone, and to report namespaces
/// and channels that open and close. It relies on its callers: a socket joins and leaves a channel
/// by turns, and is not mentioned after it was detached.
#[derive(Debug)]
pub(super) struct RegistryIndex {
    namespaces: HashMap<Namespace, NamespaceIndex>,
    changes: ChangeSender,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct NamespaceIndex {
    sockets: RegistryCounts,
    channels: HashMap<Channel, RegistryCounts>,
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

impl RegistryIndex {
    pub(super) fn new(changes: ChangeSender, counters: Arc<Counters>) -> Self {
        Self { namespaces: HashMap::new(), changes, counters }
    }

    pub(super) fn attach(&mut self, namespace: Namespace, registry_id: RegistryId) {
        let namespace_index = match self.namespaces.entry(namespace) {
            Entry::Occupied(namespace_index) => namespace_index.into_mut(),
            Entry::Vacant(place) => {
                self.changes.send(|| Change::NamespaceOpened { namespace: place.key().clone() });
                place.insert(NamespaceIndex::default())
            }
        };
        namespace_index.sockets.add(registry_id);
    }

    pub(super) fn subscribe(
        &mut self,
        namespace: &Namespace,
        registry_id: RegistryId,
        socket: SocketId,
        channel: &Channel,
    ) {
        let Some(namespace_index) = self.namespaces.get_mut(namespace) else { return };
        let subscribers = namespace_index.channels.entry(channel.clone()).or_default();
        let here = || (namespace.clone(), channel.clone());
        if subscribers.is_empty() {
            self.counters.channels.up();
            self.changes.send(|| {
                let (namespace, channel) = here();
                Change::ChannelOpened { namespace, channel }
            });
        }
        subscribers.add(registry_id);
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
        let Entry::Occupied(mut subscribers) = namespace_index.channels.entry(channel.clone())
        else {
            return;
        };
        let here = || (namespace.clone(), channel.clone());
        subscribers.get_mut().remove(registry_id);
        self.counters.subscriptions.down();
        self.changes.send(|| {
            let (namespace, channel) = here();
            Change::Left { namespace, channel, socket }
        });
        if subscribers.get().is_empty() {
            subscribers.remove();
            self.counters.channels.down();
            self.changes.send(|| {
                let (namespace, channel) = here();
                Change::ChannelClosed { namespace, channel }
            });
        }
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
            self.namespaces.remove(namespace);
            self.changes.send(|| Change::NamespaceClosed { namespace: namespace.clone() });
        }
    }

    /// The registries that may have sockets of an audience.
    pub(super) fn registries(&self, audience: &Audience) -> SmallVec<[RegistryId; 4]> {
        let Some(namespace_index) = self.namespaces.get(&audience.namespace) else {
            return SmallVec::new();
        };
        // The registry of a socket that is included by its id is not known here.
        if audience.to.is_empty() || !audience.including.is_empty() {
            return namespace_index.sockets.registries().collect();
        }
        let mut registries = SmallVec::new();
        for registry_id in audience
            .to
            .iter()
            .filter_map(|channel| namespace_index.channels.get(channel))
            .flat_map(RegistryCounts::registries)
        {
            if !registries.contains(&registry_id) {
                registries.push(registry_id);
            }
        }
        registries
    }

    pub(super) fn channels(&self, namespace: &Namespace) -> Vec<Channel> {
        self.namespaces.get(namespace).map_or_else(Vec::new, |namespace_index| {
            namespace_index.channels.keys().cloned().collect()
        })
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
        let mut index = RegistryIndex::new(ChangeSender::new(1), Arc::default());
        let (main, [a, b, c]) = (Namespace::default(), [(); 3].map(|()| SocketId::random()));
        let registries = [0, 1, 2].map(RegistryId);
        for registry_id in registries {
            index.attach(main.clone(), registry_id);
        }
        let [x, y, z] = registries;
        index.subscribe(&main, x, a, &channel("x"));
        index.subscribe(&main, y, b, &channel("x"));
        index.subscribe(&main, y, b, &channel("y"));
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
        let mut index = RegistryIndex::new(sender.clone(), Arc::default());
        let mut changes = sender.listen();
        let (namespace, socket) = (Namespace::new("/live"), SocketId::random());
        index.attach(namespace.clone(), RegistryId(0));
        index.subscribe(&namespace, RegistryId(0), socket, &channel("a"));
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
            index.subscribe(&namespace, RegistryId(0), socket, &channel(at));
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
