//! Sockets that come back: their channels are pinned while they are away, and restored in one step
//! with what they have missed.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    RegistryId, Sequencer,
    history::{Gap, HistoryLimits, Kept},
    index::RegistryIndex,
    queue::{ComeBack, RegistryMessage},
};
use crate::{
    model::{
        Channel, DisconnectReason, History, JoiningMember, Namespace, Place, Point, PresenceExit,
        SocketId,
    },
    outbox::{MissedEvent, SocketSender},
};

/// A socket that comes back, and what its client has.
pub(crate) struct Returning<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) id: SocketId,
    /// The point up to which the client has all events of its channels.
    pub(crate) seen: Point,
    /// Whether it is in a channel, for publications that leave channels out.
    pub(crate) is_in: &'a dyn Fn(&Channel) -> bool,
}

/// A channel of a socket that comes back.
pub(crate) struct ReturningChannel<'a> {
    pub(crate) channel: &'a Channel,
    pub(crate) rule: Option<History>,
    /// The place from which on the client is to have what was published to the channel.
    pub(crate) whole_from: Place,
}

/// The publications of a channel when a socket left it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ChannelEnd {
    /// Publications after this place are not for the socket.
    pub(crate) place: Place,
    /// The newest publication before.
    pub(crate) newest: Place,
}

/// A channel that the server took a socket out of. The client may not have all from before.
#[derive(Debug, Clone)]
pub(crate) struct Departure {
    pub(crate) channel: Channel,
    pub(crate) whole_from: Place,
    pub(crate) end: ChannelEnd,
}

/// The channels that a socket leaves when it is detached, and those that stay known for its return.
#[derive(Debug)]
pub(crate) struct DetachedChannels<'a> {
    pub(crate) subscribed: &'a [Channel],
    /// `None`: the socket does not return.
    pub(crate) pinned: Option<&'a [Channel]>,
    /// Those that were pinned before, if the socket has not come back completely.
    pub(crate) unpinned: Option<&'a [Channel]>,
    /// When the socket goes as a member.
    pub(crate) exit: PresenceExit,
    /// Why the socket has ended, if it was admitted.
    pub(crate) ended: Option<DisconnectReason>,
}

/// The channels of a socket that comes back.
pub(crate) struct ReturningChannels<'a> {
    /// Those to which it is not subscribed yet.
    pub(crate) pending: &'a [ReturningChannel<'a>],
    /// Those that the server took it out of.
    pub(crate) departures: &'a [Departure],
    /// Those that were pinned while it was away.
    pub(crate) pinned: &'a [Channel],
}

impl Sequencer {
    /// Removes a socket, and keeps the channels known to which it returns.
    pub(crate) fn detach_channels(
        &self,
        registry_id: RegistryId,
        namespace: &Namespace,
        id: SocketId,
        channels: &DetachedChannels<'_>,
    ) {
        self.notify(registry_id, |index| {
            if let Some(pinned) = channels.pinned {
                index.pin(namespace, id, pinned);
            }
            if let Some(unpinned) = channels.unpinned {
                index.unpin_channels(namespace, unpinned);
                if channels.pinned.is_none() {
                    index.unpin(namespace, id, &[]);
                }
            }
            // Under the lock, so that no change of this socket's subscriptions comes between.
            if let Some(reason) = channels.ended {
                index.socket_ended(namespace, id, reason);
            }
            index.end_presence(namespace, id, channels.subscribed, channels.exit);
            index.detach(namespace, registry_id, id, channels.subscribed);
            RegistryMessage::Detach { namespace: namespace.clone(), id }
        });
    }

    /// A socket does not come back.
    pub(crate) fn unpin(&self, namespace: &Namespace, id: SocketId, channels: &[Channel]) {
        self.0.lock_state().index_mut().unpin(namespace, id, channels);
    }

    /// A socket that is away leaves a channel.
    pub(crate) fn unpin_channel(&self, namespace: &Namespace, channel: &Channel) {
        let channels = std::slice::from_ref(channel);
        self.0.lock_state().index_mut().unpin_channels(namespace, channels);
    }

