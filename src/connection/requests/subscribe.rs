use std::sync::Arc;

use serde_json::Value;

#[cfg(feature = "jwt")]
use super::access;
use super::{ChannelRequest, Granted, RefusedRequest, channel_of, refusal};
use crate::{
    deadline::within,
    event::OnSubscribe,
    log_text::log_line,
    model::{Channel, ChannelMatch},
    protocol::Args,
    routing::{Router, Scope},
    socket::{Socket, SubscribeError},
    stats::RefusalKind,
};

/// Subscribes a client to a channel, if a route declares the channel and no handler refuses.
pub(super) async fn subscribe(
    socket: &Socket,
    router: &Router,
    args: &Args,
    token: Option<&str>,
) -> Result<Granted, RefusedRequest> {
    let refuse = |answer| ChannelRequest::Subscribe.refuse(answer);
    let config = socket.config();
    charge(socket)?;
    let channel = channel_of(args, config).map_err(refuse)?;
    if socket.is_subscribed(&channel) {
        #[cfg(feature = "jwt")]
        if let Some(matched) = socket.matched_channel(&channel) {
            access::show_token(socket, &channel, &matched, token).map_err(refuse)?;
        }
        return Ok(Granted::Nothing);
    }
    let matched = authorize(socket, router, &channel, token).await.map_err(refuse)?;
    let is_told_at_once = matched.is_told_at_once();
    let subscribed = socket.subscribe_matched(channel.clone(), matched);
    subscribed.map_err(|error| refuse(refusal(error)))?;
    log_subscribed(socket, &channel);
    if is_told_at_once {
        wait_until_told(socket, &channel).await;
    }
    socket.subscribed().await;
    Ok(Granted::Nothing)
}

/// Waits until the other members have been sent the client's join, so that it stands before all
/// that the client publishes. Not for long.
pub(super) async fn wait_until_told(socket: &Socket, channel: &Channel) {
    let limit = socket.config().handler_timeout;
    let _ = within(limit, socket.presence_published(channel)).await;
}

/// Counts a subscription for the rate of the client.
pub(super) fn charge(socket: &Socket) -> Result<(), RefusedRequest> {
    socket.charge_subscribe().map_err(|wait| {
        let wait = wait.as_millis() + 1;
        let why = format!("too many subscriptions in a short time: try again in {wait} ms");
        RefusedRequest { answer: refusal(why), kind: RefusalKind::SubscriptionRate }
    })
}

pub(super) fn log_subscribed(socket: &Socket, channel: &Channel) {
    log_line!(
        log::Level::Info,
        "{} \"{}\": subscribe \"{}\"",
        socket.id(),
        socket.namespace(),
        channel
    );
}

/// Finds the routes of a channel, and asks the handlers whether the client may subscribe to it.
pub(super) async fn authorize(
    socket: &Socket,
    router: &Router,
    channel: &Channel,
    token: Option<&str>,
) -> Result<Arc<ChannelMatch>, Value> {
    let config = socket.config();
    let matched = router.channel_routes().matches(channel);
    if !config.open_channels && !matched.is_declared() {
        log_line!(log::Level::Debug, "no route matches the channel \"{}\"", channel);
        return Err(refusal("no such channel"));
    }
    let limit = config.max_channels;
    if socket.channel_count() >= limit {
        // Checked before the handlers run, since they may already count the client as a subscriber.
        return Err(refusal(SubscribeError::TooManyChannels { limit }));
    }
    #[cfg(feature = "jwt")]
    access::check_subscribe(socket, channel, &matched, token)?;
    #[cfg(not(feature = "jwt"))]
    let _ = token;
    let event = OnSubscribe { socket: socket.clone(), channel: channel.clone(), recovered: false };
    if let Err(error) = router.authorize(Scope::Channel(&matched), event).await {
        // A handler may have subscribed the client before this or another handler refused.
        socket.unsubscribe(channel);
        #[cfg(feature = "jwt")]
        socket.drop_channel_token(channel);
        let answer = error.to_client();
        if !error.is_rejection() {
            router.report(socket, error).await;
        }
        return Err(answer);
    }
    Ok(matched)
}

/// Asks the handlers again whether a client that comes back may be in its channels. It leaves those
/// that they refuse.
pub(in crate::connection) async fn subscribe_again(socket: &Socket, router: &Router) {
    for (channel, matched) in socket.returning_channels() {
        #[cfg(feature = "jwt")]
        if access::check_subscribe(socket, &channel, &matched, None).is_err() {
            socket.refuse_channel(&channel);
            continue;
        }
        let event =
            OnSubscribe { socket: socket.clone(), channel: channel.clone(), recovered: true };
        if let Err(error) = router.authorize(Scope::Channel(&matched), event).await {
            socket.refuse_channel(&channel);
            if !error.is_rejection() {
                router.report(socket, error).await;
            }
        }
    }
}
