//! Members as the core has them, and as they are in messages.

use std::sync::Arc;

use actix_socketio::{
    Namespace,
    adapter::{ChannelMembers, ServerMember},
};
use serde_json::value::RawValue;

use crate::{
    audience,
    message::{ChannelPresence, MemberPresence},
};

/// The largest whole number that all readers of JSON keep.
const MAX_NUMBER: u64 = 1 << 53;

pub(super) fn to_message(told: ChannelMembers) -> ChannelPresence {
    let member = |ServerMember { id, info, sockets, revision, .. }: ServerMember| MemberPresence {
        id: (&*id).into(),
        info: info.get().into(),
        sockets: number(sockets),
        revision: revision.min(MAX_NUMBER),
    };
    ChannelPresence {
        namespace: told.namespace.as_str().into(),
        channel: told.channel.as_str().into(),
        max_members: number(told.max_members),
        is_whole: told.is_whole,
        counts: told.counts.map(|(clients, users)| (number(clients), number(users))),
        unlisted: number(told.unlisted),
        joins: told.joins.into_iter().map(member).collect(),
        leaves: told.leaves.iter().map(|id| (&**id).into()).collect(),
    }
}

/// `None`: the channel has a name that no channel has here.
pub(super) fn to_core(told: ChannelPresence) -> Option<ChannelMembers> {
    let channel = audience::channel(&told.channel)?;
    let mut members = ChannelMembers::new(Namespace::new(&told.namespace), channel);
    members.max_members = size(told.max_members);
    members.is_whole = told.is_whole;
    members.counts = told.counts.map(|(clients, users)| (size(clients), size(users)));
    members.unlisted = size(told.unlisted);
    members.joins = told.joins.into_iter().filter_map(member_to_core).collect();
    members.leaves = told.leaves.iter().map(|id| Arc::from(&**id)).collect();
    Some(members)
}

fn member_to_core(told: MemberPresence) -> Option<ServerMember> {
    let MemberPresence { id, info, sockets, revision } = told;
    // It was read as JSON before.
    let info = RawValue::from_string(String::from(info)).ok()?;
    Some(ServerMember::new(&*id, info, size(sockets), revision))
}

fn number(size: usize) -> u64 {
    u64::try_from(size).map_or(MAX_NUMBER, |size| size.min(MAX_NUMBER))
}

/// A number of another server. It is bounded, so that the sum over all servers fits.
fn size(number: u64) -> usize {
    usize::try_from(number.min(MAX_NUMBER)).unwrap_or(usize::MAX >> 12)
}
