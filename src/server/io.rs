use std::{fmt, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::Builder;
use crate::{
    config::Config,
    http::Endpoint,
    model::{Channel, ChannelError, Namespace, SocketId, ToChannel},
    protocol::to_args,
    registry::{Audience, ChangeSender, Changes, ServerEvent},
    socket::{
        MESSAGE, NamespaceState, SendError, ServerAcks, Socket, SocketLookup, Target, Targets,
    },
    state::ServerState,
    stats::{self, Gauges, Stats},
};

/// Event names that Socket.IO reserves for servers.
const RESERVED_SERVER_EVENTS: [&str; 3] = ["connect", "connection", "new_namespace"];

/// The server, anywhere: a handle that is cheap to clone, for any thread and any task.
///
/// It is bound to one namespace, the main one unless it came from [`SocketIo::of`].
#[derive(Clone)]
pub struct SocketIo {
    pub(crate) inner: Arc<ServerInner>,
    namespace: Arc<NamespaceState>,
}

pub(crate) struct ServerInner {
    pub(crate) state: Arc<ServerState>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) changes: ChangeSender,
}

impl SocketIo {
    /// Starts to build a server.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(inner: ServerInner) -> Self {
        let inner = Arc::new(inner);
        let namespace = inner.state.namespaces.get(Namespace::default());
        Self { inner, namespace }
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        self.inner.state.config()
    }

    /// The same server, for another namespace. In one that was never added, there is nobody.
    #[must_use]
    pub fn of(&self, namespace: &str) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            namespace: self.inner.state.namespaces.get(Namespace::new(namespace)),
        }
    }

    /// The names of all namespaces: those that were added, and those of
    /// [families](Builder::namespaces_matching) which somebody is in.
    pub fn namespaces(&self) -> Vec<Namespace> {
        self.inner.state.namespaces.names()
    }

    /// Sends `data` to all clients as the event `message`.
    ///
    /// # Errors
    /// [`SendError::Overloaded`] or [`SendError::Serialize`].
    pub fn broadcast<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), SendError> {
        self.emit(MESSAGE, data)
    }

    /// Sends `data` to the channel's subscribers as the event `message`.
    ///
    /// # Errors
    /// [`SendError::Channel`], [`SendError::Overloaded`] or [`SendError::Serialize`].
    pub fn broadcast_channel<T: Serialize + ?Sized>(
        &self,
        channel: impl ToChannel,
        data: &T,
    ) -> Result<(), SendError> {
        self.to(channel).emit(MESSAGE, data)
    }

    /// Sends `data` to one client as the event `message`.
    ///
    /// # Errors
    /// [`SendError::NoSocket`], [`SendError::Closed`] or [`SendError::Serialize`].
    pub fn send<T: Serialize + ?Sized>(&self, id: &SocketId, data: &T) -> Result<(), SendError> {
        self.socket(id).ok_or(SendError::NoSocket(*id))?.send(data)
    }

    /// Sends an event to all clients.
    ///
    /// # Errors
    /// [`SendError::Overloaded`], [`SendError::Reserved`] or [`SendError::Serialize`].
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, data: &T) -> Result<(), SendError> {
        self.everyone().emit(event, data)
    }

    /// The channel's subscribers, to send them something.
    pub fn to(&self, channel: impl ToChannel) -> Target {
        self.everyone().to(channel)
    }

    /// Everyone but the channel's subscribers.
    pub fn except(&self, channel: impl ToChannel) -> Target {
        self.everyone().except(channel)
    }

    /// One client, if it is there, or is just coming in or going out.
    pub fn socket(&self, id: &SocketId) -> Option<Socket> {
        let socket = self.inner.state.sockets.socket(id)?;
        (*socket.namespace() == self.namespace.name).then_some(socket)
    }

    /// The clients of this server that are subscribed to the channel, in no particular order.
    /// [`Target::fetch_sockets`] asks the other servers, too.
    ///
    /// # Errors
    /// [`ChannelError`] if the name is invalid.
    pub async fn subscribers(
        &self,
        channel: impl ToChannel,
    ) -> Result<Vec<SocketId>, ChannelError> {
        let mut audience = Audience::everyone(self.namespace.name.clone());
        audience.to.push(channel.to_channel(self.config().max_channel_length)?);
        Ok(self.namespace.sequencer.select(audience).await)
    }

    /// The channels that clients of this server are subscribed to, in no particular order.
    pub async fn channels(&self) -> Vec<Channel> {
        self.namespace.sequencer.channels(&self.namespace.name)
    }

    /// How many connections there are, in any namespace.
    pub fn connections(&self) -> usize {
        self.inner.state.engine.sessions.count()
    }

    /// How the server is, and what it has done, in all namespaces. It looks at each session: some
    /// microseconds for a hundred of them.
    ///
    /// ```no_run
    /// use actix_socketio::SocketIo;
    /// use actix_web::{Responder, get, web};
    ///
    /// #[get("/health")]
    /// async fn health(io: web::Data<SocketIo>) -> impl Responder {
    ///     web::Json(io.stats())
    /// }
    /// ```
    pub fn stats(&self) -> Stats {
        let ServerState { engine, namespaces, .. } = &*self.inner.state;
        let (transports, outbox_frames, outbox_bytes) = engine.sessions.snapshot();
        let gauges = Gauges {
            connections: engine.sessions.count(),
            transports,
            sockets: namespaces.socket_counts(),
            publications_waiting: self.namespace.sequencer.waiting(),
            outbox_frames,
            outbox_bytes,
        };
        Stats::new(&engine.counters, gauges)
    }

    /// Gives [`SocketIo::stats`] to the application's recorder of the [`metrics`] facade, as gauges
    /// and counters whose names start with `actix_socketio_`; without one, it does nothing. Call it
    /// whenever the monitor asks, or every few seconds: events themselves cost no more for being
    /// counted.
    ///
    /// ```no_run
    /// # struct Prometheus; impl Prometheus { fn render(&self) -> String { String::new() } }
    /// use actix_socketio::SocketIo;
    /// use actix_web::{Responder, get, web};
    ///
    /// // With a recorder of, say, metrics-exporter-prometheus, whose handle renders what it has.
    /// #[get("/metrics")]
    /// async fn scrape(io: web::Data<SocketIo>, prometheus: web::Data<Prometheus>) -> impl Responder {
    ///     io.record_metrics();
    ///     prometheus.render()
    /// }
    /// ```
    pub fn record_metrics(&self) {
        stats::record(&self.stats());
    }

    /// Ends all connections, and waits until the last `OnFinish` is handled,
    /// [`Config::shutdown_timeout`] at most. `false`: some were left. Clients come back by
    /// themselves, to a server which is there then.
    ///
    /// From then on, this server takes no more connections: handshakes are answered with HTTP 503.
    /// What handlers are at work on is still done and acknowledged before its client hears of the
    /// end; what clients send meanwhile is not looked at. The ends of many are spread over
    /// [`Config::shutdown_window`].
    pub async fn shutdown(&self) -> bool {
        self.inner.state.engine.sessions.shutdown(self.config()).await
    }

    /// All clients, to send them something, look at them, or act on them.
    pub fn everyone(&self) -> Target {
        Target::new(Arc::clone(&self.namespace), &self.namespace.config)
    }

    /// Everyone in each of the [`namespaces`](Self::namespaces) for which `wanted` says so:
    /// Socket.IO's broadcast to a parent namespace.
    pub fn of_each(&self, wanted: impl Fn(&Namespace) -> bool) -> Targets {
        let names = self.namespaces().into_iter().filter(wanted);
        names.map(|name| self.of(name.as_str()).everyone()).collect()
    }

    /// Sends an event to all other servers of the cluster, for their
    /// [`on_server_event`](Builder::on_server_event) handlers of this namespace: Socket.IO's
    /// `serverSideEmit`. This server does not receive it.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.server_side_emit("reload", "matches.json")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError::Reserved`], [`SendError::Serialize`], or what the adapter reports.
    pub fn server_side_emit<T: Serialize + ?Sized>(
        &self,
        event: &str,
        data: &T,
    ) -> Result<(), SendError> {
        let event = self.server_event(event, data)?;
        Ok(self.namespace.adapter.server_side_emit(event)?)
    }

    /// Sends an event to all other servers of the cluster, and collects their answers until each
    /// has answered or [`Builder::ack_timeout`] is over. With one server there are none, and it
    /// answers immediately.
    ///
    /// # Errors
    /// As [`server_side_emit`](Self::server_side_emit).
    pub async fn server_side_emit_with_ack<T, R>(
        &self,
        event: &str,
        data: &T,
    ) -> Result<ServerAcks<R>, SendError>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        let event = self.server_event(event, data)?;
        let NamespaceState { adapter, config, .. } = &*self.namespace;
        let answers = adapter.server_side_emit_with_acks(event, config.ack_timeout).await?;
        Ok(ServerAcks::new(answers))
    }

    /// Counts the servers of the cluster, this one included. Without an adapter, it is 1.
    pub async fn server_count(&self) -> usize {
        self.namespace.adapter.server_count().await
    }

    fn server_event<T: Serialize + ?Sized>(
        &self,
        event: &str,
        data: &T,
    ) -> Result<ServerEvent, SendError> {
        if RESERVED_SERVER_EVENTS.contains(&event) {
            return Err(SendError::Reserved(event.to_owned()));
        }
        Ok(ServerEvent::new(self.namespace.name.clone(), event, to_args(data)?))
    }

    /// Listens to what changes from now on in who is where, in all namespaces: Socket.IO's
    /// `new_namespace`, and the events of its adapters.
    pub fn changes(&self) -> Changes {
        self.inner.changes.listen()
    }
}

impl fmt::Debug for SocketIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIo")
            .field("namespace", &self.namespace.name)
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}
