//! The server as a whole.

use super::{
    problem::Problem,
    replies::{ChannelReply, ChannelsReply, InfoReply},
    requests::ChannelsRequest,
    scope::RequestScope,
};
use crate::model::anchored;

/// Patterns that are longer are not compiled.
const MAX_PATTERN: usize = 1024;

/// Lists the channels of this server that have subscribers.
pub(super) fn channels(
    scope: &RequestScope,
    request: ChannelsRequest,
) -> Result<ChannelsReply, Problem> {
    let ChannelsRequest { pattern, limit, namespace } = request;
    let limit = scope.limit(limit, 1000)?;
    let namespace = scope.namespace(&namespace)?;
    let pattern = match pattern {
        None => None,
        Some(pattern) if pattern.len() > MAX_PATTERN => {
            let reason = format!("expected {MAX_PATTERN} bytes at most");
            return Err(Problem::bad_request(reason).in_field("pattern"));
        }
        Some(pattern) => Some(anchored(&pattern).map_err(|_| {
            Problem::bad_request("expected a regular expression").in_field("pattern")
        })?),
    };
    let mut found: Vec<_> = namespace.io.subscriber_counts();
    found.retain(|(channel, _)| {
        namespace.may_use(channel)
            && pattern.as_ref().is_none_or(|pattern| pattern.is_match(channel))
    });
    let truncated = found.len() > limit;
    found.sort_unstable();
    found.truncate(limit);
    let channels = found
        .into_iter()
        .map(|(channel, subscribers)| (channel, ChannelReply { subscribers }))
        .collect();
    Ok(ChannelsReply { channels, truncated })
}

/// Describes the server.
pub(super) fn info(scope: &RequestScope) -> Result<InfoReply, Problem> {
    let io = &scope.io;
    let mut namespaces = io.namespaces();
    namespaces.sort_unstable();
    Ok(InfoReply {
        version: env!("CARGO_PKG_VERSION"),
        uptime: io.uptime().as_secs(),
        namespaces,
        position: io.position(),
        stats: io.stats(),
    })
}
