use parking_lot::RwLock;

use crate::{
    model::{IdMap, SocketId},
    socket::{Socket, SocketLookup},
};

/// The sockets of a server by their public id.
#[derive(Debug, Default)]
pub(crate) struct SocketTable(RwLock<IdMap<SocketId, Socket>>);

impl SocketTable {
    pub(crate) fn insert(&self, socket: &Socket) {
        self.0.write().insert(socket.id(), socket.clone());
    }

    pub(crate) fn remove(&self, socket: &Socket) {
        // The socket is dropped after the lock is released.
        let socket = self.0.write().remove(&socket.id());
        drop(socket);
    }

    /// Shows each socket. No socket comes or goes meanwhile.
    #[cfg(feature = "admin")]
    pub(crate) fn each(&self, show: impl FnMut(&Socket)) {
        self.0.read().values().for_each(show);
    }

    /// The sockets that a test holds for.
    #[cfg(feature = "jwt")]
    pub(crate) fn matching(&self, wanted: impl Fn(&Socket) -> bool) -> Vec<Socket> {
        self.0.read().values().filter(|socket| wanted(socket)).cloned().collect()
    }
}

#[cfg(feature = "admin")]
impl SocketTable {
    pub(crate) fn all(&self) -> Vec<Socket> {
        self.0.read().values().cloned().collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.read().len()
    }
}

impl SocketLookup for SocketTable {
    fn socket(&self, id: &SocketId) -> Option<Socket> {
        self.0.read().get(id).cloned()
    }
}
