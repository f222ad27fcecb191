use std::{collections::VecDeque, fmt, sync::Arc, thread};

use actix::Context;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{
    Audience, ChangeSender, ChannelRegistry, Publication, PublishError, RegistryId,
    backpressure::Backpressure,
    index::RegistryIndex,
    ordered_publication::{OrderedPublication, Query, RegistrySum, Report},
    queue::RegistryMessage,
    sequencer_state::SequencerState,
    subscribers::RegistryTable,
};
use crate::{
    model::{Channel, Namespace, Quota, SocketId},
    outbox::SocketSender,
    protocol::Frame,
    stats::{Counters, RefusalKind},
};

/// The order of a server's publications and changes of subscriptions, for callers on any thread. It
/// is a lock, and not an actor: callers go on as soon as the message is queued.
#[derive(Debug, Clone)]
pub(crate) struct Sequencer(pub(super) Arc<SequencerInner>);

/// The part of the sequencer that registries use.
pub(super) struct SequencerInner {
    state: Mutex<SequencerState>,
    publications: Quota,
    max_publications: usize,
    max_outbox: usize,
    pub(super) counters: Arc<Counters>,
    pub(super) backpressure: Backpressure,
}

impl Sequencer {
    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.0.counters
    }

    /// Starts a sequencer, and its first registry on this thread. `max_publications`
    /// bounds the publications in flight, and `max_outbox` the bytes of each.
    pub(crate) fn start(
        changes: ChangeSender,
        counters: Arc<Counters>,
        max_publications: usize,
        max_outbox: usize,
    ) -> Self {
        let index = RegistryIndex::new(changes, Arc::clone(&counters));
        let sequencer = Self(Arc::new(SequencerInner {
            state: Mutex::new(SequencerState::new(index)),
            publications: Quota::default(),
            max_publications,
            max_outbox,
            counters,
            backpressure: Backpressure::new(max_outbox),
        }));
        sequencer.registry_id();
        sequencer
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

    /// Adds a socket to a registry. It is subscribed to nothing.
    pub(crate) fn attach(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        sender: Arc<SocketSender>,
    ) {
        self.notify(registry_id, |index| {
            index.attach(namespace.clone(), registry_id);
            RegistryMessage::Attach { namespace, id, sender }
        });
    }

    /// Removes a socket that was subscribed to these channels.
    pub(crate) fn detach(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        channels: &[Channel],
    ) {
        self.notify(registry_id, |index| {
            index.detach(&namespace, registry_id, id, channels);
            RegistryMessage::Detach { namespace, id }
        });
    }

    /// Subscribes a socket to a channel that it was not subscribed to.
    pub(crate) fn subscribe(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        channel: Channel,
    ) {
        self.notify(registry_id, |index| {
            index.subscribe(&namespace, registry_id, id, &channel);
            RegistryMessage::Subscribe { namespace, id, channel }
        });
    }

    /// Unsubscribes a socket from a channel that it was subscribed to.
    pub(crate) fn unsubscribe(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        channel: Channel,
    ) {
        self.notify(registry_id, |index| {
            index.unsubscribe(&namespace, registry_id, id, &channel);
            RegistryMessage::Unsubscribe { namespace, id, channel }
        });
    }

    /// Waits until the registry has handled every message that was queued before.
    pub(crate) async fn barrier(&self, registry_id: RegistryId) {
        let (done, is_done) = oneshot::channel();
        self.notify(registry_id, |_| RegistryMessage::Barrier(done));
        // A registry that has stopped sends nothing any more.
        let _ = is_done.await;
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
    ) -> impl Future<Output = Result<usize, PublishError>> + Send + use<> {
        let (sum, count) = RegistrySum::new();
        let ordered = self.order_for_receivers(publication, Report::Count(sum));
        async move {
            ordered?;
            count.await.map_err(|_| PublishError::Closed)
        }
    }

    /// The same. The future lists the receivers.
    pub(crate) fn publish_and_list(
        &self,
        publication: Publication,
    ) -> impl Future<Output = Result<Vec<SocketId>, PublishError>> + Send + use<> {
        let (sum, ids) = RegistrySum::new();
        let ordered = self.order_for_receivers(publication, Report::List(sum));
        async move {
            ordered?;
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

    /// Fails if all registries that the publication is for have stopped.
    fn order_for_receivers(
        &self,
        publication: Publication,
        report: Report,
    ) -> Result<(), PublishError> {
        if self.order(publication, report)? { Ok(()) } else { Err(PublishError::Closed) }
    }

    /// Gives a publication its place and seals its packet. Returns whether any registry receives
    /// it.
    fn order(&self, publication: Publication, report: Report) -> Result<bool, PublishError> {
        let SequencerInner { state, publications, max_publications, max_outbox, counters, .. } =
            &*self.0;
        // It would only disconnect its receivers. Another server may have larger outboxes.
        let (length, limit) = (publication.packet.cost(), *max_outbox);
        if length > limit {
            return Err(PublishError::TooLarge { length, limit });
        }
        let slot = publications.acquire(*max_publications).ok_or_else(|| {
            counters.refused.add(RefusalKind::Overloaded);
            PublishError::Overloaded
        })?;
        counters.published.add(1);
        let Publication { audience, packet, volatile, reservation: _reservation } = publication;
        // Allocated before the lock is taken. The frame is replaced by the sealed one below.
        let frame = Frame::NOOP;
        let mut ordered_publication = Arc::new(OrderedPublication {
            frame,
            audience,
            volatile,
            _slot: slot,
            report,
            _reservation,
        });
        let mut state = state.lock();
        // It is not shared yet, so this always succeeds.
        if let Some(ordered_publication) = Arc::get_mut(&mut ordered_publication) {
            ordered_publication.frame = packet.seal();
        }
        let notified = state.notify_all(&ordered_publication.audience, || {
            RegistryMessage::Publish(Arc::clone(&ordered_publication))
        });
        drop(state);
        Ok(notified.wake())
    }

    /// Updates the index, and queues a message for one registry.
    fn notify(
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
