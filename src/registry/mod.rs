//! Who is subscribed to what, and the fan-out.
//!
//! [`Sequencer`] has one order for everything: who comes and goes, who joins and leaves, what
//! is published. It is a lock, held to put a thing into the inboxes of the [`ChannelRegistry`]s it is for, and
//! for nothing else. The hubs are actors, one on each worker's thread, which know their sockets: a
//! publication is one thing told to each worker that has a subscriber, and a delivery is a push
//! into the subscriber's [`SocketSender`], mostly on its own thread. RegistryQueuees keep the order, so all
//! subscribers see the registry's. No user code runs here, and no serialisation: what comes is
//! plain data, and what goes on is encoded already.

mod change;
mod channel_registry;
mod in_flight;
mod index;
mod publication;
mod queue;
pub(crate) mod subscribers;

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::Arc,
    thread::{self, ThreadId},
};

use actix::{Addr, AsyncContext, Context};
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::sync::oneshot;

pub(crate) use change::ChangeSender;
pub use change::{Change, Changes};
pub(crate) use channel_registry::RegistryId;
use channel_registry::{ChannelRegistry, WakeUp};
pub(crate) use in_flight::Overloaded;
use in_flight::{Gather, InFlight, Query, Report};
use index::SubscriberIndex;
pub(crate) use publication::{Audience, Publication};
use queue::{Enqueued, RegistryMessage, RegistryQueue};
use subscribers::SubscriberTable;

use crate::{
    model::{Channel, Namespace, Quota, SocketId},
    outbox::SocketSender,
    stats::{Counters, RefusalKind},
};

/// The subscriptions of a server, and the way of publications to them; from any thread.
#[derive(Debug, Clone)]
pub(crate) struct Sequencer(Arc<SequencerInner>);

/// What the hubs see of the registry.
struct SequencerInner {
    state: Mutex<SequencerState>,
    publications: Quota,
    max_publications: usize,
    counters: Arc<Counters>,
}

/// What is under the lock.
struct SequencerState {
    index: SubscriberIndex,
    registries: Vec<(Addr<ChannelRegistry>, RegistryQueue)>,
    by_thread: HashMap<ThreadId, RegistryId>,
}

/// The hub of the thread that built the server. What is published to nobody, by a thread without a
/// hub, has its turn there.
const DEFAULT_REGISTRY: RegistryId = RegistryId(0);

/// Hubs to be woken, as soon as the lock is free: one of another thread may take this one's place
/// at once.
type WakeList = SmallVec<[Addr<ChannelRegistry>; 4]>;

/// Why a publication which was waited for did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublishError {
    Overloaded,
    /// All hubs that it would go to are gone, with their arbiters.
    Gone,
}

impl From<Overloaded> for PublishError {
    fn from(Overloaded: Overloaded) -> Self {
        Self::Overloaded
    }
}

impl Sequencer {
    /// Starts a registry, and its first hub on this thread's arbiter. `max_publications`: on their
    /// way at a time.
    pub(crate) fn start(
        changes: ChangeSender,
        counters: Arc<Counters>,
        max_publications: usize,
    ) -> Self {
        let index = SubscriberIndex::new(changes, Arc::clone(&counters));
        let state =
            Mutex::new(SequencerState { index, registries: Vec::new(), by_thread: HashMap::new() });
        let registry = Self(Arc::new(SequencerInner {
            state,
            publications: Quota::default(),
            max_publications,
            counters,
        }));
        registry.registry_id();
        registry
    }

    /// The hub for sockets of this thread, which is started on its arbiter if there is none.
    pub(crate) fn registry_id(&self) -> RegistryId {
        let thread = thread::current().id();
        if let Some(registry_id) = self.0.state.lock().by_thread.get(&thread) {
            return *registry_id;
        }
        let SequencerInner { state, counters, .. } = &*self.0;
        let context = Context::new();
        let mut state = state.lock();
        // Nobody else makes one for this thread.
        let id = RegistryId(state.registries.len());
        state.registries.push((context.address(), RegistryQueue::default()));
        state.by_thread.insert(thread, id);
        drop(state);
        // Without the lock, which it takes when it ends: at once, where the arbiter has.
        context.run(ChannelRegistry::new(
            id,
            Arc::downgrade(&self.0),
            SubscriberTable::new(Arc::clone(counters)),
        ));
        id
    }

    /// A socket of a hub has come into being; it is subscribed to nothing.
    pub(crate) fn attach(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        sender: Arc<SocketSender>,
    ) {
        self.tell(registry_id, |index| {
            index.attach(namespace.clone(), registry_id);
            RegistryMessage::Attach { namespace, id, sender }
        });
    }

    /// A socket has ended, which was subscribed to these.
    pub(crate) fn detach(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        channels: &[Channel],
    ) {
        self.tell(registry_id, |index| {
            index.detach(&namespace, registry_id, id, channels);
            RegistryMessage::Detach { namespace, id }
        });
    }

    /// A socket is in a channel; it was not before.
    pub(crate) fn subscribe(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        channel: Channel,
    ) {
        self.tell(registry_id, |index| {
            index.subscribe(&namespace, registry_id, id, &channel);
            RegistryMessage::Subscribe { namespace, id, channel }
        });
    }

