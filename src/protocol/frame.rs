use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;

use super::EnginePacket;

/// The longest WebSocket header of an unmasked frame: two bytes and a 64-bit length.
const MAX_HEADER: usize = 10;
/// FIN and the opcode "text" (RFC 6455 §5.2).
const FIN_TEXT: u8 = 0x81;

/// An encoded packet: written once, sent to any number of clients over any transport.
///
/// It holds the WebSocket frame (servers don't mask, so header and payload never change); the text of the packet, as a
/// long-polling body wants it, is a slice of the same memory. A clone copies no bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    bytes: Bytes,
    header: u8,
}

impl Frame {
    /// The Engine.IO ping, `2`.
    pub const PING: Self = Self::short(b"\x81\x012");
    /// The Engine.IO noop, `6`.
    pub const NOOP: Self = Self::short(b"\x81\x016");
    /// The Engine.IO close, `1`.
    pub const CLOSE: Self = Self::short(b"\x81\x011");

    const fn short(bytes: &'static [u8]) -> Self {
        Self { bytes: Bytes::from_static(bytes), header: 2 }
    }

    /// Frames one Engine.IO packet.
    pub fn engine(packet: &EnginePacket) -> Self {
        let mut writer = FrameWriter::new();
        writer.text(&packet.encode());
        writer.finish()
    }

    /// The packet's text: an Engine.IO packet, such as `42["message","hello"]`.
    pub fn text(&self) -> &str {
        // Written from `str`s and by serde_json, which writes UTF-8.
        std::str::from_utf8(&self.bytes[usize::from(self.header)..]).unwrap_or_default()
    }

    /// The packet as one unmasked WebSocket text frame.
    pub fn websocket(&self) -> &Bytes {
        &self.bytes
    }

    /// What the frame counts against a bound in bytes.
    #[allow(clippy::len_without_is_empty)] // a frame is never empty
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The packet's text, sharing memory.
    pub fn to_text(&self) -> ByteString {
        ByteString::try_from(self.bytes.slice(usize::from(self.header)..)).unwrap_or_default()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Frame").field(&self.text()).finish()
    }
}

/// Collects a packet's text behind room for the header, whose size is known only at the end.
pub(super) struct FrameWriter {
    bytes: Vec<u8>,
}

impl FrameWriter {
    pub(super) fn new() -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.resize(MAX_HEADER, 0);
        Self { bytes }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// For serde_json, which writes valid UTF-8 only.
    pub(super) fn json(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(super) fn finish(mut self) -> Frame {
        let length = self.bytes.len() - MAX_HEADER;
        let mut header = [0; MAX_HEADER];
        header[0] = FIN_TEXT;
        let size = match length {
            0..=125 => {
                header[1] = length as u8;
                2
            }
            126..=0xffff => {
                header[1] = 126;
                header[2..4].copy_from_slice(&(length as u16).to_be_bytes());
                4
            }
            _ => {
                header[1] = 127;
                header[2..10].copy_from_slice(&(length as u64).to_be_bytes());
                10
            }
        };
        let start = MAX_HEADER - size;
        self.bytes[start..MAX_HEADER].copy_from_slice(&header[..size]);
        Frame { bytes: Bytes::from(self.bytes).slice(start..), header: size as u8 }
    }
}

#[cfg(test)]
mod tests {
    use actix_http::ws::{Codec, Frame as WsFrame};
    use bytes::BytesMut;
    use tokio_util::codec::Decoder;

    use super::*;

    #[test]
    fn is_a_websocket_frame_at_every_header_size() {
        for length in [0, 1, 124, 125, 126, 65_534, 65_535, 65_536, 100_000] {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            let frame = Frame::engine(&EnginePacket::Message(text.clone().into()));
            assert_eq!(frame.text(), format!("4{text}"));
            assert_eq!(frame.to_text(), frame.text());

            let mut codec = Codec::new().client_mode().max_size(1 << 20);
            let mut buffer = BytesMut::from(&frame.websocket()[..]);
            let decoded = codec.decode(&mut buffer).unwrap();
            assert_eq!(decoded, Some(WsFrame::Text(format!("4{text}").into())));
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn constants_are_what_the_encoder_writes() {
        assert_eq!(Frame::PING, Frame::engine(&EnginePacket::Ping("".into())));
        assert_eq!(Frame::NOOP, Frame::engine(&EnginePacket::Noop));
        assert_eq!(Frame::CLOSE, Frame::engine(&EnginePacket::Close));
    }
}
