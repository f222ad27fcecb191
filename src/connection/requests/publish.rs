use bytestring::ByteString;
use serde_json::Value;

#[cfg(feature = "jwt")]
use super::access;
use super::{ChannelRequest, Granted, RefusedRequest, channel_of, refusal};
use crate::{
    event::OnMessage,
    protocol::{Args, is_reserved},
    routing::{Router, Scope},
    socket::{MESSAGE, Socket},
};

/// Publishes an event of a client to a channel, if the client is subscribed, the route allows it
/// and no handler refuses.
pub(super) async fn publish(
    socket: &Socket,
    router: &Router,
    args: &Args,
) -> Result<Granted, RefusedRequest> {
    let refuse = |answer| ChannelRequest::Publish.refuse(answer);
    let channel = channel_of(args, socket.config()).map_err(refuse)?;
    let (event, data) = event_of(args).map_err(refuse)?;
    let Some(matched) = socket.matched_channel(&channel) else {
        return Err(refuse(refusal("subscribe to the channel before you publish to it")));
    };
    #[cfg(feature = "jwt")]
    access::check_publish(socket, &channel, &matched).map_err(refuse)?;
    let allow_publish = matched.options.allow_publish;
    let message =
        OnMessage::new(socket.clone(), Some(channel.clone()), event.clone(), data.clone(), None);
    if !allow_publish && !router.has_route_handler(&matched, &message) {
        return Err(refuse(refusal("clients may not publish to this channel")));
    }
    if allow_publish && let Some(fault) = data.portability_fault() {
        return Err(refuse(refusal(format!("some clients cannot read the data: {fault}"))));
    }
    if let Err(error) = router.authorize(Scope::Channel(&matched), message).await {
        let answer = error.to_client();
        router.report(socket, error).await;
        return Err(refuse(answer));
    }
    if allow_publish {
        let namespace = socket.namespace().as_str();
        let packet = socket.codec().relay(namespace, &event, &data, true);
        let sent = socket.to(&channel).relay_packet(packet).await;
        sent.map_err(|error| refuse(refusal(error)))?;
    }
    Ok(Granted::Nothing)
}

/// The event's name and data: all arguments after the channel. A single one is the data of the
/// event `message`.
fn event_of(args: &Args) -> Result<(ByteString, Args), Value> {
    match args.len() {
        2 => Ok((ByteString::from_static(MESSAGE), args.clone().skip(1))),
        3 => match args.raw(1).filter(|name| name.starts_with('"')).and_then(|_| args.name(1)) {
            Some(event) if !is_reserved(&event) => Ok((event, args.clone().skip(2))),
            Some(event) => Err(refusal(format!("the event name {event:?} is reserved"))),
            None => Err(refusal("the event's name must be a string")),
        },
        _ => Err(refusal(
            "publish takes a channel, an event's name if it is not \"message\", and data",
        )),
    }
}
