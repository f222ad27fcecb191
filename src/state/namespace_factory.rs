use std::sync::Arc;

use crate::{
    config::Config,
    model::Namespace,
    protocol::PacketCodec,
    registry::Sequencer,
    socket::{NamespaceState, SocketLookup},
    stats::Counters,
};

/// Makes the state of namespaces from the parts that all of them share.
pub(crate) struct NamespaceFactory {
    /// The server's settings.
    config: Arc<Config>,
    sequencer: Sequencer,
    codec: PacketCodec,
    counters: Arc<Counters>,
    sockets: Arc<dyn SocketLookup>,
}

impl NamespaceFactory {
    pub(crate) fn new(
        config: Arc<Config>,
        sequencer: Sequencer,
        codec: PacketCodec,
        counters: Arc<Counters>,
        sockets: Arc<dyn SocketLookup>,
    ) -> Self {
        Self { config, sequencer, codec, counters, sockets }
    }

    /// The settings of namespaces that have none of their own.
    pub(super) fn config(&self) -> &Arc<Config> {
        &self.config
    }

    pub(super) fn make(&self, name: Namespace, config: &Arc<Config>) -> Arc<NamespaceState> {
        NamespaceState::new(
            name,
            Arc::clone(config),
            self.sequencer.clone(),
            self.codec.clone(),
            Arc::clone(&self.counters),
            Arc::clone(&self.sockets),
        )
    }
}
