//! From WebSocket messages to Engine.IO packets.

use actix_http::ws::{CloseCode, Frame as WsFrame};
use bytes::{Buf, Bytes};
use bytestring::ByteString;

use super::{ReadEnd, Reader, frames::protocol_violation};
use crate::{
    protocol::{DecodeError, EnginePacket, Version, v3},
    transport::SessionEnd,
};

/// The result of a look into the buffer.
pub(super) enum Decoded {
    Packet(EnginePacket),
    /// The next frame is not complete.
    Incomplete,
    /// The next frame has to wait, so that others have their turn.
    TurnOver,
}

impl Reader<'_> {
    /// Decodes the next packet in the buffer, if it is complete. Answers pings on the way.
    #[inline]
    pub(super) fn decode_packet(&mut self) -> Result<Decoded, ReadEnd> {
        loop {
            if !self.turn.may_decode() {
                return Ok(Decoded::TurnOver);
            }
            let Some(frame) = self.decode_frame().map_err(protocol_violation)? else {
                return Ok(Decoded::Incomplete);
            };
            self.unpaid.decoded_frame();
            let (is_binary, data) = match frame {
                WsFrame::Text(text) => (false, text),
                WsFrame::Binary(data) => (true, data),
                WsFrame::Continuation(fragment) => match self.add_fragment(fragment)? {
                    Some(message) => message,
                    None => continue,
                },
                WsFrame::Ping(data) => {
                    self.write_state.borrow_mut().answer_ping(data);
                    continue;
                }
                WsFrame::Pong(_) => continue,
                WsFrame::Close(reason) => {
                    return Err(ReadEnd::Closed(reason.map(|reason| reason.code)));
                }
            };
            let data = self.inflate(data)?;
            return self.parse_packet(is_binary, data).map(Decoded::Packet);
        }
    }

    /// Parses one message in the session's version of Engine.IO.
    #[inline]
    fn parse_packet(&self, is_binary: bool, mut data: Bytes) -> Result<EnginePacket, ReadEnd> {
        let text = |data: Bytes| {
            ByteString::try_from(data).map_err(|_| {
                ReadEnd::Violation(CloseCode::Invalid, SessionEnd::Malformed(DecodeError::NotUtf8))
            })
        };
        if !is_binary && self.session.version == Version::V4 && data.first() == Some(&b'4') {
            // A text message is the most frequent packet. Its bytes are used in place, without a
            // second reference to them.
            data.advance(1);
            return text(data).map(EnginePacket::Message);
        }
        let packet = match (is_binary, self.session.version) {
            (true, Version::V4) => Ok(EnginePacket::Binary(data)),
            (true, Version::V3) => v3::decode_binary(&data),
            (false, version) => {
                let text = text(data)?;
                match version {
                    Version::V4 => EnginePacket::decode(text),
                    Version::V3 => v3::decode_text(text),
                }
            }
        };
        packet.map_err(|error| ReadEnd::Violation(CloseCode::Policy, SessionEnd::Malformed(error)))
    }
}
