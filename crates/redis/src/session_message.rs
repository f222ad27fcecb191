//! The messages of servers of this crate about sessions. They have a channel of their own, on which
//! no server of Node hears: the secrets of clients are in them.

use actix_socketio::adapter::PrivateId;
use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};

use crate::{message::ServerId, wire::Unreadable};

/// The most bytes of a message.
const MAX_BYTES: usize = 1_000;

/// A message about the session of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SessionMessage {
    /// For all servers: the client has come back to this one. A server on which it is still
    /// connected puts it aside.
    PutAside { from: ServerId, request: u64, pid: PrivateId },
    /// The answer: whether it was there, and can be taken now.
    IsAside { request: u64, was_here: bool },
    /// For all servers: this one has taken the session.
    Taken { from: ServerId, pid: PrivateId },
}

/// As it is written.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum RawMessage<'a> {
    PutAside { from: &'a str, request: u64, pid: &'a str },
    IsAside { request: u64, was_here: bool },
    Taken { from: &'a str, pid: &'a str },
}

impl SessionMessage {
    pub(crate) fn write(&self) -> Bytes {
        let raw = match self {
            Self::PutAside { from, request, pid } => {
                RawMessage::PutAside { from: &from.0, request: *request, pid: pid.reveal() }
            }
            Self::IsAside { request, was_here } => {
                RawMessage::IsAside { request: *request, was_here: *was_here }
            }
            Self::Taken { from, pid } => RawMessage::Taken { from: &from.0, pid: pid.reveal() },
        };
        // Text and numbers can always be written as JSON.
        serde_json::to_vec(&raw).unwrap_or_default().into()
    }

    /// # Errors
    /// [`Unreadable`].
    pub(crate) fn read(payload: &[u8]) -> Result<Self, Unreadable> {
        if payload.len() > MAX_BYTES {
            return Err(Unreadable::new("a message about a session is too long"));
        }
        let unreadable = || Unreadable::new("a message about a session is not one");
        let raw = serde_json::from_slice::<RawMessage<'_>>(payload).map_err(|_| unreadable())?;
        let server = |id: &str| ServerId(ByteString::from(id));
        let secret = |pid: &str| PrivateId::parse(pid).ok_or_else(unreadable);
        Ok(match raw {
            RawMessage::PutAside { from, request, pid } => {
                Self::PutAside { from: server(from), request, pid: secret(pid)? }
            }
            RawMessage::IsAside { request, was_here } => Self::IsAside { request, was_here },
            RawMessage::Taken { from, pid } => {
                Self::Taken { from: server(from), pid: secret(pid)? }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages() -> [SessionMessage; 3] {
        let pid = PrivateId::parse("i0LIE3TZ-E61qPLZAAAB").expect("a secret");
        let from = ServerId("0123456789abcdef".into());
        [
            SessionMessage::PutAside { from: from.clone(), request: u64::MAX, pid },
            SessionMessage::IsAside { request: 7, was_here: true },
            SessionMessage::Taken { from, pid },
        ]
    }

    #[test]
    fn messages_are_read_as_they_were_written() {
        for message in messages() {
            assert_eq!(SessionMessage::read(&message.write()), Ok(message));
        }
    }

    #[test]
    fn a_message_does_not_show_the_secret() {
        for message in messages() {
            assert!(!format!("{message:?}").contains("i0LIE3TZ"), "{message:?}");
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        for payload in [
            &b""[..],
            b"{}",
            b"\xff",
            b"[1]",
            br#"{"type":"taken"}"#,
            br#"{"type":"taken","from":"a","pid":"short"}"#,
            br#"{"type":"isAside","request":-1,"wasHere":true}"#,
            br#"{"type":"other"}"#,
            &[b' '; 2_000],
        ] {
            assert!(SessionMessage::read(payload).is_err());
        }
    }
}
