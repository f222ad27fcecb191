//! The order of a cluster, as this server has read it.

use std::time::Duration;

use super::{Sequencer, SharedPast, index::RegistryIndex};
use crate::{
    deadline::within,
    model::{Channel, History, Namespace, Place, SocketId},
};

/// How long a client waits for this server to read on, if it knows more than the server: it comes
/// from a server that is ahead.
const READING_ON: Duration = Duration::from_secs(1);

impl Sequencer {
    /// Whether a cluster orders what its servers publish.
    pub(crate) fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    /// Nothing is left to come before a place.
    pub(crate) fn advance_to(&self, place: Place) {
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        if index.shared.is_some() {
            index.place = place.max(index.place);
        }
    }

    /// The past of the cluster before a place is unknown.
    pub(crate) fn past_begins_at(&self, place: Place) {
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        if index.shared.is_some() {
            index.past_begins_at(place);
        }
    }

    /// Whether a socket that has been here since a place may lack something of the cluster's
    /// stream. Its later positions do not show that.
    pub(crate) fn has_gap_after(&self, place: Place) -> bool {
        self.is_shared() && place < self.0.lock_state().index_mut().floor()
    }

    /// Waits until this server has read the cluster's stream up to a place. Returns whether it has.
    pub(crate) async fn reach(&self, past: &dyn SharedPast, place: Place) -> bool {
        if place <= self.place() {
            return true;
        }
        let has_read = within(READING_ON, past.has_read(place)).await.is_some();
        if has_read {
            self.advance_to(place);
        }
        has_read
    }

    /// Keeps the channels known of a socket that was away and that another server has kept.
    pub(crate) fn pin_shared<'a>(
        &self,
        namespace: &Namespace,
        id: SocketId,
        channels: impl Iterator<Item = (&'a Channel, Option<History>)>,
    ) {
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        index.namespace_or_new(namespace).away.insert(id, Place::START);
        for (channel, rule) in channels {
            index.pin_shared(namespace, channel, rule);
        }
    }
}

impl RegistryIndex {
    fn pin_shared(&mut self, namespace: &Namespace, channel: &Channel, rule: Option<History>) {
        let new = self.new_record(namespace, channel, rule);
        let namespace_index = self.namespace_or_new(namespace);
        let record = namespace_index.channels.entry(channel.clone()).or_insert(new);
        record.pins += 1;
        record.rule = Some(rule);
    }
}
