//! The bodies of answers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::problem::ProblemDocument;
use crate::{
    model::{Channel, Namespace, Position, SocketId},
    stats::Stats,
};

/// The outcome of a publication.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PublishReply {
    /// Its position in the order of everything that the server publishes. It is left out if it is
    /// not known yet: in a cluster, or before a commit, without `wait`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) position: Option<Position>,
    /// The number of clients that it was queued for, with `wait`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delivered: Option<usize>,
}

/// The outcome of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EmitReply {
    /// The number of clients that it was queued for.
    pub(super) delivered: usize,
}

/// The number of sockets that were acted on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CountReply {
    pub(super) sockets: usize,
}

/// The members of a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PresenceReply {
    /// The list has each change of the event `presence` with a version up to this one.
    pub(super) version: u64,
    /// `null`: they are too many to be listed.
    pub(super) members: Option<Vec<MemberReply>>,
    /// Sockets that are subscribed.
    pub(super) clients: usize,
    /// Members.
    pub(super) users: usize,
}

/// A member of a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberReply {
    pub(super) id: String,
    /// The application's data of the member.
    #[schema(value_type = Value)]
    pub(super) info: serde_json::Value,
    /// The number of its sockets in the channel: 0 while it may come back.
    pub(super) sockets: usize,
}

/// How many are in a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PresenceStatsReply {
    /// Sockets that are subscribed.
    pub(super) clients: usize,
    /// Members.
    pub(super) users: usize,
}

/// Publications that a channel has kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HistoryReply {
    /// The oldest first, or the newest with `reverse`.
    pub(super) messages: Vec<MessageReply>,
    /// The position up to which this is: a client that gives it as `since` misses nothing.
    #[schema(value_type = String)]
    pub(super) position: Position,
    /// Whether nothing is missing after `since`, or since the channel exists.
    pub(super) whole: bool,
}

/// A publication that was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageReply {
    pub(super) event: String,
    /// The arguments. A binary value is `{"_placeholder": true, "num": n}`, for `attachments[n]`.
    #[schema(value_type = Vec<Value>)]
    pub(super) args: Vec<Box<RawValue>>,
    #[schema(value_type = String)]
    pub(super) position: Position,
    /// The binary values of the arguments, in base64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) attachments: Vec<String>,
}

/// Nothing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EmptyReply {}

/// The channels that clients of this server are subscribed to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelsReply {
    /// By name.
    #[schema(value_type = BTreeMap<String, ChannelReply>)]
    pub(super) channels: BTreeMap<Channel, ChannelReply>,
    /// There are more.
    pub(super) truncated: bool,
}

/// A channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelReply {
    pub(super) subscribers: usize,
}

/// Sockets of all servers that answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SocketsReply {
    pub(super) sockets: Vec<SocketReply>,
    /// There are more.
    pub(super) truncated: bool,
    /// Servers of the cluster that have not answered in time.
    pub(super) missing_servers: usize,
}

/// A socket.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SocketReply {
    #[schema(value_type = String)]
    pub(super) id: SocketId,
    #[schema(value_type = String)]
    pub(super) namespace: Namespace,
    /// The address of the client, if it is known.
    pub(super) address: Option<String>,
    /// The user of its token: the feature `jwt`. It is left out for a guest, and for a key that is
    /// for some channels alone.
    #[cfg(feature = "jwt")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    /// The channels that it is subscribed to.
    #[schema(value_type = Vec<String>)]
    pub(super) channels: Vec<Channel>,
}

/// The server.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InfoReply {
    /// The version of the library.
    pub(super) version: &'static str,
    /// The time since the server was built, in seconds.
    pub(super) uptime: u64,
    /// The names of all namespaces.
    #[schema(value_type = Vec<String>)]
    pub(super) namespaces: Vec<Namespace>,
    /// The position of everything that was published so far.
    #[schema(value_type = String)]
    pub(super) position: Position,
    /// The fields of `Stats`.
    #[schema(value_type = Object)]
    pub(super) stats: Stats,
}

/// The replies of a batch, in the order of its commands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchReply {
    pub(super) replies: Vec<CommandReply>,
}

/// One member: the name of the method and its answer, or `error` and a problem.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, Value>)]
pub(super) struct CommandReply(pub(super) BTreeMap<&'static str, Box<RawValue>>);

impl CommandReply {
    pub(super) fn error(problem: &ProblemDocument) -> Self {
        // Strings and a number are always written.
        let json = serde_json::value::to_raw_value(problem).ok();
        Self(json.into_iter().map(|json| ("error", json)).collect())
    }
}
