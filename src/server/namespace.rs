use std::{sync::Arc, time::Duration};

use actix::Addr;

use super::{BuildError, settings::check};
use crate::{
    config::Config,
    event::{
        OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, OnPacket, OnServerEvent,
        OnSubscribe, OnUnsubscribe, OnUpgrade,
    },
    routing::{EventSet, Handlers, IntoHandler, Route, Router, ServerEventHandlers, SocketHandler},
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
    overrides: NamespaceOverrides,
}

/// Settings that a namespace may have of its own.
macro_rules! overrides {
    ($($name:ident: $type:ty,)*) => {
        #[derive(Debug, Default)]
        struct NamespaceOverrides {
            open_channels: bool,
            $($name: Option<$type>,)*
        }

        impl NamespaceOverrides {
            /// The server's settings, with these in their place.
            fn over(&self, server: &Config) -> Config {
                let mut config = server.clone();
                config.open_channels |= self.open_channels;
                $(if let Some(own) = &self.$name {
                    config.$name.clone_from(own);
                })*
                config
            }
        }

        /// # Settings
        ///
        /// Where this namespace, or each of a family, is to differ from the server.
        impl NamespaceBuilder {
            /// Sets [`Config::open_channels`] for this namespace.
            pub fn open_channels(mut self) -> Self {
                self.overrides.open_channels = true;
                self
            }

            $(
                #[doc = concat!("Sets [`Config::", stringify!($name), "`] for this namespace.")]
                pub fn $name(mut self, $name: $type) -> Self {
                    self.overrides.$name = Some($name);
                    self
                }
            )*
        }
    };
}

overrides! {
    handler_timeout: Duration,
    ack_timeout: Duration,
    max_sockets: usize,
    max_channels: usize,
    max_channel_length: usize,
    max_pending_acks: usize,
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

    /// Handles events that other servers of the cluster send in this namespace, on the arbiter that
    /// builds the server. [`OnServerEvent`] has an example.
    ///
    /// In a family of namespaces, it handles those of all namespaces of a
    /// [pattern](super::Builder::namespaces_matching). For a family that a function decides, which
    /// needs a client's handshake, it is never called.
    pub fn on_server_event<Via>(mut self, handler: impl IntoHandler<OnServerEvent, Via>) -> Self {
        self.handlers.add(handler.into_handler());
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
        check(&config)?;
        let router = Router::new(self.handlers, self.routes, config.handler_timeout)
            .map_err(BuildError::Pattern)?;
        Ok((Arc::new(router), config))
    }
}
