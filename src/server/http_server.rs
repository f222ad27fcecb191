use std::{any::Any, fmt, time::Duration};

use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::{
    Error, HttpServer,
    body::MessageBody,
    dev::{AppConfig, Extensions, Response},
    rt::net::TcpStream,
};

use super::{EngineIo, SocketIo};
use crate::transport::websocket::DuplicateStream;

/// Prepares an [`HttpServer`] for long-lived connections, in one line.
pub trait SocketIoServerExt: Sized {
    /// Sets what a server with Socket.IO clients needs. Call it before `bind`:
    ///
    /// ```no_run
    /// use actix_socketio::{SocketIo, SocketIoServerExt};
    /// use actix_web::{App, HttpServer};
    ///
    /// # async fn example(io: SocketIo) -> std::io::Result<()> {
    /// let app = io.clone();
    /// HttpServer::new(move || App::new().configure(app.mount()))
    ///     .socketio(&io)
    ///     .bind(("127.0.0.1", 8080))?
    ///     .run()
    ///     .await
    /// # }
    /// ```
    ///
    /// It sets three things, and nothing else:
    ///
    /// * [`HttpServer::on_connect`] to [`SocketIo::prepare_connection`]: a WebSocket gets its TCP
    ///   connection to itself, and a client that stops reading loses it after
    ///   [`Config::tcp_timeout`](crate::Config::tcp_timeout).
    /// * [`HttpServer::h1_allow_half_closed`] to `false`: the server notices at once when a client
    ///   breaks off a poll.
    /// * [`HttpServer::shutdown_signal`] to [`SocketIo::shutdown_on_signal`]: at a stop, clients are
    ///   told to come back. By itself, `HttpServer` waits up to 30 s for open WebSockets.
    ///
    /// A later call of one of the three replaces it. If your application has an `on_connect` of its
    /// own, call [`SocketIo::prepare_connection`] from it.
    ///
    /// # Panics
    /// After `bind`, which has taken the hook of `on_connect` by then.
    #[must_use]
    fn socketio(self, io: &SocketIo) -> Self;

    /// Sets the same for the sessions of an [`EngineIo`].
    ///
    /// # Panics
    /// After `bind`, as [`SocketIoServerExt::socketio`] does.
    #[must_use]
    fn engineio(self, engine: &EngineIo) -> Self;
}

impl<F, I, S, B> SocketIoServerExt for HttpServer<F, I, S, B>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, actix_http::Request>,
    S: ServiceFactory<actix_http::Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<actix_http::Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    fn socketio(self, io: &SocketIo) -> Self {
        assert!(self.addrs().is_empty(), "call `socketio` before `bind`: it sets `on_connect`");
        let tcp_timeout = io.config().tcp_timeout;
        self.on_connect(move |stream, extensions| prepare(stream, extensions, tcp_timeout))
            .h1_allow_half_closed(false)
            .shutdown_signal(io.shutdown_on_signal())
    }

    fn engineio(self, engine: &EngineIo) -> Self {
        assert!(self.addrs().is_empty(), "call `engineio` before `bind`: it sets `on_connect`");
        let tcp_timeout = engine.config().tcp_timeout;
        self.on_connect(move |stream, extensions| prepare(stream, extensions, tcp_timeout))
            .h1_allow_half_closed(false)
            .shutdown_signal(engine.shutdown_on_signal())
    }
}

impl SocketIo {
    /// Prepares a TCP connection to become a WebSocket of this server: for an application with an
    /// [`HttpServer::on_connect`] of its own. [`SocketIoServerExt::socketio`] does it by itself.
    ///
    /// ```no_run
    /// # use actix_socketio::{SocketIo, SocketIoServerExt};
    /// # use actix_web::{App, HttpServer};
    /// # fn example(io: SocketIo) {
    /// let app = io.clone();
    /// HttpServer::new(move || App::new().configure(app.mount()))
    ///     .socketio(&io)
    ///     .on_connect(move |stream, extensions| {
    ///         io.prepare_connection(stream, extensions);
    ///         // and what your application does
    ///     });
    /// # }
    /// ```
    ///
    /// * On Unix it keeps a duplicate of the connection's descriptor until the first request to the
    ///   endpoint. A WebSocket continues on the duplicate, without actix-http and its buffers: it
    ///   takes less memory, each message takes less work, and the descriptor is free as soon as the
    ///   client is disconnected. actix-web does not count such a connection any more: neither
    ///   [`HttpServer::max_connections`] nor a graceful stop sees it, but
    ///   [`Builder::max_connections`](crate::Builder::max_connections) and
    ///   [`SocketIo::shutdown_on_signal`] do. Access logs have an entry when the WebSocket starts.
    /// * On Linux it sets `TCP_USER_TIMEOUT` to
    ///   [`Config::tcp_timeout`](crate::Config::tcp_timeout), so that a client that stops reading
    ///   does not keep the connection.
    ///
    /// With actix-web's own TLS it does nothing. Let a proxy do the TLS, or bound the connections
    /// there.
    pub fn prepare_connection(&self, stream: &dyn Any, extensions: &mut Extensions) {
        prepare(stream, extensions, self.config().tcp_timeout);
    }
}

fn prepare(stream: &dyn Any, extensions: &mut Extensions, tcp_timeout: Duration) {
    let Some(stream) = stream.downcast_ref::<TcpStream>() else { return };
    set_user_timeout(stream, tcp_timeout);
    if let Some(duplicate) = DuplicateStream::of(stream) {
        extensions.insert(duplicate);
    }
}

/// actix-web has no write timeout: without this, it waits for a peer with a closed window as long
/// as that likes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_user_timeout(stream: &TcpStream, limit: Duration) {
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(limit)) {
        log::warn!("TCP_USER_TIMEOUT can't be set: {error}");
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn set_user_timeout(_: &TcpStream, _: Duration) {}
