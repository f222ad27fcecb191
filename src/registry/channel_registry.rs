use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use tokio::task::yield_now;

use super::{
    Audience, SequencerInner,
    ordered_publication::{OrderedPublication, Report},
    queue::RegistryMessage,
    subscribers::{Payload, RegistryTable},
};
use crate::outbox::{PublicationBatch, Publications, WriteThroughTurn};

/// Identifies a [`ChannelRegistry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RegistryId(pub(super) usize);

/// Deliveries in one turn, after which other tasks of this thread run. Each may be a write.
const DELIVERIES_PER_TURN: usize = 128;

/// Deliveries in one turn if the next publication is for some of the same sockets. These are not
/// written immediately, but together with those that follow. Such a turn takes some milliseconds. A
/// write for each delivery would take a hundred times as long.
const DELIVERIES_PER_LONG_TURN: usize = 64 * 1024;

/// Bytes of publications to the same audience that leave in one piece, and that a registry writes
/// to one client.
const BATCH_BYTES: usize = 64 * 1024;

/// Messages for which a registry keeps capacity.
const KEPT_CAPACITY: usize = 1024;

/// The actor that owns the subscriptions of one worker's sockets and fans publications out to them.
/// Each worker has one.
///
/// It handles messages in the sequencer's order, and pushes frames into outboxes. Most of their
/// transports run on its own thread, where waking them is cheap. (A WebSocket that took over from
/// polling may belong to another worker.)
pub(super) struct ChannelRegistry {
    id: RegistryId,
    sequencer: Weak<SequencerInner>,
    messages: VecDeque<RegistryMessage>,
    current: Option<Delivery>,
    table: RegistryTable,
    turns: u64,
}

/// Publications to one audience that some of its sockets have received.
struct Delivery {
    publications: Vec<Arc<OrderedPublication>>,
    payload: Payload,
    done: usize,
}

impl Delivery {
    fn audience(&self) -> &Audience {
        // There is at least one, and all have the same audience.
        &self.publications[0].audience
    }
}

/// The work that a message asks for.
#[expect(clippy::large_enum_variant, reason = "a box would be an allocation for each delivery")]
enum Step {
    Deliver(Delivery),
    /// Nothing more. It cost as much as this number of deliveries.
    Done {
        cost: usize,
    },
}

/// Tells a registry that a message is in its queue.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct WakeUp;

impl ChannelRegistry {
    pub(super) fn new(
        id: RegistryId,
        sequencer: Weak<SequencerInner>,
        table: RegistryTable,
    ) -> Self {
        Self { id, sequencer, messages: VecDeque::new(), current: None, table, turns: 0 }
    }

    /// Handles messages until the queue is empty, or its turn is over.
    fn work(&mut self, ctx: &mut Context<Self>) {
        let Some(sequencer) = self.sequencer.upgrade() else { return };
        let now = WriteThroughTurn::after(self.turns);
        self.turns += 1;
        let (mut cost, mut follows) = (0, false);
        while self.current.is_some() || self.has_more(&sequencer) {
            let step = self.next();
            // The last of several publications is not left for a write of its own.
            let leads =
                matches!(&step, Step::Deliver(delivery) if self.is_next_for_some_of(delivery));
            let (most, turn) = if leads || follows {
                (DELIVERIES_PER_LONG_TURN, None)
            } else {
                (DELIVERIES_PER_TURN, Some(now))
            };
            follows = leads;
            cost += match step {
                Step::Deliver(delivery) => self.deliver(delivery, most, turn),
                Step::Done { cost } => cost,
            };
            if cost >= most {
                // Other tasks of this thread run first, behind all that this turn has woken.
                ctx.spawn(yield_now().into_actor(self).map(|(), registry, ctx| registry.work(ctx)));
                return;
            }
        }
        if self.messages.capacity() > KEPT_CAPACITY {
            self.messages = VecDeque::new();
        }
    }

    /// Whether there is a message to handle.
    fn has_more(&mut self, sequencer: &SequencerInner) -> bool {
        match self.messages.front() {
            // A publication is joined with those that have come behind it by now.
            None | Some(RegistryMessage::Publish(_)) => sequencer.take(self.id, &mut self.messages),
            Some(_) => true,
        }
    }

