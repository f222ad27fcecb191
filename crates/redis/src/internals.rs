//! The formats for the tests and fuzz targets of this repository. Not part of the API: it changes
//! without notice.

pub mod link;

use bytes::Bytes;

use crate::{
    classic::Classic,
    limits::WireLimits,
    message::{Envelope, Message, ServerId},
    sharded::{Sharded, SubscriptionMode},
    streams::Streams,
    wire::{Outgoing, Unreadable, Wire},
};

/// One of Node's adapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `createAdapter` of `@socket.io/redis-adapter`.
    Classic,
    /// `createShardedAdapter` of `@socket.io/redis-adapter`.
    Sharded,
    /// `createAdapter` of `@socket.io/redis-streams-adapter`.
    Streams,
}

/// A message that was read, and how it is written again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rewritten {
    /// The id of the server that sent it.
    pub sender: Option<String>,
    /// The namespace that it is for.
    pub namespace: String,
    /// Its content, for people.
    pub message: String,
    /// Whether it answers a request.
    pub is_answer: bool,
    /// The channel or the stream that it is written to.
    pub to: String,
    /// The written message, or the names and values of an entry.
    pub written: Vec<Bytes>,
}

impl Format {
    fn wire(self, own: &str, limits: WireLimits) -> Box<dyn Wire> {
        let (own, socket_io) = (ServerId(own.into()), || "socket.io".to_owned());
        match self {
            Self::Classic => {
                Box::new(Classic { key: socket_io(), own, answers_to_asker: false, limits })
            }
            Self::Sharded => Box::new(Sharded {
                channel_prefix: socket_io(),
                mode: SubscriptionMode::Dynamic,
                own,
                limits,
            }),
            Self::Streams => Box::new(Streams {
                stream_name: socket_io(),
                stream_count: 1,
                channel_prefix: socket_io(),
                sharded_pub_sub: false,
                own,
                limits,
            }),
        }
    }

    /// Reads what came on a channel, and writes it again as its sender, for the server that asked.
    /// `None`: it is to be ignored.
    ///
    /// # Errors
    /// The reason why it cannot be read.
    pub fn rewrite(
        self,
        channel: &[u8],
        payload: &Bytes,
        asker: Option<&str>,
    ) -> Result<Option<Rewritten>, String> {
        let read = self.wire("", WireLimits::default()).read(channel, payload);
        self.write_again(read, asker)
    }

    /// Reads an entry of a stream, and writes it again as its sender.
    ///
    /// # Errors
    /// The reason why it cannot be read.
    pub fn rewrite_entry(self, fields: &[(Bytes, Bytes)]) -> Result<Option<Rewritten>, String> {
        self.write_again(self.wire("", WireLimits::default()).read_entry(fields), None)
    }

    fn write_again(
        self,
        read: Result<Option<Envelope>, Unreadable>,
        asker: Option<&str>,
    ) -> Result<Option<Rewritten>, String> {
        let Some(envelope) = read.map_err(|Unreadable(reason)| reason)? else { return Ok(None) };
        let Envelope { sender, namespace, message } = envelope;
        let sender = sender.map(|ServerId(id)| String::from(id));
        let wire = self.wire(sender.as_deref().unwrap_or_default(), WireLimits::default());
        let asker = asker.map(|asker| ServerId(asker.into()));
        let (to, written) = match wire.write(&namespace, &message, asker.as_ref()) {
            Outgoing::Publish { channel, payload }
            | Outgoing::ShardPublish { channel, payload } => (channel, vec![payload]),
            Outgoing::Append { stream, fields } => {
                let fields = fields
                    .into_iter()
                    .flat_map(|(name, value)| [Bytes::from_static(name.as_bytes()), value]);
                (stream, fields.collect())
            }
        };
        Ok(Some(Rewritten {
            sender,
            namespace: namespace.into(),
            is_answer: matches!(message, Message::Answer(..)),
            message: format!("{message:?}"),
            to: to.into(),
            written,
        }))
    }
}
