use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{SendError, Socket, ack_collector::AckCollectors};
use crate::{
    config::Config,
    model::{Namespace, Quota, SocketId},
    protocol::PacketCodec,
    registry::Sequencer,
    stats::Counters,
};

/// Finds sockets by their ids.
pub(crate) trait SocketLookup: Send + Sync {
    fn socket(&self, id: &SocketId) -> Option<Socket>;
}

/// What all sockets of one namespace share.
pub(crate) struct NamespaceState {
    pub(crate) name: Namespace,
    pub(crate) config: Arc<Config>,
    pub(crate) sequencer: Sequencer,
    pub(crate) codec: PacketCodec,
    pub(crate) counters: Arc<Counters>,
    pub(super) sockets: Arc<dyn SocketLookup>,
    pub(super) ack_collectors: AckCollectors,
    next_ack: AtomicU64,
    /// Its sockets.
    pub(crate) socket_quota: Quota,
}

impl NamespaceState {
    pub(crate) fn new(
        name: Namespace,
        config: Arc<Config>,
        sequencer: Sequencer,
        codec: PacketCodec,
        counters: Arc<Counters>,
        sockets: Arc<dyn SocketLookup>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            config,
            sequencer,
            codec,
            counters,
            sockets,
            ack_collectors: AckCollectors::default(),
            next_ack: AtomicU64::new(0),
            socket_quota: Quota::default(),
        })
    }

    /// Refuses a frame which could wait for nobody, and would cost them their connection.
    pub(super) fn check_size(&self, cost: usize) -> Result<(), SendError> {
        let (length, limit) = (cost, self.config.max_outbox);
        if length > limit { Err(SendError::TooLarge { length, limit }) } else { Ok(()) }
    }

    /// An id to be acknowledged with: one count for the namespace, since a broadcast has the same
    /// for all.
    pub(super) fn ack_id(&self) -> u64 {
        self.next_ack.fetch_add(1, Ordering::Relaxed)
    }
}

impl fmt::Debug for NamespaceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NamespaceState").field(&self.name.as_str()).finish()
    }
}
