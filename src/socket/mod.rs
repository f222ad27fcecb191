//! The handle for one client in one namespace.

mod absence;
mod ack_collector;
mod acks;
mod answers;
mod emitter;
mod ending;
mod error;
mod local_adapter;
mod local_sockets;
mod membership;
mod namespace_state;
mod outgoing;
mod presence;
mod recovery;
mod remote_socket;
mod route_counts;
mod send;
mod subscriptions;
#[cfg(feature = "admin")]
mod taps;
mod target;
mod targets;
#[cfg(feature = "jwt")]
mod user;

use std::{any::Any, fmt, sync::Arc, time::Duration};

use actix::Message;
use parking_lot::Mutex;
use tokio::{sync::mpsc, time::Instant};

pub(crate) use absence::{AbsenceRecord, SocketAbsence, StoredAbsence};
use acks::Acks;
pub use answers::{BroadcastAcks, ClusterChannels, FetchedSockets, ServerAcks};
pub use emitter::SocketEmitter;
pub use error::{AckError, SendError, SubscribeError};
pub(crate) use local_adapter::{
    AbsenceLookup, LocalAdapter, ServerEventHandler, ServerView, SocketLookup,
};
use membership::Membership;
pub(crate) use namespace_state::NamespaceState;
pub(crate) use outgoing::read_event;
pub use outgoing::{Outgoing, OutgoingEvent};
pub(crate) use presence::{MemberSource, PresenceAnswer, PresencePublisher};
pub use presence::{PresenceList, PresenceStats, PresentMember};
pub(crate) use recovery::SocketOrigin;
use recovery::{Beginning, SocketRecovery};
pub use remote_socket::RemoteSocket;
pub(crate) use send::MESSAGE;
#[cfg(feature = "admin")]
pub(crate) use taps::{TapListener, Tapped, TappedKind, Taps};
pub use target::Target;
pub use targets::Targets;
#[cfg(feature = "jwt")]
pub(crate) use user::{DueTokens, Login};

/// The client's user, by its token.
#[cfg(feature = "jwt")]
pub(crate) type Identity = Option<Login>;
/// Without the feature `jwt`, nothing is known.
#[cfg(not(feature = "jwt"))]
pub(crate) struct Identity;

use crate::{
    config::Config,
    message_sink::MessageSink,
    model::{
        ChannelRoutes, ContextMap, DataMap, Epoch, Extensions, Handshake, MemoryShare, Namespace,
        SocketId, TokenBucket, Transport,
    },
    outbox::{Pushed, SocketSender},
    protocol::{AckId, Args, Frame, OutgoingPacket, PacketCodec},
    registry::{RegistryId, SocketDescription},
    stats::{Counters, Flow},
};

/// One client in one namespace. Every event carries it.
///
/// It is a handle: cheap to clone, and usable from any thread and any task, outside of events too,
/// and after the client has gone. [`Socket::send`] and the methods after it send.
///
/// ```
/// use actix_socketio::{HandlerResult, OnMessage};
///
/// async fn rename(event: OnMessage) -> HandlerResult {
///     let name: String = event.json()?;
///     event.socket.context().insert("name", &name)?;
///     event.socket.broadcast_channels(&format!("a client is now called {name}"))?;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Socket {
    inner: Arc<SocketInner>,
}

struct SocketInner {
    id: SocketId,
    /// The state of its server, which is of a layer above.
    server: Arc<dyn Any + Send + Sync>,
    namespace: Arc<NamespaceState>,
    registry_id: RegistryId,
    config: Arc<Config>,
    channel_routes: Arc<ChannelRoutes>,
    members: Option<Arc<dyn MemberSource>>,
    handshake: Handshake,
    context: ContextMap,
    extensions: Arc<Extensions>,
    sender: Arc<SocketSender>,
    membership: Membership,
    acks: Acks,
    commands: Arc<dyn MessageSink<ConnectionCommand>>,
    subscriptions: Option<Arc<Mutex<TokenBucket>>>,
    /// For a socket that may come back.
    recovery: Option<Box<SocketRecovery>>,
    #[cfg(feature = "jwt")]
    user: Option<Box<user::SocketUser>>,
}

/// A request of a socket to its connection.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) enum ConnectionCommand {
    /// End this socket. The client has been notified.
    Disconnect(SocketId),
    /// End the whole connection.
    Close,
    /// End the connection so that its client comes back.
    CloseTransport,
    /// End the connection: its client has come back over another one.
    Replace,
    /// The socket has a token that ends at another time.
    #[cfg(feature = "jwt")]
    TokensChanged,
}

