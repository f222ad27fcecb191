use std::sync::Arc;

use actix::Addr;

use super::{BuildError, namespace_overrides::NamespaceOverrides};
use crate::{
    config::Config,
    event::{
        OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, OnPacket, OnSubscribe,
        OnUnsubscribe, OnUpgrade,
    },
    routing::{EventSet, Handlers, IntoHandler, Route, Router, SocketHandler},
};

/// The handlers and routes of one namespace, for [`Builder::namespace`](super::Builder::namespace).
///
/// A handler registered here hears every event of the namespace, of every client; one on a
/// [`Route`] hears those which concern its channels.
#[derive(Debug, Default)]
#[must_use = "give it back to `Builder::namespace`"]
pub struct NamespaceBuilder {
    handlers: Handlers,
    routes: Vec<Route>,
    pub(super) overrides: NamespaceOverrides,
}

impl NamespaceBuilder {
    /// Adds a route: channels that exist, and who handles their events.
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Registers an actor for all events that it lists.
    pub fn to<A: SocketHandler>(mut self, addr: &Addr<A>) -> Self {
        <A::Events as EventSet<A>>::add(addr, &mut self.handlers);
        self
    }

    /// Decides who may come in.
    pub fn on_connect<Via>(mut self, handler: impl IntoHandler<OnConnect, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Handles what clients send.
    pub fn on_message<Via>(mut self, handler: impl IntoHandler<OnMessage, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Decides who may subscribe, to any channel.
    pub fn on_subscribe<Via>(mut self, handler: impl IntoHandler<OnSubscribe, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Hears who has left any channel.
    pub fn on_unsubscribe<Via>(mut self, handler: impl IntoHandler<OnUnsubscribe, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Hears of every handler that failed.
    pub fn on_error<Via>(mut self, handler: impl IntoHandler<OnError, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Hears that a client has gone, and why.
    pub fn on_disconnect<Via>(mut self, handler: impl IntoHandler<OnDisconnect, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Hears the last of each client.
    pub fn on_finish<Via>(mut self, handler: impl IntoHandler<OnFinish, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Looks at every event before anything is done with it, and may drop it: Socket.IO's
    /// `socket.use`.
    pub fn on_packet<Via>(mut self, handler: impl IntoHandler<OnPacket, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// Hears that a client has moved from polling to a WebSocket.
    pub fn on_upgrade<Via>(mut self, handler: impl IntoHandler<OnUpgrade, Via>) -> Self {
        self.handlers.add(handler.into_handler());
        self
    }

    /// What it is compiled to, and the settings that hold in it.
    pub(super) fn compile(
        self,
        server: &Arc<Config>,
    ) -> Result<(Arc<Router>, Arc<Config>), BuildError> {
        let config = Arc::new(self.overrides.over(server));
        config.check()?;
        let router = Router::new(self.handlers, self.routes, config.handler_timeout)
            .map_err(BuildError::Pattern)?;
        Ok((Arc::new(router), config))
    }
}
