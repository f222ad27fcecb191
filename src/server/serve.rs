use std::{io, net::ToSocketAddrs, sync::Arc, time::Duration};

use actix_web::{App, HttpServer};

use super::{EngineIo, SocketIo, SocketIoServerExt as _};
use crate::engine::EngineState;

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
        let app = self.clone();
        let server = HttpServer::new(move || App::new().configure(app.mount()))
            .socketio(&self)
            .backlog(BACKLOG)
            .tcp_nodelay(true)
            .shutdown_timeout(LAST_REQUESTS)
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
        shutdown_on_signal(Arc::clone(&self.inner.state.engine))
    }
}

impl EngineIo {
    /// Waits for Ctrl-C or SIGTERM and [shuts down](Self::shutdown), for
    /// [`HttpServer::shutdown_signal`] of an app that embeds this.
    pub fn shutdown_on_signal(&self) -> impl Future<Output = ()> + Send + use<> {
        shutdown_on_signal(self.engine())
    }
}

async fn shutdown_on_signal(engine: Arc<EngineState>) {
    stop_signal().await;
    let EngineState { sessions, config, .. } = &*engine;
    log::info!("shutting down {} connections", sessions.count());
    if !sessions.shutdown(config).await {
        log::warn!("{} connections left after shutdown_timeout", sessions.count());
    }
    // When this returns, actix-web drops the requests that wait. Until then they are answered.
    tokio::time::sleep(LAST_ANSWERS).await;
}

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
