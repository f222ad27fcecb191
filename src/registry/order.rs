use std::{
    fmt, mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Audience, Publication};
use crate::model::SocketId;

/// A publication on its way.
pub(super) struct Order {
    pub(super) publication: Publication,
    /// Given back when all hubs are done with it, and before anybody hears of that.
    pub(super) _permit: Permit,
    pub(super) report: Report,
}

/// What is to be said of an order when all hubs are done with it.
pub(super) enum Report {
    Nothing,
    /// How many sockets it was queued for.
    Count(Sum<usize>),
    /// Which sockets they are.
    Names(Sum<Vec<SocketId>>),
}

/// The question who is in an audience.
pub(super) struct Selection {
    pub(super) audience: Audience,
    pub(super) names: Sum<Vec<SocketId>>,
}

/// What several hubs add up, each its part. Whoever asked has the sum when the last of them is
/// done, or gone.
pub(super) struct Sum<T: Default> {
    parts: Mutex<T>,
    asker: Option<oneshot::Sender<T>>,
}

impl<T: Default> Sum<T> {
    pub(super) fn new() -> (Self, oneshot::Receiver<T>) {
        let (asker, answer) = oneshot::channel();
        (Self { parts: Mutex::default(), asker: Some(asker) }, answer)
    }

    pub(super) fn add(&self, part: impl FnOnce(&mut T)) {
        part(&mut self.parts.lock());
    }
}

impl<T: Default> Drop for Sum<T> {
    fn drop(&mut self) {
        if let Some(asker) = self.asker.take() {
            // One who no longer waits needs no answer.
            let _ = asker.send(mem::take(self.parts.get_mut()));
        }
    }
}

/// As many publications are on their way as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overloaded;

/// How many publications are on their way, of how many that may.
#[derive(Clone)]
pub(super) struct Permits {
    taken: Arc<AtomicUsize>,
    limit: usize,
}

/// The right of one publication to be on its way; given back when dropped.
pub(super) struct Permit(Arc<AtomicUsize>);

impl Permits {
    pub(super) fn new(limit: usize) -> Self {
        Self { taken: Arc::default(), limit }
    }

    pub(super) fn take(&self) -> Result<Permit, Overloaded> {
        let permit = Permit(Arc::clone(&self.taken));
        // The permit is counted from here on, and takes itself back if it is one too many.
        if self.taken.fetch_add(1, Ordering::Relaxed) < self.limit {
            Ok(permit)
        } else {
            Err(Overloaded)
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.taken(), self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_come_back() {
        let permits = Permits::new(2);
        let (first, second) = (permits.take(), permits.take());
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(permits.take().err(), Some(Overloaded));
        assert_eq!(permits.taken(), 2, "a permit that is refused is not counted");
        drop(first);
        assert!(permits.take().is_ok());
    }

    #[test]
    fn a_sum_is_told_when_the_last_part_is_there() {
        let (sum, mut answer) = Sum::<usize>::new();
        let sum = Arc::new(sum);
        let other = Arc::clone(&sum);
        other.add(|total| *total += 3);
        drop(other);
        assert!(answer.try_recv().is_err());
        sum.add(|total| *total += 4);
        drop(sum);
        assert_eq!(answer.try_recv(), Ok(7));
    }
}
