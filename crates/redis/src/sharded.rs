//! The sharded adapter: `createShardedAdapter` of `@socket.io/redis-adapter`.

#[cfg(test)]
mod tests;

use actix_socketio::adapter::msgpack;
use bytes::Bytes;

use crate::{
    cluster_message::{Undefined, envelope, read_envelope},
    limits::WireLimits,
    message::{Envelope, Message, Notice, ServerId},
    message_text::MessageText,
    wire::{Outgoing, Subscription, Unreadable, Wire},
};

/// The length of the id of a socket. Node's servers take each room with a name of this length for
/// the room of one socket.
const SOCKET_ID_LENGTH: usize = 20;

/// Which rooms have a channel of their own, so that only servers with members of the room receive
/// what is for it: Node's `subscriptionMode`.
///
/// All servers of a cluster need the same mode. A server with another one misses messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscriptionMode {
    /// All rooms, except those of single sockets, and rooms whose name has 20 characters.
    #[default]
    Dynamic,
    /// All rooms, also those of single sockets.
    DynamicPrivate,
    /// No room. All servers receive all messages.
    Static,
}

/// Writes and reads messages as the sharded adapter does.
#[derive(Debug, Clone)]
pub(crate) struct Sharded {
    /// Node's option `channelPrefix`. Its default is `socket.io`.
    pub(crate) channel_prefix: String,
    pub(crate) mode: SubscriptionMode,
    pub(crate) own: ServerId,
    pub(crate) limits: WireLimits,
}

impl Sharded {
    /// The channel of all servers with a namespace.
    fn channel(&self, namespace: &str) -> String {
        format!("{}#{namespace}#", self.channel_prefix)
    }

    fn has_channel(&self, room: &str) -> bool {
        match self.mode {
            // The length in JavaScript's sense.
            SubscriptionMode::Dynamic => room.encode_utf16().count() != SOCKET_ID_LENGTH,
            SubscriptionMode::DynamicPrivate => true,
            SubscriptionMode::Static => false,
        }
    }
}

impl Wire for Sharded {
    fn write(&self, namespace: &str, message: &Message, asker: Option<&ServerId>) -> Outgoing {
        let mut channel = self.channel(namespace);
        let own_part = match (message, asker) {
            (Message::Notice(Notice::Broadcast { opts, .. }), _) => match &opts.rooms[..] {
                [room] if self.has_channel(room) => Some(&**room),
                _ => None,
            },
            (Message::Answer(..), Some(asker)) => Some(&*asker.0),
            _ => None,
        };
        if let Some(own_part) = own_part {
            channel.push_str(own_part);
            channel.push('#');
        }
        let json = envelope(&self.own.0, namespace, message, Undefined::LeftOut);
        let attachments = message.attachments();
        let payload = if attachments.is_empty() {
            json.into()
        } else {
            // A payload is always JSON, with its own placeholders. If one is not, the message stays
            // text, and its placeholders are data.
            let text = std::str::from_utf8(&json).unwrap_or_default();
            msgpack::from_json(text, attachments).unwrap_or_else(|_| json.into())
        };
        Outgoing::ShardPublish { channel: channel.into(), payload }
    }

    fn read(&self, channel: &[u8], payload: &Bytes) -> Result<Option<Envelope>, Unreadable> {
        let text = MessageText::read(payload, self.limits)?;
        let envelope = read_envelope(&text)?;
        let is_ours =
            |envelope: &Envelope| channel.starts_with(self.channel(&envelope.namespace).as_bytes());
        Ok(envelope.filter(is_ours))
    }

    fn read_entry(&self, _fields: &[(Bytes, Bytes)]) -> Result<Option<Envelope>, Unreadable> {
        Ok(None)
    }

    fn answers_to(&self, namespace: &str, server: &ServerId) -> Subscription {
        Subscription::Shard(format!("{}{}#", self.channel(namespace), server.0).into())
    }

    fn subscriptions(&self, namespace: &str) -> Vec<Subscription> {
        let channel = self.channel(namespace);
        vec![Subscription::Shard(channel.into()), self.answers_to(namespace, &self.own)]
    }

    fn room_subscription(&self, namespace: &str, room: &str) -> Option<Subscription> {
        let channel = || format!("{}{room}#", self.channel(namespace));
        self.has_channel(room).then(|| Subscription::Shard(channel().into()))
    }
}
