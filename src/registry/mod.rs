//! Who is subscribed to what, and the fan-out.
//!
//! [`ChannelRegistry`] is an actor, so that each channel has one order of publications. It runs no user code and no
//! serialisation: what it is told is plain data, and what it sends on is encoded already. A delivery is a push into the
//! subscriber's [`Lane`](crate::outbox::Lane); it crosses no mailbox.

mod change;
mod handle;
mod message;
mod publication;
mod table;

use std::sync::Arc;

use actix::{Actor, Context, Handler, MessageResult};

pub(crate) use change::Feed;
pub use change::{Change, Changes};
pub(crate) use handle::{Overloaded, PublishError, RegistryHandle};
pub(crate) use message::{Attach, Channels, Detach, Fence, Publish, PublishToKnown, Select, Subscribe, Unsubscribe};
pub(crate) use publication::{Audience, Publication};
use table::Table;

use crate::stats::Counters;

/// The actor that owns the subscriptions.
#[derive(Debug)]
pub(crate) struct ChannelRegistry {
    table: Table,
}

impl ChannelRegistry {
    pub(crate) fn new(feed: Feed, counters: Arc<Counters>) -> Self {
        Self { table: Table::new(feed, counters) }
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

    fn handle(&mut self, message: Attach, _: &mut Self::Context) {
        self.table.attach(message.namespace, message.id, message.lane);
    }
}

impl Handler<Detach> for ChannelRegistry {
    type Result = ();

    fn handle(&mut self, message: Detach, _: &mut Self::Context) {
        self.table.detach(&message.namespace, message.id);
    }
}

impl Handler<Subscribe> for ChannelRegistry {
    type Result = ();

    fn handle(&mut self, message: Subscribe, _: &mut Self::Context) {
        self.table.subscribe(&message.namespace, message.id, message.channel);
    }
}

impl Handler<Unsubscribe> for ChannelRegistry {
    type Result = ();

    fn handle(&mut self, message: Unsubscribe, _: &mut Self::Context) {
        self.table.unsubscribe(&message.namespace, message.id, &message.channel);
    }
}

impl Handler<Publish> for ChannelRegistry {
    type Result = usize;

    fn handle(&mut self, message: Publish, _: &mut Self::Context) -> usize {
        let mut delivered = 0;
        self.table.publish(&message.publication, |_| delivered += 1);
        delivered
    }
}

impl Handler<PublishToKnown> for ChannelRegistry {
    type Result = MessageResult<PublishToKnown>;

    fn handle(&mut self, message: PublishToKnown, _: &mut Self::Context) -> Self::Result {
        let mut ids = Vec::new();
        self.table.publish(&message.publication, |id| ids.push(id));
        MessageResult(ids)
    }
}

impl Handler<Select> for ChannelRegistry {
    type Result = MessageResult<Select>;

    fn handle(&mut self, Select(audience): Select, _: &mut Self::Context) -> Self::Result {
        let mut ids = Vec::new();
        self.table.select(&audience, |id, _| ids.push(id));
        MessageResult(ids)
    }
}

impl Handler<Channels> for ChannelRegistry {
    type Result = MessageResult<Channels>;

    fn handle(&mut self, Channels(namespace): Channels, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.table.channels(&namespace))
    }
}

impl Handler<Fence> for ChannelRegistry {
    type Result = ();

    fn handle(&mut self, _: Fence, _: &mut Self::Context) {}
}
