//! The user of a socket, by the token that its client has shown.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{ConnectionCommand, Socket, SocketInner};
use crate::{
    model::{Channel, KnownUser, is_user_channel, user_channel},
    tokens::{Claims, TokenError, TokenGate},
};

/// A client whose token is believed.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) gate: Arc<TokenGate>,
    pub(crate) claims: Arc<Claims>,
}

/// The tokens of a socket.
pub(super) struct SocketUser {
    name: Arc<str>,
    gate: Arc<TokenGate>,
    tokens: Mutex<SocketTokens>,
}

/// The tokens of a socket, and when they end.
struct SocketTokens {
    claims: Arc<Claims>,
    end: TokenEnd,
    /// Its tokens for channels.
    channels: HashMap<Channel, ChannelToken>,
}

struct ChannelToken {
    end: TokenEnd,
    may_publish: bool,
}

/// When a token ends, by the server's timer.
#[derive(Clone, Copy)]
struct TokenEnd {
    at: Instant,
    expires: SystemTime,
    is_announced: bool,
}

/// The changes that are due for the tokens of a socket.
#[derive(Debug, Default)]
pub(crate) struct DueTokens {
    /// Its own token ends soon, at this time.
    pub(crate) ends_soon: Option<SystemTime>,
    pub(crate) has_ended: bool,
    pub(crate) channels_end_soon: Vec<(Channel, SystemTime)>,
    pub(crate) ended_channels: Vec<Channel>,
}

impl Login {
    pub(crate) fn known_user(&self) -> KnownUser {
        KnownUser::User(user_channel(self.claims.user()))
    }
}

impl SocketUser {
    pub(super) fn new(login: Login) -> Self {
        let Login { gate, claims } = login;
        let end = TokenEnd::of(&claims);
        let name = claims.user().into();
        let tokens = SocketTokens { claims, end, channels: HashMap::new() };
        Self { name, gate, tokens: Mutex::new(tokens) }
    }
}

impl TokenEnd {
    fn of(claims: &Claims) -> Self {
        let expires = claims.expires();
        let left = expires.duration_since(SystemTime::now()).unwrap_or_default();
        // A timer that is years away may be out of range.
        let at = Instant::now().checked_add(left);
        let at = at.unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400 * 365));
        Self { at, expires, is_announced: false }
    }

    /// The next time at which something is due.
    fn next(&self, warning: Duration) -> Instant {
        let warned = self.at.checked_sub(warning).filter(|_| !self.is_announced);
        warned.unwrap_or(self.at)
    }

    /// Whether the end is near and was not announced yet. It is from now on.
    fn announce(&mut self, now: Instant, warning: Duration) -> Option<SystemTime> {
        let is_due = !self.is_announced && now < self.at && self.next(warning) <= now;
        self.is_announced |= is_due;
        is_due.then_some(self.expires)
    }
}

