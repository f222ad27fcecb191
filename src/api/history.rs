//! The publications that channels have kept.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::value::RawValue;

use super::{
    problem::{Problem, ProblemCode},
    replies::{EmptyReply, HistoryReply, MessageReply},
    requests::{HistoryRequest, NamedChannelRequest},
    scope::{NamespaceScope, RequestScope},
};
use crate::{model::Channel, server::PastMessage};

/// Reads what a channel has kept.
pub(super) fn history(
    scope: &RequestScope,
    request: HistoryRequest,
) -> Result<HistoryReply, Problem> {
    let HistoryRequest { channel, namespace, since, limit, reverse } = request;
    let limit = scope.limit(limit, 100)?;
    let namespace = scope.namespace(&namespace)?;
    let channel = channel_with_history(&namespace, &channel)?;
    let mut reader = namespace.io.history(&channel)?.limit(limit);
    if let Some(since) = since {
        reader = reader.since(since);
    }
    if reverse {
        reader = reader.reverse();
    }
    let past = reader.read();
    Ok(HistoryReply {
        messages: past.messages.iter().map(message).collect(),
        position: past.position,
        whole: past.is_whole,
    })
}

/// Drops what a channel has kept.
pub(super) fn history_remove(
    scope: &RequestScope,
    request: &NamedChannelRequest,
) -> Result<EmptyReply, Problem> {
    let namespace = scope.namespace(&request.namespace)?;
    let channel = channel_with_history(&namespace, &request.channel)?;
    namespace.io.remove_history(&channel)?;
    Ok(EmptyReply {})
}

fn channel_with_history(namespace: &NamespaceScope<'_>, name: &str) -> Result<Channel, Problem> {
    let channel = namespace.channel(name, "channel")?;
    match namespace.options(&channel, "channel")? {
        Some(options) if options.history.is_none() => {
            let problem = Problem::new(ProblemCode::NoHistory, "its route has no history");
            Err(problem.in_field("channel"))
        }
        _ => Ok(channel),
    }
}

fn message(past: &PastMessage) -> MessageReply {
    let PastMessage { event, args, position } = past;
    // Each is JSON that was read before.
    let json = |json: &str| RawValue::from_string(json.to_owned()).ok();
    MessageReply {
        event: event.clone(),
        args: args.iter().filter_map(json).collect(),
        position: *position,
        attachments: args.attachments().iter().map(|bytes| STANDARD.encode(bytes)).collect(),
    }
}
