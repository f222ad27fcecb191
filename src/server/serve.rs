use std::{any::Any, io, net::ToSocketAddrs, time::Duration};

use actix_web::{App, HttpServer, dev::Extensions, rt::net::TcpStream};

use super::SocketIo;
use crate::{config::Config, transport::websocket::DuplicateStream};

/// Connections which wait to be accepted while the server is busy: a crowd that reconnects comes at
/// once.
const BACKLOG: u32 = 4096;
/// How long clients which don't know yet are told that their session, or the server, is no more.
const LAST_ANSWERS: Duration = Duration::from_millis(250);
/// How long requests that are under way may take after the sockets have gone.
const LAST_REQUESTS: u64 = 1;

impl SocketIo {
    /// Serves this and nothing else, until Ctrl-C or SIGTERM; then [shuts down](Self::shutdown).
    ///
    /// For those who have no actix-web app to embed it in. It has the settings which a server for
    /// long-lived connections needs; [`SocketIo::mount`] names those that an app should have as
    /// well.
    ///
    /// # Errors
    /// If the address can't be listened on.
    pub async fn serve(self, addr: impl ToSocketAddrs) -> io::Result<()> {
        let tcp_timeout = self.config().tcp_timeout;
        let app = self.clone();
        let server = HttpServer::new(move || App::new().configure(app.mount()))
            .backlog(BACKLOG)
            // A poll that is broken off is noticed at once.
            .h1_allow_half_closed(false)
            .tcp_nodelay(true)
            .on_connect(move |stream, extensions| prepare(stream, extensions, tcp_timeout))
            .shutdown_timeout(LAST_REQUESTS)
            .shutdown_signal(self.shutdown_on_signal())
            .bind(addr)?;
        for addr in server.addrs() {
            log::info!("listening on http://{addr}{}", self.config().path);
        }
        server.run().await
    }

    /// Waits for Ctrl-C or SIGTERM, and [shuts down](Self::shutdown): for
    /// [`HttpServer::shutdown_signal`] of an app that embeds this.
    ///
    /// By itself, `HttpServer` waits for open WebSockets, 30 s at most, and tells their clients
    /// nothing.
    pub fn shutdown_on_signal(&self) -> impl Future<Output = ()> + Send + use<> {
        let io = self.clone();
        async move {
            stop_signal().await;
            log::info!("shutting down {} connections", io.connections());
            if !io.shutdown().await {
                log::warn!("{} connections left after shutdown_timeout", io.connections());
            }
            // Once this resolves, requests that are on their way are dropped: until then they are
            // told.
            tokio::time::sleep(LAST_ANSWERS).await;
        }
    }
}

/// For [`HttpServer::on_connect`] of an app that embeds this: prepares each connection to become a
/// WebSocket of this crate's. Everything works without it, at a higher price.
///
/// ```no_run
/// # use actix_web::{App, HttpServer};
/// # fn example(io: actix_socketio::SocketIo) {
/// HttpServer::new(move || App::new().configure(io.mount()))
///     .h1_allow_half_closed(false)
///     .on_connect(actix_socketio::on_connect);
/// # }
/// ```
///
/// * On Unix it keeps a duplicate of the connection's descriptor until the first request to the
///   endpoint. A WebSocket goes on by itself with that, without actix-http and its buffers: each
///   takes less memory, each message less work, and the descriptor is free as soon as the client is
///   let go. Since actix-web no longer counts such a connection, neither
///   [`HttpServer::max_connections`] nor a graceful stop regards it;
///   [`Builder::max_connections`](crate::Builder::max_connections) and
///   [`shutdown_on_signal`](SocketIo::shutdown_on_signal) do. Access logs have an entry when the
///   WebSocket starts.
/// * On Linux it sets [`Config::tcp_timeout`]'s default, so that a client which stops reading does
///   not keep the connection.
///
/// With TLS of actix-web's own it does nothing; let a proxy do the TLS, or bound the connections
/// there.
pub fn on_connect(stream: &dyn Any, extensions: &mut Extensions) {
    prepare(stream, extensions, Config::TCP_TIMEOUT);
}

fn prepare(stream: &dyn Any, extensions: &mut Extensions, tcp_timeout: Duration) {
    let Some(stream) = stream.downcast_ref::<TcpStream>() else { return };
    bound_unacknowledged(stream, tcp_timeout);
    if let Some(duplicate) = DuplicateStream::of(stream) {
        extensions.insert(duplicate);
    }
}

/// actix-web has no write timeout: a peer with a closed window would be waited for as long as it
/// likes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn bound_unacknowledged(stream: &TcpStream, limit: Duration) {
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(limit)) {
        log::warn!("TCP_USER_TIMEOUT is not to be had: {error}");
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bound_unacknowledged(_: &TcpStream, _: Duration) {}

#[cfg(unix)]
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

#[cfg(not(unix))]
async fn stop_signal() {
    // Without a handler for Ctrl-C there is no signal to wait for.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
