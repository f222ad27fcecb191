use std::{collections::VecDeque, mem, sync::Arc};

use tokio::sync::oneshot;

use super::in_flight::{InFlight, Query};
use crate::{
    model::{Channel, Namespace, SocketId},
    outbox::SocketSender,
};

/// What a hub is told.
pub(super) enum RegistryMessage {
    /// A socket has come into being; it is subscribed to nothing.
    Attach { namespace: Namespace, id: SocketId, sender: Arc<SocketSender> },
    /// A socket is in a channel; it was not before.
    Subscribe { namespace: Namespace, id: SocketId, channel: Channel },
    /// A socket is not in a channel any more; it was before.
    Unsubscribe { namespace: Namespace, id: SocketId, channel: Channel },
    /// A socket has ended: its subscriptions go with it.
    Detach { namespace: Namespace, id: SocketId },
    /// A message for some of its sockets.
    Publish(Arc<InFlight>),
    /// Which of its sockets are in an audience?
    Select(Arc<Query>),
    /// Nothing: the answer says that everything told before is done.
    Barrier(oneshot::Sender<()>),
}

/// What waits for one hub, in the registry's order.
#[derive(Default)]
pub(super) struct RegistryQueue {
    told: VecDeque<RegistryMessage>,
    /// The hub is at work, or has been woken for it.
    awake: bool,
    /// The hub is gone, with its arbiter.
    closed: bool,
}

/// What has become of a thing that was told.
pub(super) enum Enqueued {
    /// The hub finds it when it is done with what it has.
    Queued,
    /// The hub sleeps: it is to be woken.
    Wake,
    /// Nobody hears it; dropped without the registry's lock.
    Closed(RegistryMessage),
}

impl RegistryQueue {
    pub(super) fn tell(&mut self, told: RegistryMessage) -> Enqueued {
        if self.closed {
            return Enqueued::Closed(told);
        }
        self.told.push_back(told);
        if mem::replace(&mut self.awake, true) { Enqueued::Queued } else { Enqueued::Wake }
    }

    /// Moves what waits to the end of what the hub has. `false`: there is nothing, and the hub may
    /// sleep.
    pub(super) fn take(&mut self, to: &mut VecDeque<RegistryMessage>) -> bool {
        if to.is_empty() {
            // In exchange for room to wait in.
            mem::swap(&mut self.told, to);
        } else {
            to.append(&mut self.told);
        }
        self.awake = !to.is_empty();
        self.awake
    }

    /// The hub is gone. Answers with what it has not heard.
    pub(super) fn close(&mut self) -> VecDeque<RegistryMessage> {
        self.closed = true;
        mem::take(&mut self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> RegistryMessage {
        RegistryMessage::Barrier(oneshot::channel().0)
    }

    #[test]
    fn a_hub_is_woken_once_for_all_that_waits() {
        let (mut inbox, mut room) = (RegistryQueue::default(), VecDeque::new());
        assert!(matches!(inbox.tell(told()), Enqueued::Wake));
        assert!(matches!(inbox.tell(told()), Enqueued::Queued));
        assert!(inbox.take(&mut room));
        assert_eq!(room.len(), 2);
        assert!(matches!(inbox.tell(told()), Enqueued::Queued), "it looks again before it sleeps");
        assert!(inbox.take(&mut room));
        assert_eq!(room.len(), 3);
        room.clear();
        assert!(matches!(inbox.tell(told()), Enqueued::Queued));
        assert!(inbox.take(&mut room));
        room.clear();
        assert!(!inbox.take(&mut room));
        assert!(matches!(inbox.tell(told()), Enqueued::Wake));
    }

    #[test]
    fn nothing_waits_for_a_hub_that_is_gone() {
        let mut inbox = RegistryQueue::default();
        inbox.tell(told());
        assert_eq!(inbox.close().len(), 1);
        assert!(matches!(inbox.tell(told()), Enqueued::Closed(_)));
    }
}
