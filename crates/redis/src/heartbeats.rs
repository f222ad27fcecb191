//! The heartbeats of this server, and what those of others mean for it.

use std::{
    future::Future,
    sync::{Arc, Weak, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use actix_socketio::{Change, NodeStatus};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{
    link::LinkStatus,
    message::{Heartbeat, Message, Notice, ServerId},
    nodes::{Heard, MISSED},
    presence::{self, SharedPresence},
    server::Server,
};

/// The namespace on whose channel servers tell of themselves. Every server has it.
const NAMESPACE: &str = "/";

/// The time for the last heartbeat of a server that stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// The longest interval that counts for the members of a server that has left.
const FAREWELL_STAY: Duration = Duration::from_secs(60);

/// How often a server without Redis looks whether it is still there itself.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

impl Server {
    /// Another server has left the cluster, or is silent for too long. It is called once for each
    /// loss, and again only if the server has joined in between.
    pub(crate) fn server_lost(&self, id: &ServerId) {
        self.presence_lost(id);
        self.local.report(Change::NodeLeft { node: id.0.to_string() });
    }

    /// Another server is heard for the first time, or again after it was lost.
    pub(crate) fn server_joined(&self, id: &ServerId) {
        self.local.report(Change::NodeJoined { node: id.0.to_string() });
    }

    /// All servers that tell of themselves.
    pub(crate) fn statuses(&self) -> Vec<NodeStatus> {
        let clients = self.local.clients() as u64;
        self.nodes.lock().statuses(&self.id, clients, Instant::now())
    }

    /// Another server says how it is.
    pub(crate) fn heard(&self, id: &ServerId, heartbeat: Heartbeat) {
        let presence = heartbeat.presence.filter(|_| !heartbeat.is_last);
        let interval = heartbeat.interval;
        let heard = self.nodes.lock().hear(id, heartbeat, Instant::now());
        match heard {
            Heard::Joined => {
                self.heartbeat_due.notify_one();
                self.server_joined(id);
            }
            Heard::Left => {
                self.presence_left(id, MISSED * Duration::from_millis(interval).min(FAREWELL_STAY));
                self.local.report(Change::NodeLeft { node: id.0.to_string() });
                return;
            }
            Heard::Refused => {
                self.stats.overrun.fetch_add(1, Relaxed);
                return;
            }
            Heard::Nothing => {}
        }
        if let Some(version) = presence {
            self.presence_heard(id, version);
        }
    }

    /// A heartbeat of this server has come back.
    pub(crate) fn heard_own(&self, heartbeat: &Heartbeat) {
        if let Some((_, comes_back)) =
            self.path_probe.lock().take_if(|(uptime, _)| heartbeat.uptime >= *uptime)
        {
            // The caller may have given up.
            let _ = comes_back.send(());
        }
        let lost = self.nodes.lock().hear_own(heartbeat.uptime, Instant::now());
        lost.iter().for_each(|id| self.server_lost(id));
    }

    /// The way to Redis is lost or found.
    pub(crate) fn link_changed(self: &Arc<Self>, status: &LinkStatus) {
        let missed = match status {
            LinkStatus::Ready { .. } => false,
            LinkStatus::Back { missed, .. } => *missed != crate::link::Missed::Nothing,
            LinkStatus::Away { .. } => {
                self.is_away.store(true, Relaxed);
                return self.local.report(Change::ClusterAway);
            }
            LinkStatus::FellBehind { .. }
            | LinkStatus::PastBegins { .. }
            | LinkStatus::ShardMoved => return,
        };
        if self.is_away.swap(false, Relaxed) {
            self.local.report(Change::ClusterBack { missed });
        }
        self.nodes.lock().connected(Instant::now());
        if !self.is_beating.swap(true, Relaxed) {
            drop(tokio::spawn(beat(Arc::downgrade(self))));
            if self.presence.is_some() {
                drop(tokio::spawn(presence::tell(Arc::downgrade(self))));
            }
        }
        if let Some(presence) = &self.presence {
            presence.due.notify_one();
        }
        self.heartbeat_due.notify_one();
    }

    /// Tells the other servers how this one is. `None`: Redis is away, or they have its last
    /// heartbeat.
    fn tell_heartbeat(
        &self,
        is_last: bool,
    ) -> Option<impl Future<Output = usize> + Send + 'static> {
        self.send_heartbeat(is_last, |_| {})
    }

    /// Sends itself a heartbeat more, by the way of all messages between servers: Redis hands it to
    /// this server, too. `None`: Redis is away. The answer is `false` if a later probe is in place
    /// of this one.
    pub(crate) fn probe_path(&self) -> Option<impl Future<Output = bool> + Send + 'static> {
        let (comes_back, is_back) = oneshot::channel();
        let sent = self.send_heartbeat(false, |uptime| {
            *self.path_probe.lock() = Some((uptime, comes_back));
        })?;
        Some(async move {
            sent.await;
            is_back.await.is_ok()
        })
    }

    /// `before` is called with the heartbeat's uptime, before it is sent.
    fn send_heartbeat(
        &self,
        is_last: bool,
        before: impl FnOnce(u64),
    ) -> Option<impl Future<Output = usize> + Send + 'static> {
        let clients = self.local.clients() as u64;
        // Held until it is sent, so that no other one comes behind the last.
        let mut has_left = self.has_left.lock();
        if *has_left {
            return None;
        }
        *has_left = is_last;
        if !self.is_connected() {
            return None;
        }
        let mut heartbeat = self.nodes.lock().own(clients, is_last, Instant::now());
        heartbeat.presence = self.presence.as_ref().map(SharedPresence::version);
        before(heartbeat.uptime);
        let message = Message::Notice(Notice::Heartbeat(heartbeat));
        Some(self.send_confirmed(self.wire.write(NAMESPACE, &message, None)))
    }

    /// Tells the other servers that this one is heard of no more, once.
    pub(crate) fn say_farewell(&self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let told = self.tell_heartbeat(true)?;
        Some(async move {
            // Redis may go away meanwhile.
            let _ = timeout(FAREWELL, told).await;
        })
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.link().is_some_and(|link| link.health().is_connected)
    }
}

