use serde::Serialize;
use serde_json::Value;

use crate::registry::{ListedMember, PresenceCounts, PresenceView};

/// The members of a channel: the answer of [`SocketIo::presence`](crate::SocketIo::presence).
///
/// It has the form in which clients receive it, and can be sent to them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PresenceList {
    /// The list has each change of the event `presence` with a version up to this one.
    pub version: u64,
    /// The members, in no particular order. `None`: there are more than
    /// [`Presence::max_members`](crate::Presence::max_members), or some did not fit into
    /// [`Builder::max_presence_bytes`](crate::Builder::max_presence_bytes).
    pub members: Option<Vec<PresentMember>>,
    /// The number of sockets that are subscribed.
    pub clients: usize,
    /// The number of members.
    pub users: usize,
}

/// A member of a channel. [`Presence`](crate::Presence) says what a member is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PresentMember {
    /// The result of the function of [`Presence::by`](crate::Presence::by).
    pub id: String,
    /// The result of the function of [`Presence::info`](crate::Presence::info).
    pub info: Value,
    /// The number of its sockets in the channel. It has none while it may still come back.
    pub sockets: usize,
}

/// How many are in a channel: the answer of
/// [`SocketIo::presence_stats`](crate::SocketIo::presence_stats).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PresenceStats {
    /// The number of sockets that are subscribed.
    pub clients: usize,
    /// The number of members: users with at least one socket, and those who may still come back.
    pub users: usize,
}

impl From<PresenceView> for PresenceList {
    fn from(view: PresenceView) -> Self {
        let PresenceView { version, members, counts: PresenceCounts { clients, users } } = view;
        let present = |ListedMember { member, sockets }| PresentMember {
            id: member.id.to_string(),
            // It was written by serde_json. A number that is too large for a `Value` is lost.
            info: serde_json::from_str(member.info.get()).unwrap_or_default(),
            sockets,
        };
        let members = members.map(|members| members.into_iter().map(present).collect());
        Self { version: version.number(), members, clients, users }
    }
}

impl From<PresenceCounts> for PresenceStats {
    fn from(PresenceCounts { clients, users }: PresenceCounts) -> Self {
        Self { clients, users }
    }
}
