use std::{collections::HashMap, future::ready};

use actix::ArbiterHandle;
use regex::Regex;

use crate::{
    event::OnServerEvent,
    model::Namespace,
    protocol::Args,
    registry::{AdapterFuture, ServerEvent},
    routing::ServerEventHandlers,
    socket::ServerEventHandler,
};

/// The handlers for events of other servers, by namespace.
#[derive(Default)]
pub(super) struct ServerEventTable {
    named: HashMap<Namespace, ServerEventHandlers>,
    dynamic: Vec<(Regex, ServerEventHandlers)>,
}

/// Runs the handlers for events of other servers on the arbiter that built the server.
pub(super) struct ServerEventDispatcher {
    table: ServerEventTable,
    arbiter: ArbiterHandle,
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
    pub(super) fn new(table: ServerEventTable, arbiter: ArbiterHandle) -> Self {
        Self { table, arbiter }
    }
}

impl ServerEventHandler for ServerEventDispatcher {
    fn handle(&self, event: ServerEvent) -> AdapterFuture<Option<Args>> {
        let Some(handlers) = self.table.handlers(&event.namespace).cloned() else {
            return Box::pin(ready(None));
        };
        let (event, answer) = OnServerEvent::new(event);
        // If the arbiter has stopped, the event is dropped, and so the answer is `None`.
        self.arbiter.spawn_fn(move || {
            actix::spawn(async move { handlers.notify(event).await });
        });
        Box::pin(async move { answer.await.ok() })
    }
}
