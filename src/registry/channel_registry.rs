use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use tokio::task::yield_now;

use super::{
    Audience, Publication, SequencerInner,
    in_flight::{InFlight, Report},
    queue::RegistryMessage,
    subscribers::{Payload, SubscriberTable},
};
use crate::outbox::{FlushPass, FrameBatch};

/// Which hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RegistryId(pub(super) usize);

/// Deliveries after which others on this thread have a turn. Each may be a write.
const DELIVERIES_PER_TURN: usize = 128;

/// Deliveries after which others do, if the next publication is for some of the same: these are not
/// written at once, but with those that follow. It is some milliseconds; a write for each of so
/// many is a hundred times as much.
const DELIVERIES_PER_LONG_TURN: usize = 64 * 1024;

/// Bytes of publications to the same audience that leave in one piece, and that a hub writes to one
/// client.
const BATCH_BYTES: usize = 64 * 1024;

/// Things to hear for which a hub keeps room.
const KEPT_CAPACITY: usize = 1024;

/// The sockets of one worker. It is told everything in the registry's order, and pushes frames into
/// outboxes, most of whose transports run on its own thread: waking them is cheap there. (A
/// WebSocket that took over from polling may be another worker's.)
pub(super) struct ChannelRegistry {
    id: RegistryId,
    registry: Weak<SequencerInner>,
    told: VecDeque<RegistryMessage>,
    current: Option<Delivery>,
    table: SubscriberTable,
    passes: u64,
}

/// Publications to one audience, which some of it have got.
struct Delivery {
    orders: Vec<Arc<InFlight>>,
    what: Payload,
    done: usize,
}

impl Delivery {
    fn audience(&self) -> &Audience {
        // There is one at least, and all have the same.
        &self.orders[0].publication.audience
    }
}

/// Something waits in the hub's inbox.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct WakeUp;

impl ChannelRegistry {
    pub(super) fn new(
        id: RegistryId,
        registry: Weak<SequencerInner>,
        table: SubscriberTable,
    ) -> Self {
        Self { id, registry, told: VecDeque::new(), current: None, table, passes: 0 }
    }

    /// Hears what it is told until there is nothing, or its turn is over.
    fn work(&mut self, ctx: &mut Context<Self>) {
        let Some(registry) = self.registry.upgrade() else { return };
        self.passes += 1;
        let now = FlushPass(self.passes);
        let (mut heard, mut follows) = (0, false);
        while self.current.is_some() || self.has_more(&registry) {
            let publication = self.next();
            // The last of several is not left for a write of its own.
            let leads = publication
                .as_ref()
                .is_some_and(|publication| self.is_next_for_some_of(publication));
            let (most, pass) = if leads || follows {
                (DELIVERIES_PER_LONG_TURN, None)
            } else {
                (DELIVERIES_PER_TURN, Some(now))
            };
            follows = leads;
            heard += publication.map_or(1, |publication| self.deliver(publication, most, pass));
            if heard >= most {
                // To whoever else is on this thread; behind all whom this has woken.
                ctx.spawn(
                    yield_now().into_actor(self).map(|(), registry_id, ctx| registry_id.work(ctx)),
                );
                return;
            }
        }
        if self.told.capacity() > KEPT_CAPACITY {
            self.told = VecDeque::new();
        }
    }

    /// Whether there is something to hear.
    fn has_more(&mut self, registry: &SequencerInner) -> bool {
        match self.told.front() {
            // A publication is joined with what has come behind it by now.
            None | Some(RegistryMessage::Publish(_)) => registry.take(self.id, &mut self.told),
            Some(_) => true,
        }
    }

    /// Goes on with what is under way, or hears the next thing that it is told, which may be a
    /// publication.
    fn next(&mut self) -> Option<Delivery> {
        if let Some(publication) = self.current.take() {
            return Some(publication);
        }
        match self.told.pop_front()? {
            RegistryMessage::Attach { namespace, id, sender } => {
                self.table.attach(namespace, id, sender)
            }
            RegistryMessage::Subscribe { namespace, id, channel } => {
                self.table.subscribe(&namespace, id, channel)
            }
            RegistryMessage::Unsubscribe { namespace, id, channel } => {
                self.table.unsubscribe(&namespace, id, &channel)
            }
            RegistryMessage::Detach { namespace, id } => self.table.detach(&namespace, id),
            RegistryMessage::Publish(order) => return Some(self.gather(order)),
            RegistryMessage::Select(selection) => {
                let mut names = Vec::new();
                self.table.select(&selection.audience, |id, _| names.push(id));
                selection.names.add(|all| all.append(&mut names));
            }
            RegistryMessage::Barrier(done) => {
                // One who no longer waits needs no answer.
                let _ = done.send(());
            }
        }
        None
    }

    /// A publication, and those for the same audience right behind it.
    fn gather(&mut self, first: Arc<InFlight>) -> Delivery {
        let Publication { frame, volatile, .. } = &first.publication;
        if *volatile {
            let what = Payload::Volatile(frame.clone());
            return Delivery { orders: vec![first], what, done: 0 };
        }
        let (mut frames, mut bytes) = (vec![frame.clone()], frame.len());
        let mut orders = vec![first];
        while let Some(RegistryMessage::Publish(next)) = self.told.front()
            && let Publication { audience, frame, volatile: false } = &next.publication
            && *audience == orders[0].publication.audience
            && bytes + frame.len() <= BATCH_BYTES
        {
            bytes += frame.len();
            frames.push(frame.clone());
            orders.push(Arc::clone(next));
            self.told.pop_front();
        }
        Delivery { orders, what: Payload::FrameBatch(FrameBatch::new(frames)), done: 0 }
    }

    /// Whether the next publication is for the same channels, and not for the same audience: that
    /// one is joined with those behind it when its turn comes.
    fn is_next_for_some_of(&self, publication: &Delivery) -> bool {
        let this = publication.audience();
        match self.told.front() {
            Some(RegistryMessage::Publish(next)) => {
                this.to == next.publication.audience.to && *this != next.publication.audience
            }
            _ => false,
        }
    }

    /// Delivers to `most` of the receivers that are left, and answers how many they were. Others
    /// stay under way.
    fn deliver(&mut self, publication: Delivery, most: usize, pass: Option<FlushPass>) -> usize {
        let Delivery { orders, what, done } = publication;
        let wants_names = orders.iter().any(|order| matches!(order.report, Report::Names(_)));
        let (part, mut names) = (done..done + most, Vec::new());
        // What is large is written by each client's task in its own turn.
        let pass = pass.filter(|_| what.size().1 <= BATCH_BYTES);
        let audience = &orders[0].publication.audience;
        let delivered = self.table.publish(audience, &what, part.clone(), pass, |id| {
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
            self.current = Some(Delivery { orders, what, done: part.end });
            return most;
        }
        1 + delivered.receivers
    }
}

impl Actor for ChannelRegistry {
    type Context = Context<Self>;
}

impl Handler<WakeUp> for ChannelRegistry {
    type Result = ();

    fn handle(&mut self, _: WakeUp, ctx: &mut Self::Context) {
        self.work(ctx);
    }
}

impl Drop for ChannelRegistry {
    /// Gone with its arbiter, or with the whole server.
    fn drop(&mut self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.close(self.id);
        }
    }
}
