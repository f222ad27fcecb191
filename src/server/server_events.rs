use std::{
    collections::HashMap,
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix::Arbiter;
use regex::Regex;
use tokio::sync::{
    Semaphore,
    mpsc::{self, error::TrySendError},
};

use crate::{
    event::OnServerEvent,
    log_text::log_line,
    model::{DataMap, Namespace},
    protocol::Args,
    registry::{AdapterFuture, ServerEvent},
    routing::ServerEventHandlers,
    socket::ServerEventHandler,
    stats::{Counters, RefusalKind},
};

/// The handlers for events of other servers, by namespace.
#[derive(Default)]
pub(super) struct ServerEventTable {
    named: HashMap<Namespace, ServerEventHandlers>,
    dynamic: Vec<(Regex, ServerEventHandlers)>,
}

/// Queues events of other servers for the task that calls their handlers.
///
/// The task runs on the thread that starts it, and handles one event after the other, in
/// the order in which they came. A handler that hangs delays the others by its `handler_timeout`.
/// When the dispatcher is dropped, the task finishes the event in progress and ends. Events that
/// still wait are dropped, so that a full queue does not outlive its server.
pub(super) struct ServerEventDispatcher {
    table: ServerEventTable,
    queue: mpsc::Sender<QueuedServerEvent>,
    is_overflowing: Arc<AtomicBool>,
    counters: Arc<Counters>,
    /// The application's values.
    data: Arc<DataMap>,
}

/// An event, with the handlers of its namespace.
struct QueuedServerEvent {
    handlers: ServerEventHandlers,
    event: OnServerEvent,
}

/// The receiving side of the queue.
struct ServerEventTask {
    queue: mpsc::Receiver<QueuedServerEvent>,
    is_overflowing: Arc<AtomicBool>,
    counters: Arc<Counters>,
}

impl ServerEventTable {
    /// Adds the handlers of a namespace.
    pub(super) fn add(&mut self, name: Namespace, handlers: ServerEventHandlers) {
        self.named.insert(name, handlers);
    }

    /// Adds the handlers of all namespaces whose names match a pattern.
    pub(super) fn add_dynamic(&mut self, pattern: Regex, handlers: ServerEventHandlers) {
        self.dynamic.push((pattern, handlers));
    }

    fn handlers(&self, namespace: &Namespace) -> Option<&ServerEventHandlers> {
        let dynamic = || {
            let matching = |(pattern, _): &&(Regex, _)| pattern.is_match(namespace.as_str());
            self.dynamic.iter().find(matching).map(|(_, handlers)| handlers)
        };
        self.named.get(namespace).or_else(dynamic).filter(|handlers| !handlers.is_empty())
    }
}

impl ServerEventDispatcher {
    /// Starts the task on this thread. At most `max_events` wait for it.
    pub(super) fn start(
        table: ServerEventTable,
        max_events: usize,
        counters: Arc<Counters>,
        data: Arc<DataMap>,
    ) -> Self {
        // tokio's channel panics above this bound, which no memory could hold.
        let (queue, queued) = mpsc::channel(max_events.min(Semaphore::MAX_PERMITS));
        let is_overflowing = Arc::<AtomicBool>::default();
        let task = ServerEventTask {
            queue: queued,
            is_overflowing: Arc::clone(&is_overflowing),
            counters: Arc::clone(&counters),
        };
        match Arbiter::try_current() {
            // If the arbiter has stopped, the task is dropped, and so is each event.
            Some(arbiter) => {
                arbiter.spawn_fn(move || drop(actix::spawn(task.run())));
            }
            None => drop(actix::spawn(task.run())),
        }
        Self { table, queue, is_overflowing, counters, data }
    }

    /// Counts an event that is refused, and logs the first one of an episode.
    fn refuse(&self) {
        self.counters.refused.add(RefusalKind::TooManyServerEvents);
        if !self.is_overflowing.swap(true, Ordering::Relaxed) {
            let waiting = self.queue.max_capacity();
            log_line!(
                log::Level::Warn,
                "{} events of other servers wait for their handlers: more are refused \
                 (max_server_events)",
                waiting
            );
        }
    }
}

impl ServerEventHandler for ServerEventDispatcher {
    fn handle(&self, event: ServerEvent) -> AdapterFuture<Option<Args>> {
        let Some(handlers) = self.table.handlers(&event.namespace).cloned() else {
            return Box::pin(ready(None));
        };
        let (event, answer) = OnServerEvent::new(event, Arc::clone(&self.data));
        // An event that is not queued is dropped here, and so the answer is `None`.
        if let Err(TrySendError::Full(_)) =
            self.queue.try_send(QueuedServerEvent { handlers, event })
        {
            self.refuse();
        }
        Box::pin(async move { answer.await.ok() })
    }
}

impl ServerEventTask {
    async fn run(mut self) {
        while let Some(QueuedServerEvent { handlers, event }) = self.queue.recv().await {
            // The dispatcher has been dropped.
            if self.queue.is_closed() {
                return;
            }
            // An episode lasts until the queue is empty. If it ended with the first event that is
            // accepted again, a steady overload would log a line for each event that is handled.
            if self.queue.is_empty() {
                self.is_overflowing.store(false, Ordering::Relaxed);
            }
            handlers.notify(event, |error| self.counters.failed.add(error.kind())).await;
        }
    }
}

#[cfg(test)]
mod tests;