/// Waits until this server hears the heartbeats of others. `None`: it has ended.
async fn hear(server: &Weak<Server>) -> Option<()> {
    loop {
        let server_now = server.upgrade()?;
        let is_due = Arc::clone(&server_now.heartbeat_due);
        let link = server_now.link().filter(|_| server_now.namespace(NAMESPACE).is_some());
        let confirmed = link.map(|link| link.subscribe(Vec::new()));
        // The server may end while this waits.
        drop(server_now);
        match confirmed {
            Some(confirmed) => return confirmed.await.ok(),
            None => is_due.notified().await,
        }
    }
}

/// Sends the heartbeats of a server, until it has ended. One waits for Redis at most.
async fn beat(server: Weak<Server>) {
    if hear(&server).await.is_none() {
        return;
    }
    loop {
        let Some(server_now) = server.upgrade() else { return };
        if *server_now.has_left.lock() {
            return;
        }
        let is_due = Arc::clone(&server_now.heartbeat_due);
        let wait = match server_now.is_connected() {
            true => server_now.nodes.lock().next(Instant::now()),
            // It is notified when Redis is back.
            false => Some(LOOK_INTERVAL),
        };
        let sent = if wait.is_none() { server_now.tell_heartbeat(false) } else { None };
        // The server may end while this waits.
        drop(server_now);
        match sent {
            Some(sent) => {
                // How many have heard it does not matter.
                let _ = sent.await;
            }
            None => tokio::select! {
                () = sleep(wait.unwrap_or_default()) => {}
                () = is_due.notified() => {}
            },
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(presence) = &self.presence {
            presence.due.notify_one();
        }
        // The link sends what waits before it ends.
        drop(self.say_farewell());
    }
}
