//! The handle for one client in one namespace.

mod ack_collector;
mod acks;
mod emitter;
mod error;
mod local_adapter;
mod membership;
mod namespace_state;
mod outgoing;
mod remote_socket;
mod send;
mod server_acks;
mod target;
mod targets;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::Message;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use acks::Acks;
pub use emitter::SocketEmitter;
pub use error::{AckError, SendError, SubscribeError};
pub(crate) use local_adapter::{LocalAdapter, ServerEventHandler, SocketLookup};
use membership::Membership;
pub(crate) use namespace_state::NamespaceState;
pub use outgoing::{Outgoing, OutgoingEvent};
pub use remote_socket::RemoteSocket;
pub(crate) use send::MESSAGE;
pub use server_acks::ServerAcks;
pub use target::{BroadcastAcks, Receipt, Target};
pub use targets::Targets;

use crate::{
    config::Config,
    message_sink::MessageSink,
    model::{
        Channel, ContextMap, Extensions, Handshake, Namespace, SocketId, ToChannel, TokenBucket,
        Transport,
    },
    outbox::{Pushed, SocketSender},
    protocol::{AckId, Args, Frame, OutgoingPacket, PacketCodec},
    registry::{RegistryId, SocketDescription},
    stats::{Counters, Flow},
};

/// One client in one namespace: what every event carries, and everything hangs on.
///
/// A handle: cheap to clone, and usable from any thread and any task, also outside of events, also
/// after the client has gone. See [`Socket::send`] and its neighbours for the sending verbs.
#[derive(Clone)]
pub struct Socket {
    inner: Arc<SocketInner>,
}

struct SocketInner {
    id: SocketId,
    namespace: Arc<NamespaceState>,
    registry_id: RegistryId,
    config: Arc<Config>,
    handshake: Handshake,
    context: ContextMap,
    extensions: Arc<Extensions>,
    sender: Arc<SocketSender>,
    membership: Membership,
    acks: Acks,
    commands: Arc<dyn MessageSink<ConnectionCommand>>,
    subscriptions: Option<Arc<Mutex<TokenBucket>>>,
}

/// What a socket asks its connection to do.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) enum ConnectionCommand {
    /// End this socket; the client has been told already.
    Disconnect(SocketId),
    /// End the whole connection.
    Close,
}

/// What a socket is made of.
pub(crate) struct SocketParts {
    pub(crate) namespace: Arc<NamespaceState>,
    /// The settings that hold for it: those of its namespace, which a family has before there is a
    /// namespace.
    pub(crate) config: Arc<Config>,
    pub(crate) handshake: Handshake,
    pub(crate) extensions: Arc<Extensions>,
    pub(crate) sender: Arc<SocketSender>,
    pub(crate) commands: Arc<dyn MessageSink<ConnectionCommand>>,
    /// How fast its connection may ask to subscribe.
    pub(crate) subscriptions: Option<Arc<Mutex<TokenBucket>>>,
}

impl Socket {
    /// A new socket of a connection on this thread, which the registry hears of.
    pub(crate) fn attach(parts: SocketParts) -> Self {
        let SocketParts {
            namespace,
            config,
            handshake,
            extensions,
            sender,
            commands,
            subscriptions,
        } = parts;
        let id = SocketId::random();
        let registry_id = namespace.sequencer.registry_id();
        namespace.sequencer.attach(registry_id, namespace.name.clone(), id, Arc::clone(&sender));
        Self {
            inner: Arc::new(SocketInner {
                id,
                registry_id,
                handshake,
                extensions,
                context: ContextMap::default(),
                membership: Membership::default(),
                acks: Acks::new(config.max_pending_acks),
                namespace,
                config,
                sender,
                commands,
                subscriptions,
            }),
        }
    }

    /// The client's public name: what it calls `socket.id` itself.
    pub fn id(&self) -> SocketId {
        self.inner.id
    }

    /// The namespace that it is in.
    pub fn namespace(&self) -> &Namespace {
        &self.inner.namespace.name
    }

    /// How it came: headers, query, address, `auth`.
    pub fn handshake(&self) -> &Handshake {
        &self.inner.handshake
    }

    /// What the application remembers of it, as JSON by name.
    pub fn context(&self) -> &ContextMap {
        &self.inner.context
    }

    /// Rust values by type, shared by all sockets of the connection.
    /// [`Builder::on_handshake`](crate::Builder::on_handshake) puts the first ones in.
    ///
    /// Shared: an [`OnConnect`](crate::OnConnect) handler that puts an identity in changes it for
    /// the sockets which the connection has in other namespaces. What is to differ between them
    /// belongs into the [`context`](Self::context).
    pub fn extensions(&self) -> &Extensions {
        &self.inner.extensions
    }

    /// The channels it is subscribed to, the oldest subscription first. They are still there in
    /// `OnDisconnect`, `OnUnsubscribe` and `OnFinish`.
    pub fn channels(&self) -> Vec<Channel> {
        self.inner.membership.channels()
    }

    /// Whether what is sent may still reach it. It may be gone without the server knowing yet.
    pub fn is_connected(&self) -> bool {
        !self.inner.sender.is_closed()
    }

    /// What its connection is on just now.
    pub fn transport(&self) -> Transport {
        self.inner.sender.transport()
    }

