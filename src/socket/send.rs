use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use super::{AckError, SendError, Socket, SocketEmitter, Target};
use crate::{
    model::ToChannel,
    protocol::{Args, is_reserved},
};

/// The event of a message without a name: clients have `socket.send(..)` and
/// `socket.on("message", ..)` for it.
pub(crate) const MESSAGE: &str = "message";

/// # Sending
///
/// Each method of django-socketio is a short form of one of Socket.IO's:
///
/// | method | is | reaches |
/// | --- | --- | --- |
/// | `socket.send(&x)` | `socket.emit("message", &x)` | this client |
/// | `socket.broadcast(&x)` | `socket.others().emit("message", &x)` | all others |
/// | `socket.broadcast_channel(c, &x)` | `socket.to(c).emit("message", &x)` | the others in `c` |
/// | `socket.broadcast_channels(&x)` | `socket.to(c1).to(c2)…` | the others in its channels |
/// | `socket.send_and_broadcast(&x)` | `io.emit("message", &x)` | all |
/// | `socket.send_and_broadcast_channel(c, &x)` | `socket.to(c).including(&socket)…` | `c`, this client |
///
/// None of them waits. Everything that goes to more than one client has one order for all of them,
/// the sender included. `send` and `emit` put an event straight into the client's outbox, so there
/// is no order between these events and publications.
///
/// ```no_run
/// # fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::SendError> {
/// socket.send("welcome")?;
/// socket.to("room-1").emit("joined", &socket.id())?;
/// # Ok(())
/// # }
/// ```
impl Socket {
    /// Sends `data` to this client as the event `message`.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::SendError> {
    /// socket.send("welcome")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError::Closed`] or [`SendError::Serialize`].
    pub fn send<T: Serialize + ?Sized>(&self, data: &T) -> Result<(), SendError> {
        self.emit(MESSAGE, data)
    }

    /// Sends an event to this client.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::SendError> {
    /// socket.emit("score", &serde_json::json!({"home": 1, "away": 0}))?;
    /// // Several arguments: `socket.on("goal", (team, minute) => …)`.
    /// socket.emit("goal", &actix_socketio::Many(("home", 42)))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError::Closed`], [`SendError::Reserved`] or [`SendError::Serialize`].
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, data: &T) -> Result<(), SendError> {
        SocketEmitter::new(self).emit(event, data)
    }

    /// Sends an event to this client, and waits for its acknowledgement, for at most
    /// [`Builder::ack_timeout`].
    ///
    /// A handler may wait for the client whose event it handles. Acknowledgements overtake events,
    /// as long as no more than [`Builder::max_inbox`](crate::Builder::max_inbox) events are before
    /// them. An [`OnConnect`] handler may not wait: what it sends is held until it has answered,
    /// this event too.
    ///
    /// ```no_run
    /// # async fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::AckError> {
    /// let agreed: bool = socket.emit_with_ack("confirm", "Really?").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AckError`] is the reason why there is no answer of the expected type.
    ///
    /// [`Builder::ack_timeout`]: crate::Builder::ack_timeout
    /// [`OnConnect`]: crate::OnConnect
    #[doc(alias = "emitWithAck")]
    pub async fn emit_with_ack<T, R>(&self, event: &str, data: &T) -> Result<R, AckError>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        self.timeout(self.config().ack_timeout).emit_with_ack(event, data).await
    }

    /// Sends an event, and waits for an acknowledgement of several arguments. Returns all of them
    /// as they came. [`Socket::emit_with_ack`] returns the first.
    ///
    /// ```no_run
    /// # use std::error::Error;
    /// # async fn example(socket: actix_socketio::Socket) -> Result<(), Box<dyn Error>> {
    /// let answer = socket.emit_with_ack_args("where", "please").await?;
    /// let (x, y): (f64, f64) = (answer.get(0)?, answer.get(1)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AckError`], except for [`AckError::Reply`].
    #[doc(alias = "emitWithAck")]
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

    /// Sends `data` to the channel's subscribers but this one, as the event `message`. This client
    /// need not be subscribed.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::SendError> {
    /// socket.broadcast_channel("match-42", "1:0")?;
    /// # Ok(())
    /// # }
    /// ```
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

    /// Sends `data` to the other subscribers of any of this client's channels, as the event
    /// `message`. A client in several of them gets one copy.
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
    /// It is one publication: this client receives it in the same order as all others.
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

    /// Drops the event if the transport does not wait for it: see [`SocketEmitter::volatile`].
    pub fn volatile(&self) -> SocketEmitter<'_> {
        SocketEmitter::new(self).volatile()
    }

    /// Sets whether an event may be sent compressed: see [`SocketEmitter::compress`].
    pub fn compress(&self, compress: bool) -> SocketEmitter<'_> {
        SocketEmitter::new(self).compress(compress)
    }

    /// Sets how long to wait for an acknowledgement, in place of
    /// [`Builder::ack_timeout`](crate::Builder::ack_timeout).
    pub fn timeout(&self, timeout: Duration) -> SocketEmitter<'_> {
        SocketEmitter::new(self).timeout(timeout)
    }

    /// The subscribers of the channel, without this client: Socket.IO's `socket.to(channel)`.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::SendError> {
    /// socket.to("match-42").except("muted").emit("cheer", "home")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to(&self, channel: impl ToChannel) -> Target {
        self.others().to(channel)
    }

    /// All clients of the namespace, without this one: Socket.IO's `socket.broadcast`.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::SendError> {
    /// socket.others().emit("joined", &socket.id())?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "broadcast")]
    pub fn others(&self) -> Target {
        self.target().except_socket(self.id())
    }
}

/// Refuses the event names that Socket.IO reserves.
pub(super) fn check(event: &str) -> Result<(), SendError> {
    if is_reserved(event) { Err(SendError::Reserved(event.to_owned())) } else { Ok(()) }
}
