//! The server as its store sees it, and publications that are delivered after their commit.

use std::{collections::VecDeque, sync::Arc, time::SystemTime};

use tokio::{sync::oneshot, time::Instant};

use super::{
    Audience, PublishError, SequencerInner,
    index::RegistryIndex,
    ordered_publication::{Ordered, OrderedPublication},
    queue::RegistryMessage,
    recording::destinations,
    sequencer_state::SequencerState,
};
use crate::{
    model::Place,
    outbox::PlacedFrame,
    protocol::{Frame, StoredPacket},
    store::{HistoryStore, OVERTAKING_JUMP, StoreError, StoreHost, StoredPublication},
};

/// A publication that waits for its commit. It has no place yet.
pub(super) struct AwaitingCommit {
    ordered_publication: Arc<OrderedPublication>,
    frame: Frame,
    is_question: bool,
    /// Receives the place when it is delivered.
    answer_to: oneshot::Sender<Result<Place, PublishError>>,
}

/// All of them, in their order.
pub(super) type AwaitingCommits = VecDeque<AwaitingCommit>;

/// The places that are reserved for publications which are being committed.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReservedPlaces {
    first: Place,
    /// The place behind the last one.
    end: Place,
    is_overtaken: bool,
}

impl RegistryIndex {
    /// The next place in the order.
    pub(super) fn next_place(&mut self) -> Place {
        self.place = self.place.ahead(self.step);
        // Places begin after the first number, so without a reservation they never meet.
        if self.place == self.reserved_from {
            self.overtake();
        }
        self.place
    }

    /// Leaves out the places that are reserved, and shows by a jump that this has happened.
    #[cold]
    fn overtake(&mut self) {
        if let Some(reserved) = &mut self.reserved {
            reserved.is_overtaken = true;
            self.place = reserved.end.ahead(OVERTAKING_JUMP);
        }
    }

    fn reserve(&mut self, count: usize, lead: u64) -> Place {
        let first = self.place.ahead(lead.max(1));
        let end = first.ahead(count as u64);
        self.reserved = Some(ReservedPlaces { first, end, is_overtaken: false });
        self.reserved_from = first;
        first
    }

    fn end_reservation(&mut self) -> Option<ReservedPlaces> {
        self.reserved_from = Place::START;
        self.reserved.take()
    }

    /// Whether a publication to an audience is delivered after its commit.
    pub(super) fn is_committed_first(&self, audience: &Audience) -> bool {
        destinations(audience).into_iter().any(|channel| {
            let rule = self.rule(&audience.namespace, channel).flatten();
            rule.is_some_and(|history| history.after_commit)
        })
    }
}

impl SequencerState {
    /// Lets a publication wait for its commit.
    pub(super) fn commit_first(
        &mut self,
        store: &dyn HistoryStore,
        ordered_publication: Arc<OrderedPublication>,
        frame: Frame,
        is_question: bool,
    ) -> Result<Ordered, PublishError> {
        let Audience { namespace, except, except_sockets, .. } = &ordered_publication.audience;
        let mut keeping = destinations(&ordered_publication.audience);
        let index = self.index_mut();
        keeping.retain(|channel| index.rule(namespace, *channel).flatten().is_some());
        let channels = keeping.into_iter().flatten().cloned().collect();
        let packet = StoredPacket::of(frame.clone());
        let stored = StoredPublication::new(namespace.clone(), channels, SystemTime::now(), packet)
            .except(except.clone(), except_sockets.clone());
        store.commit_first(stored)?;
        let (answer_to, place) = oneshot::channel();
        self.awaiting.push_back(AwaitingCommit {
            ordered_publication,
            frame,
            is_question,
            answer_to,
        });
        Ok(Ordered::Later(place))
    }
}

impl StoreHost for SequencerInner {
    fn next_place(&self) -> Place {
        self.lock_state().index_mut().place.next()
    }

    fn kept(&self) -> Vec<StoredPublication> {
        self.lock_state().index_mut().all_kept()
    }

    fn reserve_ahead(&self, count: usize, lead: u64) -> Place {
        self.lock_state().index_mut().reserve(count, lead)
    }

    fn deliver(&self, first: Place, count: usize) -> bool {
        let now = Instant::now();
        let mut all = Vec::with_capacity(count);
        let mut state = self.lock_state();
        let reserved = state.index_mut().end_reservation();
        if reserved.is_none_or(|reserved| reserved.is_overtaken || reserved.first != first) {
            return false;
        }
        for number in 0..count as u64 {
            let Some(awaiting) = state.awaiting.pop_front() else { break };
            let place = first.ahead(number);
            state.index_mut().place = place;
            let AwaitingCommit { mut ordered_publication, frame, is_question, answer_to } =
                awaiting;
            let is_covered = state.index_mut().covers(&ordered_publication.audience);
            let event = PlacedFrame::new(frame, place, is_covered, is_question);
            OrderedPublication::set_event(&mut ordered_publication, event);
            let OrderedPublication { audience, event, .. } = &*ordered_publication;
            state.index_mut().keep(audience, event, true, now);
            let notified = state.notify_all(&ordered_publication.audience, || {
                RegistryMessage::Publish(Arc::clone(&ordered_publication))
            });
            all.push((notified, place, answer_to, ordered_publication));
        }
        drop(state);
        for (notified, place, answer_to, ordered_publication) in all {
            // The report comes when the last of them has dropped it.
            drop(ordered_publication);
            let result = if notified.wake() { Ok(place) } else { Err(PublishError::Closed) };
            // The publisher may have stopped waiting.
            let _ = answer_to.send(result);
        }
        true
    }

    fn give_up(&self, count: usize, error: StoreError) {
        let mut state = self.lock_state();
        let reserved = state.index_mut().end_reservation();
        if let Some(ReservedPlaces { end, is_overtaken: false, .. }) = reserved {
            // The store may have these publications at these places all the same.
            let last = Place::new(end.number().saturating_sub(1));
            let place = &mut state.index_mut().place;
            *place = last.max(*place);
        }
        let count = count.min(state.awaiting.len());
        let given_up: Vec<_> = state.awaiting.drain(..count).collect();
        drop(state);
        let error = PublishError::from(error);
        for AwaitingCommit { answer_to, .. } in given_up {
            let _ = answer_to.send(Err(error));
        }
    }
}
