use std::{error, fmt};

use super::{Failure, HandlerError};
use crate::{
    log_text::{LogError, LogText},
    protocol::ArgError,
};

/// An argument of an event does not have the type that the handler expects.
///
/// The `?` of a handler turns it into a [`HandlerError`], of which the client reads that there was
/// an internal error. [`MessageError::refuse`] makes it a refusal that the client reads.
#[non_exhaustive]
pub struct MessageError {
    /// The name of the event.
    pub event: String,
    /// The position of the argument, and the type that was expected.
    pub source: ArgError,
}

impl MessageError {
    /// A refusal with a text for the client, such as `argument 1: expected a string`. The first
    /// argument is argument 1 there.
    ///
    /// [`Builder::on`](crate::Builder::on) refuses in this way an event whose arguments do not fit
    /// the parameters of its handler.
    ///
    /// ```
    /// use actix_socketio::{HandlerResult, MessageError, OnMessage};
    ///
    /// async fn handle(event: OnMessage) -> HandlerResult {
    ///     let age: u8 = event.json().map_err(MessageError::refuse)?;
    ///     event.ack(&age)?;
    ///     Ok(())
    /// }
    /// ```
    pub fn refuse(self) -> HandlerError {
        let detail = format!("event {:?}: {}", LogText(&self.event), LogError(&self.source.source));
        Failure::Unreadable { message: self.source.to_client(), detail, source: Box::new(self) }
            .into()
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {:?}: {}", LogText(&self.event), self.source)
    }
}

impl fmt::Debug for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageError")
            .field("event", &LogText(&self.event))
            .field("source", &self.source)
            .finish()
    }
}

impl error::Error for MessageError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}
