use std::{fmt, sync::Arc};

use serde::Serialize;

use super::Builder;
#[cfg(feature = "jwt")]
use crate::model::is_user_channel;
use crate::{
    config::Config,
    connection::Connection,
    http::Endpoint,
    model::{Channel, ChannelError, Namespace, SocketId, ToChannel},
    registry::Audience,
    socket::{MESSAGE, NamespaceState, SendError, Socket, SocketLookup, Target, Targets},
    state::ServerState,
};

/// The handle of a server: it sends to clients, finds them, and shuts the server down.
///
/// It is cheap to clone, and you can use it from any thread and any task. It is bound to one
/// namespace: the main one, or the one that [`SocketIo::of`] was called with.
///
/// ```no_run
/// use actix_socketio::{SocketIo, SocketIoServerExt, channel};
/// use actix_web::{App, HttpResponse, HttpServer, post, web};
///
/// #[post("/matches/{id}/score")]
/// async fn report(
///     io: web::Data<SocketIo>,
///     id: web::Path<u32>,
///     score: String,
/// ) -> actix_web::Result<HttpResponse> {
///     io.broadcast_channel(format!("match-{id}"), &score)?;
///     Ok(HttpResponse::NoContent().finish())
/// }
///
/// #[actix_web::main]
/// async fn main() -> std::io::Result<()> {
///     let io = SocketIo::builder().route(channel("^match-")).build()?;
///     let app = io.clone();
///     HttpServer::new(move || {
///         App::new()
///             .app_data(web::Data::new(app.clone()))
///             .service(report)
///             .configure(app.mount())
///     })
///     .socketio(&io)
///     .bind(("127.0.0.1", 8080))?
///     .run()
///     .await
/// }
/// ```
#[derive(Clone)]
pub struct SocketIo {
    pub(super) state: Arc<ServerState>,
    pub(super) namespace: Arc<NamespaceState>,
}

