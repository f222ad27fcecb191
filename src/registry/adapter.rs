use std::{fmt, future::ready, io, pin::Pin, sync::Arc, time::Duration};

use serde_json::{Map, Value};

use super::{
    Audience, Change, ClusterOrder, ClusterPresence, FoundChannels, PastReceiver, Publication,
    PublishError, Receipt, SharedPast,
};
use crate::{
    model::{
        Channel, ClusterHealth, Handshake, Namespace, NodeAddress, NodeDirectory, NodeStatus,
        SocketId,
    },
    protocol::{Args, UnsealedPacket},
};

/// Makes a server one of a cluster: what [`Builder::cluster`](crate::Builder::cluster) takes.
///
/// ```
/// use std::{io, sync::Arc};
///
/// use actix_socketio::{
///     SocketIo,
///     adapter::{Adapter, JoinCluster},
/// };
///
/// /// A cluster of one.
/// struct Alone;
///
/// impl JoinCluster for Alone {
///     fn join(self: Box<Self>, local: Arc<dyn Adapter>) -> io::Result<Arc<dyn Adapter>> {
///         Ok(local)
///     }
/// }
///
/// let builder = SocketIo::builder().cluster(Alone);
/// ```
pub trait JoinCluster: Send + 'static {
    /// Wraps the local adapter of a server. It runs once, when the server is built, and waits for
    /// nothing.
    ///
    /// # Errors
    /// The system has no thread, for example. [`Builder::build`](crate::Builder::build) fails then.
    fn join(self: Box<Self>, local: Arc<dyn Adapter>) -> io::Result<Arc<dyn Adapter>>;

    /// The order in which clients receive what the servers publish.
    fn order(&self) -> ClusterOrder {
        ClusterOrder::PerServer
    }
}

/// An answer of an [`Adapter`] that comes later.
pub type AdapterFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Channels whose publications come to a server until it is dropped:
/// [`Adapter::prepare_channels`].
pub type KeptChannels = Box<dyn Send>;

/// Takes what [`Adapter::publish_and_relay_acks`] relays.
pub type AckRelay = Box<dyn Fn(RelayedAck) + Send + Sync>;

/// A message to the server that collects acknowledgements.
#[derive(Debug)]
#[non_exhaustive]
pub enum RelayedAck {
    /// The sockets that have received the event. It comes once, before all answers.
    Receivers(Vec<SocketId>),
    /// The acknowledgement of one of them.
    Answer(SocketId, Args),
}

