use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::RwLock;
use tokio::time::{sleep, timeout};

use super::connection_quota::{ConnectionQuota, ConnectionSlot, QuotaExceeded};
use crate::{
    config::Config,
    model::{IdMap, SessionId, Transport},
    transport::{Session, SessionEnd},
};

/// The number of sessions that a shutdown ends before it pauses.
const SHUTDOWN_BATCH: usize = 100;

/// The sessions of a server by their secret id.
///
/// It is a table behind a lock, and not an actor, because each poll of each client looks into it.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_id: RwLock<IdMap<SessionId, Arc<Session>>>,
    quota: Arc<ConnectionQuota>,
    closing: AtomicBool,
}

impl Sessions {
    /// Takes a slot for a connection of a client with this address.
    ///
    /// # Errors
    /// [`QuotaExceeded`] names the limit that is reached.
    pub(crate) fn acquire(
        &self,
        address: Option<IpAddr>,
        config: &Config,
    ) -> Result<ConnectionSlot, QuotaExceeded> {
        self.quota.acquire(address, config)
    }

    pub(super) fn open(&self, id: SessionId, session: Arc<Session>) {
        let late = {
            // Both this function and `close_to_new` take the lock. So a session is either among
            // those that `close_to_new` returns, or it is found to be late here.
            let mut by_id = self.by_id.write();
            let late = self.is_closing().then(|| Arc::clone(&session));
            by_id.insert(id, session);
            late
        };
        if let Some(session) = late {
            session.end(SessionEnd::Shutdown);
        }
    }

    /// Counts sessions by transport, and the frames and bytes that wait in their outboxes.
    pub(crate) fn snapshot(&self) -> (BTreeMap<&'static str, usize>, usize, usize) {
        let mut transports = BTreeMap::from(
            [Transport::Polling, Transport::WebSocket].map(|transport| (transport.as_str(), 0)),
        );
        let (mut frames, mut bytes) = (0, 0);
        for session in self.by_id.read().values() {
            *transports.entry(session.transport().as_str()).or_default() += 1;
            let (its_frames, its_bytes) = session.outbox.depth();
            frames += its_frames;
            bytes += its_bytes;
        }
        (transports, frames, bytes)
    }

    pub(crate) fn get(&self, id: &SessionId) -> Option<Arc<Session>> {
        self.by_id.read().get(id).cloned()
    }

    pub(super) fn close(&self, id: &SessionId) {
        // The session is dropped after the lock is released.
        let session = self.by_id.write().remove(id);
        if let Some(session) = session {
            session.close();
        }
    }

    /// The number of connections whose actor is alive.
    pub(crate) fn count(&self) -> usize {
        self.quota.in_use()
    }

    /// Whether the server opens no new sessions.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Ends all sessions and waits for their actors to stop, for `shutdown_timeout` at most.
    /// Returns whether all have stopped.
    ///
    /// The first three quarters of the time let handlers finish. The ends of many sessions are
    /// spread over `shutdown_window`, so that their clients do not all reconnect at the same time.
    pub(crate) async fn shutdown(&self, config: &Config) -> bool {
        let Config { shutdown_timeout, shutdown_window, .. } = *config;
        let patience = shutdown_timeout * 3 / 4;
        let gracefully = async {
            let sessions = self.close_to_new();
            let steps = u32::try_from(sessions.len() / SHUTDOWN_BATCH).unwrap_or(u32::MAX);
            let window = shutdown_window.min(shutdown_timeout / 2);
            let pause = window.checked_div(steps).unwrap_or_default();
            for (step, sessions) in sessions.chunks(SHUTDOWN_BATCH).enumerate() {
                if step > 0 {
                    sleep(pause).await;
                }
                sessions.iter().for_each(|session| session.end(SessionEnd::Shutdown));
            }
            self.quota.all_closed().await;
        };
        if timeout(patience, gracefully).await.is_ok() {
            return true;
        }
        // A session that is ended twice no longer waits for its handlers.
        self.close_to_new().iter().for_each(|session| {
            session.end(SessionEnd::Shutdown);
            session.end(SessionEnd::Shutdown);
        });
        timeout(shutdown_timeout - patience, self.quota.all_closed()).await.is_ok()
    }

    /// Makes later sessions end as soon as they are opened. Returns the sessions that are open.
    fn close_to_new(&self) -> Vec<Arc<Session>> {
        let by_id = self.by_id.write();
        self.closing.store(true, Ordering::Release);
        by_id.values().cloned().collect()
    }
}
