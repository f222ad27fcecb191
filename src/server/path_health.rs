//! The probes of the way that publications take.

use std::{
    pin::pin,
    sync::{Arc, Weak},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Runtime},
    time::{sleep, timeout},
};

use super::SocketIo;
use crate::{
    log_text::log_line,
    model::{Namespace, PathHealth, PathOutcome},
    protocol::to_args,
    registry::AdapterFuture,
    state::ServerState,
};

/// The event of a probe, which no client receives.
const EVENT: &str = "path";

impl SocketIo {
    /// Whether a message takes the way that publications take, as the last probe has found it:
    /// through the order and each worker that has had a client, and in a cluster to Redis and back.
    /// `None`: the first probe is not over.
    ///
    /// The first call starts the probes, on a thread of their own. There is one every
    /// [`Config::path_interval`](crate::Config::path_interval), until the server is dropped. No call
    /// waits, so that questions put no load on what they ask about.
    ///
    /// [`workers_respond`](Self::workers_respond) asks the workers at once, and waits for them.
    ///
    /// ```no_run
    /// use actix_socketio::SocketIo;
    /// use actix_web::{HttpResponse, get, web};
    ///
    /// #[get("/ready")]
    /// async fn ready(io: web::Data<SocketIo>) -> HttpResponse {
    ///     match io.path_health() {
    ///         Some(path) if path.is_whole() => HttpResponse::NoContent().finish(),
    ///         _ => HttpResponse::ServiceUnavailable().finish(),
    ///     }
    /// }
    /// ```
    pub fn path_health(&self) -> Option<PathHealth> {
        let monitor = &self.state.path;
        if monitor.begin()
            && let Err(error) = start(&self.state)
        {
            monitor.end();
            log_line!(log::Level::Error, "the path of publications is not probed: {}"; error);
        }
        monitor.health(self.config(), Instant::now())
    }
}

/// Starts the probes in a thread of their own: a worker that hangs must not keep them from saying
/// so.
fn start(state: &Arc<ServerState>) -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let state = Arc::downgrade(state);
    let thread = thread::Builder::new().name("actix-socketio-path".to_owned());
    thread.spawn(move || probe_for_ever(&runtime, &state)).map(drop)
}

/// Probes until the server is dropped.
fn probe_for_ever(runtime: &Runtime, state: &Weak<ServerState>) {
    runtime.block_on(async {
        while let Some(wait) = probe(state).await {
            sleep(wait).await;
        }
    });
}

/// Probes once. Returns the time until the next probe, or `None` if the server is dropped.
///
/// A probe that a worker does not handle is waited for, so that no others pile up behind it.
async fn probe(state: &Weak<ServerState>) -> Option<Duration> {
    let server = state.upgrade()?;
    let namespace = server.namespaces.get(Namespace::default());
    let config = Arc::clone(&namespace.config);
    let args = to_args(&()).ok()?;
    let packet = namespace.adapter.encode(&namespace.name, EVENT, &args, false);
    let begin = Instant::now();
    let mut workers = pin!(namespace.sequencer.probe_path(packet));
    let cluster = namespace.adapter.probe_path();
    // The server may end while this waits.
    drop((namespace, server));
    let (path, cluster) = tokio::join!(
        outcome(workers.as_mut(), begin, config.path_timeout),
        cluster_outcome(cluster, begin, config.cluster_path_timeout),
    );
    note(state, path.unwrap_or(PathOutcome::Broken), cluster)?;
    if path.is_some() {
        return Some(config.path_interval);
    }
    let limit = format!("{:?}", config.path_timeout);
    log_line!(log::Level::Error, "a publication has not come out of all workers in {}", limit);
    while outcome(workers.as_mut(), begin, config.path_interval).await.is_none() {
        note(state, PathOutcome::Broken, cluster)?;
    }
    let took = format!("{:?}", begin.elapsed());
    log_line!(log::Level::Warn, "the publication has come out of all workers after {}", took);
    // It was too late. The next one says how the path is now.
    Some(Duration::ZERO)
}

/// `None`: the message has not come out in time.
async fn outcome(
    comes_out: impl Future<Output = bool>,
    begin: Instant,
    limit: Duration,
) -> Option<PathOutcome> {
    let is_out = timeout(limit, comes_out).await.ok()?;
    Some(if is_out { PathOutcome::Whole(begin.elapsed()) } else { PathOutcome::Broken })
}

async fn cluster_outcome(
    comes_back: Option<AdapterFuture<bool>>,
    begin: Instant,
    limit: Duration,
) -> Option<PathOutcome> {
    Some(outcome(comes_back?, begin, limit).await.unwrap_or(PathOutcome::Broken))
}

/// `None`: the server is dropped.
fn note(
    state: &Weak<ServerState>,
    workers: PathOutcome,
    cluster: Option<PathOutcome>,
) -> Option<()> {
    let state = state.upgrade()?;
    state.path.note(workers, cluster, Instant::now(), &state.engine.counters);
    Some(())
}
