use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes that may be on their way to clients that come back, all together. Other clients wait,
/// first come, first served.
pub(super) struct ReplayBudget {
    units: Arc<Semaphore>,
    max_units: u32,
}

/// A client's part of the budget, which is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct ReplayPermit {
    _units: OwnedSemaphorePermit,
}

impl ReplayBudget {
    /// A semaphore counts in 32 bits.
    const UNIT: usize = 1024;

    pub(super) fn new(max_bytes: usize) -> Self {
        let max_units = u32::try_from(max_bytes / Self::UNIT).unwrap_or(u32::MAX).max(1);
        let max_units = max_units.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self { units: Arc::new(Semaphore::new(max_units as usize)), max_units }
    }

    /// Waits for this number of bytes. A client that has missed nothing does not wait.
    pub(super) async fn acquire(&self, bytes: usize) -> Option<ReplayPermit> {
        if bytes == 0 {
            return None;
        }
        let units = u32::try_from(bytes.div_ceil(Self::UNIT)).unwrap_or(u32::MAX);
        let units = units.min(self.max_units);
        // It is never closed.
        let permit = Arc::clone(&self.units).acquire_many_owned(units).await.ok()?;
        Some(ReplayPermit { _units: permit })
    }
}
