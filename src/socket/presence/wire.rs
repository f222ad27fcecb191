//! Presence as clients read it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    model::Member,
    registry::{DiffContent, ListedMember, PresenceCounts, PresenceDiff, PresenceView},
};

/// A snapshot, in the answer to a request.
#[derive(Debug, Serialize)]
pub(crate) struct PresenceAnswer<'a> {
    version: u64,
    /// `null`: they are too many to be listed.
    members: Option<Vec<SnapshotMember<'a>>>,
    clients: usize,
    users: usize,
}

/// The event `presence`.
#[derive(Debug, Serialize)]
pub(super) struct DiffEvent<'a> {
    version: u64,
    /// The whole list, which is known again.
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<SnapshotMember<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joins: Option<Vec<JoinedMember<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaves: Option<Vec<&'a str>>,
    clients: usize,
    users: usize,
}

#[derive(Debug, Serialize)]
struct JoinedMember<'a> {
    id: &'a str,
    info: &'a RawValue,
}

#[derive(Debug, Serialize)]
struct SnapshotMember<'a> {
    id: &'a str,
    info: &'a RawValue,
    sockets: usize,
}

impl<'a> PresenceAnswer<'a> {
    /// `with_members`: they fit into the client's outbox.
    pub(crate) fn of(view: &'a PresenceView, with_members: bool) -> Self {
        let PresenceView { version, members, counts: PresenceCounts { clients, users } } = view;
        let members = members.as_deref().filter(|_| with_members).map(snapshot);
        Self { version: version.number(), members, clients: *clients, users: *users }
    }
}

impl<'a> DiffEvent<'a> {
    pub(super) fn new(diff: &'a PresenceDiff) -> Self {
        let PresenceDiff { version, content, counts: PresenceCounts { clients, users }, .. } = diff;
        let (mut members, mut joined, mut left) = (None, None, None);
        match content {
            DiffContent::All(all) => members = Some(snapshot(all)),
            DiffContent::Changes { joins, leaves } => {
                let join = |join: &'a Member| JoinedMember { id: &join.id, info: &join.info };
                joined = Some(joins.iter().map(join).collect());
                left = Some(leaves.iter().map(Arc::as_ref).collect());
            }
            DiffContent::Counts => {}
        }
        Self {
            version: version.number(),
            members,
            joins: joined,
            leaves: left,
            clients: *clients,
            users: *users,
        }
    }
}

fn snapshot(members: &[ListedMember]) -> Vec<SnapshotMember<'_>> {
    members
        .iter()
        .map(|ListedMember { member, sockets }| SnapshotMember {
            id: &member.id,
            info: &member.info,
            sockets: *sockets,
        })
        .collect()
}
