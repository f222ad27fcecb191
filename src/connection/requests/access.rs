//! The channels that are for users, or for those who show a token.

use serde_json::Value;

use super::refusal;
use crate::{
    model::{Access, Channel, ChannelMatch, is_user_channel},
    socket::Socket,
};

/// Refuses the channels of users, which are the server's.
pub(super) fn check_name(channel: &Channel) -> Result<(), Value> {
    if is_user_channel(channel) { Err(refusal("no such channel")) } else { Ok(()) }
}

/// Whether a client may subscribe to a channel by its user, or by the token that it shows.
pub(super) fn check_subscribe(
    socket: &Socket,
    channel: &Channel,
    matched: &ChannelMatch,
    token: Option<&str>,
) -> Result<(), Value> {
    match matched.options.subscribe_access {
        Access::Anyone => Ok(()),
        Access::Users => check_user(socket, channel, matched),
        Access::Token => check_token(socket, channel, matched, token),
    }
}

/// Whether a client may publish to a channel that it is subscribed to.
pub(super) fn check_publish(
    socket: &Socket,
    channel: &Channel,
    matched: &ChannelMatch,
) -> Result<(), Value> {
    match matched.options.publish_access {
        Access::Anyone => Ok(()),
        Access::Users => check_user(socket, channel, matched),
        Access::Token if socket.channel_token_allows_publish(channel) == Some(true) => Ok(()),
        Access::Token => Err(refusal("your token does not allow it")),
    }
}

fn check_user(socket: &Socket, channel: &Channel, matched: &ChannelMatch) -> Result<(), Value> {
    let Some(user) = socket.user() else { return Err(refusal("log in first")) };
    if socket.channel_routes().is_of_user(matched, channel, user) {
        return Ok(());
    }
    Err(refusal("this channel is another user's"))
}

/// A token that was shown before counts as long as the client is subscribed. The channels that its
/// connection's token names need no other one.
fn check_token(
    socket: &Socket,
    channel: &Channel,
    matched: &ChannelMatch,
    token: Option<&str>,
) -> Result<(), Value> {
    check_user(socket, channel, matched)?;
    let Some(token) = token else {
        let claims = socket.claims();
        let is_own =
            claims.is_some_and(|claims| claims.own_channels().iter().any(|own| *own == **channel));
        return if is_own { Ok(()) } else { Err(refusal("token required")) };
    };
    socket.show_channel_token(channel, token).map_err(|error| {
        socket.counters().tokens_refused.add(error);
        refusal(error.to_client())
    })
}
