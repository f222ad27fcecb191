use actix::Message;

use super::{DisconnectReason, HandlerError, HandlerResult, OnMessage};
use crate::{model::Channel, socket::Socket};

/// A client asks to enter a namespace. Check its identity here.
///
/// The event comes once for each socket, before any other. `Ok` admits the client. An `Err` refuses
/// it: the client reads the message and the data of [`HandlerError::reject`] in its `connect_error`
/// event. Any other error reads `internal error` there, and raises [`OnError`].
///
/// Events that the handler sends to the client wait. They follow the admission, and are dropped
/// with a refusal.
///
/// ```
/// use actix_socketio::{HandlerError, OnConnect, SocketIo};
///
/// let builder = SocketIo::builder().on_connect(async |event: OnConnect| {
///     let Some(name) = event.socket.handshake().header("x-name") else {
///         return Err(HandlerError::reject("who are you?"));
///     };
///     event.socket.context().insert("name", name)?;
///     event.socket.send("welcome")?;
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnConnect {
    /// The client.
    pub socket: Socket,
    /// Whether the client has come back and is what it was: see
    /// [`Builder::recovery`](crate::Builder::recovery). It is asked for all the same, so that a
    /// client that may not enter any more is refused.
    pub recovered: bool,
}

/// An event of a client has arrived: inspect or drop it here, before the server acts on it.
///
/// This is Socket.IO's `socket.use`. It comes for events by any name, also for the three requests
/// for channels. `Ok` passes the event on to its handlers. An `Err` drops the event and raises
/// [`OnError`]. If the event was a request to subscribe, unsubscribe or publish, the client reads
/// the refusal in its acknowledgement.
///
/// ```
/// use actix_socketio::{HandlerError, OnPacket, SocketIo};
///
/// let builder = SocketIo::builder().on_packet(async |event: OnPacket| {
///     if event.message.event() == "publish" && event.socket.context().contains_key("muted") {
///         return Err(HandlerError::reject("you are muted"));
///     }
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnPacket {
    /// The client.
    pub socket: Socket,
    /// The event, with its arguments. A request for a channel has its own event name, such as
    /// `subscribe`.
    pub message: OnMessage,
}

impl OnPacket {
    pub(crate) fn new(message: OnMessage) -> Self {
        Self { socket: message.socket.clone(), message }
    }
}

/// A client's connection has moved from polling to a WebSocket.
///
/// The event comes once for each socket of the connection. [`Socket::transport`] returns the new
/// transport. `Ok` has no further effect. An `Err` raises [`OnError`].
///
/// ```
/// use actix_socketio::{OnUpgrade, SocketIo};
///
/// let builder = SocketIo::builder().on_upgrade(async |event: OnUpgrade| {
///     event.socket.emit("high resolution", &true)?;
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnUpgrade {
    /// The client.
    pub socket: Socket,
}

/// A client asks to subscribe to a channel: decide here whether it may.
///
/// The event comes for each request that the server does not answer itself: it grants a request
/// of a client that is subscribed already, and refuses a channel without a route.
///
/// `Ok` subscribes the client, unless the handler has done so. An `Err` refuses: the client reads
/// the message and the data of [`HandlerError::reject`] in its acknowledgement. Any other error
/// reads `internal error` there, and raises [`OnError`].
///
/// Subscribe the client yourself before you send a snapshot. No publication is lost in between:
///
/// ```
/// use actix_socketio::{OnSubscribe, channel};
///
/// let route = channel("^match-").on_subscribe(async |event: OnSubscribe| {
///     event.socket.subscribe(&event.channel)?;
///     event.socket.emit("score", "1:0")?;
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnSubscribe {
    /// The client.
    pub socket: Socket,
    /// The channel.
    pub channel: Channel,
    /// Whether the client has come back, and was in the channel before: see
    /// [`Builder::recovery`](crate::Builder::recovery). It receives what it missed of the channel. A
    /// refusal takes it out.
    pub recovered: bool,
}

/// A client has left a channel.
///
/// The event comes when a client unsubscribes, and for each channel of a client that is gone. In
/// the second case the channel is still among [`Socket::channels`]. `Ok` has no further effect. An
/// `Err` raises [`OnError`].
///
/// ```
/// use actix_socketio::{OnUnsubscribe, channel};
///
/// let route = channel("^room-").on_unsubscribe(async |event: OnUnsubscribe| {
///     event.socket.to(&event.channel).emit("left", &event.socket.id())?;
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnUnsubscribe {
    /// The client.
    pub socket: Socket,
    /// The channel.
    pub channel: Channel,
}

/// A handler has failed: log or count it here.
///
/// The event comes when a handler returns an `Err` that is not the answer to a request, panics, or
/// exceeds [`Builder::handler_timeout`](crate::Builder::handler_timeout). It also comes when a
/// handler refuses a message. The connection goes on, and the client is not notified. `Ok` has no
/// further effect. An `Err` is logged and raises no further event.
///
/// ```
/// use actix_socketio::{OnError, SocketIo};
///
/// let builder = SocketIo::builder().on_error(async |event: OnError| {
///     if !event.error.is_rejection() {
///         log::error!("{}: {}", event.socket.id(), event.error);
///     }
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnError {
    /// The client whose event it was.
    pub socket: Socket,
    /// The error that the handler returned, or the reason why it did not return.
    pub error: HandlerError,
}

/// A client is gone.
///
/// The event comes once for each client that was admitted, however the connection ended. The client
/// is still in its channels. `Ok` has no further effect. An `Err` raises [`OnError`].
///
/// ```
/// use actix_socketio::{DisconnectReason, OnDisconnect, SocketIo};
///
/// let builder = SocketIo::builder().on_disconnect(async |event: OnDisconnect| {
///     if event.reason == DisconnectReason::SlowConsumer {
///         log::warn!("{} read too slowly", event.socket.id());
///     }
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnDisconnect {
    /// The client.
    pub socket: Socket,
    /// Why the client is gone.
    pub reason: DisconnectReason,
    /// Whether the client may come back as the same socket: see
    /// [`Builder::recovery`](crate::Builder::recovery).
    pub returns: bool,
}

/// The last event of a client: release here what you keep for it.
///
/// The event comes after [`OnDisconnect`], and after an [`OnUnsubscribe`] for each channel. Context
/// and channels of the client exist until the last handler has answered. `Ok` has no further
/// effect. An `Err` raises [`OnError`].
///
/// ```
/// use std::{collections::HashSet, sync::{Arc, Mutex, PoisonError}};
///
/// use actix_socketio::{OnFinish, SocketId, SocketIo};
///
/// let players = Arc::<Mutex<HashSet<SocketId>>>::default();
/// let builder = SocketIo::builder().on_finish(async move |event: OnFinish| {
///     players.lock().unwrap_or_else(PoisonError::into_inner).remove(&event.socket.id());
///     Ok(())
/// });
/// ```
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnFinish {
    /// The client.
    pub socket: Socket,
}
