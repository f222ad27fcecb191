//! The members of channels.

use super::{
    problem::{Problem, ProblemCode},
    replies::{MemberReply, PresenceReply, PresenceStatsReply},
    requests::NamedChannelRequest,
    scope::{NamespaceScope, RequestScope},
};
use crate::{model::Channel, socket::PresentMember};

/// Lists the members of a channel.
pub(super) async fn presence(
    scope: &RequestScope,
    request: NamedChannelRequest,
) -> Result<PresenceReply, Problem> {
    let namespace = scope.namespace(&request.namespace)?;
    let channel = channel_with_presence(&namespace, &request.channel)?;
    let list = namespace.io.presence(&channel).await?;
    let member = |PresentMember { id, info, sockets }| MemberReply { id, info, sockets };
    Ok(PresenceReply {
        version: list.version,
        members: list.members.map(|members| members.into_iter().map(member).collect()),
        clients: list.clients,
        users: list.users,
    })
}

/// Counts the members of a channel.
pub(super) async fn presence_stats(
    scope: &RequestScope,
    request: NamedChannelRequest,
) -> Result<PresenceStatsReply, Problem> {
    let namespace = scope.namespace(&request.namespace)?;
    let channel = channel_with_presence(&namespace, &request.channel)?;
    let stats = namespace.io.presence_stats(&channel).await?;
    Ok(PresenceStatsReply { clients: stats.clients, users: stats.users })
}

fn channel_with_presence(namespace: &NamespaceScope<'_>, name: &str) -> Result<Channel, Problem> {
    let channel = namespace.channel(name, "channel")?;
    match namespace.options(&channel, "channel")? {
        Some(options) if options.presence.is_none() => {
            let problem = Problem::new(ProblemCode::NoPresence, "its route has no presence");
            Err(problem.in_field("channel"))
        }
        _ => Ok(channel),
    }
}
