use bytes::Bytes;
use bytestring::ByteString;

/// An Engine.IO message, sent or received. It is text or bytes.
///
/// ```
/// use actix_socketio::EngineMessage;
///
/// assert_eq!(EngineMessage::from("hello"), EngineMessage::Text("hello".into()));
/// assert_eq!(EngineMessage::from(vec![1, 2]), EngineMessage::Binary(vec![1, 2].into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // The protocol has only these two kinds.
pub enum EngineMessage {
    /// A message of text: packet type `4`.
    Text(ByteString),
    /// A binary message: a WebSocket's binary frame, or `b` and base64 over polling.
    Binary(Bytes),
}

impl From<&str> for EngineMessage {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for EngineMessage {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<ByteString> for EngineMessage {
    fn from(text: ByteString) -> Self {
        Self::Text(text)
    }
}

impl From<Bytes> for EngineMessage {
    fn from(data: Bytes) -> Self {
        Self::Binary(data)
    }
}

impl From<Vec<u8>> for EngineMessage {
    fn from(data: Vec<u8>) -> Self {
        Self::Binary(data.into())
    }
}
