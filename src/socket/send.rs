use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use super::{AckError, SendError, Socket, SocketEmitter, Target};
use crate::{
    model::ToChannel,
    protocol::{Args, is_reserved},
};

/// The event that a message without a name bears: `socket.send(..)` and `socket.on("message", ..)`
/// of all clients.
pub(crate) const MESSAGE: &str = "message";

/// # Sending
///
/// Each verb of django-socketio is a short form of one of Socket.IO's:
///
/// | verb | is | reaches |
/// | --- | --- | --- |
/// | `socket.send(&x)` | `socket.emit("message", &x)` | this client |
/// | `socket.broadcast(&x)` | `socket.others().emit("message", &x)` | all others |
/// | `socket.broadcast_channel(c, &x)` | `socket.to(c).emit("message", &x)` | the others in `c` |
/// | `socket.broadcast_channels(&x)` | `socket.to(c1).to(c2)…` | the others in any of its channels, once |
/// | `socket.send_and_broadcast(&x)` | `io.emit("message", &x)` | all |
/// | `socket.send_and_broadcast_channel(c, &x)` | `socket.to(c).including(&socket)…` | `c`, and this client |
///
/// None of them waits. What goes to more than one client passes the registry, and so has one order
/// for all of them, the sender included; between that and what `send` and `emit` put straight into
/// the client's outbox, there is none.
impl Socket {
    /// Sends `data` to this client as the event `message`.
    ///
    /// # Errors
    /// [`SendError::Closed`] or [`SendError::Serialize`].
    pub fn send<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), SendError> {
        self.emit(MESSAGE, data)
    }

    /// Sends an event to this client.
    ///
    /// # Errors
    /// [`SendError::Closed`], [`SendError::Reserved`] or [`SendError::Serialize`].
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, data: &T) -> Result<(), SendError> {
        SocketEmitter::new(self).emit(event, data)
    }

    /// Sends an event to this client, and waits for its acknowledgement, [`Builder::ack_timeout`]
    /// at most.
    ///
    /// A handler may wait so for the very client whose event it handles: acknowledgements overtake
    /// events, as long as no more than [`Builder::max_inbox`](crate::Builder::max_inbox) of those
    /// are before them. An [`OnConnect`] handler may not: what it sends is held until it has
    /// answered, the question too.
    ///
    /// ```no_run
    /// # async fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::AckError> {
    /// let agreed: bool = socket.emit_with_ack("confirm", "Really?").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AckError`] says why there is no answer, or how it is not as expected.
    ///
    /// [`Builder::ack_timeout`]: crate::Builder::ack_timeout
    /// [`OnConnect`]: crate::OnConnect
    pub async fn emit_with_ack<T, R>(&self, event: &str, data: &T) -> Result<R, AckError>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        self.timeout(self.config().ack_timeout).emit_with_ack(event, data).await
    }

    /// The same for an acknowledgement of several arguments: all of them, as they came.
    /// [`Socket::emit_with_ack`] has the first.
    ///
    /// # Errors
    /// [`AckError`], except for [`AckError::Reply`].
    pub async fn emit_with_ack_args<T: Serialize + ?Sized>(
        &self,
        event: &str,
        data: &T,
    ) -> Result<Args, AckError> {
        self.timeout(self.config().ack_timeout).emit_with_ack_args(event, data).await
    }

    /// Sends `data` to all clients of the namespace but this one, as the event `message`.
    ///
    /// # Errors
    /// [`SendError::Overloaded`] or [`SendError::Serialize`].
    pub fn broadcast<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), SendError> {
        self.others().emit(MESSAGE, data)
    }

    /// Sends `data` to the channel's subscribers but this one, as the event `message`. It need not
    /// be one itself.
    ///
    /// # Errors
    /// [`SendError::Channel`], [`SendError::Overloaded`] or [`SendError::Serialize`].
    pub fn broadcast_channel<T: Serialize + ?Sized>(
        &self,
        channel: impl ToChannel,
        data: &T,
    ) -> Result<(), SendError> {
        self.to(channel).emit(MESSAGE, data)
    }

    /// Sends `data` to the others in any of this client's channels, as the event `message`; once to
    /// who is in several. Nobody, if it is in none.
    ///
    /// # Errors
    /// [`SendError::Overloaded`] or [`SendError::Serialize`].
    pub fn broadcast_channels<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), SendError> {
        let channels = self.channels();
        if channels.is_empty() {
            return Ok(());
        }
        channels.iter().fold(self.others(), Target::to).emit(MESSAGE, data)
    }

    /// Sends `data` to all clients of the namespace, this one included, as the event `message`.
    ///
    /// # Errors
    /// [`SendError::Overloaded`] or [`SendError::Serialize`].
    pub fn send_and_broadcast<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), SendError> {
        self.target().emit(MESSAGE, data)
    }

    /// Sends `data` to the channel's subscribers and to this client, subscribed or not, as the
    /// event `message`.
    ///
    /// It is one publication: this client sees it in the same place among others as everybody does.
    ///
    /// # Errors
    /// [`SendError::Channel`], [`SendError::Overloaded`] or [`SendError::Serialize`].
    pub fn send_and_broadcast_channel<T: Serialize + ?Sized>(
        &self,
        channel: impl ToChannel,
        data: &T,
    ) -> Result<(), SendError> {
        self.to(channel).including(self).emit(MESSAGE, data)
    }

    /// What is sent may be lost: see [`SocketEmitter::volatile`].
    pub fn volatile(&self) -> SocketEmitter<'_> {
        SocketEmitter::new(self).volatile()
    }

    /// Whether what is sent may be compressed: see [`SocketEmitter::compress`].
    pub fn compress(&self, compress: bool) -> SocketEmitter<'_> {
        SocketEmitter::new(self).compress(compress)
    }

    /// How long to wait for an acknowledgement, in place of
    /// [`Builder::ack_timeout`](crate::Builder::ack_timeout).
    pub fn timeout(&self, timeout: Duration) -> SocketEmitter<'_> {
        SocketEmitter::new(self).timeout(timeout)
    }

    /// The channel's subscribers but this client: Socket.IO's `socket.to(channel)`.
    pub fn to(&self, channel: impl ToChannel) -> Target {
        self.others().to(channel)
    }

    /// All clients of the namespace but this one: Socket.IO's `socket.broadcast`.
    pub fn others(&self) -> Target {
        self.target().except_socket(self.id())
    }
}

/// Socket.IO's own event names are refused on the way out as on the way in.
pub(super) fn check(event: &str) -> Result<(), SendError> {
    if is_reserved(event) { Err(SendError::Reserved(event.to_owned())) } else { Ok(()) }
}
