use super::{ChannelRequest, Granted, RefusedRequest, channel_of};
use crate::{
    event::OnUnsubscribe,
    log_text::log_line,
    protocol::Args,
    routing::{Router, Scope},
    socket::Socket,
};

/// Unsubscribes a client from a channel. When this returns, no message of the channel follows.
pub(super) async fn unsubscribe(
    socket: &Socket,
    router: &Router,
    args: &Args,
) -> Result<Granted, RefusedRequest> {
    let channel = channel_of(args, socket.config())
        .map_err(|answer| ChannelRequest::Unsubscribe.refuse(answer))?;
    #[cfg(feature = "jwt")]
    socket.drop_channel_token(&channel);
    if let Some(matched) = socket.unsubscribe_and_wait(&channel).await {
        log_line!(
            log::Level::Info,
            "{} \"{}\": unsubscribe \"{}\"",
            socket.id(),
            socket.namespace(),
            channel
        );
        let event = OnUnsubscribe { socket: socket.clone(), channel };
        router.notify(Scope::Channel(&matched), socket, event).await;
    }
    Ok(Granted::Nothing)
}