    /// Handles the next message. A publication is not delivered yet: the one that is in progress,
    /// or that of the message.
    fn next(&mut self) -> Step {
        if let Some(delivery) = self.current.take() {
            return Step::Deliver(delivery);
        }
        let Some(message) = self.messages.pop_front() else { return Step::Done { cost: 1 } };
        match message {
            RegistryMessage::Attach { namespace, id, sender } => {
                self.table.attach(namespace, id, sender);
            }
            RegistryMessage::Subscribe { namespace, id, channel } => {
                self.table.subscribe(&namespace, id, channel);
            }
            RegistryMessage::Unsubscribe { namespace, id, channel } => {
                self.table.unsubscribe(&namespace, id, &channel);
            }
            RegistryMessage::Detach { namespace, id } => self.table.detach(&namespace, id),
            RegistryMessage::Replay(replay) => {
                return Step::Done { cost: 1 + self.table.replay(*replay) };
            }
            RegistryMessage::ComeBack(come_back) => {
                return Step::Done { cost: 1 + self.table.come_back(*come_back) };
            }
            RegistryMessage::Publish(publication) => {
                return Step::Deliver(self.join_publications(publication));
            }
            RegistryMessage::Push { sender, encode } => {
                if let Some(frame) = encode() {
                    self.table.push(&sender, frame);
                }
            }
            RegistryMessage::Select(query) => {
                let mut ids = Vec::new();
                self.table.select(&query.audience, |id, _| ids.push(id));
                query.ids.add(|all| all.append(&mut ids));
            }
            RegistryMessage::Probe(probe) => {
                return Step::Done { cost: 1 + probe.ask(&mut self.table) };
            }
            RegistryMessage::PathProbe(probe) => self.table.probe_path(*probe),
            RegistryMessage::Barrier(done) => {
                // A receiver that no longer waits needs no answer.
                let _ = done.send(());
            }
        }
        Step::Done { cost: 1 }
    }

    /// Joins a publication with those for the same audience directly behind it.
    fn join_publications(&mut self, first: Arc<OrderedPublication>) -> Delivery {
        let OrderedPublication { event, volatile, .. } = &*first;
        if *volatile {
            let payload = Payload::Volatile(Arc::clone(event));
            return Delivery { publications: vec![first], payload, done: 0 };
        }
        let mut events = Publications::from_buf([Arc::clone(event)]);
        let mut bytes = event.frame().len();
        let mut publications = vec![first];
        while let Some(RegistryMessage::Publish(next)) = self.messages.front()
            && let OrderedPublication { audience, event, volatile: false, .. } = &**next
            && *audience == publications[0].audience
            && bytes + event.frame().len() <= BATCH_BYTES
        {
            bytes += event.frame().len();
            events.push(Arc::clone(event));
            publications.push(Arc::clone(next));
            self.messages.pop_front();
        }
        Delivery {
            publications,
            payload: Payload::PublicationBatch(PublicationBatch::new(events)),
            done: 0,
        }
    }

    /// Whether the next publication is for the same channels but not for the same audience. That
    /// one is joined with those behind it when its turn comes.
    fn is_next_for_some_of(&self, delivery: &Delivery) -> bool {
        let this = delivery.audience();
        match self.messages.front() {
            Some(RegistryMessage::Publish(next)) => {
                this.to == next.audience.to && *this != next.audience
            }
            _ => false,
        }
    }

    /// Delivers to at most `most` of the remaining receivers, and returns their number. If some are
    /// left, the delivery stays in progress.
    fn deliver(
        &mut self,
        delivery: Delivery,
        most: usize,
        turn: Option<WriteThroughTurn>,
    ) -> usize {
        let Delivery { publications, payload, done } = delivery;
        let wants_ids = publications.iter().any(|one| matches!(one.report, Report::List(_)));
        let (part, mut ids) = (done..done + most, Vec::new());
        // A large payload is written by each client's task in its own turn.
        let turn = turn.filter(|_| payload.size().1 <= BATCH_BYTES);
        let audience = &publications[0].audience;
        let delivered = self.table.publish(audience, &payload, part.clone(), turn, |id| {
            if wants_ids {
                ids.push(id);
            }
        });
        for publication in &publications {
            match &publication.report {
                Report::Nothing => {}
                Report::Count(sum) => sum.add(|count| *count += delivered.receivers),
                Report::List(sum) => sum.add(|all| all.extend_from_slice(&ids)),
            }
        }
        if !delivered.is_all {
            self.current = Some(Delivery { publications, payload, done: part.end });
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
    /// Stops with its arbiter, or with the whole server.
    fn drop(&mut self) {
        if let Some(sequencer) = self.sequencer.upgrade() {
            sequencer.close(self.id);
        }
    }
}
