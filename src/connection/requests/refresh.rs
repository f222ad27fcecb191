use super::{ChannelRequest, Granted, RefusedRequest, refusal};
use crate::{log_text::log_line, protocol::Args, socket::Socket, tokens::TokenError};

/// Goes on with the token that a client shows, the only argument.
pub(super) fn refresh(socket: &Socket, args: &Args) -> Result<Granted, RefusedRequest> {
    let token = args.get::<String>(0).map_err(|_| TokenError::Malformed);
    match token.and_then(|token| socket.refresh(&token)) {
        Ok(_) => {
            log_line!(log::Level::Debug, "{}: refresh", socket.id());
            Ok(Granted::Nothing)
        }
        Err(error) => {
            socket.counters().tokens_refused.add(error);
            Err(ChannelRequest::Refresh.refuse(refusal(error.to_client())))
        }
    }
}
