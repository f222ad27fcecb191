use std::{
    collections::{HashMap, hash_map::Entry},
    mem,
    net::IpAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{config::Config, model::ip_network};

/// Counts the connections whose actor is alive, including those that wait for their client's last
/// poll, and those that have ended and left answers that their clients do not read.
#[derive(Debug, Default)]
pub(super) struct ConnectionQuota {
    count: AtomicUsize,
    /// Those of `count` whose actor is alive.
    alive: AtomicUsize,
    /// By network. `None` stands for all clients whose address is not known.
    by_address: Mutex<HashMap<Option<IpAddr>, usize>>,
    all_closed: Notify,
}

/// One connection's slot in the quota. Dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct ConnectionSlot {
    quota: Arc<ConnectionQuota>,
    /// The address that the connection is counted for, if addresses are counted.
    address: Option<Option<IpAddr>>,
    has_ended: bool,
}

/// Why a connection gets no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuotaExceeded {
    /// The server has reached [`Config::max_connections`].
    Server,
    /// The client's address has reached [`Config::max_connections_per_address`].
    Address,
}

impl ConnectionQuota {
    /// Takes a slot for a connection of a client with this address.
    ///
    /// All clients whose address is not known share the limit of one address. Without a limit, a
    /// client could escape its own by an address that its proxy can't tell.
    ///
    /// # Errors
    /// [`QuotaExceeded`] names the limit that is reached.
    pub(super) fn acquire(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        config: &Config,
    ) -> Result<ConnectionSlot, QuotaExceeded> {
        let before = self.count.fetch_add(1, Ordering::AcqRel);
        // The connection is counted now. An early return drops the slot, which subtracts it again.
        self.alive.fetch_add(1, Ordering::AcqRel);
        let mut slot = ConnectionSlot { quota: Arc::clone(self), address: None, has_ended: false };
        if before >= config.max_connections {
            return Err(QuotaExceeded::Server);
        }
        let limit = config.max_connections_per_address;
        // Without a limit, addresses are not stored.
        if limit < usize::MAX {
            let address = address.map(ip_network);
            self.add_address(address, limit)?;
            slot.address = Some(address);
        }
        Ok(slot)
    }

    pub(super) fn in_use(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until no connection is alive. Unread answers are not waited for.
    pub(super) async fn all_closed(&self) {
        loop {
            let mut notified = pin!(self.all_closed.notified());
            // Enabled before the count is read, so that a close in between is not missed.
            notified.as_mut().enable();
            if self.alive.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }

    fn add_address(&self, address: Option<IpAddr>, limit: usize) -> Result<(), QuotaExceeded> {
        let mut by_address = self.by_address.lock();
        let count = by_address.entry(address).or_default();
        // An address in the map has at least one connection, so a limit of zero adds no entry.
        if *count >= limit {
            return Err(QuotaExceeded::Address);
        }
        *count += 1;
        Ok(())
    }

    fn remove_address(&self, address: Option<IpAddr>) {
        if let Entry::Occupied(mut count) = self.by_address.lock().entry(address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl ConnectionSlot {
    /// The connection's actor ends. A shutdown no longer waits for it.
    pub(super) fn end(&mut self) {
        if !mem::replace(&mut self.has_ended, true)
            && self.quota.alive.fetch_sub(1, Ordering::AcqRel) == 1
        {
            self.quota.all_closed.notify_waiters();
        }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            self.quota.remove_address(address);
        }
        self.quota.count.fetch_sub(1, Ordering::AcqRel);
        self.end();
    }
}
