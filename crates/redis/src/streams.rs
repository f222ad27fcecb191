//! The streams adapter: `createAdapter` of `@socket.io/redis-streams-adapter` 0.3.
//!
//! Notices are entries of a stream. Requests, answers and events between servers are published, and
//! are MessagePack.

#[cfg(test)]
mod tests;

use actix_socketio::adapter::msgpack;
use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use bytes::Bytes;
use bytestring::ByteString;

use crate::{
    cluster_message::{Undefined, envelope, kind_of, read_data, read_envelope, write_data},
    limits::WireLimits,
    message::{Answer, Envelope, Message, Notice, Payload, ServerId},
    message_text::MessageText,
    wire::{Outgoing, Subscription, Unreadable, Wire},
};

/// In place of a message that cannot be written. Node's servers ignore it, in a stream and on a
/// channel.
const NO_MESSAGE: &[u8] = b"{";

/// Reads base64 with or without padding, as Node does.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Writes and reads messages as the streams adapter does.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    /// Node's option `streamName`. Its default is `socket.io`.
    pub(crate) stream_name: String,
    /// Node's option `streamCount`. Its default is 1.
    pub(crate) stream_count: u32,
    /// Node's option `channelPrefix`. Its default is `socket.io`.
    pub(crate) channel_prefix: String,
    /// Node's option `useShardedPubSub`.
    pub(crate) sharded_pub_sub: bool,
    pub(crate) own: ServerId,
    pub(crate) limits: WireLimits,
}

impl Streams {
    /// All streams to read. Each namespace is in one of them.
    ///
    /// A Node server adds what concerns some namespaces to a stream that no Node server reads: its
    /// number is below 0. These streams are here, too.
    pub(crate) fn streams(&self) -> Vec<ByteString> {
        match i64::from(self.stream_count) {
            ..=1 => vec![self.stream_name.as_str().into()],
            count => (1 - count..count).map(|index| self.stream(index)).collect(),
        }
    }

    /// The stream to which a message for a namespace is added. It is one that Node's servers read,
    /// also where they add to one that they do not read.
    pub(crate) fn stream_of(&self, namespace: &str) -> ByteString {
        match i64::from(self.stream_count) {
            ..=1 => self.stream_name.as_str().into(),
            count => self.stream(hash(namespace).rem_euclid(count)),
        }
    }

    fn stream(&self, index: i64) -> ByteString {
        format!("{}-{index}", self.stream_name).into()
    }

    fn channel(&self, namespace: &str) -> String {
        format!("{}#{namespace}#", self.channel_prefix)
    }

    fn subscription(&self, channel: String) -> Subscription {
        let subscribe =
            if self.sharded_pub_sub { Subscription::Shard } else { Subscription::Channel };
        subscribe(channel.into())
    }

    fn append(&self, namespace: &str, message: &Message) -> Outgoing {
        let mut json =
            Vec::with_capacity(message.payload().map_or(0, |payload| payload.json.len()) + 128);
        write_data(&mut json, message, Undefined::Null);
        let data = match message.attachments() {
            [] => json.into(),
            attachments => {
                let written = to_msgpack(&json, attachments);
                // As text that does not start with a brace. Otherwise it is `NO_MESSAGE`.
                written.map_or(Bytes::from_static(NO_MESSAGE), |data| {
                    BASE64_STANDARD.encode(data).into()
                })
            }
        };
        Outgoing::Append {
            stream: self.stream_of(namespace),
            fields: vec![
                ("uid", self.own.0.clone().into_bytes()),
                ("nsp", Bytes::copy_from_slice(namespace.as_bytes())),
                ("type", kind_of(message).to_string().into()),
                ("data", data),
            ],
        }
    }

    fn publish(&self, namespace: &str, message: &Message, asker: Option<&ServerId>) -> Outgoing {
        let mut channel = self.channel(namespace);
        if let (Message::Answer(..), Some(asker)) = (message, asker) {
            channel.push_str(&asker.0);
            channel.push('#');
        }
        let json = envelope(&self.own.0, namespace, message, Undefined::Null);
        let payload = to_msgpack(&json, message.attachments());
        let payload = payload.unwrap_or(Bytes::from_static(NO_MESSAGE));
        if self.sharded_pub_sub {
            Outgoing::ShardPublish { channel: channel.into(), payload }
        } else {
            Outgoing::Publish { channel: channel.into(), payload }
        }
    }
}

