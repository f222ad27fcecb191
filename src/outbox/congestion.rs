//! Congested outboxes, for which publications of clients wait.
//!
//! An outbox is congested from when it passes its high-water mark until it has drained to its
//! low-water mark. A publication of a client is ordered only while no receiver is congested, so it
//! disconnects none of them. Messages of the server itself do not wait.
//!
//! A push costs what it did: it compares with a bound that is the high-water mark first, and
//! `max_bytes` once the mark is passed.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::queue::{Outbox, OutboxState, Phase};
use crate::model::Slot;

/// The marks of an outbox, in bytes.
///
/// Three parts fit into `max_bytes` together: everything up to the high-water mark, the
/// publications of clients that are on their way, and a rest for pings and other messages of the
/// server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaterMarks {
    max_bytes: usize,
}

impl WaterMarks {
    pub(crate) fn of(max_bytes: usize) -> Self {
        Self { max_bytes }
    }

    /// An outbox with more than this is congested.
    fn high(self) -> usize {
        self.max_bytes / 2
    }

    /// An outbox is congested until it has no more than this.
    fn low(self) -> usize {
        self.max_bytes / 4
    }

    /// Left for messages of the server itself.
    fn spare(self) -> usize {
        self.max_bytes / 8
    }

    /// The bytes of all publications of clients that may be on their way to outboxes that are not
    /// congested.
    pub(crate) fn in_flight(self) -> usize {
        self.max_bytes - self.high() - self.spare()
    }

    /// An outbox with more than this has no room for a publication that takes `cost` bytes, when no
    /// other publication of a client is on its way.
    fn most_before(self, cost: usize) -> usize {
        self.max_bytes.saturating_sub(cost.saturating_add(self.spare())).min(self.high())
    }
}

/// Keeps a publication waiting. It is released when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Hold(Arc<oneshot::Sender<()>>);

/// Waits for the release of a [`Hold`]. Dropping it before gives up the outboxes that keep the
/// hold.
#[derive(Debug)]
pub(crate) struct Released(oneshot::Receiver<()>);

impl Hold {
    pub(crate) fn new() -> (Self, Released) {
        let (hold, released) = oneshot::channel();
        (Self(Arc::new(hold)), Released(released))
    }

    fn is_given_up(&self) -> bool {
        self.0.is_closed()
    }
}

impl Released {
    pub(crate) async fn wait(self) {
        // The sender sends nothing: it is dropped with the last clone of the hold.
        let _ = self.0.await;
    }
}

/// Whether an outbox is congested, and what waits for it.
#[derive(Debug)]
pub(super) struct Congestion {
    /// The high-water mark, or `max_bytes` once it is passed.
    bound: usize,
    /// `None` most of the time.
    congested: Option<Box<CongestedOutbox>>,
}

#[derive(Debug)]
struct CongestedOutbox {
    marks: WaterMarks,
    /// Counts it among the congested outboxes of the server.
    slot: Option<Slot>,
    /// The publications that wait, each with the bytes to which the outbox has to drain.
    holds: Vec<(usize, Hold)>,
    /// A publication has waited in vain. No other one waits until the outbox has drained to this
    /// number of bytes.
    given_up: Option<usize>,
}

impl Congestion {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { bound: WaterMarks::of(max_bytes).high(), congested: None }
    }

    fn state_of(&mut self, max_bytes: usize) -> &mut CongestedOutbox {
        self.congested.get_or_insert_with(|| {
            Box::new(CongestedOutbox {
                marks: WaterMarks::of(max_bytes),
                slot: None,
                holds: Vec::new(),
                given_up: None,
            })
        })
    }

    #[cold]
    fn drained_to(&mut self, bytes: usize) {
        let Some(congested) = &mut self.congested else { return };
        congested.holds.retain(|(until, _)| bytes > *until);
        if bytes <= congested.marks.low() {
            congested.slot = None;
            self.bound = congested.marks.high();
        }
        congested.given_up.take_if(|until| bytes <= *until);
        let CongestedOutbox { slot: None, given_up: None, holds, .. } = &**congested else {
            return;
        };
        if holds.is_empty() {
            self.congested = None;
        }
    }
}

impl CongestedOutbox {
    /// Gives the outbox up if a publication has waited for it in vain. Returns whether it is given
    /// up.
    fn is_given_up(&mut self) -> bool {
        let in_vain = self.holds.iter().find(|(_, hold)| hold.is_given_up());
        if let Some((until, _)) = in_vain {
            self.given_up = Some(*until);
            self.slot = None;
            self.holds.clear();
        }
        self.given_up.is_some()
    }
}

impl Outbox {
    /// Whether the outbox may have this number of bytes. Notes when it becomes congested.
    pub(super) fn may_have(&self, state: &mut OutboxState, bytes: usize) -> bool {
        bytes <= state.congestion.bound || self.may_have_more(state, bytes)
    }

    #[cold]
    fn may_have_more(&self, state: &mut OutboxState, bytes: usize) -> bool {
        if bytes > self.max_bytes {
            return false;
        }
        state.congestion.bound = self.max_bytes;
        let congested = state.congestion.state_of(self.max_bytes);
        if congested.given_up.is_none() {
            congested.slot.get_or_insert_with(|| self.congested.acquire_unbounded());
        }
        true
    }

    /// Whether a publication of a client that takes `cost` bytes has to wait for this outbox. The
    /// outbox then keeps `hold` until it has drained, or is closed.
    pub(super) fn hold(&self, cost: usize, hold: &Hold) -> bool {
        let mut state = self.state.lock();
        let marks = WaterMarks::of(self.max_bytes);
        let (bytes, most) = (state.bytes, marks.most_before(cost));
        let is_congested = state.congestion.congested.as_ref().is_some_and(|it| it.slot.is_some());
        if state.phase != Phase::Open || (bytes <= most && !is_congested) {
            return false;
        }
        let congested = state.congestion.state_of(self.max_bytes);
        if congested.is_given_up() {
            return false;
        }
        congested.holds.push((most.min(marks.low()), hold.clone()));
        true
    }

    /// Keeps `hold` until almost everything in the outbox has been sent, or the outbox is closed.
    pub(super) fn hold_until_sent(&self, hold: Hold) {
        /// Heartbeats and some events may come meanwhile.
        const REST: usize = 4 * 1024;
        let mut state = self.state.lock();
        if state.phase == Phase::Open && state.bytes > REST {
            state.congestion.state_of(self.max_bytes).holds.push((REST, hold));
        }
    }
}

impl OutboxState {
    /// Releases what waits for the outbox, if enough has left it.
    pub(super) fn release_holds(&mut self) {
        if self.congestion.congested.is_some() {
            self.congestion.drained_to(self.bytes);
        }
    }

    /// Releases everything that waits for the outbox, which accepts no more frames.
    pub(super) fn release_all_holds(&mut self) {
        self.congestion.congested = None;
    }
}

#[cfg(test)]
mod tests;