/// Carries what concerns more than one socket: publications, queries, and server-side events.
///
/// The local adapter of a server acts on the sockets of that server. An adapter for a cluster wraps
/// it, with [`Builder::adapter`](crate::Builder::adapter), and does two things:
///
/// * It passes each call on to the local adapter and to the other servers, and joins the answers.
///   An [`Audience`] with [`local`](Audience::local) stays on this server.
/// * It hands what other servers send to the local adapter, which never sends anything on.
///
/// Methods take effect in the order in which they are called: a future only waits for the answer,
/// and may be dropped. None of them blocks.
///
/// ```
/// use std::sync::Arc;
/// use actix_socketio::adapter::{Adapter, Audience};
///
/// /// Counts the sockets that a message for an audience would reach.
/// async fn count(adapter: &Arc<dyn Adapter>, audience: Audience) -> usize {
///     adapter.fetch(audience).await.sockets.len()
/// }
/// ```
pub trait Adapter: Send + Sync + 'static {
    /// Encodes an event of another server for [`Publication::new`], with the parser of this one.
    /// `compress`: whether it may be sent compressed.
    fn encode(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &Args,
        compress: bool,
    ) -> UnsealedPacket;

    /// The most levels of nested arrays and objects in an event of this server's clients:
    /// [`Builder::max_json_depth`](crate::Builder::max_json_depth). An adapter has to carry events
    /// that are as deep. By default, it is unknown.
    fn max_event_depth(&self) -> Option<usize> {
        None
    }

    /// Publishes without waiting.
    ///
    /// # Errors
    /// [`PublishError`] is the reason why nothing was published.
    fn publish(&self, publication: Publication) -> Result<(), PublishError>;

    /// Publishes, waits until the publication is queued for its receivers, and counts them.
    fn publish_and_count(
        &self,
        publication: Publication,
    ) -> AdapterFuture<Result<Receipt, PublishError>>;

    /// Publishes, and collects the acknowledgements of all receivers, until each has answered or
    /// the time is over.
    ///
    /// The local adapter gives the packet an acknowledgement id of its own.
    fn publish_with_acks(
        &self,
        publication: Publication,
        timeout: Duration,
    ) -> AdapterFuture<Result<ClientAnswers, PublishError>>;

    /// Publishes for another server, which collects the acknowledgements. `relay` gets the
    /// receivers first, and then each acknowledgement when it comes, until all have answered or the
    /// time is over. It is called under a lock: it only queues what it gets.
    fn publish_and_relay_acks(
        &self,
        publication: Publication,
        timeout: Duration,
        relay: AckRelay,
    ) -> AdapterFuture<Result<(), PublishError>>;

    /// Describes the sockets of an audience.
    fn fetch(&self, audience: Audience) -> AdapterFuture<FoundSockets>;

    /// Lists the channels of a namespace that have subscribers on any server. By default, those of
    /// the sockets that [`fetch`](Self::fetch) finds.
    fn channels(&self, namespace: &Namespace) -> AdapterFuture<FoundChannels> {
        let found = self.fetch(Audience::everyone(namespace.clone()));
        Box::pin(async move { found.await.into() })
    }

    /// Subscribes the sockets of an audience to a channel. A socket that is in the maximum number
    /// of channels is left out.
    fn join(&self, audience: Audience, channel: Channel) -> AdapterFuture<()>;

    /// Unsubscribes the sockets of an audience from a channel.
    fn leave(&self, audience: Audience, channel: Channel) -> AdapterFuture<()>;

    /// Disconnects the sockets of an audience from their namespace, or closes their connections.
    fn disconnect(&self, audience: Audience, close: bool) -> AdapterFuture<()>;

    /// Sends an event to all other servers. The local adapter has no other servers, and does
    /// nothing.
    ///
    /// # Errors
    /// [`PublishError`] is the reason why nothing was sent.
    fn server_side_emit(&self, event: ServerEvent) -> Result<(), PublishError>;

    /// Sends an event to all other servers, and collects their answers until each has answered or
    /// the time is over. The local adapter has no other servers, and answers immediately.
    fn server_side_emit_with_acks(
        &self,
        event: ServerEvent,
        timeout: Duration,
    ) -> AdapterFuture<Result<ServerAnswers, PublishError>>;

    /// Hands an event of another server to the handlers of this one. The future waits for the first
    /// acknowledgement, and ends without an answer when no handler can give one any more.
    ///
    /// The local adapter queues the event, and handles one after the other. While
    /// [`max_server_events`](crate::Builder::max_server_events) wait, it refuses more, and their
    /// futures end without an answer.
    ///
    /// An adapter that wraps another passes the call on.
    fn handle_server_event(&self, event: ServerEvent) -> AdapterFuture<Option<Args>>;

    /// Counts the servers that have a namespace, this one included.
    fn server_count(&self, namespace: &Namespace) -> AdapterFuture<usize>;

    /// The state of the way to the other servers. `None`: there are no others.
    fn health(&self) -> Option<ClusterHealth> {
        None
    }

    /// Sends something by the way that messages to other servers take, and waits until this server
    /// receives it. The answer is `false` if it can't be sent. The caller bounds the time. `None`:
    /// there are no others.
    fn probe_path(&self) -> Option<AdapterFuture<bool>> {
        None
    }

    /// The servers of the cluster that tell each other of themselves, this one included.
    fn nodes(&self) -> Vec<NodeStatus> {
        Vec::new()
    }

    /// The number of clients that are connected to this server. Only the local adapter knows it.
    fn clients(&self) -> usize {
        0
    }

    /// Hands a change of the cluster to the listeners of
    /// [`SocketIo::changes`](crate::SocketIo::changes). An adapter calls it on the local one, which
    /// alone does something.
    fn report(&self, _: Change) {}

    /// A namespace begins to exist on this server. Its first socket comes later.
    ///
    /// An adapter does nothing here unless it has something for each namespace.
    fn begin_namespace(&self, _: &Namespace) {}

    /// A namespace has ended on this server. It may begin again.
    fn end_namespace(&self, _: &Namespace) {}

    /// Whether the adapter wants [`changed`](Self::changed) to be called.
    fn wants_changes(&self) -> bool {
        false
    }

    /// The namespaces, channels and subscriptions of this server have changed. It is called under
    /// the lock that orders them, and so must only queue what it does.
    fn changed(&self, _: &Change) {}

    /// Waits until this server receives the publications of other servers to all channels that were
    /// opened before the call. A client that subscribes gets its answer after it. `None`: it does
    /// already.
    fn receives_channels(&self) -> Option<AdapterFuture<()>> {
        None
    }

    /// The presence of this server, to share it with the others. `None`: no route has presence.
    ///
    /// An adapter that wraps another passes the call on, or shares the presence itself.
    fn presence(&self) -> Option<ClusterPresence> {
        None
    }

    /// Begins to receive the publications of other servers to channels that this server is about to
    /// open, and waits until they come. They come as long as the value is kept, and then as long as
    /// the channels are open. `None`: they come already.
    fn prepare_channels(
        &self,
        _: &Namespace,
        _: &[Channel],
    ) -> Option<AdapterFuture<KeptChannels>> {
        None
    }

    /// Tells the other servers the address of this one, so that they pass on the requests of
    /// clients whose sessions are here. `None`: the adapter can't do it.
    ///
    /// It is called once at most: when the server is built, if it has a
    /// [`Builder::node_address`](crate::Builder::node_address).
    fn announce(&self, _: &NodeAddress) -> Option<Arc<dyn NodeDirectory>> {
        None
    }

    /// The past that the servers share. An adapter of [`ClusterOrder::Stream`] has one.
    fn shared_past(&self) -> Option<Arc<dyn SharedPast>> {
        None
    }

    /// The side of the server that receives the shared past. The local adapter has one.
    fn past_receiver(&self) -> Option<Arc<dyn PastReceiver>> {
        None
    }

    /// Leaves the cluster, once the last client has gone. Nothing is sent after it.
    ///
    /// The future ends when everything that was sent before is on its way.
    fn close(&self) -> AdapterFuture<()> {
        Box::pin(ready(()))
    }
}

