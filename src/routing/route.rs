use actix::Addr;

use super::{ChannelEventSet, Handlers, IntoHandler, SocketHandler};
use crate::{
    event::{OnDisconnect, OnError, OnFinish, OnMessage, OnSubscribe, OnUnsubscribe},
    model::ChannelOptions,
};

/// The channels whose names match a pattern: that they exist, who handles their events, what
/// clients may do.
///
/// Made by [`channel`], and given to [`Builder::route`](crate::Builder::route).
#[derive(Debug)]
#[must_use = "a route does nothing until it is given to `Builder::route`"]
pub struct Route {
    pub(super) pattern: String,
    pub(super) handlers: Handlers,
    pub(super) options: ChannelOptions,
}

/// A route for the channels that match `pattern`, a regular expression.
///
/// It is matched from the start of the name, as by Python's `re.match`, and need not reach its end:
/// `room-` is `^room-`, and takes `room-1` but not `my-room-1`. Write `room-[0-9]+$` to mean the
/// whole name. A pattern that is no regular expression fails
/// [`Builder::build`](crate::Builder::build).
///
/// A route alone says that such channels exist: clients may subscribe to them, unless a handler
/// objects.
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
/// No channel comes with a connection, so a route takes no `on_connect`:
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
    }
}

impl Route {
    /// Registers an actor for all events that it lists.
    pub fn to<A>(mut self, addr: &Addr<A>) -> Self
    where
        A: SocketHandler,
        A::Events: ChannelEventSet,
    {
        <A::Events as super::EventSet<A>>::add(addr, &mut self.handlers);
        self
    }

    /// Clients that are subscribed may publish to these channels, and the others get it, unless a
    /// handler of [`OnMessage`] objects.
    pub fn allow_publish(mut self) -> Self {
        self.options.allow_publish = true;
        self
    }

    /// Handles events which a client publishes to one of these channels, and events for the server
    /// from a client that is in one of them.
    pub fn on_message<Via>(mut self, handler: impl IntoHandler<OnMessage, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Decides who may subscribe.
    pub fn on_subscribe<Via>(mut self, handler: impl IntoHandler<OnSubscribe, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Hears who has left.
    pub fn on_unsubscribe<Via>(mut self, handler: impl IntoHandler<OnUnsubscribe, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Hears of failures of handlers, for clients that are in one of these channels.
    pub fn on_error<Via>(mut self, handler: impl IntoHandler<OnError, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Hears that a client has gone which was in one of these channels.
    pub fn on_disconnect<Via>(mut self, handler: impl IntoHandler<OnDisconnect, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Hears the last of a client which was in one of these channels.
    pub fn on_finish<Via>(mut self, handler: impl IntoHandler<OnFinish, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }
}
