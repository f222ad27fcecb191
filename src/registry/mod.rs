//! Who is subscribed to what, and the fan-out.
//!
//! [`ChannelRegistry`] has one order for everything: who comes and goes, who joins and leaves, what
//! is published. It is a lock, held to put a thing into the inboxes of the [`Hub`]s it is for, and
//! for nothing else. The hubs are actors, one on each worker's thread, which know their sockets: a
//! publication is one thing told to each worker that has a subscriber, and a delivery is a push
//! into the subscriber's [`Lane`], mostly on its own thread. Inboxes keep the order, so all
//! subscribers see the registry's. No user code runs here, and no serialisation: what comes is
//! plain data, and what goes on is encoded already.

mod change;
mod hub;
mod inbox;
mod index;
mod order;
mod publication;
pub(crate) mod table;

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

pub(crate) use change::Feed;
pub use change::{Change, Changes};
pub(crate) use hub::HubId;
use hub::{Hub, Work};
use inbox::{Delivery, Inbox, Told};
use index::Index;
pub(crate) use order::Overloaded;
use order::{Order, Permits, Report, Selection, Sum};
pub(crate) use publication::{Audience, Publication};
use table::Table;

use crate::{
    model::{Channel, Namespace, SocketId},
    outbox::Lane,
    stats::{Counters, Refused},
};

/// The subscriptions of a server, and the way of publications to them; from any thread.
#[derive(Debug, Clone)]
pub(crate) struct ChannelRegistry(Arc<Shared>);

/// What the hubs see of the registry.
struct Shared {
    ledger: Mutex<Ledger>,
    permits: Permits,
    counters: Arc<Counters>,
}

/// What is under the lock.
struct Ledger {
    index: Index,
    hubs: Vec<(Addr<Hub>, Inbox)>,
    by_thread: HashMap<ThreadId, HubId>,
}

/// The hub of the thread that built the server. What is published to nobody, by a thread without a
/// hub, has its turn there.
const HOME: HubId = HubId(0);

/// Hubs to be woken, as soon as the lock is free: one of another thread may take this one's place
/// at once.
type Sleepers = SmallVec<[Addr<Hub>; 4]>;

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

impl ChannelRegistry {
    /// Starts a registry, and its first hub on this thread's arbiter. `max_publications`: on their
    /// way at a time.
    pub(crate) fn start(feed: Feed, counters: Arc<Counters>, max_publications: usize) -> Self {
        let index = Index::new(feed, Arc::clone(&counters));
        let ledger = Mutex::new(Ledger { index, hubs: Vec::new(), by_thread: HashMap::new() });
        let registry =
            Self(Arc::new(Shared { ledger, permits: Permits::new(max_publications), counters }));
        registry.hub();
        registry
    }

    /// The hub for sockets of this thread, which is started on its arbiter if there is none.
    pub(crate) fn hub(&self) -> HubId {
        let thread = thread::current().id();
        if let Some(hub) = self.0.ledger.lock().by_thread.get(&thread) {
            return *hub;
        }
        let Shared { ledger, counters, .. } = &*self.0;
        let context = Context::new();
        let mut ledger = ledger.lock();
        // Nobody else makes one for this thread.
        let id = HubId(ledger.hubs.len());
        ledger.hubs.push((context.address(), Inbox::default()));
        ledger.by_thread.insert(thread, id);
        drop(ledger);
        // Without the lock, which it takes when it ends: at once, where the arbiter has.
        context.run(Hub::new(id, Arc::downgrade(&self.0), Table::new(Arc::clone(counters))));
        id
    }

    /// A socket of a hub has come into being; it is subscribed to nothing.
    pub(crate) fn attach(&self, hub: HubId, namespace: Namespace, id: SocketId, lane: Arc<Lane>) {
        self.tell(hub, |index| {
            index.attach(namespace.clone(), hub);
            Told::Attach { namespace, id, lane }
        });
    }

    /// A socket has ended, which was subscribed to these.
    pub(crate) fn detach(
        &self,
        hub: HubId,
        namespace: Namespace,
        id: SocketId,
        channels: &[Channel],
    ) {
        self.tell(hub, |index| {
            index.detach(&namespace, hub, id, channels);
            Told::Detach { namespace, id }
        });
    }

    /// A socket is in a channel; it was not before.
    pub(crate) fn subscribe(
        &self,
        hub: HubId,
        namespace: Namespace,
        id: SocketId,
        channel: Channel,
    ) {
        self.tell(hub, |index| {
            index.subscribe(&namespace, hub, id, &channel);
            Told::Subscribe { namespace, id, channel }
        });
    }