    /// The publications of a channel by now.
    pub(crate) fn channel_end(&self, namespace: &Namespace, channel: &Channel) -> ChannelEnd {
        self.0.lock_state().index_mut().channel_end(namespace, channel)
    }

    /// The bytes that a socket has missed, if nothing of it is lost.
    pub(crate) fn missed_bytes<'a>(
        &self,
        returning: &Returning<'_>,
        began: Place,
        channels: impl Iterator<Item = ReturningChannel<'a>>,
        departures: &[Departure],
    ) -> Result<usize, Gap> {
        let now = Instant::now();
        let mut costs = Vec::new();
        let mut note = |kept: &Kept| costs.push((kept.place(), kept.publication.frame().cost()));
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        index.missed_by_all(returning, began, now, &mut note)?;
        for channel in channels {
            let from = channel.whole_from.max(returning.seen.place);
            index.missed_of(returning, Some(channel.channel), from, now, &mut note)?;
        }
        index.missed_before(returning, departures, now, &mut note)?;
        let limits = *index.histories.limits();
        // All others wait for the lock, and many clients may come back at once.
        drop(state);
        costs.sort_unstable();
        // One publication may be in several of the channels.
        costs.dedup_by_key(|(place, _)| *place);
        let bytes = costs.iter().map(|(_, cost)| cost).sum();
        check_amount(costs.len(), bytes, &limits)
    }

    /// Adds a socket that comes back to a registry. It is subscribed to nothing yet. Returns what
    /// it has missed of publications to all.
    pub(crate) fn attach_returning(
        &self,
        registry_id: RegistryId,
        returning: &Returning<'_>,
        began: Place,
        sender: Arc<SocketSender>,
    ) -> Result<Vec<MissedEvent>, Gap> {
        let (now, mut missed, mut outcome) = (Instant::now(), Vec::new(), Ok(()));
        self.notify(registry_id, |index| {
            let note = &mut |kept: &Kept| missed.push(missed_event(kept));
            outcome = index.missed_by_all(returning, began, now, note);
            let place = index.next_place();
            if let Some(stamps) = sender.stamps() {
                stamps.advance(place);
            }
            let namespace = returning.namespace.clone();
            index.attach(namespace.clone(), registry_id);
            RegistryMessage::Attach { namespace, id: returning.id, sender }
        });
        outcome.map(|()| missed)
    }

    /// Subscribes a socket that comes back to one of its channels, before the others. Returns what
    /// it has missed of it.
    pub(crate) fn subscribe_returning(
        &self,
        registry_id: RegistryId,
        returning: &Returning<'_>,
        channel: &ReturningChannel<'_>,
        sender: &SocketSender,
        joining: Option<JoiningMember>,
    ) -> Result<Vec<MissedEvent>, Gap> {
        let (now, mut missed, mut outcome) = (Instant::now(), Vec::new(), Ok(()));
        self.notify(registry_id, |index| {
            let from = channel.whole_from.max(returning.seen.place);
            let note = &mut |kept: &Kept| missed.push(missed_event(kept));
            outcome = index.missed_of(returning, Some(channel.channel), from, now, note);
            let place = index.next_place();
            if let Some(stamps) = sender.stamps() {
                stamps.advance(place);
            }
            index.subscribe_returning(registry_id, returning, channel, joining)
        });
        outcome.map(|()| missed)
    }

    /// Subscribes a socket that comes back to the rest of its channels, and sends it what it has
    /// missed, in one step. Fails if something is lost: then nothing has changed.
    pub(crate) fn restore(
        &self,
        registry_id: RegistryId,
        returning: &Returning<'_>,
        channels: &ReturningChannels<'_>,
        mut members: Vec<(Channel, JoiningMember)>,
        mut come_back: ComeBack,
    ) -> Result<(), Gap> {
        let ReturningChannels { pending, departures, pinned } = *channels;
        let now = Instant::now();
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        let missed = &mut come_back.missed;
        let mut note = |kept: &Kept| missed.push(missed_event(kept));
        for channel in pending {
            let from = channel.whole_from.max(returning.seen.place);
            index.missed_of(returning, Some(channel.channel), from, now, &mut note)?;
        }
        index.missed_before(returning, departures, now, &mut note)?;
        come_back.missed = MissedEvent::in_order(come_back.missed);
        let bytes = come_back.missed.iter().map(|one| one.frame().cost()).sum();
        check_amount(come_back.missed.len(), bytes, index.histories.limits())?;
        index.next_place();
        let mut all = Vec::with_capacity(pending.len() + 1);
        for channel in pending {
            let at = members.iter().position(|(of, _)| of == channel.channel);
            let joining = at.map(|at| members.swap_remove(at).1);
            all.push(state.notify(registry_id, |index| {
                index.subscribe_returning(registry_id, returning, channel, joining)
            }));
        }
        all.push(state.notify(registry_id, |index| {
            index.unpin(returning.namespace, returning.id, pinned);
            RegistryMessage::ComeBack(Box::new(come_back))
        }));
        drop(state);
        for notified in all {
            notified.wake();
        }
        Ok(())
    }
}

