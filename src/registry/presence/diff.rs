use std::sync::Arc;

use crate::model::{Channel, Member, Namespace, Place};

/// The changes of a channel since its last diff, for its subscribers.
#[derive(Debug)]
pub(crate) struct PresenceDiff {
    pub(crate) namespace: Namespace,
    pub(crate) channel: Channel,
    pub(crate) version: Place,
    pub(crate) content: DiffContent,
    pub(crate) counts: PresenceCounts,
}

/// The part of a [`PresenceDiff`] about the members.
#[derive(Debug)]
pub(crate) enum DiffContent {
    /// These have come and these have gone. A member that comes again has other info.
    Changes { joins: Vec<Member>, leaves: Vec<Arc<str>> },
    /// All of them: they are listed again after they were only counted.
    All(Vec<ListedMember>),
    /// They are too many to be listed.
    Counts,
}

impl DiffContent {
    /// The number of members that it names.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Changes { joins, leaves } => joins.len() + leaves.len(),
            Self::All(members) => members.len(),
            Self::Counts => 0,
        }
    }
}

/// The members of a channel at one moment.
#[derive(Debug)]
pub(crate) struct PresenceView {
    /// It has each diff with a version up to this one.
    pub(crate) version: Place,
    /// `None`: they are too many to be listed.
    pub(crate) members: Option<Vec<ListedMember>>,
    pub(crate) counts: PresenceCounts,
}

/// That of an empty channel.
impl Default for PresenceView {
    fn default() -> Self {
        Self {
            version: Place::default(),
            members: Some(Vec::new()),
            counts: PresenceCounts::default(),
        }
    }
}

/// A member, and the number of its sockets. None of them is left while it is away.
#[derive(Debug, Clone)]
pub(crate) struct ListedMember {
    pub(crate) member: Member,
    pub(crate) sockets: usize,
}

/// How many are in a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PresenceCounts {
    /// Sockets.
    pub(crate) clients: usize,
    /// Members, those included that are away.
    pub(crate) users: usize,
}
