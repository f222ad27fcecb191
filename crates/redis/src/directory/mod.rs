//! The servers of a cluster by the ids in their clients' session ids, kept in Redis.
//!
//! `<prefix>:node:<id>` has the address of a server, and `<prefix>:secret` the secret with which
//! servers prove to each other that a request comes from them.

mod cache;
mod keeping;
mod secret;

use std::{
    future::ready,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use actix_socketio::adapter::{FoundNode, NodeAddress, NodeDirectory, NodeId};
use parking_lot::Mutex;
use redis::Value;
use tokio::sync::Semaphore;

use self::{
    cache::{Cache, Remembered},
    secret::Secret,
};
use crate::{link::Link, server::Server};

/// The lookups in Redis at the same time.
const MAX_LOOKUPS: usize = 64;

/// Finds other servers, and lets them find this one.
pub(crate) struct RedisDirectory {
    server: Arc<Server>,
    address: NodeAddress,
    prefix: String,
    /// How often the own id is renewed. It lasts for three times as long.
    interval: Duration,
    own: Mutex<NodeId>,
    secrets: Mutex<Secrets>,
    cache: Mutex<Cache>,
    lookups: Arc<Semaphore>,
    is_closing: AtomicBool,
}

/// The secret of the cluster. The one before is still right for requests that are on their way.
#[derive(Debug, Default)]
struct Secrets {
    now: Option<Secret>,
    before: Option<Secret>,
}

impl RedisDirectory {
    /// Starts to reserve an id for this server.
    pub(crate) fn start(
        server: &Arc<Server>,
        address: NodeAddress,
        prefix: String,
        interval: Duration,
    ) -> Arc<Self> {
        let interval = interval.max(keeping::RETRY);
        let directory = Arc::new(Self {
            server: Arc::clone(server),
            address,
            prefix,
            interval,
            own: Mutex::new(NodeId::random()),
            secrets: Mutex::default(),
            cache: Mutex::new(Cache::new(interval)),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            is_closing: AtomicBool::new(false),
        });
        if let Some(link) = server.link() {
            link.spawn(keeping::keep(Arc::downgrade(&directory)));
        }
        directory
    }

    fn key(&self, id: NodeId) -> String {
        format!("{}:node:{id}", self.prefix)
    }

    /// Looks an id up in Redis.
    fn look_up(this: &Arc<Self>, link: &Link, id: NodeId, old: Option<NodeAddress>) -> FoundNode {
        let Ok(permit) = Arc::clone(&this.lookups).try_acquire_owned() else {
            return Box::pin(ready(old));
        };
        let key = this.key(id);
        let mut get = redis::cmd("GET");
        get.arg(&key);
        let (asked, this) = (link.ask(&key, get), Arc::clone(this));
        Box::pin(async move {
            // While Redis is away, servers are where they were.
            let Ok(value) = asked.await else { return old };
            drop(permit);
            let (mut cache, now) = (this.cache.lock(), Instant::now());
            let Some(address) = address_of(&value) else { return cache.miss(id, now) };
            cache.remember(id, address.clone(), now);
            Some(address)
        })
    }

    fn learn(&self, secret: Secret) {
        let mut secrets = self.secrets.lock();
        if secrets.now != Some(secret) {
            secrets.before = secrets.now.replace(secret);
        }
    }
}

/// The address that a key has.
fn address_of(value: &Value) -> Option<NodeAddress> {
    let Value::BulkString(bytes) = value else { return None };
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// A handle for the server, which asks on behalf of its clients.
pub(crate) struct DirectoryHandle(pub(crate) Arc<RedisDirectory>);

impl NodeDirectory for DirectoryHandle {
    fn own_id(&self) -> NodeId {
        *self.0.own.lock()
    }

    fn find(&self, id: NodeId) -> FoundNode {
        let remembered = self.0.cache.lock().find(id, Instant::now());
        match (remembered, self.0.server.link()) {
            (Remembered::Answer(answer), _) => Box::pin(ready(answer)),
            (Remembered::Old(old), Some(link)) => RedisDirectory::look_up(&self.0, link, id, old),
            (Remembered::Old(old), None) => Box::pin(ready(old)),
        }
    }

    fn unreachable(&self, id: NodeId) {
        self.0.cache.lock().remember_absent(id, Instant::now());
    }

    fn sign(&self, message: &[u8]) -> Option<[u8; 32]> {
        let secret = self.0.secrets.lock().now?;
        secret.sign(message)
    }

    fn verifies(&self, message: &[u8], signature: &[u8; 32]) -> bool {
        let (now, before) = {
            let secrets = self.0.secrets.lock();
            (secrets.now, secrets.before)
        };
        let mut secrets = [now, before].into_iter().flatten();
        secrets.any(|secret| secret.verifies(message, signature))
    }
}
