use std::time::Duration;

use tokio::time::sleep;

use super::wire::DiffEvent;
use crate::{
    protocol::{Many, PacketCodec},
    registry::{Audience, DiffReceiver, PresenceDiff, Publication, PublishError, Sequencer},
};

/// How long a diff waits that finds too many publications on their way.
const RETRY: Duration = Duration::from_millis(10);

/// Publishes the diffs of all channels with presence, one after the other, so that those of a
/// channel are in the order of their versions.
///
/// It is the one task for the presence of a server, and ends with the server.
pub(crate) struct PresencePublisher {
    pub(crate) codec: PacketCodec,
    /// The name of the event.
    pub(crate) event: String,
    pub(crate) diffs: DiffReceiver,
}

impl PresencePublisher {
    pub(crate) async fn run(self) {
        while let Some((sequencer, diffs)) = self.diffs.next().await {
            for diff in diffs {
                self.publish(&sequencer, &diff).await;
            }
        }
    }

    async fn publish(&self, sequencer: &Sequencer, diff: &PresenceDiff) {
        let PresenceDiff { namespace, channel, version, .. } = diff;
        let data = Many((channel, DiffEvent::new(diff)));
        // The data is text and numbers, so this always succeeds.
        let Ok(packet) = self.codec.publication(namespace.as_str(), &self.event, &data, true)
        else {
            return;
        };
        let mut audience = Audience::everyone(namespace.clone());
        audience.to.push(channel.clone());
        let mut publication = Publication::new(audience, packet);
        // Clients that come back ask for the members as they are then.
        publication.skip_history = true;
        let published = loop {
            match sequencer.publish(publication.clone()) {
                // Subscribers would miss it for good.
                Err(PublishError::Overloaded) => sleep(RETRY).await,
                published => break published,
            }
        };
        let is_too_large = matches!(published, Err(PublishError::TooLarge { .. }));
        sequencer.set_diff_published(namespace, channel, *version, is_too_large);
    }
}
