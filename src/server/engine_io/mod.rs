//! Engine.IO without Socket.IO, for an application's own protocol.

mod connection;
mod socket;

use std::{fmt, sync::Arc};

use actix_web::{
    Error, HttpRequest,
    web::{self, ServiceConfig},
};

pub use socket::EngineSocket;

use super::BuildError;
use crate::{
    config::Config,
    engine::{EngineMessage, EngineState},
    http::{Cors, Endpoint, EndpointSettings, mount},
    model::{DisconnectReason, Extensions},
    stats::Counters,
};
use connection::EngineConnection;

/// Your protocol: the functions that an [`EngineIo`] calls for its sessions.
///
/// They are called on the worker of the session's client and must not block. For one session they
/// are called one after the other. If one panics, the panic is logged and the session continues.
///
/// ```
/// use actix_socketio::{DisconnectReason, EngineHandler, EngineMessage, EngineSocket};
///
/// struct Echo;
///
/// impl EngineHandler for Echo {
///     fn open(&self, socket: &EngineSocket) {
///         log::info!("{:?} has connected", socket.handshake().client_ip());
///     }
///
///     fn message(&self, socket: &EngineSocket, message: EngineMessage) {
///         // An error means that the client is gone.
///         let _ = socket.send(message);
///     }
///
///     fn close(&self, socket: &EngineSocket, reason: DisconnectReason) {
///         log::info!("{:?} is gone: {reason}", socket.handshake().client_ip());
///     }
/// }
/// ```
pub trait EngineHandler: Send + Sync + 'static {
    /// Called when a client has opened a session. By default it does nothing.
    fn open(&self, socket: &EngineSocket) {
        let _ = socket;
    }

    /// Called for each message of a client, in the order in which the client sent them.
    fn message(&self, socket: &EngineSocket, message: EngineMessage);

    /// Called once for each session, when it has ended. By default it does nothing.
    fn close(&self, socket: &EngineSocket, reason: DisconnectReason) {
        let _ = (socket, reason);
    }
}

/// An Engine.IO server without Socket.IO, for a protocol of your own.
///
/// Clients send and receive messages of text or bytes over a WebSocket, with HTTP long-polling as
/// the fallback. The server has everything that Socket.IO connections have below their packets:
/// handshake, heartbeat, upgrade, back-pressure, limits and CORS. Any Engine.IO v4 client connects.
///
/// ```no_run
/// use actix_socketio::{EngineHandler, EngineIo, EngineMessage, EngineSocket, SocketIoServerExt};
/// use actix_web::{App, HttpServer};
///
/// struct Echo;
///
/// impl EngineHandler for Echo {
///     fn message(&self, socket: &EngineSocket, message: EngineMessage) {
///         // An error means that the client is gone.
///         let _ = socket.send(message);
///     }
/// }
///
/// #[actix_web::main]
/// async fn main() -> std::io::Result<()> {
///     let engine = EngineIo::builder(Echo).build()?;
///     let app = engine.clone();
///     HttpServer::new(move || App::new().configure(app.mount()))
///         .engineio(&engine)
///         .bind(("127.0.0.1", 8080))?
///         .run()
///         .await
/// }
/// ```
///
/// ```js
/// import { Socket } from "engine.io-client";
///
/// const socket = new Socket("ws://127.0.0.1:8080");
/// socket.on("open", () => socket.send("hello"));
/// socket.on("message", (data) => console.log(data));
/// ```
#[doc(alias = "engine.io")]
#[derive(Clone)]
pub struct EngineIo {
    endpoint: Arc<Endpoint>,
}

/// Builds an [`EngineIo`]. Make it by [`EngineIo::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use actix_socketio::{Config, Cors, EngineHandler, EngineIo, EngineMessage, EngineSocket};
///
/// # struct Echo;
/// # impl EngineHandler for Echo {
/// #     fn message(&self, socket: &EngineSocket, message: EngineMessage) {}
/// # }
/// let mut config = Config::default();
/// config.ping_interval = Duration::from_secs(10);
/// let engine = EngineIo::builder(Echo)
///     .config(config)
///     .path("/my-protocol")
///     .cors(Cors::origins(["https://example.com"]))
///     .build();
/// assert!(engine.is_ok());
/// ```
#[must_use = "call `build`"]
pub struct EngineIoBuilder {
    config: Config,
    path: String,
    settings: EndpointSettings,
    handler: Arc<dyn EngineHandler>,
}

