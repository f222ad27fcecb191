//! The health of the broker: a probe in the background, and what it has found last.
//!
//! Requests read the last result, so that they put no load on what they ask about.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use actix_socketio::{PathHealth, PathOutcome, SocketIo};
use parking_lot::RwLock;
use serde_json::{Value, json};
use tokio::{pin, time};

use crate::systemd;

/// The time between two probes.
const INTERVAL: Duration = Duration::from_secs(1);
/// The time between two looks for the first result of the probe of the path.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);
/// How long the workers may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The age at which a result says nothing any more: the probe itself hangs.
const STALE: Duration = Duration::from_secs(15);

/// The results of the probe.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    io: SocketIo,
    last: Arc<RwLock<Option<Probed>>>,
    is_stopping: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy)]
struct Probed {
    at: Instant,
    /// The time until all workers had answered. `None`: they did not in time.
    workers: Option<Duration>,
    /// Whether Redis answers. `None`: there is no cluster.
    cluster: Option<bool>,
}

/// An answer to a probe of a load balancer or of an orchestrator.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) is_good: bool,
    pub(crate) checks: Value,
}

impl Health {
    pub(crate) fn new(io: SocketIo) -> Self {
        Self { io, last: Arc::default(), is_stopping: Arc::default() }
    }

    /// From now on the broker is not ready.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Probes until the program ends.
    pub(crate) async fn probe_for_ever(self) {
        loop {
            self.probe().await;
            time::sleep(INTERVAL).await;
        }
    }

    /// Waits until the first probe of the path is over, so that the broker does not say that it has
    /// started before it could say that it is ready.
    pub(crate) async fn first_path(&self) {
        let limit = self.io.config().path_timeout.max(self.io.config().cluster_path_timeout);
        let deadline = time::Instant::now() + limit.min(PATIENCE);
        while self.io.path_health().is_none() && time::Instant::now() < deadline {
            time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Asks all workers. One that hangs is waited for, so that no questions pile up before it.
    pub(crate) async fn probe(&self) {
        let begin = Instant::now();
        let answers = self.io.workers_respond();
        pin!(answers);
        while time::timeout(PATIENCE, &mut answers).await.is_err() {
            log::error!("a worker has not answered for {:?}", begin.elapsed());
            self.note(None);
        }
        self.note(Some(begin.elapsed()));
        systemd::alive();
    }

    fn note(&self, workers: Option<Duration>) {
        let cluster = self.io.cluster_health().map(|health| health.is_connected);
        *self.last.write() = Some(Probed { at: Instant::now(), workers, cluster });
    }

    /// Whether the process works. If not, it should be started anew.
    pub(crate) fn live(&self) -> Verdict {
        let last = *self.last.read();
        Verdict { is_good: is_live(last), checks: json!({ "workers": last.map(describe) }) }
    }

    /// Whether clients should be sent here.
    pub(crate) fn ready(&self) -> Verdict {
        let last = *self.last.read();
        let is_stopping = self.is_stopping.load(Ordering::Relaxed);
        let (connections, max) = (self.io.connections(), self.io.config().max_connections);
        let cluster = last.and_then(|last| last.cluster);
        let path = self.io.path_health();
        let mut checks = json!({
            "workers": last.map(describe),
            "path": path.map(describe_path),
            "stopping": is_stopping,
            "connections": { "now": connections, "max": max },
        });
        if let Some(is_connected) = cluster {
            let round_trip = path.and_then(|path| path.cluster).and_then(PathOutcome::time);
            let ms = round_trip.map(milliseconds);
            checks["cluster"] = json!({ "connected": is_connected, "ms": ms });
        }
        let is_good = is_live(last)
            && path.is_some_and(|path| path.is_whole())
            && !is_stopping
            && connections < max
            && cluster != Some(false);
        Verdict { is_good, checks }
    }
}

fn is_live(last: Option<Probed>) -> bool {
    last.is_some_and(|last| last.workers.is_some() && last.at.elapsed() < STALE)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

fn describe_path(path: PathHealth) -> Value {
    json!({
        "whole": path.is_whole(),
        "ms": path.workers.time().map(milliseconds),
        "age_ms": path.age.as_millis() as u64,
    })
}

fn describe(last: Probed) -> Value {
    json!({
        "answered": last.workers.is_some(),
        "ms": last.workers.map(milliseconds),
        "age_ms": last.at.elapsed().as_millis() as u64,
    })
}
