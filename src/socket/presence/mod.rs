//! The members behind sockets, and how clients are told of them.

mod list;
mod publisher;
mod wire;

pub use list::{PresenceList, PresenceStats, PresentMember};
pub(crate) use publisher::PresencePublisher;
pub(crate) use wire::PresenceAnswer;

use std::sync::Arc;

use super::{Socket, SocketInner};
use crate::{
    model::{Channel, ChannelMatch, JoiningMember},
    protocol::{AckId, Many, OutgoingPacket},
    registry::{PresenceCounts, PresenceView},
};

/// Finds the member behind a socket, by the functions of the application.
pub(crate) trait MemberSource: Send + Sync {
    /// Finds the member, for a channel with these routes. `None`: the channel has no presence.
    ///
    /// It runs code of the application, so no lock may be held.
    fn joining(&self, socket: &Socket, matched: &ChannelMatch) -> Option<JoiningMember>;
}

impl Socket {
    /// How many are in a channel now.
    pub(crate) fn presence_counts(&self, channel: &Channel) -> PresenceCounts {
        self.inner.namespace.sequencer.presence_counts(self.namespace(), channel)
    }

    /// Waits until all that has changed in a channel until now has been published.
    pub(crate) async fn presence_published(&self, channel: &Channel) {
        self.inner.namespace.sequencer.presence_published(self.namespace(), channel).await;
    }

    /// Answers the client with the members of a channel, before all later diffs.
    pub(crate) fn answer_with_presence(&self, channel: &Channel, id: AckId) {
        let SocketInner { namespace, registry_id, sender, config, .. } = &*self.inner;
        let (codec, name) = (namespace.codec.clone(), namespace.name.clone());
        // The rest of the outbox is for what waits in it.
        let limit = config.max_outbox / 2;
        let encode = move |view: &PresenceView| {
            let encode = |answer: PresenceAnswer<'_>| {
                let packet = codec.ack(name.as_str(), &id, &Many(((), answer))).ok();
                packet.map(OutgoingPacket::into_frame)
            };
            encode(PresenceAnswer::of(view, true))
                .filter(|answer| answer.cost() <= limit)
                .or_else(|| encode(PresenceAnswer::of(view, false)))
        };
        let (sequencer, name) = (&namespace.sequencer, &namespace.name);
        sequencer.send_presence(*registry_id, Arc::clone(sender), name, channel, encode);
    }
}
