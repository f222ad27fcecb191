use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::Gap;
use crate::{
    model::{Channel, Namespace, Place, SocketId},
    outbox::PlacedFrame,
    protocol::StoredPacket,
    registry::Audience,
    store::StoredPublication,
};

/// The publications that one channel keeps, the oldest first.
#[derive(Debug, Default)]
pub(super) struct ChannelHistory {
    kept: VecDeque<Kept>,
    /// The place of the newest publication that is not kept any more. All up to it may be missing.
    trimmed: Place,
}

/// A publication in a history.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) publication: Arc<PlacedFrame>,
    pub(super) expires: Option<Instant>,
    /// Its receivers. `None`: all subscribers of the one channel that keeps it, as mostly.
    pub(super) audience: Option<Arc<KeptAudience>>,
}

/// The receivers of a publication that are not just the subscribers of one channel.
#[derive(Debug, Default)]
pub(crate) struct KeptAudience {
    /// All its channels, if there are several: subscribers of one of them have it already.
    pub(in crate::registry) to: Vec<Channel>,
    /// Sockets that had it in any case.
    pub(in crate::registry) including: Vec<SocketId>,
    /// The channels and the sockets that it was not for.
    pub(in crate::registry) except: Vec<Channel>,
    pub(in crate::registry) except_sockets: Vec<SocketId>,
}

impl KeptAudience {
    /// `None`: it went to all subscribers of the one channel that keeps it.
    pub(in crate::registry) fn of(audience: &Audience) -> Option<Arc<Self>> {
        let Audience { to, sockets, including, except, except_sockets, .. } = audience;
        let to: &[Channel] = if to.len() > 1 { to } else { &[] };
        let is_plain = to.is_empty() && sockets.is_empty() && including.is_empty();
        if is_plain && except.is_empty() && except_sockets.is_empty() {
            return None;
        }
        Some(Arc::new(Self {
            to: to.to_vec(),
            including: sockets.iter().chain(including).copied().collect(),
            except: except.clone(),
            except_sockets: except_sockets.clone(),
        }))
    }
}

impl Kept {
    /// The memory of an entry beside its frame: what it has in the queue and in the orders of all
    /// entries, roughly.
    const OVERHEAD: usize = 160;

    pub(in crate::registry) fn new(
        publication: Arc<PlacedFrame>,
        audience: Option<Arc<KeptAudience>>,
    ) -> Self {
        Self { publication, expires: None, audience }
    }

    pub(in crate::registry) fn place(&self) -> Place {
        self.publication.place()
    }

    /// The time until it becomes too old.
    pub(in crate::registry) fn rest(&self, now: Instant) -> Option<Duration> {
        self.expires.map(|expires| expires.saturating_duration_since(now))
    }

    /// The same for a store.
    pub(in crate::registry) fn stored(
        &self,
        namespace: &Namespace,
        channels: Vec<Channel>,
        at: SystemTime,
    ) -> StoredPublication {
        let packet = StoredPacket::of(self.publication.frame().clone());
        let stored = StoredPublication::new(namespace.clone(), channels, at, packet);
        let stored = stored.at_place(self.place());
        match &self.audience {
            None => stored,
            Some(one) => stored.except(one.except.clone(), one.except_sockets.clone()),
        }
    }

    pub(super) fn cost(&self) -> usize {
        self.publication.frame().cost() + Self::OVERHEAD
    }

    /// Whether it is for a socket, which is in the channels for which `is_in` holds.
    pub(in crate::registry) fn is_for(
        &self,
        socket: SocketId,
        is_in: impl Fn(&Channel) -> bool,
    ) -> bool {
        self.audience.as_ref().is_none_or(|one| {
            !one.except_sockets.contains(&socket) && !one.except.iter().any(is_in)
        })
    }

    /// The sockets that it was not for.
    pub(in crate::registry) fn except_sockets(&self) -> &[SocketId] {
        self.audience.as_ref().map_or(&[], |audience| &audience.except_sockets)
    }

    /// Whether a socket has had it already, without this channel. `has_from`: the place from which
    /// on it has what was published to a channel that it is in.
    pub(in crate::registry) fn was_for(
        &self,
        socket: SocketId,
        has_from: impl Fn(&Channel) -> Option<Place>,
    ) -> bool {
        self.audience.as_ref().is_some_and(|one| {
            let has = |channel| has_from(channel).is_some_and(|from| from < self.place());
            one.including.contains(&socket) || one.to.iter().any(has)
        })
    }
}

impl ChannelHistory {
    /// A history that may have had publications up to a place.
    pub(super) fn after(trimmed: Place) -> Self {
        Self { kept: VecDeque::new(), trimmed }
    }

    pub(super) fn push(&mut self, kept: Kept) {
        self.kept.push_back(kept);
    }

    /// Drops the oldest.
    pub(super) fn pop(&mut self) -> Option<Kept> {
        let oldest = self.kept.pop_front()?;
        self.uncover(oldest.place());
        Some(oldest)
    }

    /// Publications up to a place may be missing.
    pub(super) fn uncover(&mut self, place: Place) {
        self.trimmed = place.max(self.trimmed);
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn trimmed(&self) -> Place {
        self.trimmed
    }

    /// All of it, the oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Kept> {
        self.kept.iter()
    }

    /// Lists the publications after a place. Fails if something after it is not kept any more.
    pub(super) fn since(&self, place: Place) -> Result<impl Iterator<Item = &Kept>, Gap> {
        if self.trimmed > place {
            return Err(Gap::Trimmed);
        }
        let seen = self.kept.partition_point(|kept| kept.place() <= place);
        Ok(self.kept.range(seen..))
    }
}