    /// A socket is not in a channel any more; it was before.
    pub(crate) fn unsubscribe(
        &self,
        hub: HubId,
        namespace: Namespace,
        id: SocketId,
        channel: Channel,
    ) {
        self.tell(hub, |index| {
            index.unsubscribe(&namespace, hub, id, &channel);
            Told::Unsubscribe { namespace, id, channel }
        });
    }

    /// Waits until all is done that the hub was told before.
    pub(crate) async fn settle(&self, hub: HubId) {
        let (done, is_done) = oneshot::channel();
        self.tell(hub, |_| Told::Fence(done));
        // A hub which is gone sends nothing any more.
        let _ = is_done.await;
    }

    /// The names of all channels of a namespace.
    pub(crate) fn channels(&self, namespace: &Namespace) -> Vec<Channel> {
        self.0.ledger.lock().index.channels(namespace)
    }

    /// Who is in an audience, when all is done that was told before.
    pub(crate) async fn select(&self, audience: Audience) -> Vec<SocketId> {
        let (names, all) = Sum::new();
        let selection = Arc::new(Selection { audience, names });
        self.tell_all(&selection.audience, || Told::Select(Arc::clone(&selection)));
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
        let (sum, count) = Sum::new();
        self.reach(publication, Report::Count(sum))?;
        count.await.map_err(|_| PublishError::Gone)
    }

    /// The same; answers which sockets they are.
    pub(crate) async fn publish_to_known(
        &self,
        publication: Publication,
    ) -> Result<Vec<SocketId>, PublishError> {
        let (sum, names) = Sum::new();
        self.reach(publication, Report::Names(sum))?;
        names.await.map_err(|_| PublishError::Gone)
    }

    /// Publications that are on their way.
    pub(crate) fn waiting(&self) -> usize {
        self.0.permits.taken()
    }

    fn reach(&self, publication: Publication, report: Report) -> Result<(), PublishError> {
        if self.order(publication, report)? { Ok(()) } else { Err(PublishError::Gone) }
    }

    /// Whether there was a hub to tell.
    fn order(&self, publication: Publication, report: Report) -> Result<bool, Overloaded> {
        let Shared { permits, counters, .. } = &*self.0;
        let permit = permits.take().inspect_err(|_| counters.refused.add(Refused::Overloaded))?;
        counters.published.add(1);
        let order = Arc::new(Order { publication, _permit: permit, report });
        Ok(self.tell_all(&order.publication.audience, || Told::Publish(Arc::clone(&order))))
    }

    /// Notes something down, and tells a hub of it.
    fn tell(&self, hub: HubId, told: impl FnOnce(&mut Index) -> Told) {
        let mut ledger = self.0.ledger.lock();
        let told = told(&mut ledger.index);
        let (addr, inbox) = &mut ledger.hubs[hub.0];
        match inbox.tell(told) {
            Delivery::Waits => {}
            Delivery::Wake => {
                let addr = addr.clone();
                drop(ledger);
                addr.do_send(Work);
            }
            Delivery::Lost(told) => {
                drop(ledger);
                drop(told);
            }
        }
    }

    /// Tells the hubs that have somebody of an audience; where there are none, the one of this
    /// thread: that what is said to nobody takes its turn, too, is what bounds those who say it in
    /// a loop. Whether one of them is there.
    fn tell_all(&self, audience: &Audience, told: impl Fn() -> Told) -> bool {
        let (mut sleepers, mut is_told) = (Sleepers::new(), false);
        let mut ledger = self.0.ledger.lock();
        let Ledger { index, hubs, by_thread } = &mut *ledger;
        let mut ids = index.hubs(audience);
        if ids.is_empty() {
            ids.push(by_thread.get(&thread::current().id()).copied().unwrap_or(HOME));
        }
        for id in ids {
            let (addr, inbox) = &mut hubs[id.0];
            // Shared: what is lost here is dropped by whoever has it last.
            match inbox.tell(told()) {
                Delivery::Waits => is_told = true,
                Delivery::Wake => {
                    is_told = true;
                    sleepers.push(addr.clone());
                }
                Delivery::Lost(_) => {}
            }
        }
        drop(ledger);
        for hub in sleepers {
            hub.do_send(Work);
        }
        is_told
    }
}

impl Shared {
    /// Moves what waits for a hub to the end of what it has. `false`: there is nothing.
    fn take(&self, hub: HubId, to: &mut VecDeque<Told>) -> bool {
        self.ledger.lock().hubs[hub.0].1.take(to)
    }

    /// A hub is gone.
    fn close(&self, hub: HubId) {
        let mut ledger = self.ledger.lock();
        ledger.by_thread.retain(|_, of_thread| *of_thread != hub);
        let unheard = ledger.hubs[hub.0].1.close();
        drop(ledger);
        drop(unheard);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("publications", &self.permits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
