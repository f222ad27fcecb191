use std::{collections::HashMap, future::ready, sync::Arc, time::Duration};

use parking_lot::Mutex;

use super::{Socket, ack_collector::AckCollectors, local_sockets::LocalSockets};
use crate::{
    deadline::within,
    model::{Channel, MemoryBudget, Namespace, Place, PrivateId, SocketId},
    protocol::{Args, PacketCodec, UnsealedPacket},
    registry::{
        AckRelay, Adapter, AdapterFuture, Audience, Change, ChangeSender, ClientAnswers,
        ClusterPresence, FoundChannels, FoundSockets, MembershipChange, PastReceiver, Publication,
        PublishError, Receipt, Sequencer, ServerAnswers, ServerEvent,
    },
    stats::RefusalKind,
};

/// Finds sockets by their ids.
pub(crate) trait SocketLookup: Send + Sync {
    fn socket(&self, id: &SocketId) -> Option<Socket>;
}

/// Acts on the sockets of an audience that are away.
pub(crate) trait AbsenceLookup: Send + Sync {
    /// Takes them out of a channel.
    fn leave(&self, audience: &Audience, channel: &Channel);
    /// Forgets them, so that they do not come back.
    fn forget(&self, audience: &Audience);
    /// Notes a change that a cluster's stream has at a place, for sessions that come later.
    fn note(&self, place: Place, change: &MembershipChange);
    /// The stream's past before a place is unknown.
    fn past_begins_at(&self, place: Place);
    /// Another server of the cluster has taken a session.
    fn session_taken(&self, pid: &PrivateId);
    /// Gives a session to the cluster whose client has come back to another server. Returns whether
    /// it was here.
    fn hand_over(self: Arc<Self>, pid: PrivateId) -> AdapterFuture<bool>;
}

/// Hands events of other servers to the handlers of this one.
pub(crate) trait ServerEventHandler: Send + Sync {
    /// Starts the handlers. The future waits for the first acknowledgement.
    fn handle(&self, event: ServerEvent) -> AdapterFuture<Option<Args>>;
}

/// The server as a whole, for its adapter.
pub(crate) struct ServerView {
    pub(crate) changes: ChangeSender,
    /// Counts the connections.
    pub(crate) connections: Box<dyn Fn() -> usize + Send + Sync>,
    /// The memory for the answers to all broadcasts.
    pub(crate) max_ack_bytes: usize,
    pub(crate) max_event_depth: usize,
}

/// The adapter of one server: it acts on the sockets of this server, and knows of no other.
pub(crate) struct LocalAdapter {
    pub(super) sequencer: Sequencer,
    pub(super) codec: PacketCodec,
    sockets: Arc<dyn SocketLookup>,
    /// `None`: no socket comes back.
    absences: Option<Arc<dyn AbsenceLookup>>,
    server_events: Arc<dyn ServerEventHandler>,
    server: ServerView,
    /// By namespace, each with the number of states that the namespace has: a new one may begin
    /// before the last one has ended.
    ack_collectors: Mutex<HashMap<Namespace, (Arc<AckCollectors>, usize)>>,
    /// The memory for the answers to all broadcasts.
    ack_bytes: MemoryBudget,
}

impl LocalAdapter {
    pub(crate) fn new(
        sequencer: Sequencer,
        codec: PacketCodec,
        sockets: Arc<dyn SocketLookup>,
        absences: Option<Arc<dyn AbsenceLookup>>,
        server_events: Arc<dyn ServerEventHandler>,
        server: ServerView,
    ) -> Arc<Self> {
        Arc::new(Self {
            sequencer,
            codec,
            sockets,
            absences,
            server_events,
            ack_collectors: Mutex::default(),
            ack_bytes: MemoryBudget::new(server.max_ack_bytes),
            server,
        })
    }

    /// The acknowledgements of a namespace, of which a state begins. `adapter`, the one that the
    /// server uses, hears of the first one.
    pub(super) fn begin_state(
        &self,
        namespace: &Namespace,
        adapter: &dyn Adapter,
    ) -> Arc<AckCollectors> {
        let mut by_namespace = self.ack_collectors.lock();
        let (collectors, states) = by_namespace.entry(namespace.clone()).or_default();
        *states += 1;
        if *states == 1 {
            adapter.begin_namespace(namespace);
        }
        Arc::clone(collectors)
    }

    /// A state of a namespace has ended. The adapter hears of the last one.
    pub(super) fn end_state(&self, namespace: &Namespace, adapter: &dyn Adapter) {
        let mut by_namespace = self.ack_collectors.lock();
        if let Some((_, states)) = by_namespace.get_mut(namespace) {
            *states -= 1;
            if *states == 0 {
                by_namespace.remove(namespace);
                self.sequencer.remove_history_rules(namespace);
                adapter.end_namespace(namespace);
            }
        }
    }