impl RegistryIndex {
    fn subscribe_returning(
        &mut self,
        registry_id: RegistryId,
        returning: &Returning<'_>,
        channel: &ReturningChannel<'_>,
        joining: Option<JoiningMember>,
    ) -> RegistryMessage {
        let (namespace, id) = (returning.namespace.clone(), returning.id);
        self.subscribe(&namespace, registry_id, id, channel.channel, channel.rule);
        self.begin_presence(&namespace, id, channel.channel, joining);
        RegistryMessage::Subscribe { namespace, id, channel: channel.channel.clone() }
    }

    /// Visits the publications to all that a socket has missed, unless one has named it.
    fn missed_by_all(
        &mut self,
        returning: &Returning<'_>,
        began: Place,
        now: Instant,
        visit: &mut dyn FnMut(&Kept),
    ) -> Result<(), Gap> {
        if self.named_last(returning.namespace, returning.id) > returning.seen.place {
            return Err(Gap::NoHistory);
        }
        self.missed_of(returning, None, began.max(returning.seen.place), now, visit)
    }

    /// Visits the publications of one channel that a socket has missed after a place.
    fn missed_of(
        &mut self,
        returning: &Returning<'_>,
        channel: Option<&Channel>,
        from: Place,
        now: Instant,
        visit: &mut dyn FnMut(&Kept),
    ) -> Result<(), Gap> {
        let Some(record) = self.record(returning.namespace, channel) else {
            let is_whole = self.unrecorded_newest(returning.namespace, channel) <= from;
            return if is_whole { Ok(()) } else { Err(Gap::Trimmed) };
        };
        let (newest, history) = (record.newest_for(returning.id), record.history);
        if newest <= from {
            return Ok(());
        }
        let history = history.ok_or(Gap::NoHistory)?;
        self.histories.expire_history(history, now);
        let kept = self.histories.since(history, from)?;
        kept.filter(|kept| kept.is_for(returning.id, returning.is_in)).for_each(visit);
        Ok(())
    }

    /// Visits the publications that a socket has missed of channels that the server took it out of.
    fn missed_before(
        &mut self,
        returning: &Returning<'_>,
        departures: &[Departure],
        now: Instant,
        visit: &mut dyn FnMut(&Kept),
    ) -> Result<(), Gap> {
        for Departure { channel, whole_from, end } in departures {
            let from = (*whole_from).max(returning.seen.place);
            if end.newest <= from {
                continue;
            }
            if self.record(returning.namespace, Some(channel)).is_none() {
                return Err(Gap::Trimmed);
            }
            let before = &mut |kept: &Kept| {
                if kept.place() <= end.place {
                    visit(kept);
                }
            };
            self.missed_of(returning, Some(channel), from, now, before)?;
        }
        Ok(())
    }
}

/// The bytes of what a socket has missed, if it may get as much at once.
fn check_amount(count: usize, bytes: usize, limits: &HistoryLimits) -> Result<usize, Gap> {
    if count > limits.max_recovered || bytes > limits.max_recovered_bytes {
        return Err(Gap::TooMuch);
    }
    Ok(bytes)
}

fn missed_event(kept: &Kept) -> MissedEvent {
    MissedEvent::Publication(Arc::clone(&kept.publication))
}
