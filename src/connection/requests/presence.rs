use super::{ChannelRequest, Granted, RefusedRequest, channel_of, refusal};
use crate::{
    model::Channel,
    protocol::{AckId, Args},
    socket::{PresenceStats, Socket},
};

/// Answers a subscriber with the members of a channel.
///
/// The answer comes before all diffs that it does not have. So a client that has it applies each
/// diff with a higher version, and needs none that came before.
pub(super) fn presence(
    socket: &Socket,
    args: &Args,
    id: &Option<AckId>,
) -> Result<Granted, RefusedRequest> {
    let channel = channel_with_presence(ChannelRequest::Presence, socket, args)?;
    if let Some(id) = id {
        socket.answer_with_presence(&channel, id.clone());
    }
    Ok(Granted::Sent)
}

/// Answers a subscriber with the numbers of a channel's clients and members.
pub(super) fn presence_stats(socket: &Socket, args: &Args) -> Result<Granted, RefusedRequest> {
    let channel = channel_with_presence(ChannelRequest::PresenceStats, socket, args)?;
    Ok(Granted::Stats(PresenceStats::from(socket.presence_counts(&channel))))
}

/// The channel of a request, if the client may see who is there.
fn channel_with_presence(
    request: ChannelRequest,
    socket: &Socket,
    args: &Args,
) -> Result<Channel, RefusedRequest> {
    let refuse = |answer| request.refuse(answer);
    let channel = channel_of(args, socket.config()).map_err(refuse)?;
    let Some(matched) = socket.matched_channel(&channel) else {
        return Err(refuse(refusal("subscribe to the channel before you ask who is there")));
    };
    if matched.options.presence.is_none() {
        return Err(refuse(refusal("the channel has no presence")));
    }
    Ok(channel)
}
