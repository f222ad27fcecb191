use std::{error, fmt};

use crate::log_text::LogError;

/// The reason why a message from a peer is not a valid packet.
///
/// The peer is at fault. The server closes the session, and its sockets are disconnected with
/// [`DisconnectReason::ParseError`](crate::DisconnectReason::ParseError).
///
/// ```
/// use actix_socketio::protocol::{Args, DecodeError};
///
/// assert_eq!(Args::parse("[[1]]".into(), 1).unwrap_err(), DecodeError::TooDeep { limit: 1 });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The packet is empty.
    Empty,
    /// The first character of the packet is not an Engine.IO packet type.
    UnknownEngineType(char),
    /// The first character of an Engine.IO message is not a Socket.IO packet type.
    UnknownType(char),
    /// A binary message arrived, but no packet has announced an attachment.
    UnexpectedBinary,
    /// A packet arrived while attachments of the packet before it were missing.
    AttachmentsDue {
        /// The number of missing attachments.
        due: usize,
    },
    /// The packet announces more attachments than
    /// [`DecodeLimits::attachments`](super::DecodeLimits::attachments).
    TooManyAttachments {
        /// The largest number of attachments that is allowed.
        limit: usize,
    },
    /// The payload is not valid for the packet's type. The text describes the fault.
    Payload(String),
    /// The attachments of the packet together have more bytes than
    /// [`DecodeLimits::attachment_bytes`](super::DecodeLimits::attachment_bytes).
    AttachmentsTooLarge {
        /// The largest number of bytes that is allowed.
        limit: usize,
    },
    /// The JSON is nested more deeply than [`DecodeLimits::depth`](super::DecodeLimits::depth).
    TooDeep {
        /// The largest number of levels that is allowed.
        limit: usize,
    },
    /// The event has a name that Socket.IO reserves for itself, such as `connect`.
    Reserved(String),
    /// The bytes of a text are not UTF-8.
    NotUtf8,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty packet"),
            Self::UnknownEngineType(c) => write!(f, "unknown Engine.IO packet type {c:?}"),
            Self::UnknownType(c) => write!(f, "unknown Socket.IO packet type {c:?}"),
            Self::UnexpectedBinary => {
                f.write_str("unexpected binary message: no packet has announced it")
            }
            Self::AttachmentsDue { due } => {
                write!(f, "unexpected packet: {due} attachments are due")
            }
            Self::TooManyAttachments { limit } => {
                write!(f, "packet has more than {limit} attachments")
            }
            Self::Payload(what) => write!(f, "invalid payload: {}", LogError(what)),
            Self::AttachmentsTooLarge { limit } => {
                write!(f, "attachments have more than {limit} bytes together")
            }
            Self::TooDeep { limit } => write!(f, "JSON is nested more than {limit} levels deep"),
            Self::Reserved(name) => write!(f, "the event name {name:?} is reserved"),
            Self::NotUtf8 => f.write_str("text is not UTF-8"),
        }
    }
}

impl error::Error for DecodeError {}