    /// The sockets whose memberships calls change.
    fn members(&self) -> LocalSockets {
        LocalSockets {
            sequencer: self.sequencer.clone(),
            sockets: Arc::clone(&self.sockets),
            absences: self.absences.clone(),
        }
    }

    fn ack_collectors(&self, namespace: &Namespace) -> Arc<AckCollectors> {
        let by_namespace = self.ack_collectors.lock();
        // A namespace that does not exist here has no sockets that could answer.
        by_namespace
            .get(namespace)
            .map_or_else(Arc::default, |(collectors, _)| Arc::clone(collectors))
    }
}

impl Adapter for LocalAdapter {
    fn encode(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &Args,
        compress: bool,
    ) -> UnsealedPacket {
        self.codec.relay(namespace.as_str(), event, args, compress)
    }

    fn max_event_depth(&self) -> Option<usize> {
        Some(self.server.max_event_depth)
    }

    fn publish(&self, publication: Publication) -> Result<(), PublishError> {
        self.sequencer.publish(publication)
    }

    fn publish_and_count(
        &self,
        publication: Publication,
    ) -> AdapterFuture<Result<Receipt, PublishError>> {
        Box::pin(self.sequencer.publish_and_count(publication))
    }

    fn publish_with_acks(
        &self,
        mut publication: Publication,
        limit: Duration,
    ) -> AdapterFuture<Result<ClientAnswers, PublishError>> {
        let collectors = self.ack_collectors(&publication.audience.namespace);
        let id = collectors.next_id();
        publication.packet.set_ack_id(id);
        // Before the event is sent: an answer may come before the receivers are known.
        let collector = collectors.open(id, self.ack_bytes.share(), None);
        let receivers = self.sequencer.publish_and_list(publication);
        let counters = Arc::clone(self.sequencer.counters());
        Box::pin(async move {
            collector.set_receivers(receivers.await?);
            // A client that has not answered by then is among the missing.
            let _ = within(limit, collector.complete()).await;
            let answers = collector.finish();
            (0..answers.dropped.len()).for_each(|_| counters.refused.add(RefusalKind::Answer));
            Ok(answers)
        })
    }

    fn publish_and_relay_acks(
        &self,
        mut publication: Publication,
        limit: Duration,
        relay: AckRelay,
    ) -> AdapterFuture<Result<(), PublishError>> {
        let collectors = self.ack_collectors(&publication.audience.namespace);
        let id = collectors.next_id();
        publication.packet.set_ack_id(id);
        let collector = collectors.open(id, self.ack_bytes.share(), Some(relay));
        let receivers = self.sequencer.publish_and_list(publication);
        Box::pin(async move {
            collector.set_receivers(receivers.await?);
            let _ = within(limit, collector.complete()).await;
            Ok(())
        })
    }

    fn fetch(&self, audience: Audience) -> AdapterFuture<FoundSockets> {
        let (ids, sockets) = (self.sequencer.select(audience), Arc::clone(&self.sockets));
        Box::pin(async move {
            let ids = ids.await;
            let sockets = ids.iter().filter_map(|id| sockets.socket(id));
            FoundSockets::new(sockets.map(|socket| socket.describe()).collect())
        })
    }

    fn channels(&self, namespace: &Namespace) -> AdapterFuture<FoundChannels> {
        Box::pin(ready(FoundChannels::new(self.sequencer.channels(namespace))))
    }

    fn join(&self, audience: Audience, channel: Channel) -> AdapterFuture<()> {
        self.members().join(audience, channel)
    }

    fn leave(&self, audience: Audience, channel: Channel) -> AdapterFuture<()> {
        self.members().leave(audience, channel)
    }

    fn disconnect(&self, audience: Audience, close: bool) -> AdapterFuture<()> {
        self.members().disconnect(audience, close)
    }

    fn server_side_emit(&self, _: ServerEvent) -> Result<(), PublishError> {
        Ok(())
    }

    fn server_side_emit_with_acks(
        &self,
        _: ServerEvent,
        _: Duration,
    ) -> AdapterFuture<Result<ServerAnswers, PublishError>> {
        Box::pin(ready(Ok(ServerAnswers::default())))
    }

    fn handle_server_event(&self, event: ServerEvent) -> AdapterFuture<Option<Args>> {
        self.server_events.handle(event)
    }

    fn server_count(&self, _: &Namespace) -> AdapterFuture<usize> {
        Box::pin(ready(1))
    }

    fn clients(&self) -> usize {
        (self.server.connections)()
    }

    fn report(&self, change: Change) {
        self.server.changes.send(|| change);
    }

    fn presence(&self) -> Option<ClusterPresence> {
        self.sequencer.share_presence()
    }

    fn past_receiver(&self) -> Option<Arc<dyn PastReceiver>> {
        Some(Arc::new(self.members()))
    }
}
