mod stored;

use std::{collections::VecDeque, sync::Arc};

use serde_json::{Map, Value};

pub(crate) use stored::{AbsenceRecord, StoredAbsence};

use super::Socket;
#[cfg(feature = "jwt")]
use crate::model::KnownUser;
use crate::{
    model::{
        Channel, ChannelMatch, ChannelRoutes, DisconnectReason, History, Namespace, Place, Point,
        PrivateId, SocketId,
    },
    outbox::KeptDirects,
    registry::{ChannelEnd, Departure, Gap, Returning, ReturningChannel, Sequencer},
};

/// The state of a socket that is away, with which it may come back.
pub(crate) struct SocketAbsence {
    pub(crate) id: SocketId,
    pub(crate) pid: PrivateId,
    pub(crate) namespace: Namespace,
    /// The routes of its router, which its channels refer to.
    pub(super) channel_routes: Arc<ChannelRoutes>,
    /// The place at which the socket began.
    pub(super) began: Place,
    pub(super) channels: Vec<AbsentChannel>,
    pub(super) departures: Departures,
    pub(super) context: Map<String, Value>,
    /// The newest event that no history covers.
    pub(crate) uncovered: Point,
    /// The events for its client alone that can be replayed.
    pub(crate) kept: KeptDirects,
    pub(super) slow_ends: u8,
}

#[cfg(test)]
impl SocketAbsence {
    /// A socket that was in no channel.
    pub(crate) fn without_channels(id: SocketId, pid: PrivateId, namespace: Namespace) -> Self {
        Self {
            id,
            pid,
            namespace,
            channel_routes: Arc::new(ChannelRoutes::new(&[]).unwrap()),
            began: Place::default(),
            channels: Vec::new(),
            departures: Departures::default(),
            context: Map::new(),
            uncovered: Point::default(),
            kept: KeptDirects::default(),
            slow_ends: 0,
        }
    }
}

/// A channel of a socket that is away.
pub(super) struct AbsentChannel {
    pub(super) channel: Channel,
    pub(super) place: Place,
    pub(super) whole_from: Place,
    pub(super) matched: Arc<ChannelMatch>,
}

/// The channels that the server has last taken a socket out of.
#[derive(Debug, Default)]
pub(super) struct Departures {
    pub(super) last: VecDeque<Departure>,
    /// The newest publication to those before them. A client without it may have lost something.
    pub(super) forgotten: Place,
}

impl Departures {
    /// The number of channels that are remembered.
    const MAX: usize = 8;

    pub(super) fn add(&mut self, channel: Channel, whole_from: Place, end: ChannelEnd) {
        if self.last.len() == Self::MAX
            && let Some(first) = self.last.pop_front()
        {
            self.forgotten = self.forgotten.max(first.end.newest);
        }
        self.last.push_back(Departure { channel, whole_from, end });
    }
}

impl SocketAbsence {
    /// The memory of an absence beside its channels and values, roughly.
    const BASE_BYTES: usize = 600;
    /// The memory of a channel beside its name, roughly.
    const CHANNEL_BYTES: usize = 150;

