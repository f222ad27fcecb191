use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use super::{SendError, Socket, survey::Surveys};
use crate::{
    config::Config,
    model::{Namespace, SocketId},
    protocol::{Encoding, Frame},
    registry::RegistryHandle,
};

/// Finds sockets by their ids.
pub(crate) trait Directory: Send + Sync {
    fn socket(&self, id: &SocketId) -> Option<Socket>;
}

/// What all sockets of one namespace share.
pub(crate) struct Space {
    pub(crate) namespace: Namespace,
    pub(crate) config: Arc<Config>,
    pub(crate) registry: RegistryHandle,
    pub(crate) encoding: Encoding,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) surveys: Surveys,
    next_ack: AtomicU64,
    sockets: AtomicUsize,
}

/// A socket's place in the count of its namespace; given up when dropped.
#[derive(Debug)]
pub(crate) struct Seat(Arc<Space>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.sockets.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Space {
    pub(crate) fn new(
        namespace: Namespace,
        config: Arc<Config>,
        registry: RegistryHandle,
        encoding: Encoding,
        directory: Arc<dyn Directory>,
    ) -> Arc<Self> {
        Arc::new(Self {
            namespace,
            config,
            registry,
            encoding,
            directory,
            surveys: Surveys::default(),
            next_ack: AtomicU64::new(0),
            sockets: AtomicUsize::new(0),
        })
    }

    /// A place for one more socket, if there is one.
    pub(crate) fn take_seat(this: &Arc<Self>, limit: usize) -> Option<Seat> {
        let before = this.sockets.fetch_add(1, Ordering::Relaxed);
        // Counted from here on; one too many takes itself back.
        let seat = Seat(Arc::clone(this));
        (before < limit).then_some(seat)
    }

    /// Refuses a frame which could wait for nobody, and would cost them their connection.
    pub(super) fn check_size(&self, frame: &Frame) -> Result<(), SendError> {
        let (length, limit) = (frame.len(), self.config.max_outbox);
        if length > limit { Err(SendError::TooLarge { length, limit }) } else { Ok(()) }
    }

    /// An id to be acknowledged with: one count for the namespace, since a broadcast has the same for all.
    pub(super) fn ack_id(&self) -> u64 {
        self.next_ack.fetch_add(1, Ordering::Relaxed)
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Space").field(&self.namespace.as_str()).finish()
    }
}
