use std::sync::Arc;

use super::Queue;
use crate::{
    Channel, SocketId,
    model::Namespace,
    outbox::{PublicationBatch, SocketSender},
    protocol::{Frame, connect},
    registry::{
        Audience,
        subscribers::{Payload, RegistryTable},
    },
};

/// The subscriber table of a registry, and sockets of the main namespace in it, which have numbers
/// from 0. Their clients take pushed frames only in [`Subscribers::take`].
#[derive(Debug)]
pub struct Subscribers {
    table: RegistryTable,
    namespace: Namespace,
    sockets: Vec<BenchSocket>,
}

#[derive(Debug)]
struct BenchSocket {
    id: SocketId,
    sender: Arc<SocketSender>,
    queue: Queue,
}

/// A publication of one frame.
#[derive(Debug)]
pub struct BenchPublication {
    audience: Audience,
    what: Payload,
}

impl BenchPublication {
    /// Makes a publication to the subscribers of any of the channels, or to all sockets if
    /// `channels` is empty.
    pub fn new(channels: &[Channel], frame: Frame) -> Self {
        let audience =
            Audience { to: channels.to_vec(), ..Audience::everyone(Namespace::default()) };
        Self { audience, what: Payload::PublicationBatch(PublicationBatch::of(vec![frame])) }
    }
}

impl Subscribers {
    /// Makes a table of `count` sockets without subscriptions, each with an outbox for `max_outbox`
    /// bytes.
    pub fn new(count: usize, max_outbox: usize) -> Self {
        let sockets = (0..count).map(|_| BenchSocket::new(max_outbox)).collect();
        let mut subscribers = Self {
            table: RegistryTable::new(Arc::default()),
            namespace: Namespace::default(),
            sockets,
        };
        for socket in 0..count {
            subscribers.attach(socket);
        }
        subscribers.take();
        subscribers
    }

    /// Adds a socket again after [`Subscribers::detach`].
    pub fn attach(&mut self, socket: usize) {
        let BenchSocket { id, sender, .. } = &self.sockets[socket];
        self.table.attach(self.namespace.clone(), *id, Arc::clone(sender));
    }

    /// Removes a socket and all its subscriptions.
    pub fn detach(&mut self, socket: usize) {
        self.table.detach(&self.namespace, self.sockets[socket].id);
    }

    /// Subscribes a socket to a channel.
    pub fn subscribe(&mut self, socket: usize, channel: &Channel) {
        self.table.subscribe(&self.namespace, self.sockets[socket].id, channel.clone());
    }

    /// Unsubscribes a socket from a channel.
    pub fn unsubscribe(&mut self, socket: usize, channel: &Channel) {
        self.table.unsubscribe(&self.namespace, self.sockets[socket].id, channel);
    }

    /// Pushes a publication into the outboxes of its receivers. Returns the number of receivers.
    pub fn publish(&mut self, BenchPublication { audience, what }: &BenchPublication) -> usize {
        self.table.publish(audience, what, 0..usize::MAX, None, |_| {}).receivers
    }

    /// Takes all frames from all outboxes, and waits for more as a transport does.
    pub fn take(&self) {
        for BenchSocket { queue, .. } in &self.sockets {
            while queue.take() > 0 {}
        }
    }
}

impl BenchSocket {
    fn new(max_outbox: usize) -> Self {
        let queue = Queue::websocket(max_outbox);
        let sender = SocketSender::new(Arc::clone(queue.outbox()));
        sender.open(connect("/", ""), &[]);
        Self { id: SocketId::random(), sender, queue }
    }
}
