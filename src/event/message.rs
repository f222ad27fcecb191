use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actix::Message;
use bytestring::ByteString;
use serde::{Serialize, de::DeserializeOwned};

use super::{HandlerError, HandlerResult, MessageError};
use crate::{
    model::Channel,
    protocol::{AckId, Args, Many},
    socket::{SendError, Socket},
};

/// A client has sent an event: read its arguments here, act, and acknowledge it.
///
/// The event comes for each event of a client, by any name, except for requests to subscribe and
/// unsubscribe. A request to publish comes as an `OnMessage` with a [`channel`](Self::channel).
/// Events of one client come one at a time: the next waits until the last handler of this one has
/// answered.
///
/// `Ok` has no further effect: only [`OnMessage::ack`] sends an acknowledgement. An `Err` raises
/// [`OnError`](super::OnError). If the client waits for an acknowledgement, it reads the message and
/// the data of [`HandlerError::reject`], or `internal error`, as the answer. An `Err` also refuses
/// the event if it is a publication.
///
/// ```
/// use actix_socketio::{OnMessage, SocketIo};
///
/// let builder = SocketIo::builder().on_message(async |event: OnMessage| {
///     match event.event() {
///         "add" => {
///             let (a, b): (i64, i64) = (event.arg(0)?, event.arg(1)?);
///             event.ack(&(a + b))?;
///         }
///         name => log::debug!("unknown event {name:?}"),
///     }
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnMessage {
    /// The client.
    pub socket: Socket,
    /// The channel that the client publishes to. `None`: the event is for the server.
    ///
    /// With a channel, an `Err` refuses the publication. The client reads the refusal if it asked
    /// for an acknowledgement.
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
    /// A handler has returned `()`. Unless another one answers, the client gets an answer without
    /// arguments when the last one is done.
    is_handled: AtomicBool,
}

impl OnMessage {
    pub(crate) fn new(
        socket: Socket,
        channel: Option<Channel>,
        name: ByteString,
        args: Args,
        ack: Option<AckId>,
    ) -> Self {
        let reply = ack.map(|id| Reply {
            id,
            given: AtomicBool::new(false),
            is_handled: AtomicBool::new(false),
        });
        Self { socket, channel, content: Arc::new(Content { name, args, reply }) }
    }

    /// The name of the event. It is `message` if the client called `socket.send(..)`.
    ///
    /// ```
    /// # use actix_socketio::{HandlerResult, OnMessage};
    /// async fn handle(event: OnMessage) -> HandlerResult {
    ///     if event.event() == "ping me" {
    ///         event.socket.emit("ping", &())?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn event(&self) -> &str {
        &self.content.name
    }

    /// All arguments, not yet deserialized.
    ///
    /// ```
    /// # use actix_socketio::{HandlerResult, OnMessage};
    /// async fn handle(event: OnMessage) -> HandlerResult {
    ///     log::debug!("{:?} with {} arguments", event.event(), event.args().len());
    ///     Ok(())
    /// }
    /// ```
    pub fn args(&self) -> &Args {
        &self.content.args
    }

    /// Deserializes the first argument. A missing argument reads as `null`, so that an `Option`
    /// accepts it.
    ///
    /// ```
    /// # use actix_socketio::{HandlerResult, OnMessage};
    /// async fn handle(event: OnMessage) -> HandlerResult {
    ///     let text: String = event.json()?;
    ///     event.socket.send(&text)?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`MessageError`], which names the event, the argument, and what was expected.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, MessageError> {
        self.arg(0)
    }

    /// Deserializes the argument at `index`, from 0. A missing argument reads as `null`.
    ///
    /// ```
    /// # use actix_socketio::{HandlerResult, OnMessage};
    /// async fn handle(event: OnMessage) -> HandlerResult {
    ///     let (name, age): (String, Option<u8>) = (event.arg(0)?, event.arg(1)?);
    ///     log::debug!("{name} is {age:?}");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`MessageError`], which names the event, the argument, and what was expected.
    pub fn arg<T: DeserializeOwned>(&self, index: usize) -> Result<T, MessageError> {
        self.args()
            .get(index)
            .map_err(|source| MessageError { event: self.event().to_owned(), source })
    }

    /// Deserializes all arguments into one value, as its type says: a tuple, a tuple struct or the
    /// fields of a struct are the arguments in their order. A struct is also read from one argument
    /// that is an object, and any other type from the first argument. A missing argument reads as
    /// `null`.
    ///
    /// ```
    /// # use actix_socketio::{HandlerResult, OnMessage};
    /// async fn handle(event: OnMessage) -> HandlerResult {
    ///     let (room, text): (String, String) = event.args_as()?;
    ///     event.socket.to(room).emit("chat", &text)?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`MessageError`], which names the event, the argument, and what was expected.
    pub fn args_as<T: DeserializeOwned>(&self) -> Result<T, MessageError> {
        self.args()
            .get_all()
            .map_err(|source| MessageError { event: self.event().to_owned(), source })
    }

    /// Whether the client waits for an acknowledgement from you. It is `false` for a publication,
    /// which the server acknowledges itself.
    ///
    /// ```
    /// # use actix_socketio::{HandlerResult, OnMessage};
    /// async fn handle(event: OnMessage) -> HandlerResult {
    ///     if event.wants_ack() {
    ///         event.ack("an answer that takes time to make")?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn wants_ack(&self) -> bool {
        self.content.reply.as_ref().is_some_and(|reply| !reply.given.load(Ordering::Relaxed))
    }

    /// Acknowledges the event, if the client asked for it.
    ///
    /// The first call counts, and the others do nothing. You may keep the event and call `ack`
    /// later, from a task.
    ///
    /// ```
    /// # use actix_socketio::{HandlerResult, OnMessage};
    /// async fn handle(event: OnMessage) -> HandlerResult {
    ///     event.ack("done")?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`SendError::Closed`] or [`SendError::Serialize`].
    #[doc(alias = "callback")]
    pub fn ack<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), SendError> {
        let Some(reply) = &self.content.reply else { return Ok(()) };
        let answer = self.socket.codec().ack(self.socket.namespace().as_str(), &reply.id, data)?;
        if reply.given.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        self.socket.push(answer)
    }

    /// The event, if its client waits for an acknowledgement.
    #[inline]
    pub(crate) fn awaiting(&self) -> Option<Self> {
        self.wants_ack().then(|| self.clone())
    }

    /// Notes that a handler has nothing to add to an answer.
    pub(crate) fn set_handled(&self) {
        if let Some(reply) = &self.content.reply {
            reply.is_handled.store(true, Ordering::Relaxed);
        }
    }

    /// Answers a client that still waits when the last handler is done: without arguments, if a
    /// handler has returned `()`.
    pub(crate) fn finish(&self) {
        let is_handled = |reply: &Reply| reply.is_handled.load(Ordering::Relaxed);
        if self.wants_ack() && self.content.reply.as_ref().is_some_and(is_handled) {
            // An error says that the client is gone.
            let _ = self.ack(&Many(()));
        }
    }

    /// Answers a client that still waits with what it may read of a failure.
    pub(crate) fn refuse(&self, error: &HandlerError) {
        if self.wants_ack() {
            // An error says that the client is gone.
            let _ = self.ack(&error.to_client());
        }
    }
}
