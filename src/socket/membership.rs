mod returning;

#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{collections::HashMap, mem, sync::Arc};

use parking_lot::Mutex;

use returning::ReturnState;

use super::{NamespaceState, SubscribeError, absence::Departures, route_counts::RouteCounts};
use crate::{
    model::{
        Channel, ChannelMatch, DisconnectReason, JoiningMember, MemoryShare, Place, PresenceExit,
        SocketId,
    },
    outbox::SocketSender,
    registry::{CatchUp, CatchUpAnswer, DetachedChannels, JoinedPlace, Joining, RegistryId},
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
    closed: bool,
    /// The number of subscriptions so far.
    turns: usize,
    /// The memory of the subscriptions, roughly.
    bytes: usize,
    memory: MemoryShare,
    /// The channels that the server took it out of, if it may come back.
    departures: Option<Box<Departures>>,
    /// For a socket that comes back, until it has its channels.
    returning: Option<Box<ReturnState>>,
}

#[derive(Debug)]
struct JoinedChannel {
    /// The place of its subscription, which orders the channels.
    place: Place,
    /// Orders the channels of one place.
    turn: usize,
    /// The place from which on the client has what was published to the channel: that of its
    /// subscription, or an earlier one if it got what it missed.
    whole_from: Place,
    matched: Arc<ChannelMatch>,
    /// The sequencer does not know of it yet: the socket comes back, and is not admitted.
    is_pending: bool,
}

impl JoinedChannel {
    fn order(&self) -> (Place, usize) {
        (self.place, self.turn)
    }
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

    /// The memory of a subscription beside that, if the channel has presence.
    const PRESENCE_BYTES: usize = 100;

    fn bytes(channel: &Channel, has_presence: bool) -> usize {
        let presence = if has_presence { Self::PRESENCE_BYTES } else { 0 };
        Self::SUBSCRIPTION_BYTES + channel.len() + presence
    }

    /// No channels yet. `memory` counts them.
    pub(super) fn new(memory: MemoryShare, may_return: bool) -> Self {
        let departures = may_return.then(Box::default);
        let state = MembershipState { memory, departures, ..MembershipState::default() };
        Self::with_state(state)
    }

    fn with_state(state: MembershipState) -> Self {
        Self {
            state: Mutex::new(state),
            #[cfg(test)]
            listings: AtomicUsize::new(0),
        }
    }

