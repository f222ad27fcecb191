use std::sync::Arc;

use tokio::time::Instant;

use super::{DiffReceiver, DueDiffs, PresenceCounts, PresenceTable, PresenceView};
use crate::{
    model::{Channel, Namespace, Place},
    outbox::SocketSender,
    protocol::Frame,
    registry::{RegistryId, Sequencer, queue::RegistryMessage},
};

/// Presence, in the sequencer's order. Without [`Sequencer::enable_presence`] all channels are
/// empty, and no diff is ever due.
impl Sequencer {
    /// Keeps the members of channels from now on. They may take this many bytes.
    pub(crate) fn enable_presence(&self, max_bytes: usize) -> DiffReceiver {
        let due = self.0.lock_state().index_mut().enable_presence(max_bytes);
        DiffReceiver::new(&self.0, due)
    }

    fn with_presence<T>(&self, act: impl FnOnce(&mut PresenceTable) -> T) -> Option<T> {
        self.0.lock_state().index_mut().presence.as_deref_mut().map(act)
    }

    /// The members of a channel now.
    pub(crate) fn presence(&self, namespace: &Namespace, channel: &Channel) -> PresenceView {
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        let view = index.view_presence(namespace, channel);
        view.unwrap_or_else(|| PresenceView {
            version: *index.version(),
            ..PresenceView::default()
        })
    }

    /// How many are in a channel now.
    pub(crate) fn presence_counts(
        &self,
        namespace: &Namespace,
        channel: &Channel,
    ) -> PresenceCounts {
        self.with_presence(|presence| presence.counts(namespace, channel)).unwrap_or_default()
    }

    /// Sends one socket the members of a channel, in the form that `encode` gives them, before all
    /// later diffs. The registry calls `encode` where the answer stands in the order.
    pub(crate) fn send_presence(
        &self,
        registry_id: RegistryId,
        sender: Arc<SocketSender>,
        namespace: &Namespace,
        channel: &Channel,
        encode: impl FnOnce(&PresenceView) -> Option<Frame> + Send + 'static,
    ) {
        let mut state = self.0.lock_state();
        let view = state.index_mut().view_presence(namespace, channel).unwrap_or_default();
        let encode = Box::new(move || encode(&view));
        let notified = state.notify(registry_id, |_| RegistryMessage::Push { sender, encode });
        drop(state);
        notified.wake();
    }

    /// Takes diffs that are due.
    pub(super) fn take_due_diffs(&self) -> DueDiffs {
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        let mut version = *index.version();
        let mut presence = index.presence.as_deref_mut();
        let due = presence.as_mut().map(|table| table.take_due(Instant::now(), &mut version));
        // Members have gone whose time was over. The caller looks for its own next diff.
        let cluster = presence.and_then(PresenceTable::take_cluster_wake_up);
        *index.version() = version;
        drop(state);
        if let Some(cluster) = cluster {
            cluster.notify_one();
        }
        due.unwrap_or(DueDiffs { diffs: Vec::new(), next: None })
    }

    /// Notes that a diff has its place. `is_too_large`: it had none, because no outbox could take
    /// it, and a smaller one follows.
    pub(crate) fn set_diff_published(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        version: Place,
        is_too_large: bool,
    ) {
        let now = Instant::now();
        self.with_presence(|presence| {
            presence.set_published(now, namespace, channel, version, is_too_large);
        });
    }

    /// Waits until all that has changed in a channel until now has been published.
    pub(crate) async fn presence_published(&self, namespace: &Namespace, channel: &Channel) {
        let awaited = self.with_presence(|presence| {
            let version = presence.version_of_all(namespace, channel)?;
            Some((version, Arc::clone(&presence.published)))
        });
        let Some((version, published)) = awaited.flatten() else { return };
        loop {
            let published = published.notified();
            tokio::pin!(published);
            // Before the look: what is published after it is not missed.
            published.as_mut().enable();
            let newest =
                self.with_presence(|presence| presence.published_version(namespace, channel));
            if newest.flatten().is_none_or(|newest| newest >= version) {
                return;
            }
            published.await;
        }
    }
}
