use std::{
    collections::{HashMap, VecDeque},
    fmt, slice,
    sync::{Arc, Weak},
    thread,
};

use actix::Context;
use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::{sync::oneshot, time::Instant};

use super::{
    Audience, ChangeSender, ChannelEnd, ChannelRegistry, Publication, PublishError, Receipt,
    RegistryId,
    backpressure::Backpressure,
    history::HistoryLimits,
    index::RegistryIndex,
    ordered_publication::{Ordered, OrderedPublication, Query, RegistrySum, Report},
    queue::RegistryMessage,
    sequencer_state::SequencerState,
    shared_order::SharedOrder,
    subscribers::RegistryTable,
};
use crate::{
    model::{
        Channel, Epoch, History, HistoryRules, JoiningMember, Namespace, Place, Point, Position,
        PresenceExit, Quota, SocketId,
    },
    outbox::{PlacedFrame, SocketSender},
    stats::{Counters, RefusalKind},
    store::{HistoryStore, Loaded},
};

/// The order of a server's publications and changes of subscriptions, for callers on any thread. It
/// is a lock, and not an actor: callers go on as soon as the message is queued.
#[derive(Debug, Clone)]
pub(crate) struct Sequencer(pub(super) Arc<SequencerInner>);

/// The part of the sequencer that registries use.
pub(super) struct SequencerInner {
    state: Mutex<SequencerState>,
    publications: Quota,
    limits: SequencerLimits,
    epoch: Epoch,
    pub(super) store: Option<Arc<dyn HistoryStore>>,
    /// The histories that the channels of each namespace have by their routes.
    pub(super) history_rules: RwLock<HashMap<Namespace, HistoryRules>>,
    pub(super) counters: Arc<Counters>,
    pub(super) backpressure: Backpressure,
}

/// The settings of a sequencer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SequencerLimits {
    /// Publications in flight.
    pub(crate) max_publications: usize,
    /// Bytes of each.
    pub(crate) max_outbox: usize,
    /// Without them, nothing is kept, and no client is told its position.
    pub(crate) history: Option<HistoryLimits>,
    /// A cluster orders what its servers publish.
    pub(crate) is_shared: bool,
}

