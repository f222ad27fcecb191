//! The channels that are for users, or for those who show a token.

use serde_json::Value;

use super::refusal;
use crate::{
    model::{Access, Channel, ChannelMatch, is_user_channel},
    socket::Socket,
    tokens::TokenError,
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
        Access::Anyone => {}
        Access::Users => check_user(socket, channel, matched)?,
        Access::Token => {
            check_user(socket, channel, matched)?;
            if token.is_none() && !is_own(socket, channel) {
                return Err(refusal(TokenError::Missing.to_client()));
            }
        }
    }
    show_token(socket, channel, matched, token)
}

/// Takes a client's token for a channel, if it shows one and the channel has tokens. So a client
/// that is subscribed goes on with a newer one.
pub(super) fn show_token(
    socket: &Socket,
    channel: &Channel,
    matched: &ChannelMatch,
    token: Option<&str>,
) -> Result<(), Value> {
    let Some(token) = token.filter(|_| matched.options.uses_tokens()) else { return Ok(()) };
    socket.show_channel_token(channel, token).map_err(|error| {
        socket.counters().tokens_refused.add(error);
        refusal(error.to_client())
    })
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

/// Whether the connection's token names the channel, so that it needs no other one.
fn is_own(socket: &Socket, channel: &Channel) -> bool {
    let claims = socket.claims();
    claims.is_some_and(|claims| claims.own_channels().iter().any(|own| *own == **channel))
}
