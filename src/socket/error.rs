use std::{error, fmt};

use crate::{
    model::{ChannelError, SocketId},
    protocol::ArgError,
    registry::PublishError,
};

/// The reason why something was not sent.
///
/// It is a response to an HTTP request: 404 for [`NoSocket`](Self::NoSocket) and
/// [`Closed`](Self::Closed), 400 for [`Channel`](Self::Channel), 413 for
/// [`TooLarge`](Self::TooLarge), 503 for [`Overloaded`](Self::Overloaded), and an opaque 500 for an
/// error of the application.
///
/// ```
/// use actix_socketio::{SendError, SocketIo};
/// use actix_web::{HttpResponse, post, web};
///
/// #[post("/goals/{channel}")]
/// async fn goal(
///     channel: web::Path<String>,
///     score: String,
///     io: web::Data<SocketIo>,
/// ) -> Result<HttpResponse, SendError> {
///     io.to(channel.as_str()).publish("goal", &score).await?;
///     Ok(HttpResponse::NoContent().finish())
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// The client has gone, or is being disconnected because it reads too slowly. This happens all
    /// the time. A publication: the server has stopped.
    Closed,
    /// There is no client with this id.
    NoSocket(SocketId),
    /// The channel name is invalid.
    Channel(ChannelError),
    /// The maximum number of publications waits:
    /// [`Builder::max_publications`](crate::Builder::max_publications). Try again later, or use
    /// [`Target::publish`](crate::Target::publish), which waits for its own.
    Overloaded,
    /// Socket.IO reserves this event name.
    Reserved(String),
    /// The event alone is larger than what may wait for a client,
    /// [`Builder::max_outbox`](crate::Builder::max_outbox). No client could receive it.
    TooLarge {
        /// The bytes that the event takes.
        length: usize,
        /// The bytes that may wait.
        limit: usize,
    },
    /// No store has committed the publication: [`Builder::store`](crate::Builder::store). If its route delivers
    /// [after the commit](crate::History::after_commit), it was not delivered. Otherwise it was,
    /// and may be lost in a crash.
    NotStored,
    /// The cluster can't be reached: no client has received the event. Try again later.
    ///
    /// If the connection was lost while the event was on its way, its fate is known only when the
    /// cluster is back: then all servers deliver it, or none.
    ClusterAway,
    /// The data cannot be written as JSON: a map whose keys are not strings, for example. This is
    /// an error of the application.
    Serialize(serde_json::Error),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the client has gone"),
            Self::NoSocket(id) => write!(f, "there is no client {id}"),
            Self::Channel(error) => error.fmt(f),
            Self::Overloaded => f.write_str("too many publications are waiting: try again later"),
            Self::Reserved(name) => {
                write!(f, "the event name {name:?} is reserved by Socket.IO: choose another")
            }
            Self::TooLarge { length, limit } => {
                write!(
                    f,
                    "an event that takes {length} bytes is larger than max_outbox, {limit}: \
                     send it in parts"
                )
            }
            Self::NotStored => f.write_str("no store has committed the publication"),
            Self::ClusterAway => f.write_str(
                "the cluster can't be reached, and no client has received it: try again later",
            ),
            Self::Serialize(error) => write!(f, "the data can't be written as JSON: {error}"),
        }
    }
}

impl error::Error for SendError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Channel(error) => Some(error),
            Self::Serialize(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ChannelError> for SendError {
    fn from(error: ChannelError) -> Self {
        Self::Channel(error)
    }
}

impl From<PublishError> for SendError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Overloaded => Self::Overloaded,
            PublishError::TooLarge { length, limit } => Self::TooLarge { length, limit },
            PublishError::Closed => Self::Closed,
            PublishError::NotStored => Self::NotStored,
            PublishError::ClusterAway => Self::ClusterAway,
        }
    }
}

impl From<serde_json::Error> for SendError {
    fn from(error: serde_json::Error) -> Self {
        Self::Serialize(error)
    }
}

