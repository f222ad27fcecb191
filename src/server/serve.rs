use std::{io, net::ToSocketAddrs, sync::Arc, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, middleware::from_fn, web};

use super::{EngineIo, SocketIo, SocketIoServerExt, loading};
use crate::{
    engine::EngineState, http::close_unread_bodies, log_text::log_line, registry::Sequencer,
    state::RecoveryState,
};

/// The number of connections that may wait to be accepted. Many clients reconnect at the same time
/// after an outage.
pub(super) const BACKLOG: u32 = 4096;
/// The time for which requests are still answered after all sessions have ended, so that clients
/// learn of the end.
const FINAL_RESPONSES: Duration = Duration::from_millis(250);
/// The seconds that unfinished requests may take after all sessions have ended.
pub(super) const REQUEST_SHUTDOWN_TIMEOUT: u64 = 1;

impl SocketIo {
    /// Runs a server that has only this endpoint, until Ctrl-C or SIGTERM. Then it
    /// [shuts down](Self::shutdown).
    ///
    /// Use it if you have no actix-web app. The server has all settings that long-lived connections
    /// need. If you have an app, use [`SocketIo::mount`] and [`SocketIoServerExt::socketio`].
    ///
    /// ```no_run
    /// use actix_socketio::{SocketIo, channel};
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let io = SocketIo::builder().route(channel("^match-")).build()?;
    ///     io.serve("127.0.0.1:8080").await
    /// }
    /// ```
    ///
    /// # Errors
    /// The error of the operating system if the server can't listen on the address.
    pub async fn serve(self, addr: impl ToSocketAddrs) -> io::Result<()> {
        let app = self.clone();
        let server = HttpServer::new(move || {
            let not_found =
                web::route().to(HttpResponse::NotFound).wrap(from_fn(close_unread_bodies));
            App::new().configure(app.mount()).default_service(not_found)
        })
        .socketio(&self)
        .backlog(BACKLOG)
        .shutdown_timeout(REQUEST_SHUTDOWN_TIMEOUT)
        .bind(addr)?;
        for addr in server.addrs() {
            log_line!(log::Level::Info, "listening on http://{}{}", addr, self.config().path);
        }
        server.run().await
    }

    /// Waits for Ctrl-C or SIGTERM, and then [shuts down](Self::shutdown).
    ///
    /// Pass it to [`HttpServer::shutdown_signal`]. [`SocketIoServerExt::socketio`] does that for
    /// you. By itself, `HttpServer` waits up to 30 s for open WebSockets and does not notify their
    /// clients.
    ///
    /// ```no_run
    /// use actix_socketio::SocketIo;
    /// use actix_web::{App, HttpServer};
    ///
    /// # async fn example(io: SocketIo) -> std::io::Result<()> {
    /// let app = io.clone();
    /// HttpServer::new(move || App::new().configure(app.mount()))
    ///     .shutdown_signal(io.shutdown_on_signal())
    ///     .bind(("127.0.0.1", 8080))?
    ///     .run()
    ///     .await
    /// # }
    /// ```
    pub fn shutdown_on_signal(&self) -> impl Future<Output = ()> + Send + use<> {
        let engine = Arc::clone(&self.state.engine);
        let kept = (self.namespace.sequencer.clone(), self.state.recovery.clone());
        shutdown_on_signal(engine, Some(kept))
    }
}

impl EngineIo {
    /// Waits for Ctrl-C or SIGTERM, and then [shuts down](Self::shutdown).
    ///
    /// Pass it to [`HttpServer::shutdown_signal`]. [`SocketIoServerExt::engineio`] does that for
    /// you.
    pub fn shutdown_on_signal(&self) -> impl Future<Output = ()> + Send + use<> {
        shutdown_on_signal(self.engine(), None)
    }
}

/// `kept`: the parts of the server that a store keeps.
async fn shutdown_on_signal(
    engine: Arc<EngineState>,
    kept: Option<(Sequencer, Option<Arc<RecoveryState>>)>,
) {
    stop_signal().await;
    let EngineState { sessions, config, .. } = &*engine;
    log_line!(log::Level::Info, "shutting down {} connections", sessions.count());
    if sessions.shutdown(config).await {
        if let Some((sequencer, recovery)) = kept {
            loading::close(&sequencer, recovery.as_ref()).await;
        }
    } else {
        let left = sessions.count();
        log_line!(log::Level::Warn, "{} connections are left after shutdown_timeout", left);
    }
    // Requests are answered until this function returns. Then actix-web drops those that wait.
    tokio::time::sleep(FINAL_RESPONSES).await;
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
