use std::{fmt, future::poll_fn, sync::Arc, task::Poll, time::Duration};

use futures_core::future::LocalBoxFuture;
use smallvec::SmallVec;

use super::{
    ChannelEvent, Event, HandlerFn, Handlers, Route, presence::PresenceOfRoutes,
    routes_by_event::RoutesByEvent,
};
use crate::{
    deadline::within,
    event::{Failure, HandlerResult, OnError, OnMessage},
    model::{ChannelMatch, ChannelRoutes, History, HistoryRules, PatternError},
    socket::{MemberSource, Socket},
};

/// Calls the handlers of one namespace: first those of its builder, which receive every event, then
/// those of the routes that match, in the order of registration.
///
/// The router never runs a pattern. It finds the routes of an event in the [`ChannelMatch`] that is
/// kept with a subscription, or in the routes that a socket counts.
pub(crate) struct Router {
    /// The handlers of the builder.
    global: Handlers,
    channel_routes: Arc<ChannelRoutes>,
    /// The handlers of each route, by the index of the route.
    by_route: Vec<Handlers>,
    /// The routes that have a handler of an event. The others are not looked at.
    handling: RoutesByEvent,
    handler_timeout: Duration,
    is_sequential: bool,
    /// The history of what goes to all sockets of the namespace.
    history: Option<History>,
    /// Finds the member behind a socket, if some route declares presence.
    members: Option<Arc<dyn MemberSource>>,
}

