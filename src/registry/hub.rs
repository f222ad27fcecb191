use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use tokio::task::yield_now;

use super::{
    Audience, Publication, Shared,
    inbox::Told,
    order::{Order, Report},
    table::{Published, Table},
};
use crate::outbox::{Burst, Turn};

/// Which hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct HubId(pub(super) usize);

/// Deliveries after which others on this thread have a turn. Each may be a write.
const TURN: usize = 128;

/// Deliveries after which others do, if the next publication is for some of the same: these are not
/// written at once, but with those that follow. It is some milliseconds; a write for each of so
/// many is a hundred times as much.
const LONG_TURN: usize = 64 * 1024;

/// Bytes of publications to the same audience that leave in one piece, and that a hub writes to one
/// client.
const BURST: usize = 64 * 1024;

/// Things to hear for which a hub keeps room.
const KEPT: usize = 1024;

/// The sockets of one worker. It is told everything in the registry's order, and pushes frames into
/// outboxes, most of whose transports run on its own thread: waking them is cheap there. (A
/// WebSocket that took over from polling may be another worker's.)
pub(super) struct Hub {
    id: HubId,
    registry: Weak<Shared>,
    told: VecDeque<Told>,
    under_way: Option<UnderWay>,
    table: Table,
    turns: u64,
}

/// Publications to one audience, which some of it have got.
struct UnderWay {
    orders: Vec<Arc<Order>>,
    what: Published,
    done: usize,
}

impl UnderWay {
    fn audience(&self) -> &Audience {
        // There is one at least, and all have the same.
        &self.orders[0].publication.audience
    }
}

/// Something waits in the hub's inbox.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Work;

impl Hub {
    pub(super) fn new(id: HubId, registry: Weak<Shared>, table: Table) -> Self {
        Self { id, registry, told: VecDeque::new(), under_way: None, table, turns: 0 }
    }

    /// Hears what it is told until there is nothing, or its turn is over.
    fn work(&mut self, ctx: &mut Context<Self>) {
        let Some(registry) = self.registry.upgrade() else { return };
        self.turns += 1;
        let now = Turn(self.turns);
        let (mut heard, mut follows) = (0, false);
        while self.under_way.is_some() || self.has_more(&registry) {
            let publication = self.next();
            // The last of several is not left for a write of its own.
            let leads = publication
                .as_ref()
                .is_some_and(|publication| self.is_next_for_some_of(publication));
            let (most, turn) = if leads || follows { (LONG_TURN, None) } else { (TURN, Some(now)) };
            follows = leads;
            heard += publication.map_or(1, |publication| self.deliver(publication, most, turn));
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

    /// Whether there is something to hear.
    fn has_more(&mut self, registry: &Shared) -> bool {
        match self.told.front() {
            // A publication is joined with what has come behind it by now.
            None | Some(Told::Publish(_)) => registry.take(self.id, &mut self.told),
            Some(_) => true,
        }
    }

    /// Goes on with what is under way, or hears the next thing that it is told, which may be a
    /// publication.
    fn next(&mut self) -> Option<UnderWay> {
        if let Some(publication) = self.under_way.take() {
            return Some(publication);
        }
        match self.told.pop_front()? {
            Told::Attach { namespace, id, lane } => self.table.attach(namespace, id, lane),
            Told::Subscribe { namespace, id, channel } => {
                self.table.subscribe(&namespace, id, channel)
            }
            Told::Unsubscribe { namespace, id, channel } => {
                self.table.unsubscribe(&namespace, id, &channel)
            }
            Told::Detach { namespace, id } => self.table.detach(&namespace, id),
            Told::Publish(order) => return Some(self.gather(order)),
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
        None
    }

    /// A publication, and those for the same audience right behind it.
    fn gather(&mut self, first: Arc<Order>) -> UnderWay {
        let Publication { frame, volatile, .. } = &first.publication;
        if *volatile {
            let what = Published::Volatile(frame.clone());
            return UnderWay { orders: vec![first], what, done: 0 };
        }
        let (mut frames, mut bytes) = (vec![frame.clone()], frame.len());
        let mut orders = vec![first];
        while let Some(Told::Publish(next)) = self.told.front()
            && let Publication { audience, frame, volatile: false } = &next.publication
            && *audience == orders[0].publication.audience
            && bytes + frame.len() <= BURST
        {
            bytes += frame.len();
            frames.push(frame.clone());
            orders.push(Arc::clone(next));
            self.told.pop_front();
        }
        UnderWay { orders, what: Published::Burst(Burst::new(frames)), done: 0 }
    }

    /// Whether the next publication is for the same channels, and not for the same audience: that
    /// one is joined with those behind it when its turn comes.
    fn is_next_for_some_of(&self, publication: &UnderWay) -> bool {
        let this = publication.audience();
        match self.told.front() {
            Some(Told::Publish(next)) => {
                this.to == next.publication.audience.to && *this != next.publication.audience
            }
            _ => false,
        }
    }

    /// Delivers to `most` of the receivers that are left, and answers how many they were. Others
    /// stay under way.
    fn deliver(&mut self, publication: UnderWay, most: usize, turn: Option<Turn>) -> usize {
        let UnderWay { orders, what, done } = publication;
        let wants_names = orders.iter().any(|order| matches!(order.report, Report::Names(_)));
        let (part, mut names) = (done..done + most, Vec::new());
        // What is large is written by each client's task in its own turn.
        let turn = turn.filter(|_| what.size().1 <= BURST);
        let audience = &orders[0].publication.audience;
        let delivered = self.table.publish(audience, &what, part.clone(), turn, |id| {
            if wants_names {
                names.push(id);
            }
        });
        for order in &orders {
            match &order.report {
                Report::Nothing => {}
                Report::Count(sum) => sum.add(|count| *count += delivered.receivers),
                Report::Names(sum) => sum.add(|all| all.extend_from_slice(&names)),
            }
        }
        if !delivered.is_all {
            self.under_way = Some(UnderWay { orders, what, done: part.end });
            return most;
        }
        1 + delivered.receivers
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
