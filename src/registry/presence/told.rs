use std::sync::Arc;

use serde_json::value::RawValue;

use crate::model::{Channel, Namespace};

/// The members of one channel on one server, or what has changed of them, for the other servers of
/// a cluster: see [`ClusterPresence`](crate::adapter::ClusterPresence).
///
/// Each value is the one that the server has now, so that the newest account of a member or a
/// channel is right, whatever was told before.
///
/// ```
/// use actix_socketio::{
///     Channel, Namespace,
///     adapter::{ChannelMembers, ServerMember},
/// };
/// use serde_json::value::RawValue;
///
/// let channel = Channel::new("room-1", 100)?;
/// let mut members = ChannelMembers::new(Namespace::default(), channel);
/// members.joins.push(ServerMember::new("ann", RawValue::NULL.to_owned(), 1, 0));
/// members.counts = Some((1, 1));
/// # Ok::<(), actix_socketio::ChannelError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChannelMembers {
    /// The namespace.
    pub namespace: Namespace,
    /// The channel.
    pub channel: Channel,
    /// [`Presence::max_members`](crate::Presence::max_members) of the channel's route.
    pub max_members: usize,
    /// Members that are there. Each replaces what was told of it before.
    pub joins: Vec<ServerMember>,
    /// The ids of members that the server has no more.
    pub leaves: Vec<Arc<str>>,
    /// The sockets in the channel, and its members, those included that are not listed. `None`: as
    /// before, or this is one of several parts, and the last one has them.
    pub counts: Option<(usize, usize)>,
    /// Those of the members in `counts` that are not listed, because there was no memory for them.
    pub unlisted: usize,
    /// This is the last part of the whole channel: the server has no member there that it has not
    /// named since the whole began.
    pub is_whole: bool,
}

/// A member of a channel on one server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerMember {
    /// The member's id.
    pub id: Arc<str>,
    /// The member's info: JSON.
    pub info: Arc<RawValue>,
    /// The member's sockets on the server: 0 while it may come back.
    pub sockets: usize,
    /// Where servers have different infos for a member, the one with the highest number is shown.
    pub revision: u64,
}

impl ChannelMembers {
    /// No change in a channel.
    pub fn new(namespace: Namespace, channel: Channel) -> Self {
        Self {
            namespace,
            channel,
            max_members: 0,
            joins: Vec::new(),
            leaves: Vec::new(),
            counts: None,
            unlisted: 0,
            is_whole: false,
        }
    }
}

impl ServerMember {
    /// A member of a server. The example of [`ChannelMembers`] has one.
    pub fn new(
        id: impl Into<Arc<str>>,
        info: impl Into<Arc<RawValue>>,
        sockets: usize,
        revision: u64,
    ) -> Self {
        Self { id: id.into(), info: info.into(), sockets, revision }
    }
}
