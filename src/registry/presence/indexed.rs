use std::sync::Arc;

use tokio::{sync::Notify, time::Instant};

use super::{PresenceTable, PresenceView, PresenceWakeUps};
use crate::{
    model::{Channel, JoiningMember, Namespace, PresenceExit, SocketId},
    registry::index::RegistryIndex,
};

/// Presence, for the sequencer. Without a table all channels are empty.
impl RegistryIndex {
    /// Keeps the members of channels from now on. They may take this many bytes. Returns the signal
    /// that a diff is due.
    pub(super) fn enable_presence(&mut self, max_bytes: usize) -> Arc<Notify> {
        let (changes, counters) = (self.changes.clone(), Arc::clone(&self.counters));
        let table = PresenceTable::new(max_bytes, changes, counters);
        let due = Arc::clone(&table.due);
        self.presence = Some(Box::new(table));
        due
    }

    /// Notes who a socket is that has subscribed to a channel.
    pub(in crate::registry) fn begin_presence(
        &mut self,
        namespace: &Namespace,
        socket: SocketId,
        channel: &Channel,
        joining: Option<JoiningMember>,
    ) {
        if let (Some(presence), Some(joining)) = (&mut self.presence, joining) {
            presence.join(Instant::now(), namespace, channel, socket, joining);
        }
    }

    /// Notes that a socket leaves these channels.
    pub(in crate::registry) fn end_presence(
        &mut self,
        namespace: &Namespace,
        socket: SocketId,
        channels: &[Channel],
        exit: PresenceExit,
    ) {
        if let Some(presence) = self.presence.as_mut().filter(|presence| !presence.is_empty()) {
            let now = Instant::now();
            for channel in channels {
                presence.leave(now, namespace, channel, socket, exit);
            }
        }
    }

    /// The members of a channel now. `None`: it has no presence, or no member and no subscriber.
    pub(in crate::registry) fn view_presence(
        &mut self,
        namespace: &Namespace,
        channel: &Channel,
    ) -> Option<PresenceView> {
        let version = *self.version();
        self.presence.as_mut()?.view(version, namespace, channel)
    }

    /// The tasks that have to wake.
    pub(in crate::registry) fn presence_wake_ups(&mut self) -> PresenceWakeUps {
        self.presence.as_mut().map(|presence| presence.take_wake_ups()).unwrap_or_default()
    }
}
