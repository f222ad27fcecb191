use std::{collections::VecDeque, sync::Weak, thread};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use tokio::task::yield_now;

use super::{Shared, inbox::Told, order::Report, table::Table};
use crate::outbox::Turn;

/// Which hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct HubId(pub(super) usize);

/// Deliveries after which others on this thread have a turn. Each may be a write.
const TURN: usize = 128;

/// Deliveries after which others do, if the next publication is for the same: these are not written at once, but with those
/// that follow. It is some milliseconds; a write for each of so many is a hundred times as much.
const LONG_TURN: usize = 64 * 1024;

/// Things to hear for which a hub keeps room.
const KEPT: usize = 1024;

/// The sockets of one worker. It is told everything in the registry's order, and pushes frames into outboxes whose
/// transports run on its own thread: waking them is cheap there.
pub(super) struct Hub {
    id: HubId,
    registry: Weak<Shared>,
    told: VecDeque<Told>,
    /// How far the first of these is done.
    done: usize,
    table: Table,
    turns: u64,
}

/// Something waits in the hub's inbox.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Work;

impl Hub {
    pub(super) fn new(id: HubId, registry: Weak<Shared>, table: Table) -> Self {
        Self { id, registry, told: VecDeque::new(), done: 0, table, turns: 0 }
    }

    /// Hears what it is told until there is nothing, or its turn is over.
    fn work(&mut self, ctx: &mut Context<Self>) {
        let Some(registry) = self.registry.upgrade() else { return };
        self.turns += 1;
        let now = Turn { thread: thread::current().id(), number: self.turns };
        let (mut heard, mut follows) = (0, false);
        while registry.take(self.id, &mut self.told) {
            while let Some(told) = self.told.pop_front() {
                // The last of several is not left for a write of its own.
                let leads = self.is_next_for_the_same(&told);
                let (most, now) = if leads || follows { (LONG_TURN, None) } else { (TURN, Some(now)) };
                follows = leads;
                heard += self.hear(told, most, now);
                if heard >= most {
                    // To whoever else is on this thread; behind all whom this has woken.
                    ctx.spawn(yield_now().into_actor(self).map(|(), hub, ctx| hub.work(ctx)));
                    return;
                }
            }
            if self.told.capacity() > KEPT {
                self.told = VecDeque::new();
            }
        }
    }

    fn is_next_for_the_same(&self, told: &Told) -> bool {
        match (told, self.told.front()) {
            (Told::Publish(this), Some(Told::Publish(next))) => {
                this.publication.audience.to == next.publication.audience.to
            }
            _ => false,
        }
    }

    /// What it is worth: of a publication, a part of `most` deliveries is heard. What is left of it is the next to be heard.
    fn hear(&mut self, told: Told, most: usize, turn: Option<Turn>) -> usize {
        match told {
            Told::Attach { namespace, id, lane } => self.table.attach(namespace, id, lane),
            Told::Subscribe { namespace, id, channel } => self.table.subscribe(&namespace, id, channel),
            Told::Unsubscribe { namespace, id, channel } => self.table.unsubscribe(&namespace, id, &channel),
            Told::Detach { namespace, id } => self.table.detach(&namespace, id),
            Told::Publish(order) => {
                let part = self.done..self.done + most;
                let mut names = Vec::new();
                let published = self.table.publish(&order.publication, part.clone(), turn, |id| {
                    if matches!(order.report, Report::Names(_)) {
                        names.push(id);
                    }
                });
                match &order.report {
                    Report::Nothing => {}
                    Report::Count(sum) => sum.add(|count| *count += published.receivers),
                    Report::Names(sum) => sum.add(|all| all.append(&mut names)),
                }
                self.done = if published.is_all { 0 } else { part.end };
                if !published.is_all {
                    self.told.push_front(Told::Publish(order));
                    return most;
                }
                return 1 + published.receivers;
            }
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
        1
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
