use std::{any::Any, fmt, time::Duration};

use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::{
    Error, HttpServer,
    body::MessageBody,
    dev::{AppConfig, Extensions, Response},
    rt::net::TcpStream,
};

use super::{EngineIo, SocketIo};
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::log_text::log_line;
use crate::transport::websocket::DuplicateStream;

/// The seconds that [`SocketIoServerExt`] gives the requests of your application when all sessions
/// have ended: 3.
///
/// Then the server stops, whatever is open. If requests of your application may take longer, set
/// another time behind it:
///
/// ```no_run
/// # use actix_socketio::{SocketIo, SocketIoServerExt};
/// # use actix_web::{App, HttpServer};
/// # fn example(io: SocketIo) {
/// let app = io.clone();
/// HttpServer::new(move || App::new().configure(app.mount()))
///     .socketio(&io)
///     .shutdown_timeout(60); // a report takes up to a minute
/// # }
/// ```
pub const HTTP_SHUTDOWN_TIMEOUT: u64 = 3;

/// Prepares an [`HttpServer`] for long-lived connections, in one line.
pub trait SocketIoServerExt: Sized {
    /// Sets the options of the server that Socket.IO clients need. Call it before `bind`:
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
    /// It sets five options:
    ///
    /// * [`HttpServer::on_connect`] to [`SocketIo::prepare_connection`]: a WebSocket continues
    ///   on its TCP connection without actix-http, and a client that stops reading is disconnected
    ///   after [`Config::tcp_timeout`](crate::Config::tcp_timeout).
    /// * [`HttpServer::h1_allow_half_closed`] to `false`: the server notices immediately when a
    ///   client aborts a poll.
    /// * [`HttpServer::tcp_nodelay`] to `true`: a small message leaves immediately, as with Node.
    ///   By itself, it may wait for the client's acknowledgement of the one before, which takes 40
    ///   ms. So does each poll over HTTP/2.
    /// * [`HttpServer::shutdown_signal`] to [`SocketIo::shutdown_on_signal`]: when the server
    ///   stops, clients are notified so that they reconnect. By itself, `HttpServer` waits up to 30
    ///   s for open WebSockets.
    /// * [`HttpServer::shutdown_timeout`] to [`HTTP_SHUTDOWN_TIMEOUT`], 3 s: the time for the other
    ///   requests of your application after the clients of this endpoint are gone. By itself,
    ///   `HttpServer` waits for 30 s if one HTTP/2 connection is open, even an idle one.
    ///
    /// If you call one of the five methods later, your call replaces this option. If your
    /// application has an `on_connect` of its own, call [`SocketIo::prepare_connection`] from it.
    ///
    /// With two servers of clients in one `HttpServer`, the second call replaces the signal of the
    /// first. Give it one signal that closes both:
    ///
    /// ```no_run
    /// # use actix_socketio::{SocketIo, SocketIoServerExt};
    /// # use actix_web::{App, HttpServer};
    /// # fn example(chat: SocketIo, scores: SocketIo) {
    /// let (chat_app, scores_app) = (chat.clone(), scores.clone());
    /// HttpServer::new(move || App::new().configure(chat_app.mount()).configure(scores_app.mount()))
    ///     .socketio(&chat)
    ///     .shutdown_signal(async move {
    ///         futures_util::join!(chat.shutdown_on_signal(), scores.shutdown_on_signal());
    ///     });
    /// # }
    /// ```
    ///
    /// # Panics
    /// If it is called after `bind`, which has already taken the hook of `on_connect`.
    #[must_use]
    fn socketio(self, io: &SocketIo) -> Self;

    /// Sets the same options for the sessions of an [`EngineIo`], whose documentation has an
    /// example.
    ///
    /// # Panics
    /// If it is called after `bind`, like [`SocketIoServerExt::socketio`].
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
            .tcp_nodelay(true)
            .shutdown_signal(io.shutdown_on_signal())
            .shutdown_timeout(HTTP_SHUTDOWN_TIMEOUT)
    }

    fn engineio(self, engine: &EngineIo) -> Self {
        assert!(self.addrs().is_empty(), "call `engineio` before `bind`: it sets `on_connect`");
        let tcp_timeout = engine.config().tcp_timeout;
        self.on_connect(move |stream, extensions| prepare(stream, extensions, tcp_timeout))
            .h1_allow_half_closed(false)
            .tcp_nodelay(true)
            .shutdown_signal(engine.shutdown_on_signal())
            .shutdown_timeout(HTTP_SHUTDOWN_TIMEOUT)
    }
}

impl SocketIo {
    /// Prepares a TCP connection to become a WebSocket of this server.
    ///
    /// Call it if your application has an [`HttpServer::on_connect`] of its own. Otherwise
    /// [`SocketIoServerExt::socketio`] calls it for you.
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
    ///         // The rest of your hook.
    ///     });
    /// # }
    /// ```
    ///
    /// * On Unix it keeps a duplicate of the connection's descriptor until the first request to the
    ///   endpoint. A WebSocket continues on the duplicate, without actix-http and its buffers: it
    ///   takes less memory, each message takes less work, and the descriptor is closed as soon as
    ///   the client is disconnected. actix-web no longer counts such a connection, so
    ///   [`HttpServer::max_connections`] and a graceful stop ignore it.
    ///   [`Builder::max_connections`](crate::Builder::max_connections) and
    ///   [`SocketIo::shutdown_on_signal`] include it. Access logs get an entry when the WebSocket
    ///   starts.
    /// * On Linux it sets `TCP_USER_TIMEOUT` to
    ///   [`Config::tcp_timeout`](crate::Config::tcp_timeout), so that a client that stops reading
    ///   does not keep the connection.
    ///
    /// With actix-web's own TLS it does nothing. Use `TlsServer` (the feature `tls`), let a proxy
    /// terminate TLS, or limit the connections with actix-web.
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

/// Limits how long a connection may wait for a peer whose window is closed. actix-web has no write
/// timeout of its own.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn set_user_timeout(stream: &TcpStream, limit: Duration) {
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(limit)) {
        log_line!(log::Level::Warn, "TCP_USER_TIMEOUT can't be set: {}"; error);
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn set_user_timeout(_: &TcpStream, _: Duration) {}