    /// The memory that it takes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let channels = self.channels.iter().map(|one| Self::CHANNEL_BYTES + one.channel.len());
        let context = self.context.iter().map(|(name, value)| name.len() + value_bytes(value));
        Self::BASE_BYTES + channels.sum::<usize>() + context.sum::<usize>() + self.kept.bytes()
    }

    /// Its channels, each with the history that it has by the routes.
    pub(crate) fn histories(&self) -> impl Iterator<Item = (&Channel, Option<History>)> {
        self.channels.iter().map(|one| (&one.channel, one.matched.options.history))
    }

    /// Whether these are the routes of its router. Two families may share a namespace.
    pub(crate) fn has_routes(&self, routes: &Arc<ChannelRoutes>) -> bool {
        Arc::ptr_eq(&self.channel_routes, routes)
    }

    /// Whether it was the socket of this user.
    #[cfg(feature = "jwt")]
    pub(crate) fn was_of(&self, user: &KnownUser) -> bool {
        user.was_in(self.channels.iter().map(|one| &one.channel))
    }

    pub(crate) fn is_in(&self, channel: &Channel) -> bool {
        self.channels.iter().any(|one| one.channel == *channel)
    }

    pub(crate) fn channel_names(&self) -> Vec<Channel> {
        self.channels.iter().map(|one| one.channel.clone()).collect()
    }

    /// Takes it out of a channel. Returns whether it was in it.
    pub(crate) fn leave(&mut self, channel: &Channel, end: ChannelEnd) -> bool {
        let Some(at) = self.channels.iter().position(|one| one.channel == *channel) else {
            return false;
        };
        let left = self.channels.swap_remove(at);
        self.departures.add(left.channel, left.whole_from, end);
        true
    }

    /// A socket of a server that keeps no places with it. Its client has seen everything up to one.
    pub(crate) fn of_another(
        (pid, id, namespace): (PrivateId, SocketId, Namespace),
        channels: Vec<Channel>,
        context: Map<String, Value>,
        routes: &Arc<ChannelRoutes>,
        seen: Place,
    ) -> Self {
        let channels = channels.into_iter().map(|channel| {
            let matched = routes.matches(&channel);
            AbsentChannel { channel, place: seen, whole_from: seen, matched }
        });
        Self {
            id,
            pid,
            namespace,
            channel_routes: Arc::clone(routes),
            began: seen,
            channels: channels.collect(),
            departures: Departures::default(),
            context,
            uncovered: Point::default(),
            kept: KeptDirects::default(),
            slow_ends: 0,
        }
    }

    pub(crate) fn context(&self) -> &Map<String, Value> {
        &self.context
    }

    /// The point at which the socket began: its client needs nothing of before.
    pub(crate) fn began(&self) -> Point {
        Point::of(self.began)
    }

    /// The newest place at which it joined something.
    pub(crate) fn newest_place(&self) -> Place {
        let channels = self.channels.iter().map(|one| one.place);
        channels.chain([self.began]).max().unwrap_or_default()
    }

    /// The bytes that a client which has seen everything up to a point has missed, if it can have
    /// all of it.
    pub(crate) fn missed_bytes(&self, sequencer: &Sequencer, seen: Point) -> Result<usize, Gap> {
        if seen < self.uncovered || seen.place < self.departures.forgotten {
            return Err(Gap::NoHistory);
        }
        let returning = Returning {
            namespace: &self.namespace,
            id: self.id,
            seen,
            is_in: &|channel| self.is_in(channel),
        };
        let channels = self.channels.iter().map(|one| ReturningChannel {
            channel: &one.channel,
            rule: one.matched.options.history,
            whole_from: one.whole_from,
        });
        let departures: Vec<_> = self.departures.last.iter().cloned().collect();
        let missed = sequencer.missed_bytes(&returning, self.began, channels, &departures)?;
        Ok(missed + self.kept.since(seen).map(|(_, frame)| frame.cost()).sum::<usize>())
    }
}

/// The memory of a JSON value, roughly.
fn value_bytes(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(value_bytes).sum(),
            Value::Object(map) => {
                map.iter().map(|(name, value)| 48 + name.len() + value_bytes(value)).sum()
            }
            _ => 0,
        }
}

/// # Coming back
impl Socket {
    /// Whether the client has come back, with the same id, channels and context, and receives
    /// everything that it missed. See [`Builder::recovery`](crate::Builder::recovery).
    ///
    /// ```
    /// use actix_socketio::{HandlerResult, OnConnect};
    ///
    /// async fn greet(event: OnConnect) -> HandlerResult {
    ///     if !event.socket.recovered() {
    ///         event.socket.send("welcome")?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn recovered(&self) -> bool {
        self.inner.recovery.as_ref().is_some_and(|recovery| recovery.is_recovered)
    }

    /// The secret by which the client comes back.
    pub(crate) fn private_id(&self) -> Option<PrivateId> {
        self.inner.recovery.as_ref().map(|recovery| recovery.pid)
    }

    /// Whether it was away, and its client is not admitted again yet.
    pub(crate) fn is_returning(&self) -> bool {
        self.inner.membership.is_returning()
    }

    /// The socket does not come back: it was put out.
    pub(crate) fn set_forgotten(&self) {
        if let Some(recovery) = &self.inner.recovery {
            recovery.set_forgotten();
        }
    }

    /// Whether a socket that ends for this reason may come back.
    pub(crate) fn may_return(&self, reason: DisconnectReason) -> bool {
        self.inner.recovery.as_ref().is_some_and(|recovery| recovery.may_return(reason))
    }

    /// Ends the socket as [`Socket::detach`] does, and keeps what it needs to come back.
    pub(crate) fn detach_to_return(
        &self,
        reason: DisconnectReason,
        admitted: bool,
    ) -> Option<SocketAbsence> {
        self.close_sender();
        let inner = &*self.inner;
        let (recovery, stamps) = (inner.recovery.as_ref()?, inner.sender.stamps()?);
        let ended = admitted.then_some(reason);
        let (channels, departures) =
            inner.membership.close_to_return(&inner.namespace, inner.registry_id, inner.id, ended);
        let uncovered = match inner.namespace.sequencer.has_gap_after(recovery.here_since) {
            true => Point { place: Place::new(u64::MAX), directs: u32::MAX },
            false => stamps.uncovered(),
        };
        Some(SocketAbsence {
            id: inner.id,
            pid: recovery.pid,
            namespace: inner.namespace.name.clone(),
            channel_routes: Arc::clone(&inner.channel_routes),
            began: recovery.began,
            channels,
            departures,
            context: inner.context.entries(),
            uncovered,
            kept: stamps.kept(),
            slow_ends: recovery.slow_ends_after(reason),
        })
    }
}
