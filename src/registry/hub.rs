use std::{collections::VecDeque, sync::Weak};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use tokio::task::yield_now;

use super::{Shared, inbox::Told, order::Report, table::Table};

/// Which hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct HubId(pub(super) usize);

/// Deliveries after which a hub lets the rest of its thread have a turn: heartbeats, writes, other clients.
const TURN: usize = 16 * 1024;

/// Things to hear for which a hub keeps room.
const KEPT: usize = 1024;

/// The sockets of one worker. It is told everything in the registry's order, and pushes frames into outboxes whose
/// transports run on its own thread: waking them is cheap there.
pub(super) struct Hub {
    id: HubId,
    registry: Weak<Shared>,
    told: VecDeque<Told>,
    table: Table,
}

/// Something waits in the hub's inbox.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Work;

impl Hub {
    pub(super) fn new(id: HubId, registry: Weak<Shared>, table: Table) -> Self {
        Self { id, registry, told: VecDeque::new(), table }
    }

    /// Hears what it is told until there is nothing, or its turn is over.
    fn work(&mut self, ctx: &mut Context<Self>) {
        let Some(registry) = self.registry.upgrade() else { return };
        let mut done = 0;
        loop {
            while let Some(told) = self.told.pop_front() {
                done += 1 + self.hear(told);
                if done >= TURN {
                    ctx.spawn(yield_now().into_actor(self).map(|(), hub, ctx| hub.work(ctx)));
                    return;
                }
            }
            if self.told.capacity() > KEPT {
                self.told = VecDeque::new();
            }
            if !registry.take(self.id, &mut self.told) {
                return;
            }
        }
    }

    /// How many sockets something was pushed to.
    fn hear(&mut self, told: Told) -> usize {
        match told {
            Told::Attach { namespace, id, lane } => self.table.attach(namespace, id, lane),
            Told::Subscribe { namespace, id, channel } => self.table.subscribe(&namespace, id, channel),
            Told::Unsubscribe { namespace, id, channel } => self.table.unsubscribe(&namespace, id, &channel),
            Told::Detach { namespace, id } => self.table.detach(&namespace, id),
            Told::Publish(order) => match &order.report {
                Report::Nothing => return self.table.publish(&order.publication, |_| {}),
                Report::Count(sum) => {
                    let count = self.table.publish(&order.publication, |_| {});
                    sum.add(|total| *total += count);
                    return count;
                }
                Report::Names(sum) => {
                    let mut names = Vec::new();
                    let count = self.table.publish(&order.publication, |id| names.push(id));
                    sum.add(|all| all.append(&mut names));
                    return count;
                }
            },
            Told::Select(selection) => {
                let mut names = Vec::new();
                self.table.select(&selection.audience, |id, _| names.push(id));
                selection.names.add(|all| all.append(&mut names));
            }
            Told::Fence(done) => {
                // One who no longer waits needs no answer.
                let _ = done.send(());
            }
        }
        0
    }
}

impl Actor for Hub {
    type Context = Context<Self>;
}

impl Handler<Work> for Hub {
    type Result = ();

    fn handle(&mut self, _: Work, ctx: &mut Self::Context) {
        self.work(ctx);
    }
}

impl Drop for Hub {
    /// Gone with its arbiter, or with the whole server.
    fn drop(&mut self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.close(self.id);
        }
    }
}
