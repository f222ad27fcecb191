use actix::Addr;

use super::{ChannelEventSet, EventSet, Handlers, Presence, SocketHandler, registrations};
#[cfg(feature = "jwt")]
use crate::model::Access;
use crate::model::{ChannelOptions, History};

/// Declares the channels whose names match a pattern: what clients may do, and which handlers
/// receive the events.
///
/// [`channel`] makes a route. [`Builder::route`](crate::Builder::route) takes it. Where several
/// routes match a channel, the handlers of all of them run, in the order of registration, and one
/// route that allows something is enough. With
/// [`first_route_only`](crate::Builder::first_route_only), only the first of them counts.
///
/// ```
/// use actix_socketio::{OnUnsubscribe, SocketIo, channel};
///
/// let route = channel("^match-").allow_publish().on_unsubscribe(async |event: OnUnsubscribe| {
///     log::info!("{} left {:?}", event.socket.id(), event.channel);
///     Ok(())
/// });
/// let builder = SocketIo::builder().route(route);
/// ```
#[derive(Debug)]
#[must_use = "a route does nothing until it is given to `Builder::route`"]
pub struct Route {
    pub(super) pattern: String,
    pub(super) handlers: Handlers,
    pub(super) options: ChannelOptions,
    pub(super) presence: Option<Presence>,
}

/// Makes a route for the channels that match `pattern`, a regular expression.
///
/// The pattern matches from the start of the name, like Python's `re.match`, and need not reach its
/// end: `room-` means `^room-`, and matches `room-1` but not `my-room-1`. Write `room-[0-9]+$` to
/// match the whole name. [`Builder::build`](crate::Builder::build) returns an error if the pattern
/// is not a valid regular expression, or if it can match no valid channel name, as with `^$`.
///
/// A route without handlers declares that its channels exist. Clients may subscribe to them, unless
/// a handler of the builder refuses.
///
/// ```
/// use actix_socketio::{HandlerError, OnSubscribe, SocketIo, channel};
///
/// # actix::System::new().block_on(async {
/// let io = SocketIo::builder()
///     .route(channel("^match-"))
///     .route(channel("^team-").allow_publish().on_subscribe(async |event: OnSubscribe| {
///         let team: Option<String> = event.socket.context().get("team")?;
///         if team.is_none_or(|team| event.channel != *format!("team-{team}")) {
///             return Err(HandlerError::reject("not your team"));
///         }
///         Ok(())
///     }))
///     .build();
/// # io.unwrap();
/// # });
/// ```
///
/// A route has no `on_connect`, since a client that connects is not in a channel yet:
///
/// ```compile_fail
/// # use actix_socketio::{OnConnect, channel};
/// let route = channel("^room-").on_connect(async |event: OnConnect| Ok(()));
/// ```
pub fn channel(pattern: impl Into<String>) -> Route {
    Route {
        pattern: pattern.into(),
        handlers: Handlers::default(),
        options: ChannelOptions::default(),
        presence: None,
    }
}

impl Route {
    /// The pattern as the application wrote it.
    pub(crate) fn pattern(&self) -> &str {
        &self.pattern
    }

    pub(crate) fn has_presence(&self) -> bool {
        self.presence.is_some()
    }

    pub(crate) fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    /// Registers an actor for all events that its [`SocketHandler`] lists.
    ///
    /// ```
    /// use actix::prelude::*;
    /// use actix_socketio::{HandlerResult, OnSubscribe, SocketHandler, channel};
    ///
    /// struct Gate;
    ///
    /// impl Actor for Gate {
    ///     type Context = Context<Self>;
    /// }
    ///
    /// impl SocketHandler for Gate {
    ///     type Events = (OnSubscribe,);
    /// }
    ///
    /// impl Handler<OnSubscribe> for Gate {
    ///     type Result = HandlerResult;
    ///
    ///     fn handle(&mut self, _: OnSubscribe, _: &mut Self::Context) -> HandlerResult {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # actix::System::new().block_on(async {
    /// let route = channel("^room-").to(&Gate.start());
    /// # });
    /// ```
    pub fn to<A>(mut self, addr: &Addr<A>) -> Self
    where
        A: SocketHandler,
        A::Events: ChannelEventSet,
    {
        <A::Events as EventSet<A>>::add(addr, &mut self.handlers);
        self
    }

