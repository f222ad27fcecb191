use std::{fmt, sync::Weak};

use super::{Closing, Loaded, StoreError, StoreHost, StoreParams, StoreStatus, StoredPublication};
use crate::model::{Channel, Namespace, Place};

/// Receives the outcome of something that a store does later. It is called once, from any thread,
/// and must not block.
pub type StoreOutcome = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Returns the things that the server leaves behind.
pub type ClosingCall = Box<dyn FnOnce() -> Closing + Send>;

/// Keeps histories, places and sessions over a restart of the server, also after a crash.
///
/// A server without one keeps them in memory. `actix-socketio-disk` is one that keeps them in a
/// file. The server calls [`load`](Self::load) and [`start`](Self::start) once, in this order.
///
/// The promises of a store:
///
/// * A publication that it has confirmed is there after a crash, unless all histories have dropped
///   it.
/// * [`Loaded::next_place`] is greater than all places that were ever given out in the epoch. If it
///   can't know that, it begins a new epoch.
/// * It never makes a delivery wait. [`append`](Self::append) does not block, and does not fail.
///
/// ```
/// use std::sync::Arc;
///
/// use actix_socketio::store::HistoryStore;
///
/// /// For a health page.
/// fn is_healthy(store: &Arc<dyn HistoryStore>) -> bool {
///     store.status().health.is_healthy()
/// }
/// ```
pub trait HistoryStore: fmt::Debug + Send + Sync + 'static {
    /// Returns what the store has kept. It may block: the server is not serving yet.
    ///
    /// When it returns, the store has recorded that the server runs. A crash from now on is an
    /// unclean end.
    ///
    /// # Errors
    /// [`StoreError`]: the server must not start with this store.
    fn load(&self, params: &StoreParams) -> Result<Loaded, StoreError>;

    /// Begins to store. The server outlives neither the store nor this reference.
    fn start(&self, host: Weak<dyn StoreHost>);

    /// Stores a publication that has its place. Called under the lock of the order, in the order of
    /// the places: it queues, and returns.
    ///
    /// If the queue is full or the store fails, the publication is left out and counted. The store
    /// asks the server for it later, by [`StoreHost::kept`].
    fn append(&self, publication: StoredPublication);

    /// Stores a publication that is delivered after its commit. Called under the lock of the order.
    ///
    /// The store gives it a place by [`StoreHost::reserve_ahead`], and ends it by
    /// [`StoreHost::deliver`] or [`StoreHost::give_up`], in the order of these calls.
    ///
    /// # Errors
    /// [`StoreError`] if the publication can't be queued. The publisher receives it.
    fn commit_first(&self, publication: StoredPublication) -> Result<(), StoreError>;

    /// Drops a channel's publications up to a place: its history has dropped them. `None` is the
    /// history of the whole namespace. Called under the lock of the order.
    fn trim(&self, namespace: &Namespace, channel: Option<&Channel>, up_to: Place);

    /// Places before this one may be given out. The store renews it long before it is reached. The
    /// server goes on even if it is not renewed. Then a crash ends the epoch.
    fn reserved(&self) -> Place;

    /// The newest place up to which everything is durable that was appended and not left out.
    fn committed(&self) -> Place;

    /// Calls `outcome` when the publication at a place is durable, or can't be in the usual time.
    fn on_durable(&self, place: Place, outcome: StoreOutcome);

    /// Stores everything that waits and what the server leaves behind, and closes the store. Only
    /// then is the end of this run clean.
    ///
    /// From the call on, nothing more is taken. `closing` is called when everything else is stored,
    /// and all publications are delivered that waited for their commit.
    fn close(&self, closing: ClosingCall, outcome: StoreOutcome);

    /// The state of the store.
    fn status(&self) -> StoreStatus;
}
