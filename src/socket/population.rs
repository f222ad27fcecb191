use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many sockets there are somewhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Population(Arc<AtomicUsize>);

/// A socket's place in the count; given up when dropped.
#[derive(Debug)]
pub(crate) struct Seat(Population);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Population {
    /// A place for one more, if there is one.
    pub(crate) fn take_seat(&self, limit: usize) -> Option<Seat> {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        // Counted from here on; one too many takes itself back.
        let seat = Seat(self.clone());
        (before < limit).then_some(seat)
    }

    /// One more.
    pub(crate) fn count(&self) -> Seat {
        self.0.fetch_add(1, Ordering::Relaxed);
        Seat(self.clone())
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