    /// Lets subscribers publish to the channels.
    ///
    /// The other subscribers receive what a client publishes, unless a handler of
    /// [`OnMessage`](crate::OnMessage) refuses. Without this method a client may publish only if a
    /// route of the channel has a handler of `OnMessage`, and nothing is forwarded.
    ///
    /// A client that publishes faster than others read is held back:
    /// [`slow_consumer_timeout`](crate::Builder::slow_consumer_timeout).
    ///
    /// ```
    /// let route = actix_socketio::channel("^chat-").allow_publish();
    /// ```
    pub fn allow_publish(mut self) -> Self {
        self.options.allow_publish = true;
        self
    }

    /// Lets clients subscribe that have a user, by [`Builder::tokens`](crate::Builder::tokens).
    ///
    /// If the pattern has a group `user`, it must be the client's user. Where several routes match
    /// a channel, the strictest holds.
    ///
    /// ```
    /// use actix_socketio::channel;
    ///
    /// let team = channel("^team-").for_users();
    /// let inbox = channel("^inbox-(?<user>.+)$").for_users();
    /// ```
    #[cfg(feature = "jwt")]
    pub fn for_users(mut self) -> Self {
        self.options.subscribe_access = self.options.subscribe_access.max(Access::Users);
        self
    }

    /// Lets clients subscribe that show a token for the channel: `subscribe(name, {token}, ack)`.
    ///
    /// Its `sub` must be the connection's user, and its claim `channel` the name, or `pattern` a
    /// regular expression for the whole name. When it ends, the client is unsubscribed.
    /// [`Claims::for_channel`](crate::Claims::for_channel) makes one.
    ///
    /// ```
    /// let route = actix_socketio::channel("^match-").with_token();
    /// ```
    #[cfg(feature = "jwt")]
    pub fn with_token(mut self) -> Self {
        self.options.subscribe_access = Access::Token;
        self
    }

    /// Lets subscribers publish that have a user.
    ///
    /// ```
    /// let route = actix_socketio::channel("^chat-").publish_for_users();
    /// ```
    #[cfg(feature = "jwt")]
    pub fn publish_for_users(mut self) -> Self {
        self.options.publish_access = self.options.publish_access.max(Access::Users);
        self.allow_publish()
    }

    /// Lets subscribers publish whose token for the channel says so, by the claim `publish`.
    ///
    /// ```
    /// let route = actix_socketio::channel("^chat-").with_token().publish_with_token();
    /// ```
    #[cfg(feature = "jwt")]
    pub fn publish_with_token(mut self) -> Self {
        self.options.publish_access = Access::Token;
        self.allow_publish()
    }

    /// Keeps the newest publications to each of the channels, for clients that come back.
    ///
    /// What [`Target::volatile`](crate::Target::volatile) or
    /// [`skip_history`](crate::Target::skip_history) is set for is not kept. Where several routes
    /// match a channel, it keeps the most that one of them asks for.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actix_socketio::{History, channel};
    ///
    /// let history = History::last(100).within(Duration::from_secs(300));
    /// let route = channel("^match-").history(history);
    /// ```
    pub fn history(mut self, history: History) -> Self {
        self.options.history = Some(history);
        self
    }

    /// Lets subscribers of the channels see who is there. Where several routes with presence match
    /// a channel, the first one counts.
    ///
    /// ```
    /// use actix_socketio::{Presence, channel};
    ///
    /// let route = channel("^room-").presence(Presence::by(|socket| socket.id()));
    /// ```
    pub fn presence(mut self, presence: Presence) -> Self {
        self.options.presence = Some(presence.options);
        self.presence = Some(presence);
        self
    }
}

registrations! {
    route Route, |route| route.handlers,
    "channel", "let route = channel(\"^room-\")", ""
}
