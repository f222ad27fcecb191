use std::{collections::VecDeque, mem, sync::Arc};

use tokio::sync::oneshot;

use super::{
    backpressure::Probe,
    catching_up::CatchUpAnswer,
    history::CaughtUp,
    ordered_publication::{OrderedPublication, Query},
    path_probe::PathProbe,
};
use crate::{
    model::{Channel, Namespace, Place, SocketId},
    outbox::{Hold, MissedEvent, SocketSender},
    protocol::Frame,
};

/// A message to a [`ChannelRegistry`](super::ChannelRegistry).
pub(super) enum RegistryMessage {
    /// Adds a socket, subscribed to nothing.
    Attach { namespace: Namespace, id: SocketId, sender: Arc<SocketSender> },
    /// Subscribes a socket to a channel that it was not subscribed to.
    Subscribe { namespace: Namespace, id: SocketId, channel: Channel },
    /// Unsubscribes a socket from a channel that it was subscribed to.
    Unsubscribe { namespace: Namespace, id: SocketId, channel: Channel },
    /// Removes a socket with its subscriptions.
    Detach { namespace: Namespace, id: SocketId },
    /// Sends a socket what it has missed.
    Replay(Box<Replay>),
    /// Admits a socket that comes back, and sends it what it has missed.
    ComeBack(Box<ComeBack>),
    /// Delivers a publication to some of its sockets.
    Publish(Arc<OrderedPublication>),
    /// Sends a frame to one of its sockets, in its place among the publications.
    Push { sender: Arc<SocketSender>, encode: Box<dyn FnOnce() -> Option<Frame> + Send> },
    /// Asks which of its sockets belong to an audience.
    Select(Arc<Query>),
    /// Asks whether a publication of a client has to wait for any of its sockets.
    Probe(Arc<Probe>),
    /// Delivers a message to a subscriber that exists for it alone.
    PathProbe(Box<PathProbe>),
    /// Does nothing. The answer says that every earlier message is handled.
    Barrier(oneshot::Sender<()>),
}

/// The publications that a socket has missed.
pub(super) struct Replay {
    pub(super) namespace: Namespace,
    pub(super) id: SocketId,
    pub(super) caught_up: CaughtUp,
    /// The place after which it has missed it.
    pub(super) from: Place,
    pub(super) answer: CatchUpAnswer,
}

/// The admission of a socket that comes back.
pub(crate) struct ComeBack {
    pub(crate) namespace: Namespace,
    pub(crate) id: SocketId,
    /// The answer to its CONNECT.
    pub(crate) connect: Frame,
    /// In order.
    pub(crate) missed: Vec<MissedEvent>,
    /// Released when the client has been sent what it missed.
    pub(crate) hold: Option<Hold>,
}

/// The messages that wait for one registry, in the sequencer's order.
#[derive(Default)]
pub(super) struct RegistryQueue {
    messages: VecDeque<RegistryMessage>,
    /// The registry is at work, or has been woken.
    awake: bool,
    /// The registry has stopped, with its arbiter.
    closed: bool,
}

/// The outcome of [`RegistryQueue::push`].
pub(super) enum Enqueued {
    /// The registry takes it when it is done with earlier messages.
    Queued,
    /// The registry sleeps and has to be woken.
    Wake,
    /// The registry has stopped. The message is to be dropped without the sequencer's lock.
    Closed(RegistryMessage),
}

impl RegistryQueue {
    pub(super) fn push(&mut self, message: RegistryMessage) -> Enqueued {
        if self.closed {
            return Enqueued::Closed(message);
        }
        self.messages.push_back(message);
        if mem::replace(&mut self.awake, true) { Enqueued::Queued } else { Enqueued::Wake }
    }

    /// Moves the messages to the end of `to`. `false`: the queue is empty, and the registry may
    /// sleep.
    pub(super) fn take(&mut self, to: &mut VecDeque<RegistryMessage>) -> bool {
        if to.is_empty() {
            // The queue gets the other's capacity in exchange.
            mem::swap(&mut self.messages, to);
        } else {
            to.append(&mut self.messages);
        }
        self.awake = !to.is_empty();
        self.awake
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// The registry has stopped. Returns the messages that it has not handled.
    pub(super) fn close(&mut self) -> VecDeque<RegistryMessage> {
        self.closed = true;
        mem::take(&mut self.messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> RegistryMessage {
        RegistryMessage::Barrier(oneshot::channel().0)
    }

    #[test]
    fn a_registry_is_woken_once_for_all_waiting_messages() {
        let (mut queue, mut taken) = (RegistryQueue::default(), VecDeque::new());
        assert!(matches!(queue.push(message()), Enqueued::Wake));
        assert!(matches!(queue.push(message()), Enqueued::Queued));
        assert!(queue.take(&mut taken));
        assert_eq!(taken.len(), 2);
        let queued = queue.push(message());
        assert!(matches!(queued, Enqueued::Queued), "it takes again before it sleeps");
        assert!(queue.take(&mut taken));
        assert_eq!(taken.len(), 3);
        taken.clear();
        assert!(matches!(queue.push(message()), Enqueued::Queued));
        assert!(queue.take(&mut taken));
        taken.clear();
        assert!(!queue.take(&mut taken));
        assert!(matches!(queue.push(message()), Enqueued::Wake));
    }

    #[test]
    fn nothing_waits_for_a_registry_that_has_stopped() {
        let mut queue = RegistryQueue::default();
        queue.push(message());
        assert_eq!(queue.close().len(), 1);
        assert!(matches!(queue.push(message()), Enqueued::Closed(_)));
    }
}
