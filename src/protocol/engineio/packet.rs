use ::base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use bytestring::ByteString;

use super::base64;
use crate::protocol::DecodeError;

/// One Engine.IO v4 packet. Its text form is a type digit, followed by data: `4hello` is
/// `Message("hello")`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnginePacket {
    /// `0`: the server's handshake. The data is an [`OpenPacket`](super::OpenPacket) as JSON.
    Open(ByteString),
    /// `1`: the sender closes the session.
    Close,
    /// `2`: a ping of the server. `2probe` comes from a client that tries a WebSocket.
    Ping(ByteString),
    /// `3`: the answer to a ping, with the data of the ping.
    Pong(ByteString),
    /// `4`: a message, which carries a Socket.IO packet.
    Message(ByteString),
    /// `b` and base64: an attachment of the packet before it. On a WebSocket, the attachment is a
    /// binary message without the `b`.
    Binary(Bytes),
    /// `5`: the client moves the session to the transport that carries this packet.
    Upgrade,
    /// `6`: no content. It completes a waiting poll.
    Noop,
}

impl EnginePacket {
    /// Decodes one packet from its text form. The data shares the memory of `text`.
    ///
    /// # Errors
    /// [`DecodeError::Empty`] if `text` is empty, [`DecodeError::UnknownEngineType`] if the type is
    /// not known, and [`DecodeError::Payload`] if the data of a `b` packet is not base64.
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
            'b' => Self::Binary(base64::decode(&text[1..])?),
            other => return Err(DecodeError::UnknownEngineType(other)),
        })
    }

    /// Returns about how many bytes of memory the packet takes, together with the event that is
    /// made from it.
    pub(crate) fn cost(&self) -> usize {
        /// The size of an event that waits in a queue.
        const EVENT: usize = 512;
        /// Bytes for each byte of text: the text, and less than half of it for the index of its
        /// arguments.
        const PER_TEXT_BYTE: usize = 2;
        /// Bytes for each byte of binary. In MessagePack, one byte of the packet may become six of
        /// JSON, and their index.
        const PER_BINARY_BYTE: usize = 9;
        let per_byte =
            if matches!(self, Self::Binary(_)) { PER_BINARY_BYTE } else { PER_TEXT_BYTE };
        EVENT + per_byte * self.data_len()
    }

    fn data_len(&self) -> usize {
        match self {
            Self::Open(text) | Self::Ping(text) | Self::Pong(text) | Self::Message(text) => {
                text.len()
            }
            Self::Binary(data) => data.len(),
            Self::Close | Self::Upgrade | Self::Noop => 0,
        }
    }

    /// Returns the length of the packet in bytes, with its type: no packet is free to send.
    pub(crate) fn len(&self) -> usize {
        1 + self.data_len()
    }

    /// Encodes the packet in its text form.
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
    fn errors_name_the_fault_of_an_invalid_packet() {
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
        fn decode_reverses_encode(kind in 0..8u8, data in ".*") {
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
