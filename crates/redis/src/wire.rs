use std::{error, fmt};

use bytes::Bytes;
use bytestring::ByteString;

use crate::message::{Envelope, Message, ServerId};

/// How one of Node's adapters writes messages, and which ones it reads: classic, sharded, streams.
///
/// Pure: it knows no connection and no clock.
pub(crate) trait Wire: Send + Sync + 'static {
    /// Writes a message to the servers of a namespace. `asker` is the server that an answer is for.
    fn write(&self, namespace: &str, message: &Message, asker: Option<&ServerId>) -> Outgoing;

    /// Reads what came on a channel.
    ///
    /// # Errors
    /// [`Unreadable`]: it is to be ignored, and counted. `Ok(None)` is a message that other servers
    /// are for, or that this version has no use for.
    fn read(&self, channel: &[u8], payload: &Bytes) -> Result<Option<Envelope>, Unreadable>;

    /// Whether a message that came by a pattern is for the namespace that it names. The patterns of
    /// other namespaces may match its channel as well, and then it comes more than once.
    fn is_pattern_of(&self, _pattern: &[u8], _namespace: &str) -> bool {
        true
    }

    /// Whether all servers answer the question for their rooms, Node's too.
    fn asks_for_rooms(&self) -> bool {
        false
    }

    /// Reads an entry of a stream: its fields in order. Adapters without a stream read none.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_entry(&self, fields: &[(Bytes, Bytes)]) -> Result<Option<Envelope>, Unreadable>;

    /// The channels on which a server of a namespace hears. The first one is the counted one: as
    /// many servers are there as it has subscribers.
    fn subscriptions(&self, namespace: &str) -> Vec<Subscription>;

    /// The channel on which a server of a namespace hears the answers that are for it alone. No
    /// other server listens to it.
    fn answers_to(&self, namespace: &str, server: &ServerId) -> Subscription;

    /// The channel on which broadcasts to one room come, if the room has one of its own. A server
    /// hears it as long as the room has a member there. `None`: they come on the channels of
    /// [`subscriptions`](Self::subscriptions).
    fn room_subscription(&self, _namespace: &str, _room: &str) -> Option<Subscription> {
        None
    }
}

/// A channel of Redis to listen to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subscription {
    /// `SUBSCRIBE`
    Channel(ByteString),
    /// `PSUBSCRIBE`
    Pattern(ByteString),
    /// `SSUBSCRIBE`
    Shard(ByteString),
}

/// A command that passes a message on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// `PUBLISH`
    Publish { channel: ByteString, payload: Bytes },
    /// `SPUBLISH`
    ShardPublish { channel: ByteString, payload: Bytes },
    /// `XADD` to the stream of this name, without the field that the link adds (`n`).
    Append { stream: ByteString, fields: Vec<(&'static str, Bytes)> },
}

impl Outgoing {
    /// The stream that it is for.
    pub(crate) fn stream(&self) -> Option<&ByteString> {
        match self {
            Self::Append { stream, .. } => Some(stream),
            Self::Publish { .. } | Self::ShardPublish { .. } => None,
        }
    }

    pub(crate) fn is_append(&self) -> bool {
        self.stream().is_some()
    }

    /// The bytes of its parts.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Publish { channel, payload } | Self::ShardPublish { channel, payload } => {
                channel.len() + payload.len()
            }
            Self::Append { stream, fields } => {
                let fields = fields.iter().map(|(name, content)| name.len() + content.len());
                stream.len() + fields.sum::<usize>()
            }
        }
    }
}

/// A message that is not as its adapter writes it. Says why, for the log, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) String);

impl Unreadable {
    pub(crate) fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for Unreadable {}
