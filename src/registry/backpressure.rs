//! Holding back what clients publish, so that it disconnects no subscriber that reads slowly.
//!
//! A publication of a client is ordered when two things hold. First, none of its receivers is
//! congested: their outboxes are below a mark. Second, it has a [`Reservation`]: all publications
//! of clients that are on their way to outboxes, together, have at most the bytes for which an
//! outbox below the mark has room. So the number of clients that publish at once does not matter,
//! and neither does the number of their channels.

use std::{mem, sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Audience, Publication, Sequencer, SequencerInner, ordered_publication::RegistrySum,
    queue::RegistryMessage, subscribers::RegistryTable,
};
use crate::{
    deadline::within,
    outbox::{Hold, WaterMarks},
};

/// The bytes of publications of clients that may be on their way to outboxes.
#[derive(Debug)]
pub(super) struct Backpressure {
    in_flight: Arc<Semaphore>,
    max_in_flight: usize,
}

/// A publication's part of the bytes that may be on their way. It is given back when the
/// publication is in the outboxes of all its receivers.
#[derive(Debug, Clone)]
pub(super) struct Reservation(#[expect(dead_code, reason = "held until it is dropped")] Permit);

type Permit = Arc<OwnedSemaphorePermit>;

/// The question whether a publication has to wait for any of its receivers.
pub(super) struct Probe {
    audience: Audience,
    cost: usize,
    /// Whether it has to wait, of any registry.
    waits: RegistrySum<bool>,
    hold: Hold,
}

impl Backpressure {
    pub(super) fn new(max_outbox: usize) -> Self {
        let most = Semaphore::MAX_PERMITS.min(u32::MAX as usize);
        let max_in_flight = WaterMarks::of(max_outbox).in_flight().min(most);
        Self { in_flight: Arc::new(Semaphore::new(max_in_flight)), max_in_flight }
    }

    /// The part of these bytes that a publication takes. A large one takes all.
    fn permits(&self, cost: usize) -> u32 {
        u32::try_from(cost.min(self.max_in_flight)).unwrap_or(u32::MAX)
    }

    fn try_reserve(&self, cost: usize) -> Option<Reservation> {
        let permits = Arc::clone(&self.in_flight).try_acquire_many_owned(self.permits(cost));
        Some(Reservation(Arc::new(permits.ok()?)))
    }

    async fn reserve(&self, cost: usize) -> Option<Reservation> {
        let permits = Arc::clone(&self.in_flight).acquire_many_owned(self.permits(cost));
        Some(Reservation(Arc::new(permits.await.ok()?)))
    }
}

impl Probe {
    /// Asks the receivers of one registry. Returns their number.
    pub(super) fn ask(&self, table: &mut RegistryTable) -> usize {
        let (mut receivers, mut waits) = (0, false);
        table.select(&self.audience, |_, sender| {
            receivers += 1;
            waits |= sender.hold(self.cost, &self.hold);
        });
        if waits {
            self.waits.add(|any| *any = true);
        }
        receivers
    }
}

impl Sequencer {
    /// Waits until a publication of a client disconnects none of its receivers. It may then be
    /// published.
    ///
    /// A receiver that has not drained within `limit` is given up: this publication goes on, and no
    /// further one waits for that receiver until it has caught up.
    pub(crate) async fn reserve(
        &self,
        mut publication: Publication,
        limit: Duration,
    ) -> Publication {
        if limit.is_zero() {
            return publication;
        }
        let cost = publication.packet.cost();
        // A congested outbox was counted before the publication that filled it gave its reservation
        // back, so it is seen here.
        let reservation = self.0.backpressure.try_reserve(cost);
        publication.reservation = match reservation.filter(|_| self.has_room_everywhere(cost)) {
            Some(reservation) => Some(reservation),
            None => Box::pin(self.reserve_slowly(&publication.audience, cost, limit)).await,
        };
        publication
    }

    /// Whether no receiver has to be asked.
    fn has_room_everywhere(&self, cost: usize) -> bool {
        let SequencerInner { backpressure, counters, .. } = &*self.0;
        cost <= backpressure.max_in_flight && counters.congested.in_use() == 0
    }

    async fn reserve_slowly(
        &self,
        audience: &Audience,
        cost: usize,
        limit: Duration,
    ) -> Option<Reservation> {
        let SequencerInner { backpressure, counters, .. } = &*self.0;
        let mut is_held = false;
        loop {
            // Reservations are given back by registries. If one is blocked by the application for
            // so long, its clients get nothing anyway.
            let reservation = within(limit, backpressure.reserve(cost)).await??;
            if self.has_room_everywhere(cost) {
                return Some(reservation);
            }
            let (hold, released) = Hold::new();
            let waits = within(limit, self.probe(audience.clone(), cost, hold)).await;
            if !waits.unwrap_or(false) {
                return Some(reservation);
            }
            drop(reservation);
            if !mem::replace(&mut is_held, true) {
                counters.held.add(1);
            }
            // Time in which the server did not write is not the receiver's fault.
            if within(limit, released.wait()).await.is_none() {
                counters.given_up.add(1);
            }
            // Another publication may have been faster, so the receivers are asked again.
        }
    }

    /// Whether a publication has to wait for any receiver. Each of those keeps `hold`.
    fn probe(
        &self,
        audience: Audience,
        cost: usize,
        hold: Hold,
    ) -> impl Future<Output = bool> + use<> {
        let (waits, any) = RegistrySum::new();
        let probe = Arc::new(Probe { audience, cost, waits, hold });
        self.ask(&probe.audience, || RegistryMessage::Probe(Arc::clone(&probe)));
        drop(probe);
        async move { any.await.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests;
