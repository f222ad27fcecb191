//! The presence of this server among the others: each tells of its own members alone.
//!
//! Each message of members has a version: the number of such messages that its server has sent.
//! They go by one channel, and so come in order. A server that finds a hole asks for everything,
//! and the other tells it to all, as more of the same messages. Heartbeats have the version too, so
//! that a hole is found when nothing more is told. The id of a server is new with each start, so
//! versions need no other mark of a life.

mod batch;
mod convert;
mod follow;
mod telling;
mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use actix_socketio::adapter::ClusterPresence;
use parking_lot::Mutex;
use tokio::{sync::Notify, time::sleep};

use self::follow::{FollowTable, Followed};
pub(crate) use self::{
    telling::tell,
    wire::{read_presence, write_presence},
};
use crate::{
    message::{Message, Notice, PresenceNotice, PresencePart, ServerId},
    server::Server,
};

/// The namespace on whose channel servers tell of all namespaces. Every server has it.
const NAMESPACE: &str = "/";

/// The presence that a server shares with the others.
pub(crate) struct SharedPresence {
    core: ClusterPresence,
    /// The messages of members that were sent.
    version: AtomicU64,
    /// Another server wants to be told everything.
    is_asked: AtomicBool,
    /// There is something to tell beside changes, or Redis is back.
    pub(crate) due: Arc<Notify>,
    followed: Mutex<FollowTable>,
}

impl SharedPresence {
    pub(crate) fn new(core: ClusterPresence) -> Self {
        Self {
            core,
            version: AtomicU64::new(0),
            is_asked: AtomicBool::new(false),
            due: Arc::default(),
            followed: Mutex::default(),
        }
    }

    /// For this server's heartbeat.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Relaxed)
    }
}

impl Server {
    /// Another server tells of presence.
    pub(crate) fn presence_told(&self, id: &ServerId, notice: PresenceNotice) {
        let Some(presence) = &self.presence else { return };
        match notice {
            PresenceNotice::Ask { servers } => {
                if servers.contains(&self.id) {
                    presence.is_asked.store(true, Relaxed);
                    presence.due.notify_one();
                }
            }
            PresenceNotice::Told { version, part, channels } => {
                let followed = presence.followed.lock().told(id, version, part, Instant::now());
                let Some(followed) = followed else { return };
                let server = &*id.0;
                if part == PresencePart::Begins {
                    presence.core.begin_whole(server);
                }
                let channels = channels.into_iter().filter_map(convert::to_core).collect();
                presence.core.apply(server, channels);
                match followed {
                    Followed::InOrder => {}
                    Followed::Whole => presence.core.end_whole(server),
                    Followed::Ask => self.ask_presence(id),
                }
            }
        }
    }

    /// The heartbeat of another server has the version of its presence.
    pub(crate) fn presence_heard(&self, id: &ServerId, version: u64) {
        let Some(presence) = &self.presence else { return };
        if presence.followed.lock().heard(id, version, Instant::now()) {
            self.ask_presence(id);
        }
    }

    /// Another server is lost. Its members go, once.
    pub(crate) fn presence_lost(&self, id: &ServerId) {
        if let Some(presence) = &self.presence {
            presence.followed.lock().forget(id);
            presence.core.forget_server(&id.0);
        }
    }

    /// Another server has left. Its members have as much time to come back to another server as
    /// those of a server that dies.
    pub(crate) fn presence_left(&self, id: &ServerId, after: Duration) {
        if let Some(presence) = &self.presence {
            presence.followed.lock().forget(id);
            let (core, id) = (presence.core.clone(), id.clone());
            drop(tokio::spawn(async move {
                sleep(after).await;
                core.forget_server(&id.0);
            }));
        }
    }

    fn ask_presence(&self, id: &ServerId) {
        let servers = vec![id.clone()];
        let message = Message::Notice(Notice::Presence(PresenceNotice::Ask { servers }));
        self.hand_over(self.wire.write(NAMESPACE, &message, None));
    }
}