    /// Joins a channel, whose routes `find` looks up unless the socket is in the channel already.
    /// `joining`: who the socket is, if the channel has presence.
    pub(super) fn join(
        &self,
        channel: Channel,
        find: impl FnOnce(&Channel) -> Arc<ChannelMatch>,
        joining: Option<JoiningMember>,
        limit: usize,
        (namespace, registry_id, id): (&NamespaceState, RegistryId, SocketId),
        sender: &SocketSender,
    ) -> Result<bool, SubscribeError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(SubscribeError::Closed);
        }
        if state.channels.contains_key(&channel) {
            state.join_pending(&channel, namespace, registry_id, id, sender, joining);
            return Ok(false);
        }
        if state.channels.len() >= limit {
            return Err(SubscribeError::TooManyChannels { limit });
        }
        let before = state.bytes;
        if !state.count(before + Self::bytes(&channel, joining.is_some())) {
            state.count(before);
            return Err(SubscribeError::MemoryLimit);
        }
        let matched = find(&channel);
        state.routes.add(&matched);
        let (name, rule) = (namespace.name.clone(), matched.options.history);
        let sequencer = &namespace.sequencer;
        let place = sequencer.subscribe(registry_id, name, id, channel.clone(), rule, joining);
        if state.returning.is_some()
            && let Some(stamps) = sender.stamps()
        {
            stamps.advance(place);
        }
        state.turns += 1;
        let turn = state.turns;
        let joined = JoinedChannel { place, turn, whole_from: place, matched, is_pending: false };
        state.channels.insert(channel, joined);
        Ok(true)
    }

    /// Joins channels that the socket is not in yet, each if there is room and memory for it. The
    /// client gets an answer, then what it has missed of them. Returns those that are refused.
    pub(super) fn join_and_catch_up(
        &self,
        wanted: Vec<(Channel, Arc<ChannelMatch>, Option<JoiningMember>)>,
        limit: usize,
        (namespace, registry_id, id): (&NamespaceState, RegistryId, SocketId),
        catch_up: CatchUp,
        answer: impl FnOnce(Vec<(Channel, SubscribeError)>) -> CatchUpAnswer,
    ) -> Result<(), SubscribeError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(SubscribeError::Closed);
        }
        let (mut joined, mut subscribed, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let mut members = Vec::new();
        for (channel, matched, member) in wanted {
            let before = state.bytes;
            if state.channels.contains_key(&channel) {
                subscribed.push(channel);
            } else if state.channels.len() >= limit {
                refused.push((channel, SubscribeError::TooManyChannels { limit }));
            } else if !state.count(before + Self::bytes(&channel, member.is_some())) {
                state.count(before);
                refused.push((channel, SubscribeError::MemoryLimit));
            } else {
                state.routes.add(&matched);
                joined.push((channel.clone(), matched.options.history));
                members.push(member);
                // Its places are known below. It has nothing of the channel yet.
                let (place, whole_from) = (Place::default(), Place::new(u64::MAX));
                state.turns += 1;
                let (turn, is_pending) = (state.turns, false);
                let joined = JoinedChannel { place, turn, whole_from, matched, is_pending };
                state.channels.insert(channel, joined);
            }
        }
        let channels = &state.channels;
        let joining = Joining {
            registry_id,
            namespace: &namespace.name,
            id,
            channels: &joined,
            subscribed: &subscribed,
            is_in: &|channel| channels.contains_key(channel),
            has_from: &|channel| channels.get(channel).map(|joined| joined.whole_from),
        };
        let sequencer = &namespace.sequencer;
        let places = sequencer.subscribe_and_catch_up(&joining, members, catch_up, answer(refused));
        for ((channel, _), JoinedPlace { place, whole_from }) in joined.iter().zip(places) {
            if let Some(joined) = state.channels.get_mut(channel) {
                (joined.place, joined.whole_from) = (place, whole_from);
            }
        }
        Ok(())
    }

    /// Leaves a channel, and returns its routes. `None`: the socket is not in the channel.
    ///
    /// `is_wanted`: the client has asked for it, so it does not want what is on its way.
    pub(super) fn leave(
        &self,
        channel: &str,
        is_wanted: bool,
        (namespace, registry_id, id): (&NamespaceState, RegistryId, SocketId),
    ) -> Option<Arc<ChannelMatch>> {
        let mut state = self.state.lock();
        let (channel, joined) = state.channels.remove_entry(channel)?;
        state.routes.remove(&joined.matched);
        if let Some(returning) = state.returning.as_mut().filter(|_| is_wanted) {
            returning.remove(&channel);
        }
        let has_presence = joined.matched.options.presence.is_some();
        let bytes = state.bytes - Self::bytes(&channel, has_presence);
        state.count(bytes);
        if joined.is_pending {
            return Some(joined.matched);
        }
        let (sequencer, name) = (&namespace.sequencer, namespace.name.clone());
        let end = sequencer.unsubscribe(registry_id, name, id, channel.clone());
        if let Some(departures) = state.departures.as_mut().filter(|_| !is_wanted) {
            departures.add(channel, joined.whole_from, end);
        }
        Some(joined.matched)
    }

    pub(super) fn contains(&self, channel: &str) -> bool {
        self.state.lock().channels.contains_key(channel)
    }

    /// Whether the socket is in a channel, and not only comes back to it.
    pub(super) fn is_joined(&self, channel: &str) -> bool {
        self.state.lock().channels.get(channel).is_some_and(|joined| !joined.is_pending)
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
            .map(|(channel, joined)| (joined.order(), read(channel, &joined.matched)))
            .collect();
        channels.sort_unstable_by_key(|(order, _)| *order);
        channels.into_iter().map(|(_, item)| item).collect()
    }

    /// How often the channels were listed, which costs time for each of them.
    #[cfg(test)]
    pub(super) fn listings(&self) -> usize {
        self.listings.load(Ordering::Relaxed)
    }

    /// Ends all subscriptions, and refuses further ones. The socket leaves its registry.
    pub(super) fn close(
        &self,
        namespace: &NamespaceState,
        registry_id: RegistryId,
        id: SocketId,
        exit: PresenceExit,
        ended: Option<DisconnectReason>,
    ) {
        let state = self.take();
        let (subscribed, _) = state.subscribed();
        let unpinned = state.returning.as_ref().map(|returning| &*returning.pinned);
        let channels =
            DetachedChannels { subscribed: &subscribed, pinned: None, unpinned, exit, ended };
        namespace.sequencer.detach_channels(registry_id, &namespace.name, id, &channels);
    }

    fn take(&self) -> MembershipState {
        let closed = MembershipState { closed: true, ..MembershipState::default() };
        mem::replace(&mut *self.state.lock(), closed)
    }
}
