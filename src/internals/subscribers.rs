use std::sync::Arc;

use super::Queue;
use crate::{
    Channel, SocketId,
    model::Namespace,
    outbox::{FrameBatch, SocketSender},
    protocol::{Frame, connect},
    registry::{
        Audience,
        subscribers::{Payload, SubscriberTable},
    },
};

/// A hub's table, and sockets of the main namespace that it knows, by number. Their clients are let
/// in and take what is pushed when they are told to.
#[derive(Debug)]
pub struct Subscribers {
    table: SubscriberTable,
    namespace: Namespace,
    sockets: Vec<BenchSocket>,
}

#[derive(Debug)]
struct BenchSocket {
    id: SocketId,
    sender: Arc<SocketSender>,
    queue: Queue,
}

/// A publication.
#[derive(Debug)]
pub struct BenchPublication {
    audience: Audience,
    what: Payload,
}

impl BenchPublication {
    /// To the subscribers of any of these channels; of none named, to everyone.
    pub fn new(channels: &[Channel], frame: Frame) -> Self {
        let audience =
            Audience { to: channels.to_vec(), ..Audience::everyone(Namespace::default()) };
        Self { audience, what: Payload::FrameBatch(FrameBatch::new(vec![frame])) }
    }
}

impl Subscribers {
    /// So many sockets, subscribed to nothing, each with an outbox for so many bytes.
    pub fn new(count: usize, max_outbox: usize) -> Self {
        let sockets = (0..count).map(|_| BenchSocket::new(max_outbox)).collect();
        let mut subscribers = Self {
            table: SubscriberTable::new(Arc::default()),
            namespace: Namespace::default(),
            sockets,
        };
        for socket in 0..count {
            subscribers.attach(socket);
        }
        subscribers.take();
        subscribers
    }

    /// A socket that was [detached](Self::detach) is known again.
    pub fn attach(&mut self, socket: usize) {
        let BenchSocket { id, sender, .. } = &self.sockets[socket];
        self.table.attach(self.namespace.clone(), *id, Arc::clone(sender));
    }

    /// A socket is over, with all its subscriptions.
    pub fn detach(&mut self, socket: usize) {
        self.table.detach(&self.namespace, self.sockets[socket].id);
    }

    /// A socket is in a channel.
    pub fn subscribe(&mut self, socket: usize, channel: &Channel) {
        self.table.subscribe(&self.namespace, self.sockets[socket].id, channel.clone());
    }

    /// A socket is not in a channel any more.
    pub fn unsubscribe(&mut self, socket: usize, channel: &Channel) {
        self.table.unsubscribe(&self.namespace, self.sockets[socket].id, channel);
    }

    /// Pushes into the receivers' outboxes; answers how many they were.
    pub fn publish(&mut self, BenchPublication { audience, what }: &BenchPublication) -> usize {
        self.table.publish(audience, what, 0..usize::MAX, None, |_| {}).receivers
    }

    /// The transports take what is there, and wait for more.
    pub fn take(&self) {
        for BenchSocket { queue, .. } in &self.sockets {
            while queue.take() > 0 {}
        }
    }
}

impl BenchSocket {
    fn new(max_outbox: usize) -> Self {
        let queue = Queue::websocket(max_outbox);
        let sender = SocketSender::new(Arc::clone(queue.outbox()), 0);
        sender.open(connect("/", ""));
        Self { id: SocketId::random(), sender, queue }
    }
}
