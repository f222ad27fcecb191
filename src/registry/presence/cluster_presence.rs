use std::{
    fmt,
    sync::{Arc, Weak},
};

use tokio::{sync::Notify, time::Instant};

use super::{COST_OF_TURN, PresenceTable, told::ChannelMembers};
use crate::{
    model::{Channel, Namespace},
    registry::{Sequencer, SequencerInner},
};

/// Channels of another server that are removed before others may have the lock.
const CHANNELS_OF_TURN: usize = 16;

/// The presence of a server, for an adapter that shares it with the other servers of a cluster:
/// [`Adapter::presence`](crate::adapter::Adapter::presence).
///
/// The members of a channel are those of all servers. A user with sockets on two of them is one
/// member, and leaves when the last server has none of its sockets any more. Each server tells the
/// others of its own members alone, and its clients of all. So an adapter does this:
///
/// * It waits for [`changed`](Self::changed), and tells all other servers what
///   [`take_changes`](Self::take_changes) gives, in this order.
/// * Where [`take_needs_whole`](Self::take_needs_whole) says so, and to servers that may have
///   missed something, it tells everything: [`channel`](Self::channel) of each of
///   [`channels`](Self::channels). Changes may come in between.
/// * It hands what others tell to [`apply`](Self::apply), between
///   [`begin_whole`](Self::begin_whole) and [`end_whole`](Self::end_whole) if it is everything.
/// * It forgets a server that has gone, by [`forget_server`](Self::forget_server).
///
/// ```
/// use actix_socketio::adapter::{ChannelMembers, ClusterPresence};
///
/// /// Sends each change to the other servers.
/// async fn tell(presence: ClusterPresence, send: impl Fn(Vec<ChannelMembers>)) {
///     while presence.changed().await {
///         loop {
///             let changes = presence.take_changes();
///             if changes.is_empty() {
///                 break;
///             }
///             send(changes);
///         }
///     }
/// }
/// ```
///
/// It does not keep the server alive.
#[derive(Clone)]
pub struct ClusterPresence {
    sequencer: Weak<SequencerInner>,
    changed: Arc<Notify>,
}

impl ClusterPresence {
    fn with<T: Default>(&self, act: impl FnOnce(&mut PresenceTable) -> T) -> T {
        let Some(sequencer) = self.sequencer.upgrade() else { return T::default() };
        let mut state = sequencer.lock_state();
        let index = state.index_mut();
        let done = index.presence.as_deref_mut().map(act).unwrap_or_default();
        let wake_ups = index.presence_wake_ups();
        drop(state);
        wake_ups.wake();
        done
    }

    /// Waits until the other servers have to be told something. It may end too early. `false`: the
    /// server has been dropped.
    pub async fn changed(&self) -> bool {
        self.changed.notified().await;
        self.sequencer.strong_count() > 0
    }

    /// Takes some of the changes here that the other servers have not been told. Empty: they have
    /// been told all.
    pub fn take_changes(&self) -> Vec<ChannelMembers> {
        self.with(|presence| presence.take_untold(COST_OF_TURN))
    }

    /// Whether the others have to be told everything, because too much has changed since they were
    /// told. The answer is yes once.
    pub fn take_needs_whole(&self) -> bool {
        self.with(PresenceTable::take_needs_whole)
    }

    /// The channels in which this server has members or clients.
    pub fn channels(&self) -> Vec<(Namespace, Channel)> {
        self.with(|presence| presence.channels_here())
    }

    /// All that this server has in a channel. `None`: nothing.
    pub fn channel(&self, namespace: &Namespace, channel: &Channel) -> Option<ChannelMembers> {
        self.with(|presence| presence.tell_channel(namespace, channel))
    }

    /// Takes up what another server tells. `server` is its id among the servers.
    pub fn apply(&self, server: &str, told: Vec<ChannelMembers>) {
        self.with(|presence| presence.take_up(Instant::now(), server, told));
    }

    /// Another server begins to tell everything. Its members that are known stay meanwhile.
    pub fn begin_whole(&self, server: &str) {
        self.with(|presence| presence.begin_whole(server));
    }

    /// Another server has told everything since [`begin_whole`](Self::begin_whole): what it has not
    /// named has gone.
    pub fn end_whole(&self, server: &str) {
        while self.with(|presence| presence.end_whole(Instant::now(), server, CHANNELS_OF_TURN)) {}
    }

    /// Forgets another server. Members that no other server has are gone.
    pub fn forget_server(&self, server: &str) {
        while self.with(|presence| presence.forget_server(Instant::now(), server, CHANNELS_OF_TURN))
        {
        }
    }
}

impl fmt::Debug for ClusterPresence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterPresence").finish_non_exhaustive()
    }
}

impl Sequencer {
    /// Shares the presence of this server with others. `None`: no route has presence.
    pub(crate) fn share_presence(&self) -> Option<ClusterPresence> {
        let mut state = self.0.lock_state();
        let presence = state.index_mut().presence.as_deref_mut()?;
        Some(ClusterPresence {
            sequencer: Arc::downgrade(&self.0),
            changed: presence.enable_cluster(),
        })
    }
}
