use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{EnginePacket, frame_builder::FrameBuilder};

/// The longest WebSocket header of an unmasked frame: two bytes and a 64-bit length.
pub(super) const MAX_HEADER: usize = 10;
/// FIN and the opcode "text" (RFC 6455 §5.2).
pub(super) const FIN_TEXT: u8 = 0x81;
/// FIN and the opcode "binary".
pub(super) const FIN_BINARY: u8 = 0x82;
/// The bit of the header that marks a compressed message (RFC 7692 §6).
const RSV1: u8 = 0x40;

/// An encoded packet, written once and sent to any number of clients over any transport.
///
/// It holds the packet as WebSocket frames: one text frame, and one binary frame for each
/// attachment. Servers do not mask frames, so all clients receive the same header and payload. The
/// text for a long-polling body is a slice of the same memory. A clone copies no bytes.
#[derive(Clone)]
pub struct Frame {
    /// All WebSocket frames, one after the other.
    websocket: Bytes,
    /// The size of the text frame's header, in bytes.
    header: u8,
    /// The size of the text frame with its header, in bytes. 0 if there is no text frame.
    first: usize,
    /// Whether the frame may be sent compressed.
    deflatable: bool,
    /// Parts that most frames do not have. All clones share them.
    extra: Option<Arc<Extra>>,
}

#[derive(Default)]
struct Extra {
    attachments: Vec<Bytes>,
    /// The compressed WebSocket frames, made for the first client that uses compression. `None` if
    /// compression saves nothing.
    deflated: OnceLock<Option<Bytes>>,
}

impl Frame {
    /// The Engine.IO ping, `2`.
    pub const PING: Self = Self::short(b"\x81\x012");
    /// The Engine.IO noop, `6`.
    pub const NOOP: Self = Self::short(b"\x81\x016");
    /// The Engine.IO close, `1`.
    pub const CLOSE: Self = Self::short(b"\x81\x011");

    const fn short(bytes: &'static [u8]) -> Self {
        Self {
            websocket: Bytes::from_static(bytes),
            header: 2,
            first: bytes.len(),
            deflatable: false,
            extra: None,
        }
    }

    /// Makes a frame from a WebSocket text frame, whose header has `header` bytes, and attachments.
    pub(super) fn new(text: Bytes, header: u8, attachments: Vec<Bytes>) -> Self {
        let first = text.len();
        if attachments.is_empty() {
            return Self { websocket: text, header, first, deflatable: false, extra: None };
        }
        let mut websocket = BytesMut::from(text);
        for attachment in &attachments {
            put_frame(&mut websocket, FIN_BINARY, attachment);
        }
        let extra = Extra { attachments, ..Extra::default() };
        Self {
            websocket: websocket.freeze(),
            header,
            first,
            deflatable: false,
            extra: Some(Arc::new(extra)),
        }
    }

    /// A packet whose WebSocket frames, those of its attachments too, are written already. `first`
    /// is the length of the first one.
    pub(super) fn sealed(
        websocket: Bytes,
        header: u8,
        first: usize,
        attachments: Vec<Bytes>,
    ) -> Self {
        let extra =
            (!attachments.is_empty()).then(|| Arc::new(Extra { attachments, ..Extra::default() }));
        Self { websocket, header, first, deflatable: false, extra }
    }

    /// Encodes one Engine.IO packet.
    pub fn engine(packet: &EnginePacket) -> Self {
        match packet {
            EnginePacket::Binary(data) => {
                let mut websocket = BytesMut::new();
                put_frame(&mut websocket, FIN_BINARY, data);
                let extra = Extra { attachments: vec![data.clone()], ..Extra::default() };
                Self {
                    websocket: websocket.freeze(),
                    header: 0,
                    first: 0,
                    deflatable: false,
                    extra: Some(Arc::new(extra)),
                }
            }
            text => {
                let mut frame_builder = FrameBuilder::new();
                frame_builder.text(&text.encode());
                frame_builder.into_frame()
            }
        }
    }

    /// Returns the text of the packet, such as `42["message","hello"]`. A binary Engine.IO packet
    /// has an empty text.
    pub fn text(&self) -> &str {
        // The text is written from `str`s and by serde_json, which writes UTF-8.
        std::str::from_utf8(self.text_bytes()).unwrap_or_default()
    }

    /// As [`Frame::text`], without looking at each character.
    pub(super) fn text_bytes(&self) -> &[u8] {
        &self.websocket[usize::from(self.header)..self.first]
    }

    /// Returns the attachments, in order.
    pub fn attachments(&self) -> &[Bytes] {
        self.extra.as_ref().map_or(&[], |extra| &extra.attachments)
    }

    /// Returns the packet as unmasked WebSocket frames: one text frame, and one binary frame for
    /// each attachment.
    pub fn websocket(&self) -> &Bytes {
        &self.websocket
    }

    /// Converts the frame to its WebSocket frames, as [`Frame::websocket`] returns them.
    pub(crate) fn into_websocket(self) -> Bytes {
        self.websocket
    }

    /// Returns the WebSocket text frame without the attachments.
    pub(super) fn websocket_text(&self) -> &[u8] {
        &self.websocket[..self.first]
    }

