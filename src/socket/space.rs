use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Population, SendError, Socket, survey::Surveys};
use crate::{
    config::Config,
    model::{Namespace, SocketId},
    protocol::Encoding,
    registry::ChannelRegistry,
    stats::Counters,
};

/// Finds sockets by their ids.
pub(crate) trait Directory: Send + Sync {
    fn socket(&self, id: &SocketId) -> Option<Socket>;
}

/// What all sockets of one namespace share.
pub(crate) struct Space {
    pub(crate) namespace: Namespace,
    pub(crate) config: Arc<Config>,
    pub(crate) registry: ChannelRegistry,
    pub(crate) encoding: Encoding,
    pub(crate) counters: Arc<Counters>,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) surveys: Surveys,
    next_ack: AtomicU64,
    /// Its sockets.
    pub(crate) population: Population,
}

impl Space {
    pub(crate) fn new(
        namespace: Namespace,
        config: Arc<Config>,
        registry: ChannelRegistry,
        encoding: Encoding,
        counters: Arc<Counters>,
        directory: Arc<dyn Directory>,
    ) -> Arc<Self> {
        Arc::new(Self {
            namespace,
            config,
            registry,
            encoding,
            counters,
            directory,
            surveys: Surveys::default(),
            next_ack: AtomicU64::new(0),
            population: Population::default(),
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

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Space").field(&self.namespace.as_str()).finish()
    }
}