/// # Users
impl Socket {
    /// The user of the client, by its token: `None` for a guest, and without
    /// [`Builder::tokens`](crate::Builder::tokens).
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) {
    /// let name = socket.user().unwrap_or("a guest");
    /// # }
    /// ```
    pub fn user(&self) -> Option<&str> {
        Some(&self.inner.user.as_ref()?.name)
    }

    /// The claims of the client's token, or of the last one with which it was refreshed.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) {
    /// let is_referee = socket.claims().and_then(|claims| claims.get("referee")).unwrap_or(false);
    /// # }
    /// ```
    pub fn claims(&self) -> Option<Arc<Claims>> {
        Some(Arc::clone(&self.inner.user.as_ref()?.tokens.lock().claims))
    }

    /// Puts the socket into the channel of its user, and into the channels that its token names.
    ///
    /// Returns the channels that it can't be in, by their number or their names.
    pub(crate) fn enter_own_channels(&self) -> Vec<String> {
        let Some(claims) = self.claims() else { return Vec::new() };
        let own = user_channel(claims.user());
        let matched = self.inner.channel_routes.matches(&own);
        let is_full = self.subscribe_matched(own.clone(), matched).is_err();
        let mut refused: Vec<_> = is_full.then(|| own.to_string()).into_iter().collect();
        for channel in claims.own_channels() {
            if is_user_channel(channel) || self.subscribe(channel.as_str()).is_err() {
                refused.push(channel.clone());
            }
        }
        refused
    }

    /// Goes on with another token of the same user.
    pub(crate) fn refresh(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        let user = self.inner.user.as_ref().ok_or(TokenError::OtherUser)?;
        let claims = Arc::new(user.gate.check(token, SystemTime::now())?);
        if *claims.user() != *user.name {
            return Err(TokenError::OtherUser);
        }
        let mut tokens = user.tokens.lock();
        tokens.end = TokenEnd::of(&claims);
        tokens.claims = Arc::clone(&claims);
        drop(tokens);
        self.inner.commands.send(ConnectionCommand::TokensChanged);
        Ok(claims)
    }

    /// Takes a token for a channel.
    pub(crate) fn show_channel_token(
        &self,
        channel: &Channel,
        token: &str,
    ) -> Result<(), TokenError> {
        let user = self.inner.user.as_ref().ok_or(TokenError::OtherUser)?;
        let claims = user.gate.check(token, SystemTime::now())?;
        if *claims.user() != *user.name {
            return Err(TokenError::OtherUser);
        }
        if !claims.is_for_channel(channel) {
            return Err(TokenError::OtherChannel);
        }
        let may_publish = claims.get("publish").unwrap_or(false);
        let shown = ChannelToken { end: TokenEnd::of(&claims), may_publish };
        let mut tokens = user.tokens.lock();
        if tokens.channels.len() >= self.inner.config.max_channels {
            // Some are of subscriptions that the server has ended, or never begun.
            tokens.channels.retain(|channel, _| self.is_subscribed(channel));
        }
        tokens.channels.insert(channel.clone(), shown);
        drop(tokens);
        self.inner.commands.send(ConnectionCommand::TokensChanged);
        Ok(())
    }

    /// Forgets the token for a channel that the client has left.
    pub(crate) fn drop_channel_token(&self, channel: &Channel) {
        if let Some(user) = &self.inner.user {
            user.tokens.lock().channels.remove(channel);
        }
    }

    /// Whether the client has shown a token for the channel, and with which right.
    pub(crate) fn channel_token_allows_publish(&self, channel: &Channel) -> Option<bool> {
        let tokens = self.inner.user.as_ref()?.tokens.lock();
        tokens.channels.get(channel).map(|token| token.may_publish)
    }

    /// Whether its token was revoked while it was on its way here.
    pub(crate) fn has_revoked_token(&self) -> bool {
        let Some(user) = &self.inner.user else { return false };
        let claims = Arc::clone(&user.tokens.lock().claims);
        claims.token_id().is_some_and(|id| user.gate.is_revoked(id, SystemTime::now()))
    }

    /// When its tokens need something next.
    pub(crate) fn next_token_deadline(&self) -> Option<Instant> {
        let SocketInner { user, config, .. } = &*self.inner;
        let tokens = user.as_ref()?.tokens.lock();
        let channels = tokens.channels.values().map(|token| &token.end);
        std::iter::once(&tokens.end).chain(channels).map(|end| end.next(config.token_warning)).min()
    }

    /// Finds out which of its tokens end now or soon. An end is announced once.
    pub(crate) fn take_due_tokens(&self, now: Instant) -> DueTokens {
        let Some(user) = &self.inner.user else { return DueTokens::default() };
        let warning = self.inner.config.token_warning;
        let mut tokens = user.tokens.lock();
        let mut due = DueTokens {
            ends_soon: tokens.end.announce(now, warning),
            has_ended: tokens.end.at <= now,
            ..DueTokens::default()
        };
        tokens.channels.retain(|channel, token| {
            if !self.is_subscribed(channel) {
                return false;
            }
            if let Some(expires) = token.end.announce(now, warning) {
                due.channels_end_soon.push((channel.clone(), expires));
            }
            let has_ended = token.end.at <= now;
            if has_ended {
                due.ended_channels.push(channel.clone());
            }
            !has_ended
        });
        due
    }
}