    /// Returns the WebSocket frames for a client that does not accept binary (`b64=1`): attachments
    /// become text frames with the base64 form of long-polling.
    pub fn websocket_base64(&self) -> Bytes {
        if self.attachments().is_empty() {
            return self.websocket.clone();
        }
        let mut out = BytesMut::from(&self.websocket[..self.first]);
        for attachment in self.attachments() {
            put_frame(&mut out, FIN_TEXT, base64_packet(attachment).as_bytes());
        }
        out.freeze()
    }

    /// Returns about how many bytes of memory the frame takes if there is no clone of it.
    pub(crate) fn cost(&self) -> usize {
        cost(self.len(), self.attachments())
    }

    /// Allows the frame to be sent compressed. All clones made after this call share the compressed
    /// form, which [`Frame::deflated`] makes.
    pub(crate) fn deflatable(mut self) -> Self {
        self.deflatable = true;
        self.extra.get_or_insert_default();
        self
    }

    /// Whether the frame may be sent compressed.
    pub(super) fn is_deflatable(&self) -> bool {
        self.deflatable
    }

    /// Returns the WebSocket frames for a client with permessage-deflate (RFC 7692).
    ///
    /// `deflate` receives the payload of each WebSocket frame, and returns a shorter one or `None`.
    /// It is called once for all clones. A frame that is not [`Frame::deflatable`], or that
    /// compression does not make shorter, is returned as [`Frame::websocket`] returns it.
    pub fn deflated(&self, deflate: impl Fn(&[u8]) -> Option<Vec<u8>>) -> &Bytes {
        let Some(extra) = self.extra.as_ref().filter(|_| self.deflatable) else {
            return &self.websocket;
        };
        let make = || {
            let text = &self.websocket[usize::from(self.header)..self.first];
            let text = (self.first > 0).then_some((FIN_TEXT, text));
            let binary = extra.attachments.iter().map(|data| (FIN_BINARY, &data[..]));
            let mut out = BytesMut::new();
            for (opcode, payload) in text.into_iter().chain(binary) {
                match deflate(payload) {
                    Some(shorter) => put_frame(&mut out, opcode | RSV1, &shorter),
                    None => put_frame(&mut out, opcode, payload),
                }
            }
            (out.len() < self.websocket.len()).then(|| out.freeze())
        };
        extra.deflated.get_or_init(make).as_ref().unwrap_or(&self.websocket)
    }

    /// Appends the packet to a long-polling body, with the separators it needs.
    pub fn polling(&self, out: &mut Vec<u8>) {
        let separate = |out: &mut Vec<u8>| {
            if !out.is_empty() {
                out.push(super::payload::SEPARATOR as u8);
            }
        };
        if self.first > 0 {
            separate(out);
            out.extend_from_slice(&self.websocket[usize::from(self.header)..self.first]);
        }
        for attachment in self.attachments() {
            separate(out);
            out.extend_from_slice(base64_packet(attachment).as_bytes());
        }
    }

    /// Converts the frame to a long-polling body of its own.
    pub(super) fn into_polling(mut self) -> Bytes {
        if self.attachments().is_empty() {
            self.websocket.advance(usize::from(self.header));
            return self.websocket;
        }
        let mut body = Vec::new();
        self.polling(&mut body);
        body.into()
    }

    /// Returns how many Engine.IO packets [`Frame::polling`] appends.
    pub fn packets(&self) -> usize {
        usize::from(self.first > 0) + self.attachments().len()
    }

    /// Returns how many bytes [`Frame::polling`] appends at most.
    pub fn polling_len(&self) -> usize {
        let attachments =
            self.attachments().iter().map(|attachment| 2 + attachment.len().div_ceil(3) * 4);
        self.first.saturating_sub(usize::from(self.header)) + 1 + attachments.sum::<usize>()
    }

    /// Returns how many bytes the frame has on a WebSocket.
    #[allow(clippy::len_without_is_empty)] // a frame is never empty
    pub fn len(&self) -> usize {
        self.websocket.len()
    }
}

/// Compares the uncompressed bytes, so that a compressed form makes no difference.
impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.first == other.first && self.websocket == other.websocket
    }
}

impl Eq for Frame {}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Frame").field(&self.text()).field(&self.attachments().len()).finish()
    }
}

/// Returns about how many bytes of memory a frame of `length` bytes takes with its attachments.
pub(super) fn cost(length: usize, attachments: &[Bytes]) -> usize {
    /// The bytes that an allocation takes beside its content: the reference counts, and the
    /// allocator's own data.
    const ALLOCATION: usize = 64;
    let attached: usize = attachments.iter().map(|data| data.len() + ALLOCATION).sum();
    size_of::<Frame>() + ALLOCATION + length + attached
}

fn base64_packet(data: &[u8]) -> String {
    let mut text = "b".to_owned();
    BASE64_STANDARD.encode_string(data, &mut text);
    text
}

/// Appends an unmasked WebSocket frame.
pub(super) fn put_frame(out: &mut BytesMut, opcode: u8, payload: &[u8]) {
    let (header, size) = header(opcode, payload.len());
    out.reserve(size + payload.len());
    out.put_slice(&header[..size]);
    out.put_slice(payload);
}

/// Returns the header of an unmasked WebSocket frame, and the header's size (RFC 6455 §5.2).
pub(super) fn header(opcode: u8, length: usize) -> ([u8; MAX_HEADER], usize) {
    let mut header = [0; MAX_HEADER];
    header[0] = opcode;
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
    (header, size)
}

#[cfg(test)]
mod tests;
