use std::{
    collections::{HashMap, VecDeque},
    thread::{self, ThreadId},
};

use actix::{Addr, AsyncContext, Context};
use smallvec::SmallVec;

use super::{
    Audience, ChannelRegistry, RegistryId,
    channel_registry::WakeUp,
    committing::AwaitingCommits,
    index::RegistryIndex,
    presence::PresenceWakeUps,
    queue::{Enqueued, RegistryMessage, RegistryQueue},
};
use crate::model::{Channel, Namespace};

/// The state that the sequencer's lock protects.
pub(super) struct SequencerState {
    index: RegistryIndex,
    registries: Vec<(Addr<ChannelRegistry>, RegistryQueue)>,
    by_thread: HashMap<ThreadId, RegistryId>,
    /// Publications that are delivered after their commit.
    pub(super) awaiting: AwaitingCommits,
    /// The store takes nothing more. A publication would be lost for clients that come back.
    pub(super) is_store_closed: bool,
}

/// The registry of the thread that built the server. A publication without a receiver is queued
/// there if its thread has no registry.
const DEFAULT_REGISTRY: RegistryId = RegistryId(0);

/// The outcome of queueing a message, for after the lock is released.
#[must_use = "registries that sleep wait for `wake`"]
pub(super) struct Notified {
    /// Registries that sleep. One of another thread may take this thread's place on its core as
    /// soon as it is woken, so this is left for when the lock is free.
    to_wake: SmallVec<[Addr<ChannelRegistry>; 4]>,
    /// Whether any registry is alive.
    is_queued: bool,
    /// A message for a registry that has stopped.
    unhandled: Option<RegistryMessage>,
    /// Wakes the tasks of the presence.
    presence: PresenceWakeUps,
}

impl Notified {
    fn nothing() -> Self {
        let presence = PresenceWakeUps::default();
        Self { to_wake: SmallVec::new(), is_queued: false, unhandled: None, presence }
    }

    /// Wakes registries, without the lock. Returns whether the message reached any.
    pub(super) fn wake(self) -> bool {
        for registry in self.to_wake {
            registry.do_send(WakeUp);
        }
        drop(self.unhandled);
        self.presence.wake();
        self.is_queued
    }
}

impl SequencerState {
    pub(super) fn new(index: RegistryIndex) -> Self {
        Self {
            index,
            registries: Vec::new(),
            by_thread: HashMap::new(),
            awaiting: AwaitingCommits::new(),
            is_store_closed: false,
        }
    }

    pub(super) fn index_mut(&mut self) -> &mut RegistryIndex {
        &mut self.index
    }

    pub(super) fn registry_of(&self, thread: ThreadId) -> Option<RegistryId> {
        self.by_thread.get(&thread).copied()
    }

    pub(super) fn add_registry(
        &mut self,
        thread: ThreadId,
        context: &Context<ChannelRegistry>,
    ) -> RegistryId {
        let id = RegistryId(self.registries.len());
        self.registries.push((context.address(), RegistryQueue::default()));
        self.by_thread.insert(thread, id);
        id
    }

    pub(super) fn registry_count(&self) -> usize {
        self.registries.len()
    }

    pub(super) fn channels(&self, namespace: &Namespace) -> Vec<Channel> {
        self.index.channels(namespace)
    }

    /// Updates the index, and queues a message for one registry.
    pub(super) fn notify(
        &mut self,
        registry_id: RegistryId,
        message: impl FnOnce(&mut RegistryIndex) -> RegistryMessage,
    ) -> Notified {
        let message = message(&mut self.index);
        let mut notified = Notified::nothing();
        notified.presence = self.index.presence_wake_ups();
        self.enqueue(registry_id, message, &mut notified);
        notified
    }

    /// Queues a message on every registry that may have a socket of the audience. If no registry
    /// has one, queues it on this thread's registry, so that publishing to no receiver is bounded
    /// too.
    pub(super) fn notify_all(
        &mut self,
        audience: &Audience,
        message: impl Fn() -> RegistryMessage,
    ) -> Notified {
        let mut notified = Notified::nothing();
        let mut ids = self.index.registries(audience);
        if ids.is_empty() {
            ids.push(self.registry_of(thread::current().id()).unwrap_or(DEFAULT_REGISTRY));
        }
        for id in ids {
            self.enqueue(id, message(), &mut notified);
        }
        notified
    }

    /// Queues a message on every registry that runs.
    pub(super) fn notify_each(&mut self, mut message: impl FnMut() -> RegistryMessage) -> Notified {
        let mut notified = Notified::nothing();
        for id in (0..self.registries.len()).map(RegistryId) {
            if !self.registries[id.0].1.is_closed() {
                self.enqueue(id, message(), &mut notified);
            }
        }
        notified
    }

    fn enqueue(
        &mut self,
        registry_id: RegistryId,
        message: RegistryMessage,
        notified: &mut Notified,
    ) {
        let (addr, queue) = &mut self.registries[registry_id.0];
        match queue.push(message) {
            Enqueued::Queued => notified.is_queued = true,
            Enqueued::Wake => {
                notified.is_queued = true;
                notified.to_wake.push(addr.clone());
            }
            // All registries share the message. The sender drops it last, without the lock.
            Enqueued::Closed(message) => notified.unhandled = Some(message),
        }
    }

    /// Moves the queued messages of a registry to the end of `to`. Returns whether `to` has any.
    pub(super) fn take(
        &mut self,
        registry_id: RegistryId,
        to: &mut VecDeque<RegistryMessage>,
    ) -> bool {
        self.registries[registry_id.0].1.take(to)
    }

    /// Forgets a registry that has stopped. Returns the messages that it has not handled.
    pub(super) fn close(&mut self, registry_id: RegistryId) -> VecDeque<RegistryMessage> {
        self.by_thread.retain(|_, of_thread| *of_thread != registry_id);
        self.registries[registry_id.0].1.close()
    }
}
