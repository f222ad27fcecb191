//! What the connections of a server share: its namespaces and its sockets.

mod namespaces;
mod sockets;

use std::sync::Arc;

pub(crate) use namespaces::{
    DynamicNamespace, NamespaceEntry, NamespaceFactory, NamespaceMatcher, NamespacePredicate,
    Namespaces,
};
pub(crate) use sockets::SocketTable;

use crate::{config::Config, engine::EngineState, protocol::PacketCodec};

/// What all connections of a server share.
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
