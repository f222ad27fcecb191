use std::fmt;

use bytes::Bytes;

use super::StoredPublication;
use crate::model::{Channel, Epoch, Namespace, Place};

/// The server's settings for a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreParams {
    /// The epoch to begin, if the store has none to go on with.
    pub new_epoch: Epoch,
    /// Bytes of publications that may wait to be stored.
    pub max_queue: usize,
    /// Describes the routes whose publications are delivered after their commit. The store keeps
    /// it, and compares it.
    pub setup: Bytes,
}

impl StoreParams {
    /// Parameters for a server without routes that are delivered after their commit.
    pub fn new(new_epoch: Epoch, max_queue: usize) -> Self {
        Self { new_epoch, max_queue, setup: Bytes::new() }
    }
}

/// Everything that a store has kept of the server's previous run.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The epoch of all places, also of those to come.
    pub epoch: Epoch,
    /// The first place to give out. All places that were ever given out in this epoch are smaller.
    pub next_place: Place,
    /// Whether the previous run ended with [`HistoryStore::close`](super::HistoryStore::close), or
    /// there was no previous run. If not, the newest publications may be lost.
    pub is_clean: bool,
    /// A client with a position before this place was here before a crash: it may have missed
    /// publications that are lost, or have seen some that are. Publications that were delivered
    /// after their commit are not concerned. [`Place::START`] if no run has crashed.
    pub whole_from: Place,
    /// The same for channels whose publications are delivered after their commit: crashes do not
    /// concern them that came while [`StoreParams::setup`] was as it is now.
    pub committed_from: Place,
    /// Positions from the first of two places on, and before the second, are in doubt: a client
    /// with one may not have received publications that were committed before their delivery. It
    /// concerns the routes that [`whole_from`](Self::whole_from) does not. Such positions exist
    /// only if a crash came while other publications overtook them: see
    /// [`StoreHost::reserve_ahead`](super::StoreHost::reserve_ahead).
    pub in_doubt: Vec<(Place, Place)>,
    /// All publications of any channel that are gone are before or at this place. It holds for
    /// channels that have no mark in [`channels`](Self::channels).
    pub floor: Place,
    /// The publications, in their order. The store has not applied any bounds of histories: some
    /// of these may have fallen off their histories already.
    pub publications: Vec<StoredPublication>,
    /// The [`Closing::channels`] of the previous run. Empty if the previous run did not end clean.
    pub channels: Vec<ChannelMark>,
    /// The [`Closing::sessions`] of the previous run. Empty if the previous run did not end clean.
    pub sessions: Vec<Bytes>,
}

impl Loaded {
    /// An empty store, which begins an epoch.
    pub fn empty(epoch: Epoch) -> Self {
        Self {
            epoch,
            next_place: Place::START.next(),
            is_clean: true,
            whole_from: Place::START,
            committed_from: Place::START,
            in_doubt: Vec::new(),
            floor: Place::START,
            publications: Vec::new(),
            channels: Vec::new(),
            sessions: Vec::new(),
        }
    }
}

/// The content of a channel's record, beside its history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelMark {
    /// The channel's namespace.
    pub namespace: Namespace,
    /// The channel, or `None` for the history of the whole namespace.
    pub channel: Option<Channel>,
    /// The place of its newest publication, whether a history keeps it or not.
    pub last: Place,
    /// The place of the newest publication that fell off its history.
    pub trimmed: Place,
}

impl ChannelMark {
    /// A mark of a channel, or of a whole namespace.
    pub fn new(
        namespace: Namespace,
        channel: Option<Channel>,
        last: Place,
        trimmed: Place,
    ) -> Self {
        Self { namespace, channel, last, trimmed }
    }
}

/// The things that a server leaves behind at a clean stop.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closing {
    /// The first place that was not given out.
    pub next_place: Place,
    /// All publications of channels without a mark are before or at this place.
    pub floor: Place,
    /// The marks of all channels that have a history.
    pub channels: Vec<ChannelMark>,
    /// Sessions that may be restored, each as bytes that the server can read. They are secret: who
    /// knows one can take the place of its client. `Debug` shows their number.
    pub sessions: Vec<Bytes>,
}

impl Closing {
    /// Nothing but the first place that was not given out.
    pub fn new(next_place: Place) -> Self {
        Self { next_place, ..Self::default() }
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("epoch", &self.epoch)
            .field("next_place", &self.next_place)
            .field("is_clean", &self.is_clean)
            .field("whole_from", &self.whole_from)
            .field("committed_from", &self.committed_from)
            .field("in_doubt", &self.in_doubt)
            .field("floor", &self.floor)
            .field("publications", &self.publications)
            .field("channels", &self.channels)
            .field("sessions", &self.sessions.len())
            .finish()
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing")
            .field("next_place", &self.next_place)
            .field("floor", &self.floor)
            .field("channels", &self.channels)
            .field("sessions", &self.sessions.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_reveal_a_session() {
        let (mut closing, mut loaded) = (Closing::new(Place::new(7)), Loaded::empty(Epoch::new(1)));
        closing.sessions = vec![Bytes::from_static(b"secret")];
        loaded.sessions = closing.sessions.clone();
        let text = format!("{closing:?} {loaded:?}");
        assert!(!text.contains("secret"), "{text}");
        assert_eq!(text.matches("sessions: 1").count(), 2);
    }
}
