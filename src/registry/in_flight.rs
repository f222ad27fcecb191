use std::mem;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Audience, Publication};
use crate::model::{Slot, SocketId};

/// A publication on its way.
pub(super) struct InFlight {
    pub(super) publication: Publication,
    /// Given back when all hubs are done with it, and before anybody hears of that.
    pub(super) _slot: Slot,
    pub(super) report: Report,
}

/// What is to be said of an order when all hubs are done with it.
pub(super) enum Report {
    Nothing,
    /// How many sockets it was queued for.
    Count(Gather<usize>),
    /// Which sockets they are.
    Names(Gather<Vec<SocketId>>),
}

/// The question who is in an audience.
pub(super) struct Query {
    pub(super) audience: Audience,
    pub(super) names: Gather<Vec<SocketId>>,
}

/// What several hubs add up, each its part. Whoever asked has the sum when the last of them is
/// done, or gone.
pub(super) struct Gather<T: Default> {
    parts: Mutex<T>,
    asker: Option<oneshot::Sender<T>>,
}

impl<T: Default> Gather<T> {
    pub(super) fn new() -> (Self, oneshot::Receiver<T>) {
        let (asker, answer) = oneshot::channel();
        (Self { parts: Mutex::default(), asker: Some(asker) }, answer)
    }

    pub(super) fn add(&self, part: impl FnOnce(&mut T)) {
        part(&mut self.parts.lock());
    }
}

impl<T: Default> Drop for Gather<T> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_sum_is_told_when_the_last_part_is_there() {
        let (sum, mut answer) = Gather::<usize>::new();
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