/// The parts of a new socket.
pub(crate) struct SocketParts {
    /// The state of its server, for [`Socket::io`].
    pub(crate) server: Arc<dyn Any + Send + Sync>,
    pub(crate) namespace: Arc<NamespaceState>,
    /// The settings of its namespace. A family of namespaces has them before the namespace exists.
    pub(crate) config: Arc<Config>,
    /// The routes of its router. They are not in the namespace, which two families may share.
    pub(crate) channel_routes: Arc<ChannelRoutes>,
    /// Finds the member behind a socket, if some route declares presence.
    pub(crate) members: Option<Arc<dyn MemberSource>>,
    pub(crate) handshake: Handshake,
    pub(crate) extensions: Arc<Extensions>,
    pub(crate) sender: Arc<SocketSender>,
    pub(crate) commands: Arc<dyn MessageSink<ConnectionCommand>>,
    /// Bounds how fast its connection may subscribe.
    pub(crate) subscriptions: Option<Arc<Mutex<TokenBucket>>>,
    /// Counts its subscriptions.
    pub(crate) memory: MemoryShare,
    pub(crate) origin: SocketOrigin,
    pub(crate) identity: Identity,
}

impl Socket {
    /// A new socket of a connection on this thread, attached to its registry.
    pub(crate) fn attach(parts: SocketParts) -> Self {
        let SocketParts {
            server,
            namespace,
            config,
            channel_routes,
            members,
            handshake,
            extensions,
            sender,
            commands,
            subscriptions,
            memory,
            origin,
            identity,
        } = parts;
        #[cfg(not(feature = "jwt"))]
        let Identity = identity;
        let registry_id = namespace.sequencer.registry_id();
        let Beginning { id, context, membership, recovery } =
            origin.begin(&namespace, registry_id, &sender, memory);
        Self {
            inner: Arc::new(SocketInner {
                id,
                server,
                registry_id,
                handshake,
                extensions,
                context,
                membership,
                acks: Acks::new(config.max_pending_acks),
                namespace,
                config,
                channel_routes,
                members,
                sender,
                commands,
                subscriptions,
                recovery,
                #[cfg(feature = "jwt")]
                user: identity.map(|login| Box::new(user::SocketUser::new(login))),
            }),
        }
    }

    /// The public id of the client: `socket.id` on its side.
    pub fn id(&self) -> SocketId {
        self.inner.id
    }

    /// The namespace of the client.
    pub fn namespace(&self) -> &Namespace {
        &self.inner.namespace.name
    }

    /// The request that opened the connection (headers, query, address), and the client's `auth`
    /// payload.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) {
    /// let language = socket.handshake().header("accept-language").unwrap_or("en");
    /// # }
    /// ```
    pub fn handshake(&self) -> &Handshake {
        &self.inner.handshake
    }

    /// The values that the application keeps for the client, as JSON by name: Socket.IO's
    /// `socket.data`. [`ContextMap`] has an example.
    #[doc(alias = "data")]
    pub fn context(&self) -> &ContextMap {
        &self.inner.context
    }