impl Sequencer {
    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.0.counters
    }

    /// Starts a sequencer, and its first registry on this thread. With a store, it goes on with
    /// what the store has loaded.
    pub(crate) fn start(
        changes: ChangeSender,
        counters: Arc<Counters>,
        limits: SequencerLimits,
        stored: Option<(Arc<dyn HistoryStore>, Loaded)>,
    ) -> Self {
        let history = limits.history.unwrap_or_default();
        let mut index = RegistryIndex::new(changes, Arc::clone(&counters), history);
        if limits.is_shared {
            (index.step, index.shared) = (0, Some(SharedOrder::new(history.max_channels)));
        }
        let (store, epoch) = match stored {
            None if limits.is_shared => (None, Epoch::CLUSTER),
            None => (None, Epoch::random()),
            Some((store, loaded)) => {
                let epoch = loaded.epoch;
                index.histories.set_store(Arc::clone(&store));
                index.go_on(loaded);
                (Some(store), epoch)
            }
        };
        let sequencer = Self(Arc::new(SequencerInner {
            state: Mutex::new(SequencerState::new(index)),
            publications: Quota::default(),
            limits,
            epoch,
            store,
            history_rules: RwLock::default(),
            counters,
            backpressure: Backpressure::new(limits.max_outbox),
        }));
        sequencer.registry_id();
        if let Some(store) = &sequencer.0.store {
            let host: Weak<SequencerInner> = Arc::downgrade(&sequencer.0);
            store.start(host);
        }
        sequencer
    }

    /// Whether publications are kept, and clients may ask for positions.
    pub(crate) fn is_recording(&self) -> bool {
        self.0.limits.history.is_some()
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.0.epoch
    }

    /// The position of everything up to a place.
    pub(crate) fn position(&self, place: Place) -> Position {
        Position::new(self.0.epoch, Point::of(place))
    }

    /// The registry for sockets of this thread. If the thread has no registry yet, one starts on
    /// its arbiter.
    pub(crate) fn registry_id(&self) -> RegistryId {
        let thread = thread::current().id();
        if let Some(registry_id) = self.0.state.lock().registry_of(thread) {
            return registry_id;
        }
        let context = Context::new();
        // Only this thread makes a registry for itself.
        let id = self.0.state.lock().add_registry(thread, &context);
        // Without the lock: a registry takes it when it ends, which is immediately if the arbiter
        // has ended.
        context.run(ChannelRegistry::new(
            id,
            Arc::downgrade(&self.0),
            RegistryTable::new(Arc::clone(&self.0.counters)),
        ));
        id
    }

    /// Adds a socket to a registry. It is subscribed to nothing. Returns the place at which it
    /// begins.
    pub(crate) fn attach(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        sender: Arc<SocketSender>,
    ) -> Place {
        let mut place = Place::default();
        self.notify(registry_id, |index| {
            place = index.next_place();
            if let Some(stamps) = sender.stamps() {
                stamps.begin(place);
            }
            index.attach(namespace.clone(), registry_id);
            RegistryMessage::Attach { namespace, id, sender }
        });
        place
    }

    /// Subscribes a socket to a channel that it was not subscribed to. `rule`: what the channel
    /// keeps. `joining`: who the socket is, if the channel has presence. Returns the place of the
    /// subscription.
    pub(crate) fn subscribe(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        channel: Channel,
        rule: Option<History>,
        joining: Option<JoiningMember>,
    ) -> Place {
        let mut place = Place::default();
        self.notify(registry_id, |index| {
            place = index.next_place();
            index.subscribe(&namespace, registry_id, id, &channel, rule);
            index.begin_presence(&namespace, id, &channel, joining);
            RegistryMessage::Subscribe { namespace, id, channel }
        });
        place
    }

    /// Unsubscribes a socket from a channel that it was subscribed to. Returns what the channel has
    /// had by then.
    pub(crate) fn unsubscribe(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        channel: Channel,
    ) -> ChannelEnd {
        let mut end = ChannelEnd::default();
        self.notify(registry_id, |index| {
            end = index.channel_end(&namespace, &channel);
            index.end_presence(&namespace, id, slice::from_ref(&channel), PresenceExit::AtOnce);
            index.unsubscribe(&namespace, registry_id, id, &channel);
            RegistryMessage::Unsubscribe { namespace, id, channel }
        });
        end
    }

    /// Waits until the registry has handled every message that was queued before.
    pub(crate) async fn barrier(&self, registry_id: RegistryId) {
        let (done, is_done) = oneshot::channel();
        self.notify(registry_id, |_| RegistryMessage::Barrier(done));
        // A registry that has stopped sends nothing any more.
        let _ = is_done.await;
    }

    /// Waits until every registry has handled all messages that were queued before.
    pub(crate) async fn barrier_of_all(&self) {
        let count = self.0.state.lock().registry_count();
        for id in 0..count {
            self.barrier(RegistryId(id)).await;
        }
    }

    /// The names of all channels of a namespace.
    pub(crate) fn channels(&self, namespace: &Namespace) -> Vec<Channel> {
        self.0.state.lock().channels(namespace)
    }

    /// The sockets of an audience, once every message that was queued before is handled.
    pub(crate) fn select(
        &self,
        audience: Audience,
    ) -> impl Future<Output = Vec<SocketId>> + Send + use<> {
        let (ids, all) = RegistrySum::new();
        let query = Arc::new(Query { audience, ids });
        self.ask(&query.audience, || RegistryMessage::Select(Arc::clone(&query)));
        drop(query);
        async move { all.await.unwrap_or_default() }
    }

    /// Sends a publication on its way.
    pub(crate) fn publish(&self, publication: Publication) -> Result<(), PublishError> {
        self.order(publication, Report::Nothing).map(drop)
    }

    /// Sends a publication on its way. The future waits until the publication is queued for its
    /// receivers, and counts them.
    pub(crate) fn publish_and_count(
        &self,
        publication: Publication,
    ) -> impl Future<Output = Result<Receipt, PublishError>> + Send + use<> {
        let (sum, count) = RegistrySum::new();
        let is_durable = publication.durable;
        let ordered = self.order(publication, Report::Count(sum));
        let sequencer = self.clone();
        async move {
            let ordered = ordered?;
            let is_committed = matches!(ordered, Ordered::Later(_));
            let place = ordered.place().await?;
            let delivered = count.await.map_err(|_| PublishError::Closed)?;
            if is_durable && !is_committed {
                sequencer.durable(place).await?;
            }
            Ok(Receipt { delivered, position: sequencer.position(place), servers: None })
        }
    }

    /// The same. The future lists the receivers.
    pub(crate) fn publish_and_list(
        &self,
        publication: Publication,
    ) -> impl Future<Output = Result<Vec<SocketId>, PublishError>> + Send + use<> {
        let (sum, ids) = RegistrySum::new();
        let ordered = self.order(publication, Report::List(sum));
        async move {
            ordered?.place().await?;
            ids.await.map_err(|_| PublishError::Closed)
        }
    }

    /// Queues a question on every registry that may have a socket of the audience.
    pub(super) fn ask(&self, audience: &Audience, question: impl Fn() -> RegistryMessage) {
        let notified = self.0.state.lock().notify_all(audience, question);
        notified.wake();
    }

    /// Publications in flight.
    pub(crate) fn waiting(&self) -> usize {
        self.0.publications.in_use()
    }

    /// Gives a publication its place and seals its packet, or lets it wait for its commit.
    pub(super) fn order(
        &self,
        publication: Publication,
        report: Report,
    ) -> Result<Ordered, PublishError> {
        let SequencerInner { publications, limits, counters, .. } = &*self.0;
        // It would only disconnect its receivers. Another server may have larger outboxes.
        let (length, limit) = (publication.packet.cost(), limits.max_outbox);
        if length > limit {
            return Err(PublishError::TooLarge { length, limit });
        }
        let max = if publication.is_accepted { usize::MAX } else { limits.max_publications };
        let slot = publications.acquire(max).ok_or_else(|| {
            counters.refused.add(RefusalKind::Overloaded);
            PublishError::Overloaded
        })?;
        counters.published.add(1);
        let is_kept = publication.is_kept();
        let Publication { audience, packet, volatile, durable, place: entry, is_past, .. } =
            publication;
        let _reservation = publication.reservation;
        let (is_question, is_durable) = (packet.asks_ack(), durable);
        // Allocated before the lock is taken.
        let mut ordered_publication = Arc::new(OrderedPublication {
            event: Arc::new(PlacedFrame::empty()),
            audience,
            volatile,
            _slot: slot,
            report,
            _reservation,
        });
        let is_recorded = is_kept && self.is_recording();
        let now = is_recorded.then(Instant::now);
        // One that is not kept may be lost.
        let (mut state, is_covered) = match is_recorded {
            true => self.lock_with_rules(&ordered_publication.audience),
            false => (self.0.state.lock(), true),
        };
        let stored_by = self.0.store.as_ref().filter(|_| is_recorded);
        if stored_by.is_some() && state.is_store_closed {
            return Err(PublishError::Closed);
        }
        if is_durable && (stored_by.is_none() || !is_covered) {
            return Err(PublishError::NotStored);
        }
        if let Some(store) = stored_by
            && state.index_mut().is_committed_first(&ordered_publication.audience)
        {
            let frame = packet.seal();
            return state.commit_first(&**store, ordered_publication, frame, is_question);
        }
        let index = state.index_mut();
        let (place, is_beside) = index.place_of(entry, is_past);
        let is_covered = is_covered && (!is_beside || now.is_none());
        let event = PlacedFrame::new(packet.seal(), place, is_covered, is_question);
        let event = if is_beside { event.beside() } else { event };
        OrderedPublication::set_event(&mut ordered_publication, event);
        if let Some(now) = now {
            let OrderedPublication { audience, event, .. } = &*ordered_publication;
            match is_beside {
                true => index.note_beside(audience),
                false => index.keep(audience, event, false, now),
            }
        }
        if is_past {
            return Ok(Ordered::Now(place));
        }
        let notified = state.notify_all(&ordered_publication.audience, || {
            RegistryMessage::Publish(Arc::clone(&ordered_publication))
        });
        drop(state);
        if notified.wake() { Ok(Ordered::Now(place)) } else { Ok(Ordered::Nowhere) }
    }

    /// Updates the index, and queues a message for one registry.
    pub(super) fn notify(
        &self,
        registry_id: RegistryId,
        message: impl FnOnce(&mut RegistryIndex) -> RegistryMessage,
    ) {
        let mut state = self.0.state.lock();
        let notified = state.notify(registry_id, message);
        drop(state);
        notified.wake();
    }
}

impl SequencerInner {
    pub(super) fn is_shared(&self) -> bool {
        self.limits.is_shared
    }

    pub(super) fn lock_state(&self) -> MutexGuard<'_, SequencerState> {
        self.state.lock()
    }

    /// Moves the queued messages of a registry to the end of `to`. Returns whether `to` has any.
    pub(super) fn take(&self, registry_id: RegistryId, to: &mut VecDeque<RegistryMessage>) -> bool {
        self.state.lock().take(registry_id, to)
    }

    /// Forgets a registry that has stopped.
    pub(super) fn close(&self, registry_id: RegistryId) {
        let unhandled = self.state.lock().close(registry_id);
        // Without the lock.
        drop(unhandled);
    }
}

impl fmt::Debug for SequencerInner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequencer")
            .field("publications", &self.publications)
            .finish_non_exhaustive()
    }
}
