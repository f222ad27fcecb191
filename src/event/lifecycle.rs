use actix::Message;

use super::{DisconnectReason, HandlerError, HandlerResult, OnMessage};
use crate::{model::Channel, socket::Socket};

/// A client asks to come into a namespace. `Ok` lets it in; an `Err` refuses it.
///
/// What is sent to it meanwhile is held, follows its admission, and is dropped with a refusal. A
/// client that is refused reads the message and the data of [`HandlerError::reject`] in its
/// `connect_error` event.
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnConnect {
    /// The client.
    pub socket: Socket,
}

/// An event has come, of whatever kind, and nothing is done with it yet: what Socket.IO calls
/// `socket.use`. An `Err` drops the event and raises [`OnError`]; if it was a request to subscribe,
/// unsubscribe or publish, the client is told.
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnPacket {
    /// The client.
    pub socket: Socket,
    /// The event, with its arguments. The three requests for channels have their names:
    /// `subscribe`, for instance.
    pub message: OnMessage,
}

impl OnPacket {
    pub(crate) fn new(message: OnMessage) -> Self {
        Self { socket: message.socket.clone(), message }
    }
}

/// A client's connection has moved from polling to a WebSocket: [`Socket::transport`] says so, too.
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnUpgrade {
    /// The client.
    pub socket: Socket,
}

/// A client asks to subscribe to a channel. `Ok` subscribes it, unless the handler has done so
/// already; an `Err` refuses it, and the client reads the message and the data of
/// [`HandlerError::reject`] in its acknowledgement.
///
/// A client that is subscribed already is told so at once, without an event.
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnSubscribe {
    /// The client.
    pub socket: Socket,
    /// The channel.
    pub channel: Channel,
}

/// A client has left a channel: by itself, or because it has gone; then the channel is still among
/// [`Socket::channels`].
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnUnsubscribe {
    /// The client.
    pub socket: Socket,
    /// The channel.
    pub channel: Channel,
}

/// A handler failed, panicked, took too long, or refused a message. The connection goes on; the
/// client hears nothing of it. An `Err` of the handler of this event is logged, and that is all.
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnError {
    /// The client whose event it was.
    pub socket: Socket,
    /// What the handler answered.
    pub error: HandlerError,
}

/// A client has gone. Once for each client that was let in, whatever happened; its channels are
/// still there.
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnDisconnect {
    /// The client.
    pub socket: Socket,
    /// Why.
    pub reason: DisconnectReason,
}

/// The last event of a client: after [`OnDisconnect`], and an [`OnUnsubscribe`] for each of its
/// channels. Its context and channels go away when the last handler has answered.
#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
#[non_exhaustive]
pub struct OnFinish {
    /// The client.
    pub socket: Socket,
}
