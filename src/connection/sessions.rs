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
    model::{ById, SessionId, SocketId, neighbourhood},
    outbox::Transport,
    socket::{Directory, Socket},
    transport::{Ending, Link},
};

/// Who is there: sessions by their secret, sockets by their name.
///
/// A table behind a lock and no actor, since each poll of each client asks it.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    links: RwLock<ById<SessionId, Arc<Link>>>,
    sockets: RwLock<ById<SocketId, Socket>>,
    connections: Arc<Connections>,
    closing: AtomicBool,
}

/// Counts connections whose actor lives, lingering ones too.
#[derive(Debug, Default)]
struct Connections {
    count: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    none_left: Notify,
}

/// A connection's place in the count; given up when dropped.
#[derive(Debug)]
pub(crate) struct Presence {
    connections: Arc<Connections>,
    /// Where it is counted, if addresses are.
    address: Option<IpAddr>,
}

/// There is no place for another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// As many as may are there.
    Server,
    /// As many as may are there of one address.
    Address,
}

impl Connections {
    /// Counts one more of an address, if that may be.
    fn count_in(&self, address: IpAddr, limit: usize) -> Result<(), Full> {
        let mut by_address = self.by_address.lock();
        let count = by_address.entry(address).or_default();
        // One that is there has at least one connection, so a limit of zero leaves no entry behind.
        if *count >= limit {
            return Err(Full::Address);
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

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            self.connections.count_out(address);
        }
        if self.connections.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.connections.none_left.notify_waiters();
        }
    }
}

impl Directory for Sessions {
    fn socket(&self, id: &SocketId) -> Option<Socket> {
        self.sockets.read().get(id).cloned()
    }
}

impl Sessions {
    /// A place for one more connection, of a client of this address.
    pub(crate) fn admit(&self, address: Option<IpAddr>, config: &Config) -> Result<Presence, Full> {
        let connections = Arc::clone(&self.connections);
        let before = connections.count.fetch_add(1, Ordering::AcqRel);
        // Counted from here on; one too many takes itself back.
        let mut presence = Presence { connections, address: None };
        if before >= config.max_connections {
            return Err(Full::Server);
        }
        let limit = config.max_connections_per_address;
        // Nothing is kept of addresses that nobody wants to be counted.
        if let Some(address) = address.filter(|_| limit < usize::MAX).map(neighbourhood) {
            presence.connections.count_in(address, limit)?;
            presence.address = Some(address);
        }
        Ok(presence)
    }

    pub(super) fn open(&self, id: SessionId, link: Arc<Link>) {
        let late = {
            // Under the lock that `close_doors` has taken: a session is either among those it
            // names, or sees that it is late.
            let mut links = self.links.write();
            let late = self.is_closing().then(|| Arc::clone(&link));
            links.insert(id, link);
            late
        };
        if let Some(link) = late {
            link.end(Ending::Shutdown);
        }
    }

    /// Sessions by transport, and what waits for all of them: frames, and their bytes.
    pub(crate) fn look(&self) -> (BTreeMap<&'static str, usize>, usize, usize) {
        let mut transports =
            BTreeMap::from([Transport::Polling, Transport::WebSocket].map(|one| (one.as_str(), 0)));
        let (mut frames, mut bytes) = (0, 0);
        for link in self.links.read().values() {
            *transports.entry(link.transport().as_str()).or_default() += 1;
            let (some, their_bytes) = link.outbox.depth();
            frames += some;
            bytes += their_bytes;
        }
        (transports, frames, bytes)
    }

    pub(crate) fn link(&self, id: &SessionId) -> Option<Arc<Link>> {
        self.links.read().get(id).cloned()
    }

    pub(super) fn close(&self, id: &SessionId) {
        // Dropped without the lock.
        let link = self.links.write().remove(id);
        if let Some(link) = link {
            link.close();
        }
    }

    pub(super) fn remember(&self, socket: &Socket) {
        self.sockets.write().insert(socket.id(), socket.clone());
    }

    pub(super) fn forget(&self, socket: &Socket) {
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
    pub(crate) fn close_doors(&self) -> Vec<Arc<Link>> {
        let links = self.links.write();
        self.closing.store(true, Ordering::Release);
        links.values().cloned().collect()
    }

    /// Waits until no connection is left.
    pub(crate) async fn none_left(&self) {
        loop {
            let notified = self.connections.none_left.notified();
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
