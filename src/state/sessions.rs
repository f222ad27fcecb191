use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use crate::{
    config::Config,
    model::{IdMap, SessionId, SocketId, Transport, ip_network},
    socket::{Socket, SocketLookup},
    transport::{Session, SessionEnd},
};

/// Who is there: sessions by their secret, sockets by their name.
///
/// A table behind a lock and no actor, since each poll of each client asks it.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    links: RwLock<IdMap<SessionId, Arc<Session>>>,
    sockets: RwLock<IdMap<SocketId, Socket>>,
    connections: Arc<ConnectionQuota>,
    closing: AtomicBool,
}

/// Counts connections whose actor lives, lingering ones too.
#[derive(Debug, Default)]
struct ConnectionQuota {
    count: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    all_closed: Notify,
}

/// A connection's place in the count; given up when dropped.
#[derive(Debug)]
pub(crate) struct ConnectionSlot {
    connections: Arc<ConnectionQuota>,
    /// Where it is counted, if addresses are.
    address: Option<IpAddr>,
}

/// There is no place for another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuotaExceeded {
    /// As many as may are there.
    Server,
    /// As many as may are there of one address.
    Address,
}

impl ConnectionQuota {
    /// Counts one more of an address, if that may be.
    fn count_in(&self, address: IpAddr, limit: usize) -> Result<(), QuotaExceeded> {
        let mut by_address = self.by_address.lock();
        let count = by_address.entry(address).or_default();
        // One that is there has at least one connection, so a limit of zero leaves no entry behind.
        if *count >= limit {
            return Err(QuotaExceeded::Address);
        }
        *count += 1;
        Ok(())
    }

    fn count_out(&self, address: IpAddr) {
        if let Entry::Occupied(mut count) = self.by_address.lock().entry(address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            self.connections.count_out(address);
        }
        if self.connections.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.connections.all_closed.notify_waiters();
        }
    }
}

impl SocketLookup for Sessions {
    fn socket(&self, id: &SocketId) -> Option<Socket> {
        self.sockets.read().get(id).cloned()
    }
}

impl Sessions {
    /// A place for one more connection, of a client of this address.
    pub(crate) fn admit(
        &self,
        address: Option<IpAddr>,
        config: &Config,
    ) -> Result<ConnectionSlot, QuotaExceeded> {
        let connections = Arc::clone(&self.connections);
        let before = connections.count.fetch_add(1, Ordering::AcqRel);
        // Counted from here on; one too many takes itself back.
        let mut slot = ConnectionSlot { connections, address: None };
        if before >= config.max_connections {
            return Err(QuotaExceeded::Server);
        }
        let limit = config.max_connections_per_address;
        // Nothing is kept of addresses that nobody wants to be counted.
        if let Some(address) = address.filter(|_| limit < usize::MAX).map(ip_network) {
            slot.connections.count_in(address, limit)?;
            slot.address = Some(address);
        }
        Ok(slot)
    }

    pub(crate) fn open(&self, id: SessionId, session: Arc<Session>) {
        let late = {
            // Under the lock that `close_doors` has taken: a session is either among those it
            // names, or sees that it is late.
            let mut links = self.links.write();
            let late = self.is_closing().then(|| Arc::clone(&session));
            links.insert(id, session);
            late
        };
        if let Some(session) = late {
            session.end(SessionEnd::Shutdown);
        }
    }

    /// Sessions by transport, and what waits for all of them: frames, and their bytes.
    pub(crate) fn look(&self) -> (BTreeMap<&'static str, usize>, usize, usize) {
        let mut transports =
            BTreeMap::from([Transport::Polling, Transport::WebSocket].map(|one| (one.as_str(), 0)));
        let (mut frames, mut bytes) = (0, 0);
        for session in self.links.read().values() {
            *transports.entry(session.transport().as_str()).or_default() += 1;
            let (some, their_bytes) = session.outbox.depth();
            frames += some;
            bytes += their_bytes;
        }
        (transports, frames, bytes)
    }

    pub(crate) fn session(&self, id: &SessionId) -> Option<Arc<Session>> {
        self.links.read().get(id).cloned()
    }

    pub(crate) fn close(&self, id: &SessionId) {
        // Dropped without the lock.
        let session = self.links.write().remove(id);
        if let Some(session) = session {
            session.close();
        }
    }

    pub(crate) fn remember(&self, socket: &Socket) {
        self.sockets.write().insert(socket.id(), socket.clone());
    }

    pub(crate) fn forget(&self, socket: &Socket) {
        let socket = self.sockets.write().remove(&socket.id());
        drop(socket);
    }

    /// Connections whose actor lives.
    pub(crate) fn count(&self) -> usize {
        self.connections.count.load(Ordering::Acquire)
    }

    /// Whether no new sessions are wanted.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Takes no more sessions: those that still come are ended. Answers with those that are there.
    pub(crate) fn close_to_new(&self) -> Vec<Arc<Session>> {
        let links = self.links.write();
        self.closing.store(true, Ordering::Release);
        links.values().cloned().collect()
    }

    /// Waits until no connection is left.
    pub(crate) async fn all_closed(&self) {
        loop {
            let notified = self.connections.all_closed.notified();
            let mut notified = std::pin::pin!(notified);
            // Before the count is read, so that the last one to go can't slip through in between.
            notified.as_mut().enable();
            if self.count() == 0 {
                return;
            }
            notified.await;
        }
    }
}
