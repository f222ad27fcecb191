use std::{
    collections::HashMap,
    future::Future,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use bytestring::ByteString;
use parking_lot::Mutex;
use redis::{Cmd, ConnectionInfo, Value};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::{
    Listener,
    health::{LinkHealth, Vitals},
    hold::{Hold, HoldFull, Waiter},
    keys::Keys,
    options::LinkOptions,
    questions::{Question, QuestionFailed},
    subscriptions::Subscriptions,
    ticket::{LinkId, Ticket},
};
use crate::wire::{Outgoing, Subscription};

/// The part that the handles of a link share with its thread.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: LinkOptions,
    pub(super) id: LinkId,
    pub(super) vitals: Vitals,
    pub(super) hold: Mutex<Hold>,
    /// There is something in the hold.
    pub(super) filled: Notify,
    pub(super) subscriptions: Mutex<Subscriptions>,
    /// The subscriptions have changed.
    pub(super) resubscribe: Notify,
    pub(super) keys: Mutex<Keys>,
    /// There is a command for a key.
    pub(super) keys_filled: Notify,
    questions: mpsc::Sender<Question>,
    /// How many listened to a channel when it was asked last.
    counts: Mutex<HashMap<Subscription, usize>>,
    /// The masters of a cluster, as they were seen last.
    pub(super) cluster_servers: Mutex<Vec<ConnectionInfo>>,
    closed: watch::Sender<bool>,
    ended: watch::Sender<bool>,
    /// The listener has entries of a stream, and is not done with them.
    pub(super) is_handing_on: AtomicBool,
}

impl Shared {
    pub(super) fn new(options: LinkOptions) -> (Self, mpsc::Receiver<Question>) {
        let (questions, receiver) = mpsc::channel(options.max_questions.max(1));
        let shared = Self {
            id: LinkId::random(),
            vitals: Vitals::new(Instant::now()),
            hold: Mutex::new(Hold::new(options.max_hold, options.patience)),
            filled: Notify::new(),
            subscriptions: Mutex::default(),
            resubscribe: Notify::new(),
            keys: Mutex::new(Keys::new(options.max_key_bytes)),
            keys_filled: Notify::new(),
            questions,
            counts: Mutex::default(),
            cluster_servers: Mutex::default(),
            closed: watch::Sender::new(false),
            ended: watch::Sender::new(false),
            is_handing_on: AtomicBool::new(false),
            options,
        };
        (shared, receiver)
    }

    pub(super) fn send(
        &self,
        outgoing: Outgoing,
        waiter: Option<Waiter>,
    ) -> Result<Ticket, HoldFull> {
        let ticket = self.hold.lock().push(outgoing, waiter, Instant::now())?;
        self.filled.notify_one();
        Ok(ticket)
    }

    pub(super) fn change_keys<T>(&self, change: impl FnOnce(&mut Keys) -> T) -> T {
        let changed = change(&mut self.keys.lock());
        self.keys_filled.notify_one();
        changed
    }

    pub(super) fn change_subscriptions(
        &self,
        change: impl FnOnce(&mut Subscriptions) -> oneshot::Receiver<()>,
    ) -> oneshot::Receiver<()> {
        let mut subscriptions = self.subscriptions.lock();
        let confirmed = change(&mut subscriptions);
        if self.is_closed() {
            subscriptions.abandon();
        }
        drop(subscriptions);
        self.resubscribe.notify_one();
        confirmed
    }

    /// Asks Redis on the link's thread: all servers, or the one that has a key.
    pub(super) fn ask(
        &self,
        command: Cmd,
        key: Option<ByteString>,
    ) -> impl Future<Output = Result<Vec<Value>, QuestionFailed>> + Send + use<> {
        let (answer, receiver) = oneshot::channel();
        let is_asked = self.vitals.is_connected.load(Relaxed)
            && self.questions.try_send(Question { command, key, answer }).is_ok();
        async move {
            match is_asked {
                true => receiver.await.unwrap_or(Err(QuestionFailed::Away)),
                false => Err(QuestionFailed::Away),
            }
        }
    }

    pub(super) fn remember_count(&self, counted: Subscription, count: usize) {
        self.counts.lock().insert(counted, count);
    }

    /// The counts of channels that are still listened to.
    pub(super) fn counts(&self) -> Vec<(Subscription, usize)> {
        let subscriptions = self.subscriptions.lock();
        let mut counts = self.counts.lock();
        counts.retain(|counted, _| subscriptions.has(counted));
        counts.iter().map(|(counted, count)| (counted.clone(), *count)).collect()
    }

    /// Tells the listener what was given up.
    pub(super) fn tell_given_up(&self, listener: &dyn Listener) {
        let given_up = self.hold.lock().take_given_up();
        self.vitals.given_up.fetch_add(given_up.len() as u64, Relaxed);
        for (ticket, reason) in given_up {
            listener.on_given_up(ticket, reason);
        }
    }

    /// Gives up what has waited for too long.
    pub(super) fn expire(&self, listener: &dyn Listener) {
        self.hold.lock().expire(Instant::now());
        self.tell_given_up(listener);
    }

    pub(super) fn health(&self, now: Instant) -> LinkHealth {
        let hold = self.hold.lock();
        self.vitals.health((hold.len(), hold.bytes()), now)
    }

    pub(super) fn close(&self) {
        self.hold.lock().close();
        self.keys.lock().close();
        self.closed.send_replace(true);
        self.filled.notify_one();
        self.keys_filled.notify_one();
    }

    /// The link's thread has done its last work.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Waits until the link's thread has ended.
    pub(super) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ended = self.ended.subscribe();
        async move {
            // The sender is dropped with the thread.
            let _ = ended.wait_for(|has_ended| *has_ended).await;
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Ends when the link is closed and this time has passed.
    pub(super) async fn closed(&self, after: Duration) {
        // The sender is in `self`, so waiting does not fail.
        let _ = self.closed.subscribe().wait_for(|is_closed| *is_closed).await;
        tokio::time::sleep(after).await;
    }

    /// Ends when the link is closed, and has had its time to send what waits.
    pub(super) async fn closed_and_late(&self) {
        self.closed(Duration::ZERO).await;
        let LinkOptions { response_timeout, patience, .. } = self.options;
        let limit = self.keys.lock().time_to_send(response_timeout);
        tokio::time::sleep(limit.min(patience.max(response_timeout))).await;
    }

    /// The channel by which the link sends itself probes. No server counts it, and Node's servers
    /// do not listen to it.
    pub(super) fn probe_channel(&self, node: usize) -> String {
        format!("{}-probe:{}:{node}", self.options.prefix, self.id)
    }

    /// Redis has ended the subscription to a shard. Whether it is to be made again.
    pub(super) fn lose_shard(&self, name: ByteString) -> bool {
        let is_wanted = self.subscriptions.lock().lose(Subscription::Shard(name));
        if is_wanted {
            self.resubscribe.notify_one();
        }
        is_wanted
    }
}
