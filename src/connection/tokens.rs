//! The tokens of clients: who connects, and what happens when a token ends.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use actix::Context;
use serde_json::json;
use tokio::time::Instant;

use super::{
    Connection,
    jobs::{Job, Task},
};
use crate::{
    config::Config,
    event::DisconnectReason,
    log_text::log_line,
    model::{Access, Channel, Handshake, KnownUser},
    protocol::Args,
    socket::{DueTokens, Identity, Login, Socket},
    stats::RefusalKind,
    tokens::TokenError,
};

/// The event that tells a client that a token ends soon.
const ENDS_SOON: &str = "token_expires";
/// The event that tells a client that its token for a channel has ended.
const HAS_ENDED: &str = "token_expired";

impl Connection {
    /// Finds out who a client is, by the token in its `auth`, or else in the header
    /// `Authorization` of its handshake. Without tokens, all are guests.
    ///
    /// # Errors
    /// The client reads why: its token is not believed, or it has to show one.
    pub(super) fn identify(
        &self,
        shown: Option<&str>,
        handshake: &Handshake,
        config: &Config,
    ) -> Result<Identity, (RefusalKind, &'static str)> {
        let Some(gate) = &self.shared.tokens else { return Ok(None) };
        let bearer = || handshake.header("authorization").and_then(bearer_token);
        let checked = match shown.or_else(bearer) {
            None if config.allow_guests => return Ok(None),
            None => Err(TokenError::Missing),
            Some(token) => gate.check(token, SystemTime::now()),
        };
        match checked {
            Ok(claims) => Ok(Some(Login { gate: Arc::clone(gate), claims: Arc::new(claims) })),
            Err(error) => {
                self.counters().tokens_refused.add(error);
                log_line!(log::Level::Debug, "{}: {}", self.driver.peer(), error);
                Err((RefusalKind::Token, error.to_client()))
            }
        }
    }

    /// The user who may have the socket of a session.
    pub(super) fn known_user(&self, identity: &Identity) -> KnownUser {
        match identity {
            _ if self.shared.tokens.is_none() => KnownUser::Unchecked,
            None => KnownUser::Guest,
            Some(login) => login.known_user(),
        }
    }

    /// Puts a new socket into the channels that it has by its token.
    pub(super) fn enter_own_channels(&self, socket: &Socket) {
        if socket.recovered() {
            return;
        }
        for channel in socket.enter_own_channels() {
            let id = socket.id();
            log_line!(log::Level::Warn, "{}: can't be in \"{}\", as its token says", id, channel);
        }
    }

    /// Finds out when a token needs something next. The connection ends if one was revoked after
    /// it was checked, and before the socket could be found by it.
    pub(super) fn tokens_changed(&mut self, ctx: &mut Context<Self>) {
        if self.sockets.list.iter().any(|entry| entry.socket.has_revoked_token()) {
            return self.end(DisconnectReason::ForcedClose, ctx);
        }
        let admitted = self.sockets.list.iter().filter(|entry| entry.admitted && !entry.ending);
        self.clock.token_at = admitted.filter_map(|entry| entry.socket.next_token_deadline()).min();
        self.reschedule(ctx);
    }

    /// Tells clients of tokens that end soon, and ends what has no token any more. Returns whether
    /// the connection has ended.
    pub(super) fn tokens_due(&mut self, ctx: &mut Context<Self>) -> bool {
        let now = Instant::now();
        if self.driver.is_ended() || self.clock.token_at.is_none_or(|at| now < at) {
            return false;
        }
        let admitted = self.sockets.list.iter().filter(|entry| entry.admitted && !entry.ending);
        let sockets: Vec<_> =
            admitted.map(|entry| (entry.socket.clone(), Arc::clone(&entry.router))).collect();
        for (socket, router) in sockets {
            let due = socket.take_due_tokens(now);
            announce(&socket, &due);
            if due.has_ended {
                let (id, namespace) = (socket.id(), socket.namespace());
                log_line!(log::Level::Info, "{} \"{}\": its token has expired", id, namespace);
                // As a lost transport, so that the client comes back, with a new token.
                self.end(DisconnectReason::ForcedClose, ctx);
                return true;
            }
            let of_subscribers = |channel: &Channel| {
                let matched = router.channel_routes().matches(channel);
                matched.options.subscribe_access == Access::Token
            };
            // Where the token was for publishing alone, the client stays.
            for channel in due.ended_channels.into_iter().filter(of_subscribers) {
                // As a request of the client: handlers are told, and it waits for its turn.
                let name = socket.config().unsubscribe_event.clone().into();
                // One string is not nested, so this always succeeds.
                let Ok(args) = Args::parse(json!([channel]).to_string().into(), 1) else {
                    continue;
                };
                let task = Task::Event { name, args, id: None };
                let (socket, router) = (socket.clone(), Arc::clone(&router));
                self.jobs.queue.push(Job { socket, router, task });
            }
        }
        self.tokens_changed(ctx);
        self.process(ctx);
        self.driver.is_ended()
    }
}

/// The token in a header `Authorization` (RFC 6750 section 2.1).
fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Tells a client about the ends of its tokens. One that is gone needs no news.
fn announce(socket: &Socket, due: &DueTokens) {
    let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if let Some(expires) = due.ends_soon {
        let _ = socket.emit(ENDS_SOON, &json!({"expires": seconds(expires)}));
    }
    for (channel, expires) in &due.channels_end_soon {
        let end = json!({"expires": seconds(*expires), "channel": channel});
        let _ = socket.emit(ENDS_SOON, &end);
    }
    for channel in &due.ended_channels {
        let _ = socket.emit(HAS_ENDED, &json!({"channel": channel}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_read_from_its_header() {
        assert_eq!(bearer_token("Bearer a.b.c"), Some("a.b.c"));
        assert_eq!(bearer_token("bearer  a.b.c "), Some("a.b.c"));
        assert_eq!(bearer_token("Basic YTpi"), None);
        assert_eq!(bearer_token("a.b.c"), None);
    }
}
