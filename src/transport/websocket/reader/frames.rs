//! From bytes to WebSocket messages: frames, fragments and compression, each with its bound.

use std::mem;

use actix_http::ws::{CloseCode, Frame as WsFrame, Item, ProtocolError};
use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;

use super::{ReadEnd, Reader};
use crate::transport::{
    SessionEnd,
    deflate::{self, InflateError},
};

impl Reader<'_> {
    /// Decodes the next frame in the buffer, if it is complete.
    ///
    /// A frame that is too large is refused as soon as its header announces the length. The codec
    /// would buffer the whole frame before it checks.
    #[inline]
    pub(super) fn decode_frame(&mut self) -> Result<Option<WsFrame>, ProtocolError> {
        if announced_length(&self.buffer) > self.session.config.max_payload as u64 {
            return Err(ProtocolError::Overflow);
        }
        // The codec refuses the bit of compressed messages, so it is cleared before. The buffer
        // always begins with a frame, as the codec removes each frame that it returns.
        if self.deflate && self.buffer.first_mut().is_some_and(deflate::clear_compressed_bit) {
            self.compressed = true;
        }
        self.codec.decode(&mut self.buffer)
    }

    /// Inflates a complete message, if it is compressed. The inflated message has the same bound as
    /// one that is not compressed.
    #[inline]
    pub(super) fn inflate(&mut self, message: Bytes) -> Result<Bytes, ReadEnd> {
        if !mem::take(&mut self.compressed) {
            return Ok(message);
        }
        let message = deflate::inflate(&message, self.session.config.max_payload).map_err(
            |error| match error {
                InflateError::TooLarge => protocol_violation(ProtocolError::Overflow),
                InflateError::Malformed => ReadEnd::Violation(
                    CloseCode::Invalid,
                    SessionEnd::Broken("a compressed message cannot be inflated"),
                ),
            },
        )?;
        self.inflated += message.len();
        self.charge()?;
        Ok(message.into())
    }

    /// Adds a fragment to the current message. The last fragment completes the message, which is
    /// returned with whether it is binary. All fragments together have the bound of a single frame.
    pub(super) fn add_fragment(&mut self, item: Item) -> Result<Option<(bool, Bytes)>, ReadEnd> {
        let (data, is_last) = match item {
            Item::FirstText(data) => {
                self.fragments = Some((false, BytesMut::new()));
                (data, false)
            }
            Item::FirstBinary(data) => {
                self.fragments = Some((true, BytesMut::new()));
                (data, false)
            }
            Item::Continue(data) => (data, false),
            Item::Last(data) => (data, true),
        };
        // The codec refuses a fragment that continues no message, so the default is never used.
        let (is_binary, fragments) = self.fragments.get_or_insert_default();
        if fragments.len() + data.len() > self.session.config.max_payload {
            return Err(protocol_violation(ProtocolError::Overflow));
        }
        fragments.extend_from_slice(&data);
        let is_binary = *is_binary;
        Ok(is_last.then(|| (is_binary, self.fragments.take().unwrap_or_default().1.freeze())))
    }
}

/// The length that a frame's header announces (RFC 6455 §5.2), or 0 while the header is incomplete.
fn announced_length(frame: &[u8]) -> u64 {
    let Some((head, rest)) = frame.split_at_checked(2) else { return 0 };
    match head[1] & 0x7f {
        126 => rest.first_chunk().map_or(0, |length| u16::from_be_bytes(*length).into()),
        127 => rest.first_chunk().map_or(0, |length| u64::from_be_bytes(*length)),
        length => length.into(),
    }
}

/// The close code and the session's end for an error of the codec.
pub(super) fn protocol_violation(error: ProtocolError) -> ReadEnd {
    match error {
        ProtocolError::Overflow => ReadEnd::Violation(
            CloseCode::Size,
            SessionEnd::Broken("a WebSocket message is larger than max_payload"),
        ),
        _ => ReadEnd::Violation(
            CloseCode::Protocol,
            SessionEnd::Broken("the client violated the WebSocket protocol"),
        ),
    }
}
