//! The channels of a socket that comes back, before its client is admitted.

use std::{fmt, mem, sync::Arc};

use super::{JoinedChannel, Membership, MembershipState};
use crate::{
    model::{
        Channel, ChannelMatch, DisconnectReason, JoiningMember, MemoryShare, Point, PresenceExit,
        SocketId,
    },
    outbox::{MissedEvent, SocketSender},
    registry::{
        ComeBack, Departure, DetachedChannels, Gap, RegistryId, Returning, ReturningChannel,
        ReturningChannels,
    },
    socket::{
        NamespaceState, SocketAbsence,
        absence::{AbsentChannel, Departures},
    },
};

/// The state of a socket that comes back, until it has its channels.
pub(super) struct ReturnState {
    /// The point up to which its client has seen everything.
    seen: Point,
    /// The channels that the sequencer keeps known for it.
    pub(super) pinned: Vec<Channel>,
    /// The events that it has missed so far, or why it can't have them.
    missed: Result<Vec<MissedOfChannel>, Gap>,
}

/// The missed events of a channel, or those that are of none.
type MissedOfChannel = (Option<Channel>, Vec<MissedEvent>);

impl fmt::Debug for ReturnState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturnState").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl MembershipState {
    /// The channels that the sequencer knows of, and the others.
    pub(super) fn subscribed(&self) -> (Vec<Channel>, Vec<Channel>) {
        let (mut subscribed, mut pending) = (Vec::new(), Vec::new());
        for (channel, joined) in &self.channels {
            let list = if joined.is_pending { &mut pending } else { &mut subscribed };
            list.push(channel.clone());
        }
        (subscribed, pending)
    }

    /// A handler subscribes a socket that comes back to one of its channels, such as before it
    /// sends a snapshot: what is published from here on is held.
    pub(super) fn join_pending(
        &mut self,
        channel: &Channel,
        namespace: &NamespaceState,
        registry_id: RegistryId,
        id: SocketId,
        sender: &SocketSender,
        joining: Option<JoiningMember>,
    ) {
        let Some(returning) = &self.returning else { return };
        let Some(joined) = self.channels.get(channel).filter(|joined| joined.is_pending) else {
            return;
        };
        let reader = Returning {
            namespace: &namespace.name,
            id,
            seen: returning.seen,
            is_in: &|channel| self.channels.contains_key(channel),
        };
        let wanted = ReturningChannel {
            channel,
            rule: joined.matched.options.history,
            whole_from: joined.whole_from,
        };
        let sequencer = &namespace.sequencer;
        let missed = sequencer.subscribe_returning(registry_id, &reader, &wanted, sender, joining);
        if let Some(joined) = self.channels.get_mut(channel) {
            joined.is_pending = false;
        }
        if let Some(returning) = &mut self.returning {
            returning.add(Some(channel.clone()), missed);
        }
    }
}

impl ReturnState {
    fn add(&mut self, channel: Option<Channel>, more: Result<Vec<MissedEvent>, Gap>) {
        match (&mut self.missed, more) {
            (Ok(missed), Ok(more)) => missed.push((channel, more)),
            (Ok(_), Err(gap)) => self.missed = Err(gap),
            (Err(_), _) => {}
        }
    }

    /// The socket may not come back to a channel.
    pub(super) fn remove(&mut self, channel: &Channel) {
        if let Ok(missed) = &mut self.missed {
            missed.retain(|(of, _)| of.as_ref() != Some(channel));
        }
    }
}

impl Membership {
    /// The channels of a socket that comes back. `missed`: what it has missed of all others.
    pub(in crate::socket) fn returning(
        memory: MemoryShare,
        absence: &SocketAbsence,
        seen: Point,
        missed: Result<Vec<MissedEvent>, Gap>,
    ) -> Self {
        let mut state = MembershipState { memory, ..MembershipState::default() };
        let mut bytes = 0;
        for (turn, absent) in absence.channels.iter().enumerate() {
            let AbsentChannel { channel, place, whole_from, matched } = absent;
            state.routes.add(matched);
            bytes += Self::bytes(channel, matched.options.presence.is_some());
            let (place, whole_from, matched) = (*place, *whole_from, matched.clone());
            let is_pending = true;
            let joined = JoinedChannel { place, turn, whole_from, matched, is_pending };
            state.channels.insert(channel.clone(), joined);
        }
        state.turns = absence.channels.len();
        let Departures { last, forgotten } = &absence.departures;
        let (last, forgotten) = (last.clone(), *forgotten);
        state.departures = Some(Box::new(Departures { last, forgotten }));
        let directs = absence.kept.since(seen);
        let directs = directs.map(|(point, frame)| MissedEvent::Direct(*point, frame.clone()));
        let missed = missed.map(|by_all| vec![(None, by_all), (None, directs.collect())]);
        let mut returning = ReturnState { seen, pinned: absence.channel_names(), missed };
        if !state.count(bytes) {
            // There is no memory for what it was.
            returning.missed = Err(Gap::TooMuch);
        }
        state.returning = Some(Box::new(returning));
        Self::with_state(state)
    }

