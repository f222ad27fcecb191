use std::sync::Arc;

use super::Kept;
use crate::{
    model::{Channel, Place},
    outbox::PlacedFrame,
    registry::PresenceView,
};

/// The publications that a client wants of the channels to which it subscribes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CatchUp {
    /// All that came after a place. Or why it can't have that.
    pub(crate) since: Result<Place, Gap>,
    /// The newest, this number at most, if it does not get all.
    pub(crate) last: Option<usize>,
    /// Whether it asks for their members.
    pub(crate) presence: bool,
}

/// Why a client does not get all that it has missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)]
pub(crate) enum Gap {
    /// It did not say what it has.
    NoPosition,
    /// It gave a position that this server has not reached.
    UnknownPosition,
    /// The server has lost its places since.
    Epoch,
    /// The channel keeps nothing, and has had publications.
    NoHistory,
    /// The history does not reach back to it.
    Trimmed,
    /// It is more than a client may get at once.
    TooMuch,
    /// The server has crashed since, and may have lost the end of the histories.
    Crash,
    /// The client is subscribed already. Earlier publications can't be put in order.
    Subscribed,
}

impl Gap {
    /// The reason as clients read it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NoPosition => "no position",
            Self::UnknownPosition => "unknown position",
            Self::Epoch => "epoch",
            Self::NoHistory => "no history",
            Self::Trimmed => "trimmed",
            Self::TooMuch => "too much",
            Self::Crash => "crash",
            Self::Subscribed => "subscribed",
        }
    }
}

/// The outcome for a client that subscribes and says where it was.
#[derive(Debug)]
pub(crate) struct CaughtUp {
    /// The place of the subscriptions: what the client has when it has read what it missed.
    pub(crate) place: Place,
    pub(crate) channels: Vec<ChannelOutcome>,
    /// The members of each of them, if the client asks. `None`: the channel has no presence.
    pub(crate) presence: Vec<Option<PresenceView>>,
    pub(crate) missed: Vec<Arc<PlacedFrame>>,
}

/// The outcome for one of its channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelOutcome {
    pub(crate) channel: Channel,
    /// Publications of this channel among the missed.
    pub(crate) missed: usize,
    pub(crate) gap: Option<Gap>,
}

/// The publications of one channel for a client, in order.
#[derive(Debug, Default)]
pub(in crate::registry) struct Missed {
    pub(in crate::registry) publications: Vec<Arc<PlacedFrame>>,
    /// The place from which on these are all. `None`: it has nothing from before.
    pub(in crate::registry) from: Option<Place>,
    pub(in crate::registry) gap: Option<Gap>,
}

impl Missed {
    pub(in crate::registry) fn nothing(gap: Gap) -> Self {
        Self { gap: Some(gap), ..Self::default() }
    }

    pub(in crate::registry) fn of<'a>(
        kept: impl IntoIterator<Item = &'a Kept>,
        from: Place,
    ) -> Self {
        let publications = kept.into_iter().map(|kept| Arc::clone(&kept.publication)).collect();
        Self { publications, from: Some(from), gap: None }
    }
}

/// Puts the publications of several channels into one order. One that went to several of them is
/// there once.
pub(in crate::registry) fn merge(
    channels: impl IntoIterator<Item = Vec<Arc<PlacedFrame>>>,
) -> Vec<Arc<PlacedFrame>> {
    let mut all: Vec<_> = channels.into_iter().flatten().collect();
    all.sort_by_key(|one| one.place());
    all.dedup_by_key(|one| one.place());
    all
}
