//! The subscriptions of a namespace as the HTTP API and the Admin UI see them.

use super::{
    Publication, PublishError, Sequencer,
    ordered_publication::{Ordered, Report},
};
#[cfg(feature = "api")]
use crate::model::Channel;
use crate::model::{Namespace, Place, SocketId};

impl Sequencer {
    /// Sends a publication on its way. Returns its place, unless it has none before its commit.
    pub(crate) fn publish_placed(
        &self,
        publication: Publication,
    ) -> Result<Option<Place>, PublishError> {
        match self.order(publication, Report::Nothing)? {
            Ordered::Now(place) => Ok(Some(place)),
            Ordered::Nowhere | Ordered::Later(_) => Ok(None),
        }
    }

    /// The channels of a namespace with the number of their subscribers, in no particular order.
    #[cfg(feature = "api")]
    pub(crate) fn subscriber_counts(&self, namespace: &Namespace) -> Vec<(Channel, usize)> {
        let mut state = self.0.lock_state();
        let Some(index) = state.index_mut().namespaces.get(namespace) else { return Vec::new() };
        let counts = index.channels.iter().map(|(channel, record)| (channel, record.subscribers()));
        let open = counts.filter(|(_, count)| *count > 0);
        open.map(|(channel, count)| (channel.clone(), count)).collect()
    }

    /// Whether a socket is away and may come back.
    pub(crate) fn is_away(&self, namespace: &Namespace, id: &SocketId) -> bool {
        let mut state = self.0.lock_state();
        let index = state.index_mut().namespaces.get(namespace);
        index.is_some_and(|index| index.away.contains_key(id))
    }

    /// The number of a channel's subscribers that are away and may come back.
    #[cfg(feature = "api")]
    pub(crate) fn away_in(&self, namespace: &Namespace, channel: &Channel) -> usize {
        let mut state = self.0.lock_state();
        let record = state.index_mut().record(namespace, Some(channel));
        record.map_or(0, |record| record.pins)
    }
}
