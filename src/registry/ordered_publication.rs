use std::{mem, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Audience, PublishError, backpressure::Reservation};
use crate::{
    model::{Place, Slot, SocketId},
    outbox::PlacedFrame,
};

/// A publication that has its place in the order and is on its way to the receivers.
pub(super) struct OrderedPublication {
    /// The sealed packet.
    pub(super) event: Arc<PlacedFrame>,
    pub(super) audience: Audience,
    /// Only for clients whose transport waits for something to send.
    pub(super) volatile: bool,
    /// Released when all registries are done, and before the publisher is notified.
    pub(super) _slot: Slot,
    pub(super) report: Report,
    /// Given back when all registries are done.
    pub(super) _reservation: Option<Reservation>,
}

impl OrderedPublication {
    /// Sets the packet of a publication that is not shared yet.
    pub(super) fn set_event(this: &mut Arc<Self>, event: PlacedFrame) {
        if let Some(this) = Arc::get_mut(this)
            && let Some(place) = Arc::get_mut(&mut this.event)
        {
            *place = event;
        }
    }
}

/// The place of a publication.
pub(super) enum Ordered {
    Now(Place),
    /// All registries that it was for have stopped.
    Nowhere,
    /// It has a place when it is committed.
    Later(oneshot::Receiver<Result<Place, PublishError>>),
}

impl Ordered {
    /// Waits until it has a place.
    pub(super) async fn place(self) -> Result<Place, PublishError> {
        match self {
            Self::Now(place) => Ok(place),
            Self::Nowhere => Err(PublishError::Closed),
            Self::Later(place) => place.await.unwrap_or(Err(PublishError::Closed)),
        }
    }
}

/// The report to the publisher when all registries are done.
pub(super) enum Report {
    Nothing,
    /// The number of sockets that it was queued for.
    Count(RegistrySum<usize>),
    /// The ids of these sockets.
    List(RegistrySum<Vec<SocketId>>),
}

/// The question which sockets belong to an audience.
pub(super) struct Query {
    pub(super) audience: Audience,
    pub(super) ids: RegistrySum<Vec<SocketId>>,
}

/// A sum to which each of several registries adds its part. The receiver gets the sum when the last
/// registry is done, or has stopped.
pub(super) struct RegistrySum<T: Default> {
    parts: Mutex<T>,
    answer_to: Option<oneshot::Sender<T>>,
}

impl<T: Default> RegistrySum<T> {
    pub(super) fn new() -> (Self, oneshot::Receiver<T>) {
        let (answer_to, sum) = oneshot::channel();
        (Self { parts: Mutex::default(), answer_to: Some(answer_to) }, sum)
    }

    pub(super) fn add(&self, part: impl FnOnce(&mut T)) {
        part(&mut self.parts.lock());
    }
}

impl<T: Default> Drop for RegistrySum<T> {
    fn drop(&mut self) {
        if let Some(answer_to) = self.answer_to.take() {
            // A receiver that no longer waits needs no answer.
            let _ = answer_to.send(mem::take(self.parts.get_mut()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_sum_is_sent_when_the_last_part_is_added() {
        let (sum, mut answer) = RegistrySum::<usize>::new();
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
