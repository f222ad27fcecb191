//! A message that takes the way of publications, to find out whether the way works.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Audience, Sequencer, queue::RegistryMessage, subscribers::RegistryTable};
use crate::{
    model::{Channel, Namespace, SocketId, Transport},
    outbox::{
        Outbox, OutboxShares, PlacedFrame, PublicationBatch, Publications, SocketSender,
        TakenFrames,
    },
    protocol::{Frame, UnsealedPacket},
};

/// A publication to a subscriber of its own, for one registry.
///
/// The registry delivers it by the tables of publications. The index does not know the namespace,
/// so no listing, no count and no change shows it.
pub(super) struct PathProbe {
    audience: Audience,
    channel: Channel,
    id: SocketId,
    sender: Arc<SocketSender>,
    event: Arc<PlacedFrame>,
    /// Dropped with the message: when it is handled, or when the registry has stopped.
    _handled: oneshot::Sender<()>,
}

/// The other end of the way: the queue of the subscriber.
struct PathEnd {
    outbox: Arc<Outbox>,
    expected: Frame,
    handled: oneshot::Receiver<()>,
}

impl PathProbe {
    fn new(namespace: &Namespace, event: &Arc<PlacedFrame>) -> (Self, PathEnd) {
        let frame = event.frame();
        let shares = OutboxShares::default();
        let outbox =
            Outbox::sharing(Transport::WebSocket, frame.cost().saturating_mul(2), shares, |_| {});
        let sender = SocketSender::with_stamps(Arc::clone(&outbox), None);
        sender.open(frame.clone(), &[]);
        // The answer to the CONNECT, which is not what the probe is about.
        drop(outbox.take_chunk());
        let channel = Channel::probe();
        let mut audience = Audience::everyone(namespace.clone());
        audience.to.push(channel.clone());
        let (handled, is_handled) = oneshot::channel();
        let probe = Self {
            audience,
            channel,
            id: SocketId::random(),
            sender,
            event: Arc::clone(event),
            _handled: handled,
        };
        (probe, PathEnd { outbox, expected: frame.clone(), handled: is_handled })
    }
}

impl PathEnd {
    /// Waits until the registry is done. Returns whether the message has come out.
    async fn comes_out(self) -> bool {
        // The sender is dropped and never used.
        let _ = self.handled.await;
        matches!(self.outbox.take_chunk(), Some(TakenFrames::One(frame)) if frame == self.expected)
    }
}

impl Sequencer {
    /// Publishes a packet in a namespace that no client knows, to one subscriber on each registry.
    /// The future waits until all registries that run are done, and returns whether the packet has
    /// come out of every one. It gives up never: bound it.
    ///
    /// The packet takes no place in the order, so positions and histories are as before.
    pub(crate) fn probe_path(
        &self,
        packet: UnsealedPacket,
    ) -> impl Future<Output = bool> + Send + use<> {
        let namespace = Namespace::new(&format!("/path-{}", SocketId::random()));
        let mut state = self.0.lock_state();
        let place = state.index_mut().place;
        let event = Arc::new(PlacedFrame::new(packet.seal(), place, true, false));
        let mut ends = Vec::new();
        let notified = state.notify_each(|| {
            let (probe, end) = PathProbe::new(&namespace, &event);
            ends.push(end);
            RegistryMessage::PathProbe(Box::new(probe))
        });
        drop(state);
        let is_queued = notified.wake();
        async move {
            let mut comes_out = is_queued;
            for end in ends {
                comes_out &= end.comes_out().await;
            }
            comes_out
        }
    }
}

impl RegistryTable {
    /// Delivers a probe, and forgets its subscriber. It counts as nothing.
    pub(super) fn probe_path(&mut self, probe: PathProbe) {
        let PathProbe { audience, channel, id, sender, event, .. } = &probe;
        self.attach(audience.namespace.clone(), *id, Arc::clone(sender));
        self.subscribe(&audience.namespace, *id, channel.clone());
        let batch = PublicationBatch::new(Publications::from_buf([Arc::clone(event)]));
        self.select(audience, |_, sender| {
            sender.deliver(&batch, None);
        });
        self.detach(&audience.namespace, *id);
    }
}
