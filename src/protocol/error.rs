use std::{error, fmt};

/// Why something that a peer sent is no packet. The peer is to blame; the session it belongs to is
/// closed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// A packet of no characters at all.
    Empty,
    /// The first character is no Engine.IO packet type.
    UnknownEngineType(char),
    /// The first character of an Engine.IO message is no Socket.IO packet type.
    UnknownType(char),
    /// Binary that no packet has announced.
    UnexpectedBinary,
    /// A packet while attachments of the one before are due.
    AttachmentsDue {
        /// How many.
        due: usize,
    },
    /// A packet announces more attachments than
    /// [`DecodeLimits::attachments`](super::DecodeLimits::attachments).
    TooManyAttachments {
        /// The limit that was passed.
        limit: usize,
    },
    /// The payload does not fit the packet's type; the text says what was wrong.
    Payload(String),
    /// A packet's attachments have more bytes together than
    /// [`DecodeLimits::attachment_bytes`](super::DecodeLimits::attachment_bytes).
    AttachmentsTooLarge {
        /// The limit that was passed.
        limit: usize,
    },
    /// JSON nested more deeply than [`DecodeLimits::depth`](super::DecodeLimits::depth).
    TooDeep {
        /// The limit that was passed.
        limit: usize,
    },
    /// An event with a name that Socket.IO keeps for itself, such as `connect`.
    Reserved(String),
    /// The bytes are not UTF-8.
    NotUtf8,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty packet"),
            Self::UnknownEngineType(c) => write!(f, "unknown Engine.IO packet type {c:?}"),
            Self::UnknownType(c) => write!(f, "unknown Socket.IO packet type {c:?}"),
            Self::UnexpectedBinary => f.write_str("binary that no packet has announced"),
            Self::AttachmentsDue { due } => write!(f, "a packet while {due} attachments are due"),
            Self::TooManyAttachments { limit } => {
                write!(f, "a packet with more than {limit} attachments")
            }
            Self::Payload(what) => write!(f, "bad payload: {what}"),
            Self::AttachmentsTooLarge { limit } => {
                write!(f, "attachments of more than {limit} bytes together")
            }
            Self::TooDeep { limit } => write!(f, "JSON nested more than {limit} levels deep"),
            Self::Reserved(name) => write!(f, "the event name {name:?} is reserved"),
            Self::NotUtf8 => f.write_str("text that is not UTF-8"),
        }
    }
}

impl error::Error for DecodeError {}
