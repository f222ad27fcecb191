use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use parking_lot::RwLock;
use tokio::sync::Notify;

use crate::{
    model::{SessionId, SocketId},
    socket::{Directory, Socket},
    transport::{Ending, Link},
};

/// Who is there: sessions by their secret, sockets by their name.
///
/// A table behind a lock and no actor, since each poll of each client asks it.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    links: RwLock<HashMap<SessionId, Arc<Link>>>,
    sockets: RwLock<HashMap<SocketId, Socket>>,
    connections: Arc<Connections>,
    closing: AtomicBool,
}

/// Counts connections whose actor lives, lingering ones too.
#[derive(Debug, Default)]
struct Connections {
    count: AtomicUsize,
    none_left: Notify,
}

/// A connection's place in the count; given up when dropped.
#[derive(Debug)]
pub(super) struct Presence(Arc<Connections>);

impl Drop for Presence {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none_left.notify_waiters();
        }
    }
}

impl Directory for Sessions {
    fn socket(&self, id: &SocketId) -> Option<Socket> {
        self.sockets.read().get(id).cloned()
    }
}

impl Sessions {
    pub(super) fn open(&self, id: SessionId, link: Arc<Link>) -> Presence {
        let late = {
            // Under the lock that `end_all` has taken: a session is either among those it ends, or sees that it is late.
            let mut links = self.links.write();
            let late = self.is_closing().then(|| Arc::clone(&link));
            links.insert(id, link);
            late
        };
        if let Some(link) = late {
            link.end(Ending::Shutdown);
        }
        self.connections.count.fetch_add(1, Ordering::AcqRel);
        Presence(Arc::clone(&self.connections))
    }

    pub(crate) fn link(&self, id: &SessionId) -> Option<Arc<Link>> {
        self.links.read().get(id).cloned()
    }

    pub(super) fn close(&self, id: &SessionId) {
        // Dropped without the lock.
        let link = self.links.write().remove(id);
        drop(link);
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

    /// Ends all sessions, and those that still come.
    pub(crate) fn end_all(&self) {
        let links: Vec<_> = {
            let links = self.links.write();
            self.closing.store(true, Ordering::Release);
            links.values().cloned().collect()
        };
        for link in links {
            link.end(Ending::Shutdown);
        }
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
