use std::time::Duration;

use super::{HandlerFn, Handlers};
use crate::{
    deadline::within,
    event::{Failure, HandlerError, OnServerEvent},
    log_text::log_line,
};

/// The handlers of [`OnServerEvent`] in one namespace.
#[derive(Debug, Clone)]
pub(crate) struct ServerEventHandlers {
    handlers: Vec<HandlerFn<OnServerEvent>>,
    handler_timeout: Duration,
}

impl ServerEventHandlers {
    pub(crate) fn new(handlers: &Handlers, handler_timeout: Duration) -> Self {
        Self { handlers: handlers.server_events().to_vec(), handler_timeout }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.handlers.is_empty()
    }

    /// Calls the handlers one after the other. A failure is logged and given to `on_failure`, and
    /// the next handler is called.
    pub(crate) async fn notify(&self, event: OnServerEvent, on_failure: impl Fn(&HandlerError)) {
        for handler in &self.handlers {
            let answer = within(self.handler_timeout, handler.call(event.clone())).await;
            if let Err(error) = answer.unwrap_or_else(|| Err(Failure::TimedOut.into())) {
                on_failure(&error);
                log_line!(
                    log::Level::Warn,
                    "a handler of the server event \"{}\" failed: {}",
                    event.event();
                    error
                );
            }
        }
    }
}
