use std::{sync::Arc, time::Duration};

use serde_json::value::RawValue;

/// The options of a route for the presence in its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresenceOptions {
    /// How long a member stays whose last link was lost.
    pub(crate) grace: Duration,
    /// The least time between two diffs of a channel.
    pub(crate) every: Duration,
    /// Members that are listed. Where there are more, they are only counted.
    pub(crate) max_members: usize,
    /// Bytes of a member's id, and of its info as JSON.
    pub(crate) max_info: usize,
}

/// The user behind a socket, by the application's functions. Several sockets may be one member.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: Arc<str>,
    /// JSON.
    pub(crate) info: Arc<RawValue>,
}

/// A socket that joins a channel with presence.
#[derive(Debug)]
pub(crate) struct JoiningMember {
    pub(crate) options: PresenceOptions,
    /// `None`: a guest, who is counted and not listed.
    pub(crate) member: Option<Member>,
}

/// When a member goes whose last socket leaves a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PresenceExit {
    /// The client or the application wants it.
    AtOnce,
    /// The link was lost, so the client may come back.
    AfterGrace,
}

impl PresenceOptions {
    /// The defaults of the public builder.
    pub(crate) const DEFAULT: Self = Self {
        grace: Duration::from_secs(15),
        every: Duration::from_millis(500),
        max_members: 1_000,
        max_info: 2_000,
    };
}

impl Member {
    /// The bytes of its values.
    pub(crate) fn len(&self) -> usize {
        self.id.len() + self.info.get().len()
    }
}
