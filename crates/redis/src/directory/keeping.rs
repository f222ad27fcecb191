//! Keeps the own id reserved, and the secret known.

use std::{
    sync::{Arc, Weak, atomic::Ordering::Relaxed},
    time::Duration,
};

use actix_socketio::adapter::NodeId;
use redis::{Cmd, Value};
use tokio::time::{Instant, sleep_until};

use super::{RedisDirectory, address_of, secret::Secret};
use crate::link::QuestionFailed;

/// How soon it is tried again, if Redis does not answer.
pub(super) const RETRY: Duration = Duration::from_millis(100);

/// How often it is looked whether Redis was away meanwhile. It may have lost the id.
const LOOK: Duration = Duration::from_millis(500);

/// The server that has an id.
#[derive(Debug, PartialEq, Eq)]
enum Holder {
    ThisServer,
    Another,
}

/// Reserves an id and renews it, until the directory is closed or dropped.
pub(super) async fn keep(weak: Weak<RedisDirectory>) {
    // A random one at first, for the case that the cluster has no secret yet. Later it is the
    // cluster's, and so comes back to a Redis that has lost its data.
    let mut secret = Secret::random();
    let mut warned = false;
    loop {
        let Some(directory) = weak.upgrade() else { return };
        if directory.is_closing.load(Relaxed) {
            return;
        }
        let losses = directory.losses();
        let wait = match renew(&directory, &mut secret).await {
            Ok(()) => directory.interval,
            Err(QuestionFailed::Away) => RETRY,
            Err(QuestionFailed::Refused) => {
                if !std::mem::replace(&mut warned, true) {
                    log::warn!(
                        "Redis refuses to reserve a node id under {:?}: other servers can't pass \
                         requests on to this one",
                        directory.prefix
                    );
                }
                directory.interval
            }
        };
        let due = Instant::now() + wait;
        drop(directory);
        pause(&weak, due, losses).await;
    }
}

/// Waits until the next renewal is due, or until Redis was lost.
async fn pause(directory: &Weak<RedisDirectory>, due: Instant, losses: u64) {
    while Instant::now() < due {
        sleep_until(due.min(Instant::now() + LOOK)).await;
        if directory.upgrade().is_none_or(|directory| directory.losses() != losses) {
            return;
        }
    }
}

async fn renew(directory: &RedisDirectory, secret: &mut Secret) -> Result<(), QuestionFailed> {
    // Others may pass requests on to this server as soon as they find its id. It has to know the
    // secret by then.
    *secret = share(directory, *secret).await?;
    directory.learn(*secret);
    loop {
        let id = *directory.own.lock();
        match reserve(directory, id).await? {
            Holder::ThisServer => return Ok(()),
            Holder::Another => {
                log::info!("another server has the node id {id}: new sessions get another one");
                *directory.own.lock() = NodeId::random();
            }
        }
    }
}

/// Asks Redis about a key.
async fn ask(
    directory: &RedisDirectory,
    key: &str,
    command: &str,
    fill: impl FnOnce(&mut Cmd),
) -> Result<Value, QuestionFailed> {
    let mut asked = redis::cmd(command);
    asked.arg(key);
    fill(&mut asked);
    directory.server.link().ok_or(QuestionFailed::Away)?.ask(key, asked).await
}

/// Makes this secret that of the cluster, unless it has one, and returns the cluster's.
async fn share(directory: &RedisDirectory, secret: Secret) -> Result<Secret, QuestionFailed> {
    let key = format!("{}:secret", directory.prefix);
    ask(directory, &key, "SET", |set| {
        set.arg(secret.reveal()).arg("NX");
    })
    .await?;
    match ask(directory, &key, "GET", |_| {}).await? {
        Value::BulkString(bytes) => Secret::read(&bytes).ok_or(QuestionFailed::Refused),
        _ => Err(QuestionFailed::Refused),
    }
}

/// Reserves an id, or renews its reservation.
async fn reserve(directory: &RedisDirectory, id: NodeId) -> Result<Holder, QuestionFailed> {
    let key = directory.key(id);
    let lifetime = (3 * directory.interval).as_millis().max(1).to_string();
    loop {
        if directory.is_closing.load(Relaxed) {
            return Err(QuestionFailed::Away);
        }
        let set = ask(directory, &key, "SET", |set| {
            set.arg(directory.address.to_string()).arg("NX").arg("PX").arg(&lifetime);
        });
        if set.await? == Value::Okay {
            return Ok(Holder::ThisServer);
        }
        let value = ask(directory, &key, "GET", |_| {}).await?;
        if value == Value::Nil {
            continue;
        }
        if address_of(&value).as_ref() != Some(&directory.address) {
            return Ok(Holder::Another);
        }
        let renewed = ask(directory, &key, "PEXPIRE", |renew| {
            renew.arg(&lifetime);
        });
        // Otherwise it has ended in between.
        if renewed.await? == Value::Int(1) {
            return Ok(Holder::ThisServer);
        }
    }
}

impl RedisDirectory {
    /// How often Redis was lost.
    fn losses(&self) -> u64 {
        self.server.link().map_or(0, |link| link.health().losses)
    }

    /// Gives the own id back, so that requests for it are refused by the others at once.
    pub(crate) async fn release(self: Arc<Self>) {
        self.is_closing.store(true, Relaxed);
        let key = self.key(*self.own.lock());
        let held = ask(&self, &key, "GET", |_| {}).await;
        if held.is_ok_and(|value| address_of(&value).as_ref() == Some(&self.address)) {
            // If Redis goes away now, the reservation ends by itself.
            let _ = ask(&self, &key, "DEL", |_| {}).await;
        }
    }
}
