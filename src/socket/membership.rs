#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{collections::HashMap, mem, sync::Arc};

use parking_lot::Mutex;

use super::{NamespaceState, SubscribeError, route_counts::RouteCounts};
use crate::{
    model::{Channel, ChannelMatch, MemoryShare, SocketId},
    registry::RegistryId,
};

/// The channels of one socket, each with the routes that match it.
///
/// The sequencer is notified of each change under the lock, so that both have the same order.
#[derive(Debug)]
pub(super) struct Membership {
    state: Mutex<MembershipState>,
    #[cfg(test)]
    listings: AtomicUsize,
}

#[derive(Debug, Default)]
struct MembershipState {
    channels: HashMap<Channel, JoinedChannel>,
    routes: RouteCounts,
    /// The number of subscriptions so far.
    joins: u64,
    closed: bool,
    /// The memory of the subscriptions, roughly.
    bytes: usize,
    memory: MemoryShare,
}

#[derive(Debug)]
struct JoinedChannel {
    /// Orders the channels by the time of their subscription.
    position: u64,
    matched: Arc<ChannelMatch>,
}

impl MembershipState {
    /// Sets the bytes of all subscriptions. `false`: they are too much.
    fn count(&mut self, bytes: usize) -> bool {
        self.bytes = bytes;
        self.memory.set(bytes)
    }
}

impl Membership {
    /// The memory of a subscription here, in the registry and in the sequencer, beside its name:
    /// measured with 100,000 channels of one subscriber each.
    const SUBSCRIPTION_BYTES: usize = 500;

    /// No channels yet. `memory` counts them.
    pub(super) fn new(memory: MemoryShare) -> Self {
        Self {
            state: Mutex::new(MembershipState { memory, ..MembershipState::default() }),
            #[cfg(test)]
            listings: AtomicUsize::new(0),
        }
    }

    /// Joins a channel, whose routes `find` looks up unless the socket is in the channel already.
    pub(super) fn join(
        &self,
        channel: Channel,
        find: impl FnOnce(&Channel) -> Arc<ChannelMatch>,
        limit: usize,
        namespace: &NamespaceState,
        registry_id: RegistryId,
        id: SocketId,
    ) -> Result<bool, SubscribeError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(SubscribeError::Closed);
        }
        if state.channels.contains_key(&channel) {
            return Ok(false);
        }
        if state.channels.len() >= limit {
            return Err(SubscribeError::TooManyChannels { limit });
        }
        let before = state.bytes;
        if !state.count(before + Self::SUBSCRIPTION_BYTES + channel.len()) {
            state.count(before);
            return Err(SubscribeError::MemoryLimit);
        }
        let matched = find(&channel);
        state.routes.add(&matched);
        state.joins += 1;
        let position = state.joins;
        state.channels.insert(channel.clone(), JoinedChannel { position, matched });
        namespace.sequencer.subscribe(registry_id, namespace.name.clone(), id, channel);
        Ok(true)
    }

    /// Leaves a channel, and returns its routes. `None`: the socket is not in the channel.
    pub(super) fn leave(
        &self,
        channel: &str,
        namespace: &NamespaceState,
        registry_id: RegistryId,
        id: SocketId,
    ) -> Option<Arc<ChannelMatch>> {
        let mut state = self.state.lock();
        let (channel, joined) = state.channels.remove_entry(channel)?;
        state.routes.remove(&joined.matched);
        let bytes = state.bytes - Self::SUBSCRIPTION_BYTES - channel.len();
        state.count(bytes);
        namespace.sequencer.unsubscribe(registry_id, namespace.name.clone(), id, channel);
        Some(joined.matched)
    }

    pub(super) fn contains(&self, channel: &str) -> bool {
        self.state.lock().channels.contains_key(channel)
    }

    /// The routes of a channel that the socket is in.
    pub(super) fn matched(&self, channel: &str) -> Option<Arc<ChannelMatch>> {
        self.state.lock().channels.get(channel).map(|joined| Arc::clone(&joined.matched))
    }

    /// Passes on the routes that match any of the channels, each once, in the order of
    /// registration. `read` runs under the lock.
    pub(super) fn read_routes<T>(&self, read: impl FnOnce(&[usize]) -> T) -> T {
        read(self.state.lock().routes.routes())
    }

    /// The number of channels.
    pub(super) fn len(&self) -> usize {
        self.state.lock().channels.len()
    }

    /// Lists what `read` takes of each channel, the oldest subscription first.
    pub(super) fn list<T>(&self, read: impl Fn(&Channel, &Arc<ChannelMatch>) -> T) -> Vec<T> {
        #[cfg(test)]
        self.listings.fetch_add(1, Ordering::Relaxed);
        let mut channels: Vec<_> = self
            .state
            .lock()
            .channels
            .iter()
            .map(|(channel, joined)| (joined.position, read(channel, &joined.matched)))
            .collect();
        channels.sort_unstable_by_key(|(position, _)| *position);
        channels.into_iter().map(|(_, item)| item).collect()
    }

    /// How often the channels were listed, which costs time for each of them.
    #[cfg(test)]
    pub(super) fn listings(&self) -> usize {
        self.listings.load(Ordering::Relaxed)
    }

    /// Ends all subscriptions, and refuses further ones. Returns the channels, for the caller to
    /// notify the sequencer.
    pub(super) fn close(&self) -> Vec<Channel> {
        let state = mem::replace(
            &mut *self.state.lock(),
            MembershipState { closed: true, ..MembershipState::default() },
        );
        state.channels.into_keys().collect()
    }
}
