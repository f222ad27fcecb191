use std::{iter, sync::Arc};

use actix::Addr;

use super::{BuildError, compiled::Given, namespace_overrides::NamespaceOverrides};
use crate::{
    config::Config,
    model::{History, NameRules, matches_some_name},
    protocol::is_reserved,
    routing::{
        EventSet, Handlers, Route, Router, ServerEventHandlers, SocketHandler, registrations,
    },
};

/// Collects the handlers, routes and settings of one namespace, or of a family of namespaces.
///
/// [`Builder::namespace`](super::Builder::namespace) and the methods after it pass one to your
/// closure, which returns it. A handler that you register here receives the events of every client
/// in the namespace. A handler of a [`Route`] receives the events of its channels.
///
/// ```
/// use actix_socketio::{OnConnect, SocketIo, channel};
///
/// let builder = SocketIo::builder().namespace("/admin", |admin| {
///     admin
///         .on_connect(async |event: OnConnect| {
///             log::info!("{} is an administrator", event.socket.id());
///             Ok(())
///         })
///         .route(channel("^alerts-"))
///         .max_sockets(20)
/// });
/// ```
#[derive(Debug, Default)]
#[must_use = "give it back to `Builder::namespace`"]
pub struct NamespaceBuilder {
    pub(super) handlers: Handlers,
    routes: Vec<Route>,
    is_first_route_only: bool,
    history: Option<History>,
    pub(super) overrides: NamespaceOverrides,
}

registrations! {
    namespace NamespaceBuilder, |builder| builder.handlers,
    "SocketIo", "let builder = SocketIo::builder().namespace(\"/admin\", |admin| admin", ")"
}

impl NamespaceBuilder {
    /// Keeps the newest of what goes to all clients of the namespace, such as
    /// [`SocketIo::emit`](crate::SocketIo::emit) sends, for clients that come back.
    ///
    /// Publications to channels are kept by [`Route::history`](crate::Route::history).
    ///
    /// ```
    /// use actix_socketio::{History, SocketIo};
    ///
    /// let builder =
    ///     SocketIo::builder().namespace("/news", |news| news.history(History::last(50)));
    /// ```
    pub fn history(mut self, history: History) -> Self {
        self.history = Some(history);
        self
    }

    /// Adds a route: it declares channels and the handlers of their events.
    ///
    /// ```
    /// use actix_socketio::{SocketIo, channel};
    ///
    /// let builder = SocketIo::builder()
    ///     .namespace("/admin", |admin| admin.route(channel("^alerts-").allow_publish()));
    /// ```
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Lets only the first of several routes count that match a channel, in the order of
    /// registration. Otherwise the handlers of all of them run, and their options are merged.
    ///
    /// ```
    /// use actix_socketio::{SocketIo, channel};
    ///
    /// let builder = SocketIo::builder().namespace("/news", |news| {
    ///     news.first_route_only()
    ///         .route(channel("^official-")) // no publications of clients here
    ///         .route(channel("").allow_publish())
    /// });
    /// ```
    pub fn first_route_only(mut self) -> Self {
        self.is_first_route_only = true;
        self
    }

    /// Registers an actor for all events that its [`SocketHandler`] lists, as
    /// [`Builder::to`](super::Builder::to) does.
    pub fn to<A: SocketHandler>(mut self, addr: &Addr<A>) -> Self {
        <A::Events as EventSet<A>>::add(addr, &mut self.handlers);
        self
    }

    /// The namespace's handlers for events of other servers.
    pub(super) fn server_event_handlers(&self, server: &Config) -> ServerEventHandlers {
        let handler_timeout = self.overrides.handler_timeout.unwrap_or(server.handler_timeout);
        ServerEventHandlers::new(&self.handlers, handler_timeout)
    }

    /// Compiles the handlers, and finds the settings that hold in the namespace.
    pub(super) fn compile(
        self,
        server: &Arc<Config>,
        given: Given<'_>,
    ) -> Result<(Arc<Router>, Arc<Config>), BuildError> {
        let config = Arc::new(self.overrides.over(server));
        config.check()?;
        let has_presence = self.routes.iter().any(Route::has_presence);
        for handlers in iter::once(&self.handlers).chain(self.routes.iter().map(Route::handlers)) {
            check_handlers(handlers, &config, has_presence, given)?;
        }
        let patterns: Vec<_> = self.routes.iter().map(|route| route.pattern().to_owned()).collect();
        let router = Router::new(
            self.handlers,
            self.routes,
            self.is_first_route_only,
            config.handler_timeout,
        )
        .map_err(BuildError::Pattern)?
        .with_history(self.history);
        check_routes(&patterns, &config)?;
        Ok((Arc::new(router), config))
    }
}

/// Finds a handler that could never run, or that wants a value which was not given.
fn check_handlers(
    handlers: &Handlers,
    config: &Config,
    has_presence: bool,
    given: Given<'_>,
) -> Result<(), BuildError> {
    let is_presence = |name: &str| {
        has_presence && (name == config.presence_event || name == config.presence_stats_event)
    };
    let request = |name: &str| {
        [
            (&config.subscribe_event, "on_subscribe"),
            (&config.unsubscribe_event, "on_unsubscribe"),
            (&config.publish_event, "on_message"),
        ]
        .into_iter()
        .find_map(|(event, method)| (*event == *name).then_some(method))
    };
    for name in handlers.names() {
        let reason = match request(name) {
            Some(method) => format!("it is a request for a channel, which is for `{method}`"),
            None if is_presence(name) => {
                "it is a request for the presence in a channel, which the server answers".to_owned()
            }
            None if given.has_tokens && name == config.refresh_event => {
                "it is the request for a new token, which the server answers".to_owned()
            }
            None if is_reserved(name) => "the name is reserved, so no client sends it".to_owned(),
            None => continue,
        };
        return Err(BuildError::Event { event: name.to_owned(), reason });
    }
    match handlers.missing(given.data) {
        None => Ok(()),
        Some((of, expected)) => Err(BuildError::Data { handler: of.to_owned(), expected }),
    }
}

/// Finds a route that no channel can have. The patterns are valid.
pub(super) fn check_routes(patterns: &[String], config: &Config) -> Result<(), BuildError> {
    if config.max_channels == 0 && !patterns.is_empty() {
        return Err(BuildError::Setting {
            setting: "max_channels",
            value: "0".to_owned(),
            expected: "it must be at least 1 where there are routes".to_owned(),
        });
    }
    let max_length = config.max_channel_length;
    let rules = NameRules { prefix: "", min_rest: 1, max_length, has_controls: false };
    match patterns.iter().find(|pattern| !matches_some_name(pattern, rules)) {
        None => Ok(()),
        Some(pattern) => Err(BuildError::Setting {
            setting: "route",
            value: format!("{pattern:?}"),
            expected: format!(
                "it must match some channel name: one of 1 to {max_length} bytes \
                 (\"max_channel_length\") without control characters"
            ),
        }),
    }
}