/// The reason why a socket was not subscribed.
///
/// It is a response to an HTTP request: 400 for [`Channel`](Self::Channel), 409 for
/// [`TooManyChannels`](Self::TooManyChannels), and 404 for [`Closed`](Self::Closed).
///
/// ```no_run
/// use actix_socketio::{Socket, SubscribeError};
///
/// fn subscribe(socket: &Socket, channel: &str) {
///     match socket.subscribe(channel) {
///         Ok(is_new) => log::debug!("subscribed, {is_new}"),
///         Err(SubscribeError::Closed) => {}
///         Err(error) => log::warn!("{channel}: {error}"),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The channel name is invalid.
    Channel(ChannelError),
    /// The socket is in the maximum number of channels,
    /// [`Builder::max_channels`](crate::Builder::max_channels).
    TooManyChannels {
        /// The maximum.
        limit: usize,
    },
    /// All clients together have [`Builder::max_memory`](crate::Builder::max_memory), and this one
    /// has many subscriptions.
    MemoryLimit,
    /// The client has gone.
    Closed,
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(error) => error.fmt(f),
            Self::TooManyChannels { limit } => {
                write!(
                    f,
                    "a client may be subscribed to {limit} channels at most: \
                     unsubscribe from another one first"
                )
            }
            Self::MemoryLimit => {
                f.write_str("the server has no memory for another subscription: try again later")
            }
            Self::Closed => f.write_str("the client has gone"),
        }
    }
}

impl error::Error for SubscribeError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Channel(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ChannelError> for SubscribeError {
    fn from(error: ChannelError) -> Self {
        Self::Channel(error)
    }
}

/// The reason why there is no acknowledgement of the expected type.
///
/// It is a response to an HTTP request: 504 for [`Timeout`](Self::Timeout), 404 for
/// [`Closed`](Self::Closed), 503 for [`TooMany`](Self::TooMany) and
/// [`Overloaded`](Self::Overloaded), 502 for [`Reply`](Self::Reply), whose text stays on the server,
/// and that of the [`SendError`] for [`Send`](Self::Send).
///
/// ```no_run
/// use actix_socketio::{AckError, Socket};
///
/// async fn confirm(socket: &Socket) -> bool {
///     match socket.emit_with_ack("confirm", "Really?").await {
///         Ok(agreed) => agreed,
///         Err(AckError::Timeout) => false,
///         Err(error) => {
///             log::warn!("{error}");
///             false
///         }
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum AckError {
    /// The client did not answer within [`Builder::ack_timeout`](crate::Builder::ack_timeout).
    Timeout,
    /// The client has gone.
    Closed,
    /// The maximum number of acknowledgements of this client is waited for:
    /// [`Builder::max_pending_acks`](crate::Builder::max_pending_acks).
    TooMany {
        /// The maximum.
        limit: usize,
    },
    /// The client's answer does not have the expected type.
    Reply(ArgError),
    /// The answers to broadcasts that are collected at the moment have
    /// [`Builder::max_ack_bytes`](crate::Builder::max_ack_bytes) together, so this one is dropped.
    Overloaded,
    /// The event was not sent.
    Send(SendError),
}

impl fmt::Display for AckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("the client did not acknowledge in time"),
            Self::Closed => f.write_str("the client has gone without acknowledging"),
            Self::TooMany { limit } => {
                write!(f, "{limit} acknowledgements of this client are waited for already")
            }
            Self::Reply(error) => {
                write!(f, "the client's acknowledgement is not as expected: {error}")
            }
            Self::Overloaded => {
                f.write_str("the answers to broadcasts have max_ack_bytes of memory already")
            }
            Self::Send(error) => error.fmt(f),
        }
    }
}

impl error::Error for AckError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Reply(error) => Some(error),
            Self::Send(error) => Some(error),
            _ => None,
        }
    }
}

impl From<SendError> for AckError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Closed => Self::Closed,
            other => Self::Send(other),
        }
    }
}