/// The subject of an event. It selects the routes whose handlers receive the event.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// One channel, by its match.
    Channel(&'a ChannelMatch),
    /// All channels that the socket is in.
    Socket(&'a Socket),
}

impl Router {
    pub(crate) fn new(
        global: Handlers,
        routes: Vec<Route>,
        is_first_only: bool,
        handler_timeout: Duration,
    ) -> Result<Self, PatternError> {
        let declared: Vec<_> =
            routes.iter().map(|route| (route.pattern.as_str(), route.options)).collect();
        let channel_routes = Arc::new(ChannelRoutes::new(&declared)?.first_only(is_first_only));
        let (by_route, presence): (Vec<_>, Vec<_>) =
            routes.into_iter().map(|route| (route.handlers, route.presence)).unzip();
        let members = PresenceOfRoutes::source(presence);
        let handling = RoutesByEvent::new(&by_route);
        let is_sequential = global.messages().only().is_some_and(HandlerFn::is_sequential)
            && handling.of::<OnMessage>().is_empty()
            && !global.has::<OnError>()
            && handling.of::<OnError>().is_empty();
        let history = None;
        Ok(Self {
            global,
            channel_routes,
            by_route,
            handling,
            handler_timeout,
            is_sequential,
            history,
            members,
        })
    }

    /// Keeps what goes to all sockets of the namespace.
    pub(crate) fn with_history(self, history: Option<History>) -> Self {
        Self { history, ..self }
    }

    /// The histories that the channels of the namespace have.
    pub(crate) fn history_rules(&self) -> HistoryRules {
        let routes = &self.channel_routes;
        HistoryRules {
            routes: routes.has_history().then(|| Arc::clone(routes)),
            everyone: self.history,
        }
    }

    /// Finds the member behind a socket. `None`: no route declares presence.
    pub(crate) fn members(&self) -> Option<&Arc<dyn MemberSource>> {
        self.members.as_ref()
    }

    /// The patterns and options of the routes.
    pub(crate) fn channel_routes(&self) -> &Arc<ChannelRoutes> {
        &self.channel_routes
    }

    /// Whether a plain event may be handed over before the last one is done.
    ///
    /// It may if a single actor receives all plain events and handles one after the other, and if
    /// no handler of [`OnError`] has to run in between.
    pub(crate) fn is_sequential(&self) -> bool {
        self.is_sequential
    }

    /// Whether a route of the channel has a handler of this event. Handlers of the builder do not
    /// count.
    pub(crate) fn has_route_handler<E: ChannelEvent>(
        &self,
        matched: &ChannelMatch,
        event: &E,
    ) -> bool {
        matched.routes.iter().any(|route| !self.by_route[*route].of(event).is_empty())
    }

    /// Whether the builder has a handler of this event.
    pub(crate) fn has_handler<E: Event>(&self) -> bool {
        self.global.has::<E>()
    }

    /// Whether the builder or any route has a handler of this event.
    pub(crate) fn is_handled<E: ChannelEvent>(&self) -> bool {
        self.has_handler::<E>() || !self.handling.of::<E>().is_empty()
    }

    /// Calls the handlers one after the other, until one refuses.
    pub(crate) async fn authorize<E: ChannelEvent>(
        &self,
        scope: Scope<'_>,
        event: E,
    ) -> HandlerResult {
        self.authorize_each(self.handlers(scope, &event), event).await
    }

    /// Calls the handlers of the builder one after the other, until one refuses.
    pub(crate) async fn authorize_globally<E: Event>(&self, event: E) -> HandlerResult {
        self.authorize_each(self.global.of(&event), event).await
    }

    async fn authorize_each<'a, E: Event>(
        &self,
        handlers: impl IntoIterator<Item = &'a HandlerFn<E>>,
        event: E,
    ) -> HandlerResult {
        for handler in handlers {
            self.call(handler, event.clone()).await?;
        }
        Ok(())
    }

    /// Calls all handlers one after the other. A failure goes to the handlers of [`OnError`].
    pub(crate) async fn notify<E: ChannelEvent>(
        &self,
        scope: Scope<'_>,
        socket: &Socket,
        event: E,
    ) {
        self.notify_each(self.handlers(scope, &event), socket, event).await;
    }

    /// Calls all handlers of the builder one after the other. A failure goes to the handlers of
    /// [`OnError`].
    pub(crate) async fn notify_global<E: Event>(&self, socket: &Socket, event: E) {
        self.notify_each(self.global.of(&event), socket, event).await;
    }

    async fn notify_each<'a, E: Event>(
        &self,
        handlers: impl IntoIterator<Item = &'a HandlerFn<E>>,
        socket: &Socket,
        event: E,
    ) {
        for handler in handlers {
            let answer = self.call(handler, event.clone()).await;
            self.report_failure(socket, answer).await;
        }
    }

    pub(super) async fn call<E>(&self, handler: &HandlerFn<E>, event: E) -> HandlerResult {
        self.wait_for(handler.call(event)).await
    }

    pub(super) async fn wait_for(
        &self,
        mut running: LocalBoxFuture<'static, HandlerResult>,
    ) -> HandlerResult {
        // Most handlers answer on the first poll, and need no timer.
        if let Poll::Ready(answer) = poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx))).await {
            return answer;
        }
        let answer = Box::pin(within(self.handler_timeout, running)).await;
        answer.unwrap_or_else(|| Err(Failure::TimedOut.into()))
    }

    /// The handlers of an event, each once: those of the builder, then those of the routes.
    pub(super) fn handlers<'s, E: ChannelEvent>(
        &'s self,
        scope: Scope<'_>,
        event: &E,
    ) -> impl Iterator<Item = &'s HandlerFn<E>> + use<'s, E> {
        self.global.of(event).iter().chain(self.route_handlers(scope, event))
    }

    /// The handler of an event, if no other one can have it.
    #[inline]
    pub(super) fn only_message_handler(&self, event: &OnMessage) -> Option<&HandlerFn<OnMessage>> {
        match self.global.of(event) {
            [only] if self.handling.of::<OnMessage>().is_empty() => Some(only),
            _ => None,
        }
    }

    /// The handlers of the builder for events that no other handler takes.
    pub(super) fn unknown_handlers(&self) -> &[HandlerFn<OnMessage>] {
        self.global.messages().unknown()
    }

    fn route_handlers<'s, E: ChannelEvent>(
        &'s self,
        scope: Scope<'_>,
        event: &E,
    ) -> SmallVec<[&'s HandlerFn<E>; 4]> {
        let handling = &self.handling;
        if handling.of::<E>().is_empty() {
            return SmallVec::new();
        }
        // An index comes from `channel_routes`, which has as many routes as `by_route`.
        let of_route = |route: usize| self.by_route[route].of(event);
        match scope {
            Scope::Channel(matched) => {
                handling.among::<E>(&matched.routes).flat_map(of_route).collect()
            }
            Scope::Socket(socket) => socket
                .read_routes(|matched| handling.among::<E>(matched).flat_map(of_route).collect()),
        }
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("routes", &self.channel_routes).finish_non_exhaustive()
    }
}
