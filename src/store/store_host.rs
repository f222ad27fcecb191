use super::{StoreError, StoredPublication};
use crate::model::Place;

/// How many places publications skip that overtake places which are reserved. A position behind
/// the skipped ones shows that its client may not have received what was to get these places.
pub const OVERTAKING_JUMP: u64 = 1 << 20;

/// The server, as a store sees it. A store calls it from a thread of its own.
///
/// The server's one order of publications is behind it, and so each method takes a lock for a short
/// time. A store must not hold a lock of its own when it calls one: the server calls
/// [`HistoryStore::append`](super::HistoryStore::append) under its lock.
pub trait StoreHost: Send + Sync {
    /// The next place to be given out.
    fn next_place(&self) -> Place;

    /// All publications that histories keep now, in any order. A publication that several channels
    /// keep may be listed once for each of them, with that channel alone.
    fn kept(&self) -> Vec<StoredPublication>;

    /// Reserves places for publications that are to be delivered after their commit, and returns
    /// the first: it is at least `lead` after the next one to be given out.
    ///
    /// Other publications get the places before it. If they reach it, they go on
    /// [`OVERTAKING_JUMP`] places behind the last one that is reserved. No place that was reserved
    /// is ever given to another publication.
    fn reserve_ahead(&self, count: usize, lead: u64) -> Place;

    /// Delivers the first `count` publications of those that wait for their commit, at the places
    /// from `first` on, which were reserved last. If other publications have overtaken these
    /// places, nothing is delivered, and the answer is `false`: the store reserves again, with a
    /// greater lead, and commits again.
    fn deliver(&self, first: Place, count: usize) -> bool;

    /// Gives up the first `count` publications of those that wait for their commit: they are not
    /// delivered, and their publishers receive the error. If places are reserved for them, other
    /// publications go on behind these.
    fn give_up(&self, count: usize, error: StoreError);
}
