use std::{sync::Arc, time::Duration};

use actix::Addr;

use super::{BuildError, settings::check};
use crate::{
    config::Config,
    routing::{EventSet, Handlers, Route, Router, SocketHandler, registrations},
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
