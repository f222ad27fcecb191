use std::{
    collections::{HashMap, hash_map::Entry},
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
/// poll.
#[derive(Debug, Default)]
pub(super) struct ConnectionQuota {
    count: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    all_closed: Notify,
}

/// One connection's slot in the quota. Dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct ConnectionSlot {
    quota: Arc<ConnectionQuota>,
    /// The address that the connection is counted for, if addresses are counted.
    address: Option<IpAddr>,
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
    /// # Errors
    /// [`QuotaExceeded`] names the limit that is reached.
    pub(super) fn acquire(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        config: &Config,
    ) -> Result<ConnectionSlot, QuotaExceeded> {
        let before = self.count.fetch_add(1, Ordering::AcqRel);
        // The connection is counted now. An early return drops the slot, which subtracts it again.
        let mut slot = ConnectionSlot { quota: Arc::clone(self), address: None };
        if before >= config.max_connections {
            return Err(QuotaExceeded::Server);
        }
        let limit = config.max_connections_per_address;
        // Without a limit, addresses are not stored.
        if let Some(address) = address.filter(|_| limit < usize::MAX).map(ip_network) {
            self.add_address(address, limit)?;
            slot.address = Some(address);
        }
        Ok(slot)
    }

    pub(super) fn in_use(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until no connection is left.
    pub(super) async fn all_closed(&self) {
        loop {
            let mut notified = pin!(self.all_closed.notified());
            // Enabled before the count is read, so that a close in between is not missed.
            notified.as_mut().enable();
            if self.in_use() == 0 {
                return;
            }
            notified.await;
        }
    }

    fn add_address(&self, address: IpAddr, limit: usize) -> Result<(), QuotaExceeded> {
        let mut by_address = self.by_address.lock();
        let count = by_address.entry(address).or_default();
        // An address in the map has at least one connection, so a limit of zero adds no entry.
        if *count >= limit {
            return Err(QuotaExceeded::Address);
        }
        *count += 1;
        Ok(())
    }

    fn remove_address(&self, address: IpAddr) {
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
            self.quota.remove_address(address);
        }
        if self.quota.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.quota.all_closed.notify_waiters();
        }
    }
}