    /// Listens to the events that go out to it from now on, direct ones and publications:
    /// Socket.IO's `onAnyOutgoing`. A listener who has not taken `capacity` of them yet misses the
    /// next ones.
    ///
    /// ```no_run
    /// # async fn example(socket: actix_socketio::Socket) {
    /// let mut outgoing = socket.outgoing(64);
    /// while let Some(event) = outgoing.next().await {
    ///     log::debug!("sent {} {:?}", event.name, event.args);
    /// }
    /// # }
    /// ```
    ///
    /// # Panics
    /// If the capacity is 0.
    pub fn outgoing(&self, capacity: usize) -> Outgoing {
        let (listener, frames) = mpsc::channel(capacity);
        self.inner.sender.observe(listener);
        Outgoing::new(frames, self.codec().clone())
    }

    /// Subscribes it to a channel, without asking a handler: the application decides. `false`: it
    /// was subscribed.
    ///
    /// From here on it gets what is published. A snapshot that is sent after this call so leaves no
    /// gap.
    ///
    /// # Errors
    /// [`SubscribeError`]: the name is none, the socket is in too many channels, or it has gone.
    pub fn subscribe(&self, channel: impl ToChannel) -> Result<bool, SubscribeError> {
        let SocketInner { membership, namespace, registry_id, config, id, .. } = &*self.inner;
        let channel = channel.to_channel(config.max_channel_length)?;
        membership.join(channel, config.max_channels, namespace, *registry_id, *id)
    }

    /// Takes it out of a channel. `false`: it was not in.
    ///
    /// A message that is on its way may still reach it.
    pub fn unsubscribe(&self, channel: impl AsRef<str>) -> bool {
        let SocketInner { membership, namespace, registry_id, id, .. } = &*self.inner;
        membership.leave(channel.as_ref(), namespace, *registry_id, *id)
    }

    /// Whether it is subscribed to the channel.
    pub fn is_subscribed(&self, channel: impl AsRef<str>) -> bool {
        self.inner.membership.contains(channel.as_ref())
    }

    /// Puts it out of its namespace; other namespaces of the connection go on. What was sent before
    /// still goes out.
    ///
    /// The client sees the reason `io server disconnect`, and does not come back by itself.
    pub fn disconnect(&self) {
        if self.send_disconnect() {
            self.inner.acks.close();
            self.inner.commands.send(ConnectionCommand::Disconnect(self.id()));
        }
    }

    /// Ends the whole connection, with all its namespaces. What was sent before still goes out.
    pub fn close(&self) {
        self.inner.commands.send(ConnectionCommand::Close);
    }

    /// Takes it out of a channel, and waits until no message of the channel can come any more.
    pub(crate) async fn unsubscribe_and_wait(&self, channel: &Channel) -> bool {
        let left = self.unsubscribe(channel);
        self.inner.namespace.sequencer.barrier(self.inner.registry_id).await;
        left
    }

    /// Lets the client in: `connect` goes out, then what was held.
    pub(crate) fn admit(&self, connect: Frame) {
        self.inner.sender.open(connect);
    }

    /// Tells the client that it is out; nothing more goes out. `false`: it was out already.
    pub(crate) fn send_disconnect(&self) -> bool {
        self.inner.sender.push_final(self.codec().disconnect(self.namespace().as_str()))
            == Pushed::Queued
    }

    /// Nothing more goes out, and whoever waits for an acknowledgement is told: a handler that does
    /// so is one for which the end waits.
    pub(crate) fn close_sender(&self) {
        self.inner.sender.close();
        self.inner.acks.close();
    }

    /// The socket is over: it leaves its channels.
    pub(crate) fn detach(&self) {
        self.close_sender();
        let channels = self.inner.membership.close();
        let SocketInner { namespace, registry_id, id, .. } = &*self.inner;
        namespace.sequencer.detach(*registry_id, namespace.name.clone(), *id, &channels);
    }

    /// Takes an acknowledgement; `false` if nobody waits for it.
    pub(crate) fn acknowledge(&self, id: &AckId, args: Args) -> bool {
        let SocketInner { acks, namespace, .. } = &*self.inner;
        match acks.answer(id, args) {
            Ok(()) => true,
            Err(args) => namespace.local().acknowledge(id, self.id(), args),
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn codec(&self) -> &PacketCodec {
        &self.inner.namespace.codec
    }

    pub(crate) fn push(&self, packet: OutgoingPacket) -> Result<(), SendError> {
        self.inner.namespace.check_size(packet.cost())?;
        let length = packet.len();
        match self.inner.sender.push_packet(packet) {
            Pushed::Queued => self.counters().traffic.add(Flow::Sent, 1, length),
            Pushed::Dropped => return Err(SendError::Closed),
        }
        Ok(())
    }

    /// Drops the frame if the transport does not wait for it.
    fn push_volatile(&self, frame: &Frame) {
        if self.inner.sender.push_volatile(frame) == Pushed::Queued {
            self.counters().traffic.add(Flow::Sent, 1, frame.len());
        }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.inner.namespace.counters
    }

    /// Counts a subscription that its client asks for.
    ///
    /// # Errors
    /// How long it is to wait, if it asks too fast.
    pub(crate) fn charge_subscribe(&self) -> Result<(), Duration> {
        self.inner
            .subscriptions
            .as_ref()
            .map_or(Ok(()), |bucket| bucket.lock().take(Instant::now()))
    }

    /// The socket as plain data.
    fn describe(&self) -> SocketDescription {
        let SocketInner { id, handshake, context, .. } = &*self.inner;
        SocketDescription::new(*id, handshake.clone(), self.channels(), context.entries())
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
