//! Who is subscribed to what, and the fan-out.
//!
//! [`ChannelRegistry`] is an actor, so that each channel has one order of publications. It passes what it is told on to
//! the [`Hub`]s, one for each worker thread, which know their sockets: a publication is one message for each
//! worker that has a subscriber, and a delivery is a push into the subscriber's [`Lane`](crate::outbox::Lane), on its
//! own thread. Mailboxes keep the order, so all subscribers see the registry's. No user code runs here, and no
//! serialisation: what comes is plain data, and what goes on is encoded already.

mod change;
mod handle;
mod hub;
mod index;
mod message;
mod publication;
pub(crate) mod table;

use std::sync::Arc;

use actix::{Actor, Addr, Context, Handler, MessageResult, ResponseFuture};
use futures_core::future::LocalBoxFuture;

pub(crate) use change::Feed;
pub use change::{Change, Changes};
pub(crate) use handle::{Overloaded, PublishError, RegistryHandle};
pub(crate) use hub::HubHandle;
use hub::{Deliver, DeliverAndCount, DeliverAndName, Done, Hub, Name, Told};
use index::Index;
pub(crate) use message::{
    Attach, Channels, Detach, Fence, Order, Publish, PublishAndCount, PublishAndName, Select, Subscribe, Unsubscribe,
};
pub(crate) use publication::{Audience, Publication};

use crate::{model::SocketId, stats::Counters};

/// The actor that owns the subscriptions.
#[derive(Debug)]
pub(crate) struct ChannelRegistry {
    index: Index,
    hubs: Vec<Option<Addr<Hub>>>,
    counters: Arc<Counters>,
}

impl ChannelRegistry {
    pub(crate) fn new(feed: Feed, counters: Arc<Counters>) -> Self {
        Self { index: Index::new(feed, Arc::clone(&counters)), hubs: Vec::new(), counters }
    }

    /// The hubs which a publication goes to.
    fn hubs(&self, audience: &Audience) -> Vec<Addr<Hub>> {
        let hubs = self.index.hubs(audience);
        hubs.into_iter().filter_map(|hub| self.hubs.get(hub).cloned().flatten()).collect()
    }
}

impl Actor for ChannelRegistry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // No capacity is the one that senders never wait for, which keeps what one thread sends in order. How many
        // publications may wait is bounded by the permits of `RegistryHandle`.
        ctx.set_mailbox_capacity(0);
    }
}

impl Handler<Attach> for ChannelRegistry {
    type Result = ();

    fn handle(&mut self, Attach { hub, namespace, id, lane }: Attach, _: &mut Self::Context) {
        if self.hubs.len() <= hub.index {
            self.hubs.resize(hub.index + 1, None);
        }
        self.hubs[hub.index].get_or_insert_with(|| hub.addr.clone());
        self.index.attach(namespace.clone(), hub.index);
        hub.addr.do_send(Told::Attach { namespace, id, lane });
    }
}

impl Handler<Detach> for ChannelRegistry {
    type Result = ();

    fn handle(&mut self, Detach { hub, namespace, id, channels }: Detach, _: &mut Self::Context) {
        self.index.detach(&namespace, hub.index, id, &channels);
        hub.addr.do_send(Told::Detach { namespace, id });
    }
}

impl Handler<Subscribe> for ChannelRegistry {
    type Result = ();

    fn handle(&mut self, Subscribe { hub, namespace, id, channel }: Subscribe, _: &mut Self::Context) {
        self.index.subscribe(&namespace, hub.index, id, &channel);
        hub.addr.do_send(Told::Subscribe { namespace, id, channel });
    }
}

impl Handler<Unsubscribe> for ChannelRegistry {
    type Result = ();

    fn handle(&mut self, Unsubscribe { hub, namespace, id, channel }: Unsubscribe, _: &mut Self::Context) {
        self.index.unsubscribe(&namespace, hub.index, id, &channel);
        hub.addr.do_send(Told::Unsubscribe { namespace, id, channel });
    }
}

impl Handler<Publish> for ChannelRegistry {
    type Result = ();

    fn handle(&mut self, Publish(order): Publish, _: &mut Self::Context) {
        self.counters.published.add(1);
        for hub in self.hubs(&order.publication.audience) {
            hub.do_send(Deliver(Arc::clone(&order)));
        }
    }
}

impl Handler<PublishAndCount> for ChannelRegistry {
    type Result = ResponseFuture<usize>;

    fn handle(&mut self, PublishAndCount(order): PublishAndCount, _: &mut Self::Context) -> Self::Result {
        self.counters.published.add(1);
        let hubs = self.hubs(&order.publication.audience).into_iter();
        // Sent now, in the order of publications; only the answers are waited for.
        let answers: Vec<_> = hubs.map(|hub| hub.send(DeliverAndCount(Arc::clone(&order)))).collect();
        Box::pin(async move {
            let mut delivered = 0;
            for answer in answers {
                // A hub which is gone, with its arbiter, has no clients any more.
                delivered += answer.await.unwrap_or_default();
            }
            delivered
        })
    }
}

impl Handler<PublishAndName> for ChannelRegistry {
    type Result = ResponseFuture<Vec<SocketId>>;

    fn handle(&mut self, PublishAndName(order): PublishAndName, _: &mut Self::Context) -> Self::Result {
        self.counters.published.add(1);
        let hubs = self.hubs(&order.publication.audience).into_iter();
        all(hubs.map(|hub| hub.send(DeliverAndName(Arc::clone(&order)))))
    }
}

impl Handler<Select> for ChannelRegistry {
    type Result = ResponseFuture<Vec<SocketId>>;

    fn handle(&mut self, Select(audience): Select, _: &mut Self::Context) -> Self::Result {
        let hubs = self.hubs(&audience).into_iter();
        let audience = Arc::new(audience);
        all(hubs.map(|hub| hub.send(Name(Arc::clone(&audience)))))
    }
}

impl Handler<Channels> for ChannelRegistry {
    type Result = MessageResult<Channels>;

    fn handle(&mut self, Channels(namespace): Channels, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.index.channels(&namespace))
    }
}

impl Handler<Fence> for ChannelRegistry {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Fence(hub): Fence, _: &mut Self::Context) -> Self::Result {
        let done = hub.addr.send(Done);
        Box::pin(async move {
            // A hub which is gone sends nothing any more.
            let _ = done.await;
        })
    }
}

/// What all hubs answer. They are asked now; only the answers are waited for.
fn all<F, E>(answers: impl Iterator<Item = F>) -> LocalBoxFuture<'static, Vec<SocketId>>
where
    F: Future<Output = Result<Vec<SocketId>, E>> + 'static,
{
    let answers: Vec<_> = answers.collect();
    Box::pin(async move {
        let mut ids = Vec::new();
        for answer in answers {
            ids.extend(answer.await.unwrap_or_default());
        }
        ids
    })
}
