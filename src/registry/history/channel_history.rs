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
    /// The sockets that it was not for. Most publications have none.
    pub(super) exceptions: Option<Arc<Exceptions>>,
}

/// The sockets that a publication was not for.
#[derive(Debug)]
pub(crate) struct Exceptions {
    pub(in crate::registry) channels: Vec<Channel>,
    pub(in crate::registry) sockets: Vec<SocketId>,
}

impl Kept {
    /// The memory of an entry beside its frame: what it has in the queue and in the orders of all
    /// entries, roughly.
    const OVERHEAD: usize = 160;

    pub(in crate::registry) fn new(
        publication: Arc<PlacedFrame>,
        exceptions: Option<Arc<Exceptions>>,
    ) -> Self {
        Self { publication, expires: None, exceptions }
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
        match &self.exceptions {
            None => stored,
            Some(but) => stored.except(but.channels.clone(), but.sockets.clone()),
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
        self.exceptions
            .as_ref()
            .is_none_or(|but| !but.sockets.contains(&socket) && !but.channels.iter().any(is_in))
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
        self.trimmed = oldest.place();
        Some(oldest)
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
