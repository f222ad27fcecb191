use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use actix::{Addr, Handler, MailboxError, Message, dev::ToEnvelope};

use super::{ChannelRegistry, HubHandle, Order, Publication, Publish, PublishAndCount, PublishAndName, hub::Hubs};
use crate::{
    model::SocketId,
    stats::{Counters, Refused},
};

/// The way to the registry, from any thread. Publications are counted, so that a mailbox without a bound has one.
#[derive(Debug, Clone)]
pub(crate) struct RegistryHandle {
    addr: Addr<ChannelRegistry>,
    hubs: Arc<Hubs>,
    waiting: Arc<AtomicUsize>,
    max_waiting: usize,
    counters: Arc<Counters>,
}

/// As many publications wait for the registry as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overloaded;

/// The right of one publication to wait; given back when dropped.
#[derive(Debug)]
pub(super) struct Permit(Arc<AtomicUsize>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl RegistryHandle {
    pub(crate) fn new(addr: Addr<ChannelRegistry>, max_waiting: usize, counters: Arc<Counters>) -> Self {
        let hubs = Arc::new(Hubs::new(Arc::clone(&counters)));
        Self { addr, hubs, waiting: Arc::default(), max_waiting, counters }
    }

    /// The hub for sockets of this thread.
    pub(crate) fn hub(&self) -> HubHandle {
        self.hubs.here()
    }

    /// Tells the registry something about a subscription.
    pub(crate) fn tell<M>(&self, message: M)
    where
        M: Message + Send + 'static,
        M::Result: Send,
        ChannelRegistry: Handler<M>,
        <ChannelRegistry as actix::Actor>::Context: ToEnvelope<ChannelRegistry, M>,
    {
        self.addr.do_send(message);
    }

    /// Asks the registry, and waits for the answer. What this thread told it before is done by then.
    ///
    /// # Errors
    /// If the registry is gone, with its arbiter.
    pub(crate) async fn ask<M>(&self, message: M) -> Result<M::Result, MailboxError>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        ChannelRegistry: Handler<M>,
        <ChannelRegistry as actix::Actor>::Context: ToEnvelope<ChannelRegistry, M>,
    {
        self.addr.send(message).await
    }

    /// Sends a publication on its way.
    pub(crate) fn publish(&self, publication: Publication) -> Result<(), Overloaded> {
        let order = self.order(publication)?;
        self.addr.do_send(Publish(order));
        Ok(())
    }

    /// Sends a publication and waits until it is with its receivers' transports; answers how many they are.
    pub(crate) async fn publish_and_wait(&self, publication: Publication) -> Result<usize, PublishError> {
        let order = self.order(publication).map_err(|Overloaded| PublishError::Overloaded)?;
        self.addr.send(PublishAndCount(order)).await.map_err(|_| PublishError::Gone)
    }

    /// The same; answers which sockets they are.
    pub(crate) async fn publish_to_known(&self, publication: Publication) -> Result<Vec<SocketId>, PublishError> {
        let order = self.order(publication).map_err(|Overloaded| PublishError::Overloaded)?;
        self.addr.send(PublishAndName(order)).await.map_err(|_| PublishError::Gone)
    }

    /// Publications that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn order(&self, publication: Publication) -> Result<Arc<Order>, Overloaded> {
        let permit = Permit(Arc::clone(&self.waiting));
        // The permit is counted from here on, and takes itself back if it is one too many.
        if self.waiting.fetch_add(1, Ordering::Relaxed) < self.max_waiting {
            return Ok(Arc::new(Order { publication, _permit: permit }));
        }
        self.counters.refused.add(Refused::Overloaded);
        Err(Overloaded)
    }
}

/// Why a publication which was waited for did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublishError {
    Overloaded,
    /// The registry is gone, with its arbiter.
    Gone,
}
