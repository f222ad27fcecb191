use std::{error, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

use crate::{
    model::{ChannelError, SocketId},
    protocol::ArgError,
};

/// Why something was not sent.
///
/// As an answer to an HTTP request, it is 404 for [`NoSocket`](Self::NoSocket) and
/// [`Closed`](Self::Closed), 400 for [`Channel`](Self::Channel), 413 for
/// [`TooLarge`](Self::TooLarge), 503 for [`Overloaded`](Self::Overloaded), and an opaque 500 for
/// what is the application's fault.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// The client has gone, or is just being let go because it reads too slowly. An everyday event.
    Closed,
    /// There is no client with this id, any more.
    NoSocket(SocketId),
    /// The channel's name is none.
    Channel(ChannelError),
    /// As many publications wait as may,
    /// [`Builder::max_publications`](crate::Builder::max_publications). Come back later, or use
    /// [`Target::publish`](crate::Target::publish), which waits for its own.
    Overloaded,
    /// Socket.IO keeps this event name for itself.
    Reserved(String),
    /// The event alone is larger than what may wait for a client,
    /// [`Builder::max_outbox`](crate::Builder::max_outbox): nobody could get it.
    TooLarge {
        /// The bytes that it takes.
        length: usize,
        /// The bytes that may wait.
        limit: usize,
    },
    /// The data can't be JSON: a map whose keys are no strings, for example. A fault of the
    /// application.
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
                    "an event that takes {length} bytes is larger than max_outbox, {limit}: send it in parts"
                )
            }
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

impl ResponseError for SendError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Closed | Self::NoSocket(_) => StatusCode::NOT_FOUND,
            Self::Channel(_) => StatusCode::BAD_REQUEST,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Reserved(_) | Self::Serialize(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        response.content_type("text/plain; charset=utf-8");
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            response.body("internal error\n")
        } else {
            response.body(format!("{self}\n"))
        }
    }
}

impl From<ChannelError> for SendError {
    fn from(error: ChannelError) -> Self {
        Self::Channel(error)
    }
}

impl From<serde_json::Error> for SendError {
    fn from(error: serde_json::Error) -> Self {
        Self::Serialize(error)
    }
}

/// Why a socket was not subscribed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The channel's name is none.
    Channel(ChannelError),
    /// The socket is in as many channels as may be,
    /// [`Builder::max_channels`](crate::Builder::max_channels).
    TooManyChannels {
        /// How many that is.
        limit: usize,
    },
    /// The socket is over.
    Closed,
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(error) => error.fmt(f),
            Self::TooManyChannels { limit } => {
                write!(
                    f,
                    "a client may be subscribed to {limit} channels at most: unsubscribe from another one first"
                )
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

/// Why an acknowledgement did not come.
#[derive(Debug)]
#[non_exhaustive]
pub enum AckError {
    /// The client did not answer within [`Builder::ack_timeout`](crate::Builder::ack_timeout).
    Timeout,
    /// The client has gone.
    Closed,
    /// As many answers of this client are waited for as may be,
    /// [`Builder::max_pending_acks`](crate::Builder::max_pending_acks).
    TooMany {
        /// How many that is.
        limit: usize,
    },
    /// The client's answer is not what was expected.
    Reply(ArgError),
    /// The question was not sent.
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
