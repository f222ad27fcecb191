//! Engine.IO by itself, for an application's own protocol.

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

/// What your protocol does with its sessions.
///
/// The functions are called on the worker of the session's client and must not block. For one
/// session they are called one after the other. One that panics is logged, and the session goes on.
pub trait EngineHandler: Send + Sync + 'static {
    /// A client has opened a session.
    fn open(&self, socket: &EngineSocket) {
        let _ = socket;
    }

    /// A client has sent a message. Messages come in the order in which the client sent them.
    fn message(&self, socket: &EngineSocket, message: EngineMessage);

    /// A session has ended. It is called once for each session that was opened.
    fn close(&self, socket: &EngineSocket, reason: DisconnectReason) {
        let _ = (socket, reason);
    }
}

/// An Engine.IO server without Socket.IO: messages of text or bytes over a WebSocket, with HTTP
/// long-polling as the fall-back, for a protocol of your own.
///
/// It has everything that Socket.IO connections have below their packets: handshake, heartbeat,
/// upgrade, back-pressure, limits, CORS. Any Engine.IO v4 client connects.
///
/// ```no_run
/// use actix_socketio::{EngineHandler, EngineIo, EngineMessage, EngineSocket, SocketIoServerExt};
/// use actix_web::{App, HttpServer};
///
/// struct Echo;
///
/// impl EngineHandler for Echo {
///     fn message(&self, socket: &EngineSocket, message: EngineMessage) {
///         // An error says that the client is gone.
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
#[derive(Clone)]
pub struct EngineIo {
    endpoint: Arc<Endpoint>,
}

/// The settings of an [`EngineIo`], made by [`EngineIo::builder`].
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

    /// Gives the endpoint to [`App::configure`](actix_web::App::configure). It also registers the
    /// handle as `web::Data<EngineIo>` for your request handlers.
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

    /// The number of sessions, also of those that wait for their client's last poll.
    pub fn connections(&self) -> usize {
        self.endpoint.engine.sessions.count()
    }

    /// Ends all sessions and takes no new ones. Waits until all are gone,
    /// [`Config::shutdown_timeout`] at most, and returns whether they are.
    pub async fn shutdown(&self) -> bool {
        self.endpoint.engine.sessions.shutdown(self.config()).await
    }
}

impl EngineIoBuilder {
    /// Sets everything that [`Config`] says of connections: heartbeat, limits, rates, compression.
    /// What it says of Socket.IO has no effect. Its path is replaced by
    /// [`EngineIoBuilder::path`].
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets the path of the endpoint. Default: `/engine.io`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets which pages of other origins may connect. Read at [`Cors`] what holds without.
    pub fn cors(mut self, cors: Cors) -> Self {
        self.settings.cors = Some(cors);
        self
    }

    /// Checks the request that opens a session, as [`Builder::on_handshake`] does.
    ///
    /// [`Builder::on_handshake`]: crate::Builder::on_handshake
    pub fn on_handshake<F>(mut self, check: F) -> Self
    where
        F: Fn(&HttpRequest, &Extensions) -> Result<(), Error> + Send + Sync + 'static,
    {
        self.settings.on_handshake.push(Arc::new(check));
        self
    }

    /// Checks the settings and gives the handle.
    ///
    /// # Errors
    /// [`BuildError::Setting`] names the setting that can't work.
    pub fn build(self) -> Result<EngineIo, BuildError> {
        let Self { config, path, settings, handler } = self;
        let config = Config { path, ..config };
        config.check()?;
        let engine = EngineState::new(Arc::new(config), Arc::<Counters>::default());
        let shared = Arc::clone(&engine);
        let open =
            Box::new(move |request| EngineConnection::open(&shared, Arc::clone(&handler), request));
        Ok(EngineIo { endpoint: Arc::new(Endpoint { engine, open, settings }) })
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
