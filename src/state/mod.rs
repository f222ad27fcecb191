//! The state that the connections of a server share: its namespaces and its sockets.

mod namespace_factory;
mod namespace_family;
mod namespaces;
mod sockets;

use std::sync::Arc;

pub(crate) use namespace_factory::NamespaceFactory;
pub(crate) use namespace_family::{NamespaceFamily, NamespaceMatcher, NamespacePredicate};
pub(crate) use namespaces::{NamespaceEntry, Namespaces};
pub(crate) use sockets::SocketTable;

use crate::{config::Config, engine::EngineState, protocol::PacketCodec};

/// The state that all connections of a server share.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) engine: Arc<EngineState>,
    pub(crate) namespaces: Namespaces,
    pub(crate) sockets: Arc<SocketTable>,
    pub(crate) codec: PacketCodec,
}

impl ServerState {
    pub(crate) fn config(&self) -> &Config {
        &self.engine.config
    }
}
