use std::sync::Arc;

use crate::{
    config::Config,
    model::{DataMap, HistoryRules, Namespace},
    registry::Adapter,
    socket::{LocalAdapter, NamespaceState},
    stats::Counters,
};

/// Makes the state of namespaces from the parts that all of them share.
pub(crate) struct NamespaceFactory {
    /// The server's settings.
    config: Arc<Config>,
    counters: Arc<Counters>,
    /// The application's values.
    data: Arc<DataMap>,
    adapter: Arc<dyn Adapter>,
    local: Arc<LocalAdapter>,
}

impl NamespaceFactory {
    /// `adapter` is the one to use: the local one, or one that wraps it.
    pub(crate) fn new(
        config: Arc<Config>,
        counters: Arc<Counters>,
        data: Arc<DataMap>,
        adapter: Arc<dyn Adapter>,
        local: Arc<LocalAdapter>,
    ) -> Self {
        Self { config, counters, data, adapter, local }
    }

    /// The settings of namespaces that have none of their own.
    pub(super) fn config(&self) -> &Arc<Config> {
        &self.config
    }

    pub(super) fn make(
        &self,
        name: Namespace,
        config: &Arc<Config>,
        history: &HistoryRules,
    ) -> Arc<NamespaceState> {
        let Self { counters, data, adapter, local, .. } = self;
        NamespaceState::new(
            name,
            Arc::clone(config),
            Arc::clone(counters),
            Arc::clone(data),
            Arc::clone(adapter),
            Arc::clone(local),
            history,
        )
    }
}
