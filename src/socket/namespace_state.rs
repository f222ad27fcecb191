use std::{fmt, sync::Arc};

use super::{LocalAdapter, SendError, ack_collector::AckCollectors};
use crate::{
    config::Config,
    model::{DataMap, HistoryRules, Namespace, Quota},
    protocol::PacketCodec,
    registry::{Adapter, Sequencer},
    stats::Counters,
};

/// The state that all sockets of one namespace share.
pub(crate) struct NamespaceState {
    pub(crate) name: Namespace,
    pub(crate) config: Arc<Config>,
    pub(crate) codec: PacketCodec,
    pub(crate) counters: Arc<Counters>,
    /// The application's values.
    pub(crate) data: Arc<DataMap>,
    /// Carries what concerns more than one socket, perhaps to other servers.
    pub(crate) adapter: Arc<dyn Adapter>,
    /// Orders what concerns the sockets of this server.
    pub(crate) sequencer: Sequencer,
    local: Arc<LocalAdapter>,
    /// The acknowledgements of its sockets.
    pub(super) acks: Arc<AckCollectors>,
    /// Counts its sockets.
    pub(crate) socket_quota: Quota,
}

impl NamespaceState {
    pub(crate) fn new(
        name: Namespace,
        config: Arc<Config>,
        counters: Arc<Counters>,
        data: Arc<DataMap>,
        adapter: Arc<dyn Adapter>,
        local: Arc<LocalAdapter>,
        history: &HistoryRules,
    ) -> Arc<Self> {
        local.sequencer.set_history_rules(&name, history);
        Arc::new(Self {
            acks: local.begin_state(&name, &*adapter),
            name,
            config,
            codec: local.codec.clone(),
            counters,
            data,
            adapter,
            sequencer: local.sequencer.clone(),
            local,
            socket_quota: Quota::default(),
        })
    }

    /// Whether no adapter wraps the local one, so that this server is the only one.
    #[cfg(any(feature = "admin", feature = "api"))]
    pub(super) fn is_alone(&self) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.adapter), Arc::as_ptr(&self.local))
    }

    /// Refuses a packet that is larger than an outbox. It would only disconnect its receivers.
    pub(super) fn check_size(&self, cost: usize) -> Result<(), SendError> {
        let (length, limit) = (cost, self.config.max_outbox);
        if length > limit { Err(SendError::TooLarge { length, limit }) } else { Ok(()) }
    }
}

impl Drop for NamespaceState {
    fn drop(&mut self) {
        self.local.end_state(&self.name, &*self.adapter);
    }
}

impl fmt::Debug for NamespaceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NamespaceState").field(&self.name.as_str()).finish()
    }
}
