use std::sync::Arc;

use actix::Addr;

use super::{BuildError, namespace_overrides::NamespaceOverrides};
use crate::{
    config::Config,
    routing::{
        EventSet, Handlers, Route, Router, ServerEventHandlers, SocketHandler, registrations,
    },
};

/// The handlers and routes of one namespace, for [`Builder::namespace`](super::Builder::namespace).
///
/// A handler registered here hears every event of the namespace, of every client; one on a
/// [`Route`] hears those which concern its channels.
#[derive(Debug, Default)]
#[must_use = "give it back to `Builder::namespace`"]
pub struct NamespaceBuilder {
    pub(super) handlers: Handlers,
    routes: Vec<Route>,
    pub(super) overrides: NamespaceOverrides,
}

registrations! {
    namespace NamespaceBuilder, |builder| builder.handlers,
    "SocketIo", "let builder = SocketIo::builder().namespace(\"/admin\", |admin| admin", ")"
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

    /// Its handlers for events of other servers.
    pub(super) fn server_event_handlers(&self, server: &Config) -> ServerEventHandlers {
        let handler_timeout = self.overrides.handler_timeout.unwrap_or(server.handler_timeout);
        ServerEventHandlers::new(&self.handlers, handler_timeout)
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
