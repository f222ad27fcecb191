//! The bodies of requests. A field that is not listed here is refused.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{
    model::{Position, SocketId},
    socket::MESSAGE,
};

/// The names of all fields, which errors may show. Others are the client's words.
pub(super) const FIELDS: [&str; 24] = [
    "args",
    "b64data",
    "channel",
    "channels",
    "close",
    "commands",
    "data",
    "event",
    "everyone",
    "except",
    "idempotency_key",
    "in_channel",
    "limit",
    "namespace",
    "parallel",
    "pattern",
    "reverse",
    "since",
    "skip_history",
    "socket",
    "token_id",
    "until",
    "user",
    "wait",
];

fn message() -> String {
    MESSAGE.to_owned()
}

fn main_namespace() -> String {
    "/".to_owned()
}

fn yes() -> bool {
    true
}

/// A value that may be `null`, beside one that is not there.
fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// A publication to one channel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishRequest {
    pub(super) channel: String,
    /// Any JSON, which clients receive as it is. Either this or `b64data`.
    #[serde(default, deserialize_with = "raw")]
    #[schema(value_type = Option<Value>)]
    pub(super) data: Option<Box<RawValue>>,
    /// Bytes in base64, which clients receive as binary.
    pub(super) b64data: Option<String>,
    /// The event that clients listen to.
    #[serde(default = "message")]
    pub(super) event: String,
    #[serde(default = "main_namespace")]
    pub(super) namespace: String,
    /// With the same key and the same request again, nothing is published, and the answer is that
    /// of the first: 1 to 255 bytes.
    pub(super) idempotency_key: Option<String>,
    /// The ids of sockets that are left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub(super) except: Vec<SocketId>,
    /// Waits until the event is queued for each client, and counts them.
    #[serde(default)]
    pub(super) wait: bool,
    /// Keeps it in no history.
    #[serde(default)]
    pub(super) skip_history: bool,
}

/// A publication to several channels.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BroadcastRequest {
    /// A client in several of them receives the event once.
    pub(super) channels: Vec<String>,
    /// Any JSON, which clients receive as it is. Either this or `b64data`.
    #[serde(default, deserialize_with = "raw")]
    #[schema(value_type = Option<Value>)]
    pub(super) data: Option<Box<RawValue>>,
    /// Bytes in base64, which clients receive as binary.
    pub(super) b64data: Option<String>,
    /// The event that clients listen to.
    #[serde(default = "message")]
    pub(super) event: String,
    #[serde(default = "main_namespace")]
    pub(super) namespace: String,
    /// With the same key and the same request again, nothing is published, and the answer is that
    /// of the first: 1 to 255 bytes.
    pub(super) idempotency_key: Option<String>,
    /// The ids of sockets that are left out.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub(super) except: Vec<SocketId>,
    /// Waits until the event is queued for each client, and counts them.
    #[serde(default)]
    pub(super) wait: bool,
    /// Keeps it in no history.
    #[serde(default)]
    pub(super) skip_history: bool,
}

/// An event of several arguments. It has exactly one of `socket`, `channel`, `everyone` and `user`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmitRequest {
    /// The id of a socket.
    #[schema(value_type = Option<String>)]
    pub(super) socket: Option<SocketId>,
    pub(super) channel: Option<String>,
    /// All sockets of this user: the feature `jwt`.
    #[cfg(feature = "jwt")]
    pub(super) user: Option<String>,
    /// All clients of the namespace.
    #[serde(default)]
    pub(super) everyone: bool,
    pub(super) event: String,
    /// The arguments, which clients receive as they are.
    #[serde(default)]
    #[schema(value_type = Vec<Value>)]
    pub(super) args: Vec<Box<RawValue>>,
    #[serde(default = "main_namespace")]
    pub(super) namespace: String,
}

/// The sockets that join or leave a channel: exactly one of `socket`, `in_channel` and `user`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MembershipRequest {
    pub(super) channel: String,
    /// The id of a socket.
    #[schema(value_type = Option<String>)]
    pub(super) socket: Option<SocketId>,
    /// All sockets of this user: the feature `jwt`.
    #[cfg(feature = "jwt")]
    pub(super) user: Option<String>,
    /// All sockets in this channel.
    pub(super) in_channel: Option<String>,
    #[serde(default = "main_namespace")]
    pub(super) namespace: String,
}

/// The sockets that are put out: exactly one of `socket`, `in_channel` and `user`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DisconnectRequest {
    /// The id of a socket.
    #[schema(value_type = Option<String>)]
    pub(super) socket: Option<SocketId>,
    /// All sockets of this user: the feature `jwt`.
    #[cfg(feature = "jwt")]
    pub(super) user: Option<String>,
    /// All sockets in this channel.
    pub(super) in_channel: Option<String>,
    /// Closes the whole connection, and not only the socket of the namespace.
    #[serde(default = "yes")]
    pub(super) close: bool,
    #[serde(default = "main_namespace")]
    pub(super) namespace: String,
}

/// One channel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedChannelRequest {
    pub(super) channel: String,
    #[serde(default = "main_namespace")]
    pub(super) namespace: String,
}

/// A part of what a channel has kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryRequest {
    pub(super) channel: String,
    #[serde(default = "main_namespace")]
    pub(super) namespace: String,
    /// Only what came after this position.
    #[schema(value_type = Option<String>)]
    pub(super) since: Option<Position>,
    /// The maximum of messages: the oldest, or the newest with `reverse`. Default: 100.
    pub(super) limit: Option<usize>,
    /// The newest first.
    #[serde(default)]
    pub(super) reverse: bool,
}

/// The channels of a namespace that have subscribers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelsRequest {
    /// A regular expression, which matches from the start of a name.
    pub(super) pattern: Option<String>,
    /// The maximum of entries. Default: 1,000.
    pub(super) limit: Option<usize>,
    #[serde(default = "main_namespace")]
    pub(super) namespace: String,
}

/// The sockets of a channel, or of a namespace.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SocketsRequest {
    pub(super) channel: Option<String>,
    /// The maximum of entries. Default: 1,000.
    pub(super) limit: Option<usize>,
    #[serde(default = "main_namespace")]
    pub(super) namespace: String,
}

/// Nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InfoRequest {}

/// A token that is believed no more.
#[cfg(feature = "jwt")]
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeRequest {
    /// Its id, the claim `jti`.
    pub(super) token_id: String,
    /// When it ends, in seconds since 1970: its claim `exp`, or later.
    pub(super) until: u64,
}

/// Several commands.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchRequest {
    /// Each has one member: the name of a method, and its request.
    #[schema(value_type = Vec<Object>)]
    pub(super) commands: Vec<Box<RawValue>>,
    /// Does not wait for one before the next, so that they have no order.
    #[serde(default)]
    pub(super) parallel: bool,
}
