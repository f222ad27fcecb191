use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use smallvec::SmallVec;

use super::{Audience, Change, Feed, HubId};
use crate::{
    model::{Channel, Namespace, SocketId},
    stats::Counters,
};

/// Which hubs have sockets and subscribers of what: as much as it takes to send a publication to
/// those hubs alone, and to tell of namespaces and channels that come and go. It believes what it
/// is told: a socket joins and leaves a channel by turns, and is heard of no more after its end.
#[derive(Debug)]
pub(super) struct Index {
    namespaces: HashMap<Namespace, Space>,
    feed: Feed,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Space {
    sockets: PerHub,
    channels: HashMap<Channel, PerHub>,
}

/// How many there are on each hub. Hubs are few: one for each worker.
#[derive(Debug, Default)]
struct PerHub(SmallVec<[(HubId, usize); 1]>);

impl PerHub {
    fn add(&mut self, hub: HubId) {
        match self.0.iter_mut().find(|(at, _)| *at == hub) {
            Some((_, count)) => *count += 1,
            None => self.0.push((hub, 1)),
        }
    }

    fn remove(&mut self, hub: HubId) {
        if let Some(position) = self.0.iter().position(|(at, _)| *at == hub) {
            self.0[position].1 -= 1;
            if self.0[position].1 == 0 {
                self.0.swap_remove(position);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn hubs(&self) -> impl Iterator<Item = HubId> {
        self.0.iter().map(|(hub, _)| *hub)
    }
}

impl Index {
    pub(super) fn new(feed: Feed, counters: Arc<Counters>) -> Self {
        Self { namespaces: HashMap::new(), feed, counters }
    }

    pub(super) fn attach(&mut self, namespace: Namespace, hub: HubId) {
        let space = match self.namespaces.entry(namespace) {
            Entry::Occupied(space) => space.into_mut(),
            Entry::Vacant(place) => {
                self.feed.tell(|| Change::NamespaceOpened { namespace: place.key().clone() });
                place.insert(Space::default())
            }
        };
        space.sockets.add(hub);
    }

    pub(super) fn subscribe(
        &mut self,
        namespace: &Namespace,
        hub: HubId,
        socket: SocketId,
        channel: &Channel,
    ) {
        let Some(space) = self.namespaces.get_mut(namespace) else { return };
        let subscribers = space.channels.entry(channel.clone()).or_default();
        let here = || (namespace.clone(), channel.clone());
        if subscribers.is_empty() {
            self.counters.channels.up();
            self.feed.tell(|| {
                let (namespace, channel) = here();
                Change::ChannelOpened { namespace, channel }
            });
        }
        subscribers.add(hub);
        self.counters.subscriptions.up();
        self.feed.tell(|| {
            let (namespace, channel) = here();
            Change::Joined { namespace, channel, socket }
        });
    }

    pub(super) fn unsubscribe(
        &mut self,
        namespace: &Namespace,
        hub: HubId,
        socket: SocketId,
        channel: &Channel,
    ) {
        let Some(space) = self.namespaces.get_mut(namespace) else { return };
        let Entry::Occupied(mut subscribers) = space.channels.entry(channel.clone()) else {
            return;
        };
        let here = || (namespace.clone(), channel.clone());
        subscribers.get_mut().remove(hub);
        self.counters.subscriptions.down();
        self.feed.tell(|| {
            let (namespace, channel) = here();
            Change::Left { namespace, channel, socket }
        });
        if subscribers.get().is_empty() {
            subscribers.remove();
            self.counters.channels.down();
            self.feed.tell(|| {
                let (namespace, channel) = here();
                Change::ChannelClosed { namespace, channel }
            });
        }
    }

    /// A socket has ended, which was subscribed to these.
    pub(super) fn detach(
        &mut self,
        namespace: &Namespace,
        hub: HubId,
        socket: SocketId,
        channels: &[Channel],
    ) {
        for channel in channels {
            self.unsubscribe(namespace, hub, socket, channel);
        }
        let Some(space) = self.namespaces.get_mut(namespace) else { return };
        space.sockets.remove(hub);
        if space.sockets.is_empty() {
            self.namespaces.remove(namespace);
            self.feed.tell(|| Change::NamespaceClosed { namespace: namespace.clone() });
        }
    }

    /// The hubs that have somebody of an audience, perhaps.
    pub(super) fn hubs(&self, audience: &Audience) -> SmallVec<[HubId; 4]> {
        let Some(space) = self.namespaces.get(&audience.namespace) else { return SmallVec::new() };
        // Where those are who are included by name is not known here.
        if audience.to.is_empty() || !audience.including.is_empty() {
            return space.sockets.hubs().collect();
        }
        let mut hubs = SmallVec::new();
        for hub in audience
            .to
            .iter()
            .filter_map(|channel| space.channels.get(channel))
            .flat_map(PerHub::hubs)
        {
            if !hubs.contains(&hub) {
                hubs.push(hub);
            }
        }
        hubs
    }

    pub(super) fn channels(&self, namespace: &Namespace) -> Vec<Channel> {
        self.namespaces
            .get(namespace)
            .map_or_else(Vec::new, |space| space.channels.keys().cloned().collect())
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
    fn a_publication_goes_where_somebody_may_be_for_it() {
        let mut index = Index::new(Feed::new(1), Arc::default());
        let (main, [a, b, c]) = (Namespace::default(), [(); 3].map(|()| SocketId::random()));
        let hubs = [0, 1, 2].map(HubId);
        for hub in hubs {
            index.attach(main.clone(), hub);
        }
        let [x, y, z] = hubs;
        index.subscribe(&main, x, a, &channel("x"));
        index.subscribe(&main, y, b, &channel("x"));
        index.subscribe(&main, y, b, &channel("y"));
        assert_eq!(&*index.hubs(&audience(&["x"], &[])), [x, y]);
        assert_eq!(&*index.hubs(&audience(&["y", "x"], &[])), [y, x]);
        assert_eq!(&*index.hubs(&audience(&["nothing"], &[])), [] as [HubId; 0]);
        assert_eq!(&*index.hubs(&audience(&[], &[])), [x, y, z]);
        assert_eq!(
            &*index.hubs(&audience(&["y"], &[c])),
            [x, y, z],
            "who is included may be anywhere"
        );
        index.unsubscribe(&main, x, a, &channel("x"));
        index.detach(&main, z, c, &[]);
        assert_eq!(&*index.hubs(&audience(&["x"], &[])), [y]);
        assert_eq!(&*index.hubs(&audience(&[], &[])), [x, y]);
        index.detach(&main, y, b, &[channel("y"), channel("x")]);
        assert_eq!(index.channels(&main), [] as [Channel; 0]);
        index.detach(&main, x, a, &[]);
        assert!(index.namespaces.is_empty());
    }

    #[tokio::test]
    async fn every_change_is_told_in_order_to_who_listens() {
        let feed = Feed::new(8);
        let mut index = Index::new(feed.clone(), Arc::default());
        let mut changes = feed.listen();
        let (namespace, socket) = (Namespace::new("/live"), SocketId::random());
        index.attach(namespace.clone(), HubId(0));
        index.subscribe(&namespace, HubId(0), socket, &channel("a"));
        index.detach(&namespace, HubId(0), socket, &[channel("a")]);
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
        index.attach(namespace.clone(), HubId(0));
        for at in 0..10 {
            index.subscribe(&namespace, HubId(0), socket, &channel(at));
        }
        // One for the namespace and two for each channel, of which eight are kept.
        assert_eq!(changes.next().await, Some(Change::Missed { count: 13 }));
        assert_eq!(
            changes.next().await,
            Some(Change::ChannelOpened { namespace: n(), channel: channel(6) })
        );
        drop((index, feed));
        while let Some(change) = changes.next().await {
            assert!(matches!(change, Change::ChannelOpened { .. } | Change::Joined { .. }));
        }
    }
}
