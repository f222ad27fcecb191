use std::{
    collections::HashMap,
    sync::Arc,
    thread::{self, ThreadId},
};

use actix::{Actor, Addr, Context, Handler, Message, MessageResult};
use parking_lot::RwLock;

use super::{Audience, Order, table::Table};
use crate::{
    model::{Channel, Namespace, SocketId},
    outbox::Lane,
    stats::Counters,
};

/// The sockets of one worker. It is told everything by the registry, in the registry's order, and pushes frames into
/// outboxes whose transports run on its own thread: waking them is cheap there.
#[derive(Debug)]
pub(super) struct Hub {
    table: Table,
}

impl Actor for Hub {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // See `ChannelRegistry`: nothing may overtake.
        ctx.set_mailbox_capacity(0);
    }
}

/// The hub of some worker, as sockets know it.
#[derive(Debug, Clone)]
pub(crate) struct HubHandle {
    pub(super) index: usize,
    pub(super) addr: Addr<Hub>,
}

/// The hubs of a server, one for each thread that has connections.
#[derive(Debug)]
pub(super) struct Hubs {
    by_thread: RwLock<HashMap<ThreadId, HubHandle>>,
    counters: Arc<Counters>,
}

impl Hubs {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self { by_thread: RwLock::default(), counters }
    }

    /// That of this thread, which is started on its arbiter if there is none.
    pub(super) fn here(&self) -> HubHandle {
        let thread = thread::current().id();
        if let Some(hub) = self.by_thread.read().get(&thread) {
            return hub.clone();
        }
        let addr = Hub { table: Table::new(Arc::clone(&self.counters)) }.start();
        let mut hubs = self.by_thread.write();
        let index = hubs.len();
        hubs.entry(thread).or_insert(HubHandle { index, addr }).clone()
    }
}

/// What a hub is told of its sockets.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) enum Told {
    Attach { namespace: Namespace, id: SocketId, lane: Arc<Lane> },
    Subscribe { namespace: Namespace, id: SocketId, channel: Channel },
    Unsubscribe { namespace: Namespace, id: SocketId, channel: Channel },
    Detach { namespace: Namespace, id: SocketId },
}

impl Handler<Told> for Hub {
    type Result = ();

    fn handle(&mut self, told: Told, _: &mut Self::Context) {
        match told {
            Told::Attach { namespace, id, lane } => self.table.attach(namespace, id, lane),
            Told::Subscribe { namespace, id, channel } => self.table.subscribe(&namespace, id, channel),
            Told::Unsubscribe { namespace, id, channel } => self.table.unsubscribe(&namespace, id, &channel),
            Told::Detach { namespace, id } => self.table.detach(&namespace, id),
        }
    }
}

/// A publication.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Deliver(pub(super) Arc<Order>);

impl Handler<Deliver> for Hub {
    type Result = ();

    fn handle(&mut self, Deliver(order): Deliver, _: &mut Self::Context) {
        self.table.publish(&order.publication, |_| {});
    }
}

/// The same, answered with how many sockets it was queued for.
#[derive(Message)]
#[rtype(result = "usize")]
pub(super) struct DeliverAndCount(pub(super) Arc<Order>);

impl Handler<DeliverAndCount> for Hub {
    type Result = usize;

    fn handle(&mut self, DeliverAndCount(order): DeliverAndCount, _: &mut Self::Context) -> usize {
        let mut delivered = 0;
        self.table.publish(&order.publication, |_| delivered += 1);
        delivered
    }
}

/// The same, answered with which sockets they are.
#[derive(Message)]
#[rtype(result = "Vec<SocketId>")]
pub(super) struct DeliverAndName(pub(super) Arc<Order>);

impl Handler<DeliverAndName> for Hub {
    type Result = MessageResult<DeliverAndName>;

    fn handle(&mut self, DeliverAndName(order): DeliverAndName, _: &mut Self::Context) -> Self::Result {
        let mut ids = Vec::new();
        self.table.publish(&order.publication, |id| ids.push(id));
        MessageResult(ids)
    }
}

/// Who is in an audience.
#[derive(Message)]
#[rtype(result = "Vec<SocketId>")]
pub(super) struct Name(pub(super) Arc<Audience>);

impl Handler<Name> for Hub {
    type Result = MessageResult<Name>;

    fn handle(&mut self, Name(audience): Name, _: &mut Self::Context) -> Self::Result {
        let mut ids = Vec::new();
        self.table.select(&audience, |id, _| ids.push(id));
        MessageResult(ids)
    }
}

/// Nothing: its answer says that everything told before is done.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Done;

impl Handler<Done> for Hub {
    type Result = ();

    fn handle(&mut self, _: Done, _: &mut Self::Context) {}
}