    /// Rust values by type, shared by all sockets of the connection.
    /// [`Builder::on_handshake`](crate::Builder::on_handshake) puts the first ones in.
    ///
    /// They are shared: an [`OnConnect`](crate::OnConnect) handler that inserts an identity changes
    /// it for the sockets of the connection in other namespaces. Put values that differ between
    /// these sockets into the [`context`](Self::context).
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) {
    /// struct UserId(u64);
    ///
    /// if let Some(user) = socket.extensions().get::<UserId>() {
    ///     log::info!("user {}", user.0);
    /// }
    /// # }
    /// ```
    #[doc(alias = "data")]
    pub fn extensions(&self) -> &Extensions {
        &self.inner.extensions
    }

    /// Whether an event may still reach the client. It may have gone without the server knowing.
    pub fn is_connected(&self) -> bool {
        !self.inner.sender.is_closed()
    }

    /// The current transport of its connection.
    #[doc(alias = "conn")]
    pub fn transport(&self) -> Transport {
        self.inner.sender.transport()
    }

    /// Receives the events that are sent to the client from now on, direct ones and publications:
    /// Socket.IO's `onAnyOutgoing`. A listener that is `capacity` events behind misses the next
    /// events.
    ///
    /// ```no_run
    /// # async fn example(socket: actix_socketio::Socket) {
    /// let mut outgoing = socket.outgoing(64);
    /// while let Some(event) = outgoing.next().await {
    ///     log::debug!("sent {:?} {:?}", event.name, event.args);
    /// }
    /// # }
    /// ```
    ///
    /// # Panics
    /// If the capacity is 0.
    #[doc(alias = "onAnyOutgoing")]
    pub fn outgoing(&self, capacity: usize) -> Outgoing {
        let (listener, frames) = mpsc::channel(capacity);
        self.inner.sender.observe(listener);
        Outgoing::new(frames, self.codec().clone())
    }

    /// Admits the client: sends `connect`, then what was held.
    pub(crate) fn admit(&self, connect: Frame) {
        self.inner.sender.open(connect, &[]);
    }

    /// Whether its events bear their position.
    pub(crate) fn is_stamped(&self) -> bool {
        self.inner.sender.stamps().is_some()
    }

    /// Takes an acknowledgement. `false`: the server does not wait for it.
    pub(crate) fn acknowledge(&self, id: &AckId, args: Args) -> bool {
        let SocketInner { acks, namespace, .. } = &*self.inner;
        match acks.answer(id, args) {
            Ok(()) => true,
            Err(args) => namespace.acks.answer(id, self.id(), args),
        }
    }

    /// The state of its server.
    pub(crate) fn server(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::clone(&self.inner.server)
    }

    /// The application's values.
    pub(crate) fn data(&self) -> &DataMap {
        &self.inner.namespace.data
    }

    /// Whether the client may be in channels by a token.
    pub(crate) fn has_tokens(&self) -> bool {
        #[cfg(feature = "jwt")]
        return self.inner.user.is_some();
        #[cfg(not(feature = "jwt"))]
        false
    }

    #[cfg(feature = "jwt")]
    pub(crate) fn channel_routes(&self) -> &ChannelRoutes {
        &self.inner.channel_routes
    }

    pub(crate) fn namespace_state(&self) -> &Arc<NamespaceState> {
        &self.inner.namespace
    }

    /// The epoch of the positions that the client is told.
    pub(crate) fn epoch(&self) -> Epoch {
        self.inner.namespace.sequencer.epoch()
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn codec(&self) -> &PacketCodec {
        &self.inner.namespace.codec
    }

    pub(crate) fn push(&self, packet: OutgoingPacket) -> Result<(), SendError> {
        self.push_by(packet, |packet| self.inner.sender.push_packet(packet))
    }

    /// Sends an event that asks for no acknowledgement to the client.
    fn push_event(&self, packet: OutgoingPacket) -> Result<(), SendError> {
        self.push_by(packet, |packet| self.inner.sender.push_event(packet))
    }

    fn push_by(
        &self,
        packet: OutgoingPacket,
        push: impl FnOnce(OutgoingPacket) -> Pushed,
    ) -> Result<(), SendError> {
        self.inner.namespace.check_size(packet.cost())?;
        let length = packet.len();
        match push(packet) {
            Pushed::Queued => self.counters().traffic.add(Flow::Sent, 1, length),
            Pushed::Dropped => return Err(SendError::Closed),
        }
        Ok(())
    }

    /// Drops the frame if the transport does not wait for something to send.
    fn push_volatile(&self, frame: &Frame) {
        if self.inner.sender.push_volatile(frame) == Pushed::Queued {
            self.counters().traffic.add(Flow::Sent, 1, frame.len());
        }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.inner.namespace.counters
    }

    /// Counts a subscription that its client requests.
    ///
    /// # Errors
    /// The time to wait, if the client requests them too fast.
    pub(crate) fn charge_subscribe(&self) -> Result<(), Duration> {
        self.inner
            .subscriptions
            .as_ref()
            .map_or(Ok(()), |bucket| bucket.lock().take(Instant::now()))
    }

    /// The socket as plain data.
    fn describe(&self) -> SocketDescription {
        let SocketInner { id, handshake, context, .. } = &*self.inner;
        SocketDescription::new(*id, handshake.clone(), self.all_channels(), context.entries())
    }

    fn target(&self) -> Target {
        Target::new(Arc::clone(&self.inner.namespace), &self.inner.config)
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for Socket {}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.id())
            .field("namespace", self.namespace())
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}