impl SocketIo {
    /// Starts to build a server: [`Builder`] has an example.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(state: Arc<ServerState>) -> Self {
        let namespace = state.namespaces.get(Namespace::default());
        Self { state, namespace }
    }

    /// The endpoint, for an `App`.
    pub(super) fn endpoint(&self) -> Endpoint {
        let state = Arc::clone(&self.state);
        Endpoint {
            engine: Arc::clone(&state.engine),
            settings: Arc::clone(&state.endpoint),
            open: Box::new(move |request| Connection::open(&state, request)),
        }
    }

    /// The settings of the server. They do not change after it was built.
    ///
    /// ```
    /// # actix::System::new().block_on(async {
    /// use actix_socketio::SocketIo;
    ///
    /// let io = SocketIo::builder().path("/live").build().unwrap();
    /// assert_eq!(io.config().path, "/live");
    /// # });
    /// ```
    pub fn config(&self) -> &Config {
        self.state.config()
    }

    /// A value of the application that [`Builder::data`] was given.
    ///
    /// ```
    /// # actix::System::new().block_on(async {
    /// use actix_socketio::SocketIo;
    ///
    /// struct Greeting(&'static str);
    ///
    /// let io = SocketIo::builder().data(Greeting("hello")).build().unwrap();
    /// assert_eq!(io.data::<Greeting>().unwrap().0, "hello");
    /// # });
    /// ```
    pub fn data<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.namespace.data.get()
    }

    /// The handle to another namespace of the same server.
    ///
    /// A namespace that was never added has no clients: what you send to it reaches no client.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.of("/admin").emit("alert", "the disk is full")?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of(&self, namespace: &str) -> Self {
        Self {
            state: Arc::clone(&self.state),
            namespace: self.state.namespaces.get(Namespace::new(namespace)),
        }
    }

    /// The names of all namespaces: those that were added by name, and those of
    /// [families](Builder::namespaces_matching) that have a client.
    ///
    /// ```
    /// # actix::System::new().block_on(async {
    /// use actix_socketio::SocketIo;
    ///
    /// let io = SocketIo::builder().namespace("/admin", |admin| admin).build().unwrap();
    /// assert!(io.namespaces().iter().any(|name| name.as_str() == "/admin"));
    /// # });
    /// ```
    pub fn namespaces(&self) -> Vec<Namespace> {
        self.state.namespaces.names()
    }

    /// Sends `data` to all clients as the event `message`.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.broadcast("the server restarts in a minute")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError::Overloaded`] or [`SendError::Serialize`].
    pub fn broadcast<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), SendError> {
        self.emit(MESSAGE, data)
    }

    /// Sends `data` to the channel's subscribers as the event `message`.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.broadcast_channel("match-42", "1:0")?;
    /// # Ok(())
    /// # }
    /// ```
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
    /// ```no_run
    /// # fn example(
    /// #     io: actix_socketio::SocketIo,
    /// #     id: actix_socketio::SocketId,
    /// # ) -> Result<(), actix_socketio::SendError> {
    /// io.send(&id, "it is your turn")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError::NoSocket`], [`SendError::Closed`] or [`SendError::Serialize`].
    pub fn send<T: Serialize + ?Sized>(&self, id: &SocketId, data: &T) -> Result<(), SendError> {
        self.socket(id).ok_or(SendError::NoSocket(*id))?.send(data)
    }

    /// Sends an event to all clients.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.emit("score", &serde_json::json!({"home": 1, "away": 0}))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError::Overloaded`], [`SendError::Reserved`] or [`SendError::Serialize`].
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, data: &T) -> Result<(), SendError> {
        self.everyone().emit(event, data)
    }

    /// The channel's subscribers: Socket.IO's `io.to(room)`. [`Target`] sends to them, lists them
    /// and acts on them.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.to("match-1").to("match-2").emit("goal", "1:0")?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "in")]
    pub fn to(&self, channel: impl ToChannel) -> Target {
        self.everyone().to(channel)
    }

    /// All clients, except for the channel's subscribers.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.except("muted").emit("announcement", "half-time")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn except(&self, channel: impl ToChannel) -> Target {
        self.everyone().except(channel)
    }

    /// The client of this server with an id, if it is in this namespace. It may still wait for its
    /// admission, or be about to leave.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo, id: actix_socketio::SocketId) {
    /// if let Some(socket) = io.socket(&id) {
    ///     println!("{id} is subscribed to {:?}", socket.channels());
    /// }
    /// # }
    /// ```
    pub fn socket(&self, id: &SocketId) -> Option<Socket> {
        let socket = self.state.sockets.socket(id)?;
        (*socket.namespace() == self.namespace.name).then_some(socket)
    }

    /// Forgets a socket of this server that is away, so that its client gets a new one when it
    /// comes back: see [`Builder::recovery`](crate::Builder::recovery). `false`: there is no such socket
    /// in this namespace.
    ///
    /// [`Target::disconnect_sockets`] puts out those that are here, and those that are away.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo, id: actix_socketio::SocketId) {
    /// match io.socket(&id) {
    ///     Some(socket) => socket.disconnect(),
    ///     None => drop(io.forget(&id)),
    /// }
    /// # }
    /// ```
    pub fn forget(&self, id: &SocketId) -> bool {
        let Some(recovery) = &self.state.recovery else { return false };
        // One that has lost its connection may still wait for its handlers.
        let going = self.socket(id).filter(|socket| !socket.is_connected());
        if let Some(socket) = &going {
            socket.set_forgotten();
        }
        recovery.forget(&self.namespace.name, id) || going.is_some()
    }

    /// The clients of this server that are subscribed to the channel, in no particular order.
    /// [`Target::fetch_sockets`] asks the other servers too.
    ///
    /// ```no_run
    /// # use actix_socketio::{ChannelError, SocketIo};
    /// # async fn example(io: SocketIo) -> Result<(), ChannelError> {
    /// println!("{} clients watch", io.subscribers("match-42").await?.len());
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```no_run
    /// # async fn example(io: actix_socketio::SocketIo) {
    /// for channel in io.channels().await {
    ///     println!("{channel}");
    /// }
    /// # }
    /// ```
    pub async fn channels(&self) -> Vec<Channel> {
        let channels = self.namespace.sequencer.channels(&self.namespace.name);
        #[cfg(feature = "jwt")]
        let channels = {
            let mut channels = channels;
            channels.retain(|channel| !is_user_channel(channel));
            channels
        };
        channels
    }

    /// All clients. [`Target`] sends to them, lists them and acts on them.
    ///
    /// ```no_run
    /// # use actix_socketio::{ChannelError, SocketIo};
    /// # async fn example(io: SocketIo) -> Result<(), ChannelError> {
    /// // Every client of the namespace logs in again.
    /// io.everyone().disconnect_sockets(false).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn everyone(&self) -> Target {
        Target::new(Arc::clone(&self.namespace), &self.namespace.config)
    }

    /// All clients in each of the [`namespaces`](Self::namespaces) for which `wanted` returns
    /// `true`: Socket.IO's broadcast to a parent namespace. [`Targets`] has an example.
    #[doc(alias = "parentNamespace")]
    pub fn of_each(&self, wanted: impl Fn(&Namespace) -> bool) -> Targets {
        let names = self.namespaces().into_iter().filter(wanted);
        names.map(|name| self.of(name.as_str()).everyone()).collect()
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
