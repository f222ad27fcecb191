use std::{
    error, fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix::Message;
use bytestring::ByteString;
use serde::{Serialize, de::DeserializeOwned};

use super::HandlerResult;
use crate::{
    model::Channel,
    protocol::{AckId, ArgError, Args},
    socket::{SendError, Socket},
};

/// A client has sent an event.
///
/// The next event of the same client is not started before the last handler of this one has
/// answered.
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnMessage {
    /// The client.
    pub socket: Socket,
    /// The channel that the client publishes to; of an event which is for the server, none.
    ///
    /// With one, an `Err` refuses the publication, and the client hears of it if it asked for an
    /// acknowledgement.
    pub channel: Option<Channel>,
    content: Arc<Content>,
}

#[derive(Debug)]
struct Content {
    name: ByteString,
    args: Args,
    reply: Option<Reply>,
}

#[derive(Debug)]
struct Reply {
    id: AckId,
    given: AtomicBool,
}

impl OnMessage {
    pub(crate) fn new(
        socket: Socket,
        channel: Option<Channel>,
        name: ByteString,
        args: Args,
        ack: Option<AckId>,
    ) -> Self {
        let reply = ack.map(|id| Reply { id, given: AtomicBool::new(false) });
        Self { socket, channel, content: Arc::new(Content { name, args, reply }) }
    }

    /// The event's name; of what a client sends with `socket.send(..)`, it is `message`.
    pub fn event(&self) -> &str {
        &self.content.name
    }

    /// All arguments.
    pub fn args(&self) -> &Args {
        &self.content.args
    }

    /// The first argument as a value. An argument that is missing reads as `null`, so that an
    /// `Option` takes it.
    ///
    /// # Errors
    /// [`MessageError`], which names the event, the argument, and what was expected.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, MessageError> {
        self.arg(0)
    }

    /// One argument as a value, from 0.
    ///
    /// # Errors
    /// [`MessageError`], which names the event, the argument, and what was expected.
    pub fn arg<T: DeserializeOwned>(&self, index: usize) -> Result<T, MessageError> {
        self.args()
            .get(index)
            .map_err(|source| MessageError { event: self.event().to_owned(), source })
    }

    /// Whether the client waits for an acknowledgement. What it publishes to a channel is
    /// acknowledged by the server.
    pub fn wants_ack(&self) -> bool {
        self.content.reply.as_ref().is_some_and(|reply| !reply.given.load(Ordering::Relaxed))
    }

    /// Acknowledges the event, if the client asked for it. The first call counts, from whichever
    /// handler; it may come later, from a task.
    ///
    /// # Errors
    /// [`SendError::Closed`] or [`SendError::Serialize`].
    pub fn ack<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), SendError> {
        let Some(reply) = &self.content.reply else { return Ok(()) };
        let answer = self.socket.codec().ack(self.socket.namespace().as_str(), &reply.id, data)?;
        if reply.given.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        self.socket.push(answer)
    }
}

/// An event's argument is not what the handler expected.
#[derive(Debug)]
#[non_exhaustive]
pub struct MessageError {
    /// The event.
    pub event: String,
    /// The argument, and what was expected.
    pub source: ArgError,
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {:?}: {}", self.event, self.source)
    }
}

impl error::Error for MessageError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}
