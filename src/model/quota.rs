use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Counts how many slots of something are in use: sockets in a namespace, publications in flight.
///
/// A clone counts the same slots.
#[derive(Clone, Default)]
pub(crate) struct Quota(Arc<AtomicUsize>);

/// One slot of a [`Quota`]. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Slot(Quota);

impl Quota {
    /// Takes a slot if fewer than `limit` are in use.
    pub(crate) fn acquire(&self, limit: usize) -> Option<Slot> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        // Counted from here on. Dropping the slot takes back one too many.
        let slot = Slot(self.clone());
        (before < limit).then_some(slot)
    }

    /// Takes a slot whatever is in use.
    pub(crate) fn acquire_unbounded(&self) -> Slot {
        self.0.fetch_add(1, Ordering::Relaxed);
        Slot(self.clone())
    }

    /// How many slots are in use.
    pub(crate) fn in_use(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quota({} in use)", self.in_use())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_given_back() {
        let quota = Quota::default();
        let (first, second) = (quota.acquire(2), quota.acquire(2));
        assert!(first.is_some() && second.is_some());
        assert!(quota.acquire(2).is_none());
        assert_eq!(quota.in_use(), 2, "a refused slot is not counted");
        let third = quota.acquire_unbounded();
        assert_eq!(quota.in_use(), 3);
        drop((first, third));
        assert!(quota.acquire(2).is_some());
    }
}