impl Wire for Streams {
    fn write(&self, namespace: &str, message: &Message, asker: Option<&ServerId>) -> Outgoing {
        match message {
            Message::Notice(
                Notice::ServerEvent(_) | Notice::Heartbeat(_) | Notice::Presence(_),
            )
            | Message::Request(..)
            | Message::Answer(..) => self.publish(namespace, message, asker),
            Message::Notice(
                Notice::Broadcast { .. }
                | Notice::Join { .. }
                | Notice::Leave { .. }
                | Notice::Disconnect { .. },
            ) => self.append(namespace, message),
        }
    }

    fn read(&self, channel: &[u8], payload: &Bytes) -> Result<Option<Envelope>, Unreadable> {
        let text = MessageText::read(payload, self.limits)?;
        let Some(mut envelope) = read_envelope(&text)? else { return Ok(None) };
        let is_ours = channel.starts_with(self.channel(&envelope.namespace).as_bytes());
        undefined_from_null(&mut envelope.message);
        Ok(is_ours.then_some(envelope))
    }

    fn read_entry(&self, fields: &[(Bytes, Bytes)]) -> Result<Option<Envelope>, Unreadable> {
        let length: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        if length > self.limits.message_bytes {
            return Err(Unreadable(format!("more than {} bytes", self.limits.message_bytes)));
        }
        let field = |name: &str| {
            fields.iter().rev().find(|(field, _)| field == name).map(|(_, value)| value)
        };
        let text =
            |name: &str| field(name).map(|value| ByteString::try_from(value.clone())).transpose();
        let not_utf8 = |_| Unreadable::new("a field is not UTF-8");
        let (Some(namespace), Some(kind)) =
            (text("nsp").map_err(not_utf8)?, text("type").map_err(not_utf8)?)
        else {
            return Ok(None);
        };
        let sender = text("uid").map_err(not_utf8)?.map(ServerId);
        let Ok(kind) = kind.trim().parse() else { return Ok(None) };
        let message = match field("data") {
            None => {
                let text = MessageText::empty(self.limits);
                read_data(&text, kind, text.whole())?
            }
            Some(data) if data.first() == Some(&b'{') => {
                let text = MessageText::read(data, self.limits)?;
                read_data(&text, kind, text.whole())?
            }
            Some(data) => {
                let data = BASE64.decode(data).map_err(|_| Unreadable::new("invalid base64"))?;
                let text = MessageText::msgpack(&data.into(), self.limits)?;
                read_data(&text, kind, text.whole())?
            }
        };
        Ok(message.map(|mut message| {
            undefined_from_null(&mut message);
            Envelope { sender, namespace, message }
        }))
    }

    fn answers_to(&self, namespace: &str, server: &ServerId) -> Subscription {
        self.subscription(format!("{}{}#", self.channel(namespace), server.0))
    }

    fn subscriptions(&self, namespace: &str) -> Vec<Subscription> {
        let common = self.subscription(self.channel(namespace));
        vec![common, self.answers_to(namespace, &self.own)]
    }
}

/// Reads an answer that is null as a missing one. `@msgpack/msgpack` has no `undefined`.
fn undefined_from_null(message: &mut Message) {
    if let Message::Answer(_, answer) = message
        && let Answer::Acknowledgement { argument: value, .. } | Answer::ServerEvent(value) = answer
        && value.as_ref().is_some_and(|Payload { json, .. }| json == "null")
    {
        *value = None;
    }
}

fn to_msgpack(json: &[u8], attachments: &[Bytes]) -> Option<Bytes> {
    msgpack::from_json(std::str::from_utf8(json).ok()?, attachments).ok()
}

/// Node's hash of the name of a namespace: 32 bits with a sign, over UTF-16.
fn hash(namespace: &str) -> i64 {
    let add = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    i64::from(namespace.encode_utf16().fold(0, add))
}