impl EngineIo {
    /// Starts to build a server whose sessions are handled by `handler`.
    pub fn builder(handler: impl EngineHandler) -> EngineIoBuilder {
        EngineIoBuilder {
            config: Config::default(),
            path: "/engine.io".to_owned(),
            settings: EndpointSettings::default(),
            handler: Arc::new(handler),
        }
    }

    /// Mounts the endpoint in an app, by [`App::configure`](actix_web::App::configure). Your
    /// request handlers get the handle as `web::Data<EngineIo>`.
    ///
    /// ```no_run
    /// use actix_socketio::EngineIo;
    /// use actix_web::{Responder, web};
    ///
    /// async fn health(engine: web::Data<EngineIo>) -> impl Responder {
    ///     format!("{} sessions", engine.connections())
    /// }
    /// ```
    pub fn mount(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let engine = self.clone();
        move |services| {
            let endpoint = Arc::clone(&engine.endpoint);
            mount(&endpoint, web::Data::new(engine), services);
        }
    }

    pub(super) fn engine(&self) -> Arc<EngineState> {
        Arc::clone(&self.endpoint.engine)
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.endpoint.engine.config
    }

    /// The number of sessions, including those that wait for their client's last poll.
    pub fn connections(&self) -> usize {
        self.endpoint.engine.sessions.count()
    }

    /// Ends all sessions and refuses new ones. Waits until all have ended, for
    /// [`Config::shutdown_timeout`] at most, and returns whether they have.
    ///
    /// ```no_run
    /// # async fn example(engine: actix_socketio::EngineIo) {
    /// if !engine.shutdown().await {
    ///     log::warn!("{} sessions are left", engine.connections());
    /// }
    /// # }
    /// ```
    pub async fn shutdown(&self) -> bool {
        self.endpoint.engine.sessions.shutdown(self.config()).await
    }
}

impl EngineIoBuilder {
    /// Sets everything in [`Config`] that is about connections: heartbeat, limits, rates and
    /// compression. Settings about Socket.IO have no effect. [`EngineIoBuilder::path`] replaces its
    /// path.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets the path of the endpoint. Default: `/engine.io`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Lets pages of the listed origins poll, and closes WebSockets to pages of all other origins.
    /// Without it, any page may open a WebSocket, as the documentation of [`Cors`] explains.
    pub fn cors(mut self, cors: Cors) -> Self {
        self.settings.cors = Some(cors.into());
        self
    }

    /// Adds a check of the requests that open sessions. An error refuses the request, as in
    /// [`Builder::on_handshake`].
    ///
    /// ```
    /// use actix_socketio::{EngineHandler, EngineIo, EngineMessage, EngineSocket};
    /// use actix_web::error::ErrorUnauthorized;
    ///
    /// struct User(String);
    ///
    /// struct Protocol;
    ///
    /// impl EngineHandler for Protocol {
    ///     fn message(&self, socket: &EngineSocket, _: EngineMessage) {
    ///         let user = socket.extensions().get::<User>();
    ///         let _ = socket.send(user.map_or_else(String::new, |user| user.0.clone()));
    ///     }
    /// }
    ///
    /// let builder = EngineIo::builder(Protocol).on_handshake(|request, extensions| {
    ///     let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
    ///     extensions.insert(User(user.ok_or_else(|| ErrorUnauthorized("log in first"))?.to_owned()));
    ///     Ok(())
    /// });
    /// # let _ = builder;
    /// ```
    ///
    /// [`Builder::on_handshake`]: crate::Builder::on_handshake
    pub fn on_handshake<F>(mut self, check: F) -> Self
    where
        F: Fn(&HttpRequest, &Extensions) -> Result<(), Error> + Send + Sync + 'static,
    {
        self.settings.on_handshake.push(Arc::new(check));
        self
    }

    /// Checks the settings and makes the handle.
    ///
    /// # Errors
    /// [`BuildError::Setting`] names a setting that is invalid.
    pub fn build(self) -> Result<EngineIo, BuildError> {
        let Self { config, path, settings, handler } = self;
        let config = Config { path, ..config };
        config.check()?;
        settings.check()?;
        let engine = EngineState::new(Arc::new(config), Arc::<Counters>::default());
        let shared = Arc::clone(&engine);
        let open =
            Box::new(move |request| EngineConnection::open(&shared, Arc::clone(&handler), request));
        Ok(EngineIo { endpoint: Arc::new(Endpoint { engine, open, settings: Arc::new(settings) }) })
    }
}

impl fmt::Debug for EngineIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineIo").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

impl fmt::Debug for EngineIoBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineIoBuilder")
            .field("path", &self.path)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