    /// A socket is not in a channel any more; it was before.
    pub(crate) fn unsubscribe(
        &self,
        registry_id: RegistryId,
        namespace: Namespace,
        id: SocketId,
        channel: Channel,
    ) {
        self.tell(registry_id, |index| {
            index.unsubscribe(&namespace, registry_id, id, &channel);
            RegistryMessage::Unsubscribe { namespace, id, channel }
        });
    }

    /// Waits until all is done that the hub was told before.
    pub(crate) async fn barrier(&self, registry_id: RegistryId) {
        let (done, is_done) = oneshot::channel();
        self.tell(registry_id, |_| RegistryMessage::Barrier(done));
        // A hub which is gone sends nothing any more.
        let _ = is_done.await;
    }

    /// The names of all channels of a namespace.
    pub(crate) fn channels(&self, namespace: &Namespace) -> Vec<Channel> {
        self.0.state.lock().index.channels(namespace)
    }

    /// Who is in an audience, when all is done that was told before.
    pub(crate) async fn select(&self, audience: Audience) -> Vec<SocketId> {
        let (names, all) = Gather::new();
        let selection = Arc::new(Query { audience, names });
        self.tell_all(&selection.audience, || RegistryMessage::Select(Arc::clone(&selection)));
        drop(selection);
        all.await.unwrap_or_default()
    }

    /// Sends a publication on its way.
    pub(crate) fn publish(&self, publication: Publication) -> Result<(), Overloaded> {
        self.order(publication, Report::Nothing).map(drop)
    }

    /// Sends a publication and waits until it is with its receivers' transports; answers how many
    /// they are.
    pub(crate) async fn publish_and_wait(
        &self,
        publication: Publication,
    ) -> Result<usize, PublishError> {
        let (sum, count) = Gather::new();
        self.reach(publication, Report::Count(sum))?;
        count.await.map_err(|_| PublishError::Gone)
    }

    /// The same; answers which sockets they are.
    pub(crate) async fn publish_to_known(
        &self,
        publication: Publication,
    ) -> Result<Vec<SocketId>, PublishError> {
        let (sum, names) = Gather::new();
        self.reach(publication, Report::Names(sum))?;
        names.await.map_err(|_| PublishError::Gone)
    }

    /// Publications that are on their way.
    pub(crate) fn waiting(&self) -> usize {
        self.0.publications.in_use()
    }

    fn reach(&self, publication: Publication, report: Report) -> Result<(), PublishError> {
        if self.order(publication, report)? { Ok(()) } else { Err(PublishError::Gone) }
    }

    /// Whether there was a hub to tell.
    fn order(&self, publication: Publication, report: Report) -> Result<bool, Overloaded> {
        let SequencerInner { publications, max_publications, counters, .. } = &*self.0;
        let slot = publications.acquire(*max_publications).ok_or_else(|| {
            counters.refused.add(RefusalKind::Overloaded);
            Overloaded
        })?;
        counters.published.add(1);
        let order = Arc::new(InFlight { publication, _slot: slot, report });
        Ok(self
            .tell_all(&order.publication.audience, || RegistryMessage::Publish(Arc::clone(&order))))
    }

    /// Notes something down, and tells a hub of it.
    fn tell(
        &self,
        registry_id: RegistryId,
        told: impl FnOnce(&mut SubscriberIndex) -> RegistryMessage,
    ) {
        let mut state = self.0.state.lock();
        let told = told(&mut state.index);
        let (addr, inbox) = &mut state.registries[registry_id.0];
        match inbox.tell(told) {
            Enqueued::Queued => {}
            Enqueued::Wake => {
                let addr = addr.clone();
                drop(state);
                addr.do_send(WakeUp);
            }
            Enqueued::Closed(told) => {
                drop(state);
                drop(told);
            }
        }
    }

    /// Tells the hubs that have somebody of an audience; where there are none, the one of this
    /// thread: that what is said to nobody takes its turn, too, is what bounds those who say it in
    /// a loop. Whether one of them is there.
    fn tell_all(&self, audience: &Audience, told: impl Fn() -> RegistryMessage) -> bool {
        let (mut sleepers, mut is_told) = (WakeList::new(), false);
        let mut state = self.0.state.lock();
        let SequencerState { index, registries, by_thread } = &mut *state;
        let mut ids = index.registries(audience);
        if ids.is_empty() {
            ids.push(by_thread.get(&thread::current().id()).copied().unwrap_or(DEFAULT_REGISTRY));
        }
        for id in ids {
            let (addr, inbox) = &mut registries[id.0];
            // Shared: what is lost here is dropped by whoever has it last.
            match inbox.tell(told()) {
                Enqueued::Queued => is_told = true,
                Enqueued::Wake => {
                    is_told = true;
                    sleepers.push(addr.clone());
                }
                Enqueued::Closed(_) => {}
            }
        }
        drop(state);
        for registry_id in sleepers {
            registry_id.do_send(WakeUp);
        }
        is_told
    }
}

impl SequencerInner {
    /// Moves what waits for a hub to the end of what it has. `false`: there is nothing.
    fn take(&self, registry_id: RegistryId, to: &mut VecDeque<RegistryMessage>) -> bool {
        self.state.lock().registries[registry_id.0].1.take(to)
    }

    /// A hub is gone.
    fn close(&self, registry_id: RegistryId) {
        let mut state = self.state.lock();
        state.by_thread.retain(|_, of_thread| *of_thread != registry_id);
        let test_session = state.registries[registry_id.0].1.close();
        drop(state);
        drop(test_session);
    }
}

impl fmt::Debug for SequencerInner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("publications", &self.publications).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