/// The sockets that [`Adapter::fetch`] has found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FoundSockets {
    /// The sockets of all servers that answered.
    pub sockets: Vec<SocketDescription>,
    /// The number of servers that did not answer in time.
    pub missing: usize,
}

impl FoundSockets {
    /// Sockets of servers that all answered.
    pub fn new(sockets: Vec<SocketDescription>) -> Self {
        Self { sockets, missing: 0 }
    }
}

/// The acknowledgements of a publication, as plain data.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ClientAnswers {
    /// The clients that answered in time, with their answers.
    pub answers: Vec<(SocketId, Args)>,
    /// The answers of clients whose servers do not tell who they are.
    pub unnamed_answers: Vec<Args>,
    /// The clients that received the event and did not answer in time.
    pub missing: Vec<SocketId>,
    /// The clients that answered in time, and whose answers are dropped: all answers together had
    /// [`max_ack_bytes`](crate::Builder::max_ack_bytes) already.
    pub dropped: Vec<SocketId>,
    /// The number of clients that did not answer in time, and whose servers do not tell who they
    /// are.
    pub unnamed_missing: usize,
    /// The number of servers that did not say in time whom the event has reached.
    pub missing_servers: usize,
}

/// The answers of other servers to a server-side event, as plain data.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ServerAnswers {
    /// One answer of each server that answered in time.
    pub answers: Vec<Args>,
    /// The number of servers that did not answer in time.
    pub missing: usize,
}

/// An event that one server sends to the others.
///
/// ```
/// use std::sync::Arc;
///
/// use actix_socketio::{
///     Args, Namespace,
///     adapter::{Adapter, ServerEvent},
/// };
///
/// /// Hands an event of another server to the handlers of this one, and returns their answer.
/// async fn receive(local: &Arc<dyn Adapter>, name: &str, args: Args) -> Option<Args> {
///     local.handle_server_event(ServerEvent::new(Namespace::default(), name, args)).await
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerEvent {
    /// The namespace whose handlers receive it.
    pub namespace: Namespace,
    /// The name of the event.
    pub name: String,
    /// The arguments.
    pub args: Args,
}

impl ServerEvent {
    /// An event for the handlers of a namespace.
    pub fn new(namespace: Namespace, name: impl Into<String>, args: Args) -> Self {
        Self { namespace, name: name.into(), args }
    }
}

/// A socket of any server, as plain data.
///
/// `Debug` shows the id and the channels only: the handshake and the data may hold secrets.
#[derive(Clone)]
#[non_exhaustive]
pub struct SocketDescription {
    /// The id of the socket.
    pub id: SocketId,
    /// The request that opened its connection, and its `auth` payload.
    pub handshake: Handshake,
    /// The channels that it is subscribed to.
    pub channels: Vec<Channel>,
    /// The content of its [`Socket::context`](crate::Socket::context): Socket.IO's `socket.data`.
    pub data: Map<String, Value>,
}

impl SocketDescription {
    /// Describes a socket.
    pub fn new(
        id: SocketId,
        handshake: Handshake,
        channels: Vec<Channel>,
        data: Map<String, Value>,
    ) -> Self {
        Self { id, handshake, channels, data }
    }
}

impl fmt::Debug for SocketDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketDescription")
            .field("id", &self.id)
            .field("channels", &self.channels)
            .finish_non_exhaustive()
    }
}
