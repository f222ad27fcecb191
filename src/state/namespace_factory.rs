use std::sync::Arc;

use crate::{
    config::Config,
    model::Namespace,
    registry::Adapter,
    socket::{LocalAdapter, NamespaceState},
    stats::Counters,
};

/// Makes the state of namespaces from the parts that all of them share.
pub(crate) struct NamespaceFactory {
    /// The server's settings.
    config: Arc<Config>,
    counters: Arc<Counters>,
    adapter: Arc<dyn Adapter>,
    local: Arc<LocalAdapter>,
}

impl NamespaceFactory {
    /// `adapter` is the one to use: the local one, or one that wraps it.
    pub(crate) fn new(
        config: Arc<Config>,
        counters: Arc<Counters>,
        adapter: Arc<dyn Adapter>,
        local: Arc<LocalAdapter>,
    ) -> Self {
        Self { config, counters, adapter, local }
    }

    /// The settings of namespaces that have none of their own.
    pub(super) fn config(&self) -> &Arc<Config> {
        &self.config
    }

    pub(super) fn make(&self, name: Namespace, config: &Arc<Config>) -> Arc<NamespaceState> {
        let Self { counters, adapter, local, .. } = self;
        let (config, counters) = (Arc::clone(config), Arc::clone(counters));
        NamespaceState::new(name, config, counters, Arc::clone(adapter), Arc::clone(local))
    }
}
