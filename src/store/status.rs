use serde::Serialize;

/// Whether a store keeps up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum StoreHealth {
    /// All publications are stored within the usual time.
    Healthy,
    /// Deliveries go on, but a crash would lose more than usual.
    #[non_exhaustive]
    Degraded {
        /// The cause.
        why: String,
    },
}

impl StoreHealth {
    /// The store does not keep up, for this cause.
    pub fn degraded(why: impl Into<String>) -> Self {
        Self::Degraded { why: why.into() }
    }

    /// Whether the store keeps up.
    pub fn is_healthy(&self) -> bool {
        *self == Self::Healthy
    }
}

/// The state of a store, and what it has counted since it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreStatus {
    /// Whether the store keeps up.
    pub health: StoreHealth,
    /// Publications that were given to the store.
    pub appended: u64,
    /// Publications that were durable at the first attempt.
    pub committed: u64,
    /// Publications that could not be queued, or whose commit failed. The store writes those that
    /// histories still keep when it can.
    pub left_out: u64,
    /// Group commits that succeeded.
    pub groups: u64,
    /// Group commits and attempts to open the store that failed.
    pub failures: u64,
    /// Stores that were damaged, and put aside.
    pub damaged: u64,
    /// Bytes that wait to be stored.
    pub queued_bytes: usize,
    /// Bytes of the publications that are stored and that histories keep.
    pub live_bytes: u64,
    /// Bytes of all stored publications.
    pub stored_bytes: u64,
}

impl StoreStatus {
    /// A store that has done nothing yet.
    pub fn new(health: StoreHealth) -> Self {
        Self {
            health,
            appended: 0,
            committed: 0,
            left_out: 0,
            groups: 0,
            failures: 0,
            damaged: 0,
            queued_bytes: 0,
            live_bytes: 0,
            stored_bytes: 0,
        }
    }
}
