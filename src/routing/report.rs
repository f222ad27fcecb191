//! The report of a failed handler: a count, a line of the log, and an [`OnError`].

use super::{Router, Scope};
use crate::{
    event::{HandlerError, HandlerResult, OnError},
    log_text::log_line,
    socket::Socket,
};

impl Router {
    /// Reports a failure, if the answer is one.
    pub(super) async fn report_failure(&self, socket: &Socket, answer: HandlerResult) {
        if let Err(error) = answer {
            Box::pin(self.report(socket, error)).await;
        }
    }

    /// Logs a failure and passes it to the handlers of [`OnError`]. A failure of these is logged
    /// only.
    pub(crate) async fn report(&self, socket: &Socket, error: HandlerError) {
        socket.counters().failed.add(error.kind());
        // A client can provoke refusals at will. Other failures need the attention of an operator.
        let level = if error.is_rejection() { log::Level::Info } else { log::Level::Warn };
        log_line!(
            level,
            "{} \"{}\": a handler failed: {}",
            socket.id(),
            socket.namespace();
            error
        );
        let event = OnError { socket: socket.clone(), error };
        for handler in self.handlers(Scope::Socket(socket), &event) {
            if let Err(error) = self.call(handler, event.clone()).await {
                socket.counters().failed.add(error.kind());
                log_line!(
                    log::Level::Error,
                    "{}: a handler of OnError failed: {}",
                    socket.id();
                    error
                );
            }
        }
    }
}
