use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use bytestring::ByteString;

use crate::protocol::DecodeError;

/// One Engine.IO v4 packet in its text form: a type digit, then data.
///
/// ```
/// use actix_socketio::protocol::EnginePacket;
///
/// let packet = EnginePacket::decode("4hello".into())?;
/// assert_eq!(packet, EnginePacket::Message("hello".into()));
/// assert_eq!(packet.encode(), "4hello");
/// # Ok::<(), actix_socketio::protocol::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnginePacket {
    /// `0`: the handshake, from the server; its data is an [`OpenPacket`](super::Open) as JSON.
    Open(ByteString),
    /// `1`: this session is over.
    Close,
    /// `2`: are you there? From the server; `2probe` from a client which tries a WebSocket.
    Ping(ByteString),
    /// `3`: the answer to a ping, with its data.
    Pong(ByteString),
    /// `4`: a Socket.IO packet.
    Message(ByteString),
    /// `b` and base64: an attachment of the packet before. On a WebSocket it is a binary message,
    /// without the `b`.
    Binary(Bytes),
    /// `5`: the client moves to the transport that this packet came over.
    Upgrade,
    /// `6`: nothing; it lets a waiting poll return.
    Noop,
}

impl EnginePacket {
    /// Reads one packet; its data shares the memory of `text`.
    ///
    /// # Errors
    /// [`DecodeError::Empty`], [`DecodeError::UnknownEngineType`], and [`DecodeError::Payload`] for
    /// what is no base64.
    pub fn decode(text: ByteString) -> Result<Self, DecodeError> {
        let kind = text.chars().next().ok_or(DecodeError::Empty)?;
        let data = || text.slice_ref(&text[1..]);
        Ok(match kind {
            '0' => Self::Open(data()),
            '1' => Self::Close,
            '2' => Self::Ping(data()),
            '3' => Self::Pong(data()),
            '4' => Self::Message(data()),
            '5' => Self::Upgrade,
            '6' => Self::Noop,
            'b' => {
                let data = BASE64_STANDARD.decode(&text[1..]);
                Self::Binary(data.map_err(|error| DecodeError::Payload(error.to_string()))?.into())
            }
            other => return Err(DecodeError::UnknownEngineType(other)),
        })
    }

    /// Bytes that it may take in memory with what becomes of it.
    pub(crate) fn cost(&self) -> usize {
        /// An event's place in an inbox.
        const EVENT: usize = 512;
        /// Of two characters, an argument and a comma, the place is remembered in 16 bytes.
        const EACH: usize = 9;
        let data = match self {
            Self::Open(text) | Self::Ping(text) | Self::Pong(text) | Self::Message(text) => {
                text.len()
            }
            Self::Binary(data) => data.len(),
            Self::Close | Self::Upgrade | Self::Noop => 0,
        };
        EVENT + EACH * data
    }

    /// Writes the packet as text.
    pub fn encode(&self) -> ByteString {
        match self {
            Self::Open(data) => format!("0{data}").into(),
            Self::Close => ByteString::from_static("1"),
            Self::Ping(data) => format!("2{data}").into(),
            Self::Pong(data) => format!("3{data}").into(),
            Self::Message(data) => format!("4{data}").into(),
            Self::Binary(data) => format!("b{}", BASE64_STANDARD.encode(data)).into(),
            Self::Upgrade => ByteString::from_static("5"),
            Self::Noop => ByteString::from_static("6"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_packet_says_why() {
        assert_eq!(EnginePacket::decode("".into()), Err(DecodeError::Empty));
        assert_eq!(EnginePacket::decode("7".into()), Err(DecodeError::UnknownEngineType('7')));
        assert_eq!(EnginePacket::decode("é".into()), Err(DecodeError::UnknownEngineType('é')));
        assert!(matches!(EnginePacket::decode("bAQI!".into()), Err(DecodeError::Payload(_))));
        assert_eq!(
            EnginePacket::decode("bAQID".into()),
            Ok(EnginePacket::Binary(Bytes::from_static(&[1, 2, 3])))
        );
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(kind in 0..8u8, data in ".*") {
            let data = ByteString::from(data);
            let packet = match kind {
                0 => EnginePacket::Open(data),
                1 => EnginePacket::Close,
                2 => EnginePacket::Ping(data),
                3 => EnginePacket::Pong(data),
                4 => EnginePacket::Message(data),
                5 => EnginePacket::Upgrade,
                6 => EnginePacket::Noop,
                _ => EnginePacket::Binary(data.into_bytes()),
            };
            prop_assert_eq!(EnginePacket::decode(packet.encode()), Ok(packet));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".*") {
            let _ = EnginePacket::decode(text.into());
        }
    }
}