    pub(in crate::socket) fn is_returning(&self) -> bool {
        self.state.lock().returning.is_some()
    }

    /// Whether a socket was in a channel before it came back, and is not admitted yet.
    pub(in crate::socket) fn was_in(&self, channel: &Channel) -> bool {
        let state = self.state.lock();
        state.returning.as_ref().is_some_and(|returning| returning.pinned.contains(channel))
    }

    /// The channels to which it still comes back, with their routes.
    pub(in crate::socket) fn pending(&self) -> Vec<(Channel, Arc<ChannelMatch>)> {
        let state = self.state.lock();
        let pending = state.channels.iter().filter(|(_, joined)| joined.is_pending);
        pending.map(|(channel, joined)| (channel.clone(), Arc::clone(&joined.matched))).collect()
    }

    /// Subscribes to the channels in one step with sending what was missed of them. `members`: who
    /// the socket is in the channels with presence.
    pub(in crate::socket) fn restore(
        &self,
        namespace: &NamespaceState,
        registry_id: RegistryId,
        members: Vec<(Channel, JoiningMember)>,
        mut come_back: ComeBack,
    ) -> Result<(), Gap> {
        let mut state = self.state.lock();
        let Some(mut returning) = state.returning.take() else { return Ok(()) };
        let missed = mem::replace(&mut returning.missed, Ok(Vec::new()));
        let restored = missed.and_then(|missed| {
            come_back.missed = missed.into_iter().flat_map(|(_, missed)| missed).collect();
            state.restore(&returning, namespace, registry_id, members, come_back)
        });
        match restored {
            Ok(()) => {
                state.channels.values_mut().for_each(|joined| joined.is_pending = false);
                Ok(())
            }
            Err(gap) => {
                returning.missed = Err(gap);
                state.returning = Some(returning);
                Err(gap)
            }
        }
    }

    /// Ends all subscriptions as `close` does, and keeps the channels known.
    pub(in crate::socket) fn close_to_return(
        &self,
        namespace: &NamespaceState,
        registry_id: RegistryId,
        id: SocketId,
        ended: Option<DisconnectReason>,
    ) -> (Vec<AbsentChannel>, Departures) {
        let state = self.take();
        let (subscribed, pending) = state.subscribed();
        let all: Vec<_> = subscribed.iter().chain(&pending).cloned().collect();
        let unpinned = state.returning.as_ref().map(|returning| &*returning.pinned);
        let exit = PresenceExit::AfterGrace;
        let channels =
            DetachedChannels { subscribed: &subscribed, pinned: Some(&all), unpinned, exit, ended };
        namespace.sequencer.detach_channels(registry_id, &namespace.name, id, &channels);
        let mut channels: Vec<_> = state.channels.into_iter().collect();
        channels.sort_unstable_by_key(|(_, joined)| joined.order());
        let channels = channels.into_iter().map(|(channel, joined)| {
            let JoinedChannel { place, whole_from, matched, .. } = joined;
            AbsentChannel { channel, place, whole_from, matched }
        });
        (channels.collect(), state.departures.map(|departures| *departures).unwrap_or_default())
    }
}

impl MembershipState {
    fn restore(
        &self,
        ReturnState { seen, pinned, .. }: &ReturnState,
        namespace: &NamespaceState,
        registry_id: RegistryId,
        members: Vec<(Channel, JoiningMember)>,
        come_back: ComeBack,
    ) -> Result<(), Gap> {
        let returning = Returning {
            namespace: &namespace.name,
            id: come_back.id,
            seen: *seen,
            is_in: &|channel| self.channels.contains_key(channel),
        };
        let pending = self.channels.iter().filter(|(_, joined)| joined.is_pending);
        let channels: Vec<_> = pending
            .map(|(channel, joined)| ReturningChannel {
                channel,
                rule: joined.matched.options.history,
                whole_from: joined.whole_from,
            })
            .collect();
        let departures: Vec<Departure> = match &self.departures {
            Some(departures) => departures.last.iter().cloned().collect(),
            None => Vec::new(),
        };
        let channels = ReturningChannels { pending: &channels, departures: &departures, pinned };
        namespace.sequencer.restore(registry_id, &returning, &channels, members, come_back)
    }
}
