//! Subscriptions, the order of publications, and the fan-out.
//!
//! [`Sequencer`] gives one order to everything: sockets that come and go, subscriptions, and
//! publications. It is a lock, held only to seal a publication and to put messages into the queues
//! of the [`ChannelRegistry`] actors that they are for.
//!
//! There is one [`ChannelRegistry`] on each worker's thread, and it knows the sockets of that
//! worker. A publication is one message for each worker with a subscriber. A delivery is a push
//! into the subscriber's [`SocketSender`], mostly on the socket's own thread. Queues keep the
//! order, so all subscribers see the order of the sequencer. No user code and no serialisation run
//! here: what comes in is encoded already.
//!
//! [`SocketSender`]: crate::outbox::SocketSender

mod adapter;
mod backpressure;
mod catching_up;
mod change;
mod channel_registry;
mod committing;
mod found_channels;
mod history;
mod index;
mod namespace_table;
mod ordered_publication;
#[cfg(any(feature = "admin", feature = "api"))]
mod overview;
mod past_run;
mod path_probe;
mod pins;
mod presence;
mod publication;
mod queue;
mod reading_on;
mod recording;
mod returning;
mod sequencer;
mod sequencer_state;
mod shared_order;
mod shared_past;
mod storing;
pub(crate) mod subscribers;
mod sweep;

pub use adapter::{
    AckRelay, Adapter, AdapterFuture, ClientAnswers, FoundSockets, JoinCluster, KeptChannels,
    RelayedAck, ServerAnswers, ServerEvent, SocketDescription,
};
pub(crate) use catching_up::{CatchUpAnswer, JoinedPlace, Joining};
pub(crate) use change::ChangeSender;
pub use change::{Change, Changes};
use channel_registry::ChannelRegistry;
pub(crate) use channel_registry::RegistryId;
pub use found_channels::FoundChannels;
pub(crate) use history::{CatchUp, CaughtUp, ChannelOutcome, Gap, HistoryLimits};
pub(crate) use pins::NewestPlace;
pub use presence::{ChannelMembers, ClusterPresence, ServerMember};
pub(crate) use presence::{
    DiffContent, DiffReceiver, ListedMember, PresenceCounts, PresenceDiff, PresenceView,
};
pub use publication::{Audience, Publication, PublishError, Receipt};
pub(crate) use queue::ComeBack;
pub(crate) use returning::{
    ChannelEnd, Departure, DetachedChannels, Returning, ReturningChannel, ReturningChannels,
};
use sequencer::SequencerInner;
pub(crate) use sequencer::{Sequencer, SequencerLimits};
pub use shared_past::{
    ClusterOrder, ClusterSession, MembershipChange, PastReceiver, SharedPast, TakenSession,
};

#[cfg(test)]
mod tests;
