//! Watching a server, and shutting it down.

use super::{SocketIo, loading};
use crate::{
    registry::Changes,
    state::ServerState,
    stats::{self, Gauges, Stats},
};

/// # Watching and shutting down
impl SocketIo {
    /// The number of connections to this server, in all namespaces together.
    pub fn connections(&self) -> usize {
        self.state.engine.sessions.count()
    }

    /// The state of the server, and what it has counted, in all namespaces. It looks at each
    /// session, which takes some microseconds for a hundred sessions.
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
        let ServerState { engine, namespaces, .. } = &*self.state;
        let (transports, outbox_frames, outbox_bytes) = engine.sessions.snapshot();
        let gauges = Gauges {
            connections: engine.sessions.count(),
            transports,
            sockets: namespaces.socket_counts(),
            publications_waiting: self.namespace.sequencer.waiting(),
            outbox_frames,
            outbox_bytes,
            client_memory: engine.memory.used(),
            store: self.namespace.sequencer.store_status(),
            cluster: self.cluster_health(),
            nodes: self.nodes(),
        };
        Stats::new(&engine.counters, gauges)
    }

    /// Records [`SocketIo::stats`] with the application's recorder of the [`metrics`] facade, as
    /// gauges and counters whose names start with `actix_socketio_`.
    ///
    /// Without a recorder, it does nothing. Call it whenever the monitor asks, or every few
    /// seconds. Nothing is recorded in between, so the recorder costs events nothing.
    ///
    /// ```no_run
    /// # struct Prometheus; impl Prometheus { fn render(&self) -> String { String::new() } }
    /// use actix_socketio::SocketIo;
    /// use actix_web::{Responder, get, web};
    ///
    /// // With a recorder of, say, metrics-exporter-prometheus, whose handle renders what it has.
    /// #[get("/metrics")]
    /// async fn scrape(
    ///     io: web::Data<SocketIo>,
    ///     prometheus: web::Data<Prometheus>,
    /// ) -> impl Responder {
    ///     io.record_metrics();
    ///     prometheus.render()
    /// }
    /// ```
    pub fn record_metrics(&self) {
        stats::record(&self.stats());
    }

    /// Waits until each worker that has had a client has handled what was queued for it: a check
    /// that no worker hangs.
    ///
    /// Give it a time limit. A handler that blocks its thread keeps all clients of its worker
    /// waiting, and this as well.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use actix_socketio::SocketIo;
    ///
    /// # async fn example(io: SocketIo) {
    /// let answer = tokio::time::timeout(Duration::from_secs(5), io.workers_respond());
    /// let is_alive = answer.await.is_ok();
    /// # }
    /// ```
    pub async fn workers_respond(&self) {
        self.namespace.sequencer.barrier_of_all().await;
    }

    /// Ends all connections, and waits until the last [`OnFinish`](crate::OnFinish) is handled, for
    /// at most [`Config::shutdown_timeout`](crate::Config::shutdown_timeout).
    ///
    /// Then it ends the use of the [`store`](crate::Builder::store), so that the next server goes on
    /// where this one has ended, with the sockets of its clients. With a store, publications from
    /// then on are refused with [`SendError::Closed`](crate::SendError::Closed).
    ///
    /// Returns `false` if some connections were left. Clients reconnect by themselves, to a server
    /// that runs by then.
    ///
    /// The server takes no more connections: it answers handshakes with HTTP 503. An event that
    /// handlers work on is finished and acknowledged before its client is notified. Events that
    /// clients send meanwhile are ignored. The ends of many connections are spread over
    /// [`Config::shutdown_window`](crate::Config::shutdown_window).
    ///
    /// ```no_run
    /// # async fn example(io: actix_socketio::SocketIo) {
    /// if !io.shutdown().await {
    ///     log::warn!("{} connections were left", io.connections());
    /// }
    /// # }
    /// ```
    #[doc(alias = "close")]
    pub async fn shutdown(&self) -> bool {
        let is_empty = self.state.engine.sessions.shutdown(self.config()).await;
        // Clients that are left may still receive something that the store would not have.
        if is_empty {
            let recovery = self.state.recovery.as_ref();
            loading::close(&self.namespace.sequencer, recovery).await;
        }
        self.namespace.adapter.close().await;
        is_empty
    }

    /// Receives the changes of namespaces, sockets, channels and subscriptions from now on, in all
    /// namespaces: Socket.IO's `connection`, `disconnect` and `new_namespace`, and the events of
    /// its adapters.
    ///
    /// ```no_run
    /// # async fn example(io: actix_socketio::SocketIo) {
    /// let mut changes = io.changes();
    /// while let Some(change) = changes.next().await {
    ///     log::debug!("{change:?}");
    /// }
    /// # }
    /// ```
    #[doc(alias("new_namespace", "create-room", "delete-room", "join-room", "leave-room"))]
    pub fn changes(&self) -> Changes {
        self.state.changes.listen()
    }
}
