//! Engine.IO v3, the protocol of Socket.IO 2 clients, where it differs from v4: the format of
//! bodies and of binary packets.
//!
//! A text body joins packets as `<length>:<packet>`. The length counts UTF-16 code units. A binary
//! packet is written as `b4` and base64.
//!
//! A binary body is for clients that accept one. Each packet is a byte 0 for text or 1 for binary,
//! the decimal digits of the length in bytes with one byte for each digit, 255, and the packet. A
//! binary packet starts with its type, the byte 4. A binary WebSocket message starts with this byte
//! too.

use ::base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

use super::base64;
use crate::protocol::{
    DecodeError, EnginePacket, Frame,
    frame::{FIN_BINARY, FIN_TEXT, put_frame},
};

/// The type of a message packet, as the first byte of a binary packet.
const MESSAGE: u8 = 4;
/// The byte that ends a length in a binary body.
const END: u8 = 255;
/// The most digits of a length: those of the largest 64-bit number.
const MAX_DIGITS: usize = 20;

/// A long-polling body for an Engine.IO v3 client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // the protocol has exactly these two
pub enum EncodedBody {
    /// A text body.
    Text(String),
    /// A binary body.
    Bytes(Vec<u8>),
}

/// Joins frames to one body. The body is binary if the client accepts binary and a frame has
/// attachments.
pub fn encode<'a>(
    frames: impl IntoIterator<Item = &'a Frame>,
    accepts_binary: bool,
) -> EncodedBody {
    let frames: Vec<_> = frames.into_iter().collect();
    if accepts_binary && frames.iter().any(|frame| !frame.attachments().is_empty()) {
        return EncodedBody::Bytes(encode_bytes(&frames));
    }
    let mut body = String::new();
    let mut add = |packet: &str| {
        body.push_str(&packet.encode_utf16().count().to_string());
        body.push(':');
        body.push_str(packet);
    };
    for frame in frames {
        if !frame.text().is_empty() {
            add(frame.text());
        }
        for attachment in frame.attachments() {
            add(&base64_packet(attachment));
        }
    }
    EncodedBody::Text(body)
}

fn encode_bytes(frames: &[&Frame]) -> Vec<u8> {
    let mut body = Vec::new();
    let head = |body: &mut Vec<u8>, kind: u8, length: usize| {
        body.push(kind);
        body.extend(length.to_string().bytes().map(|digit| digit - b'0'));
        body.push(END);
    };
    for frame in frames {
        let text = frame.text();
        if !text.is_empty() {
            head(&mut body, 0, text.len());
            body.extend_from_slice(text.as_bytes());
        }
        for attachment in frame.attachments() {
            head(&mut body, 1, attachment.len() + 1);
            body.push(MESSAGE);
            body.extend_from_slice(attachment);
        }
    }
    body
}

/// Encodes a frame as WebSocket messages.
pub fn websocket(frame: &Frame, accepts_binary: bool) -> Bytes {
    if frame.attachments().is_empty() {
        return frame.websocket().clone();
    }
    let mut out = BytesMut::from(frame.websocket_text());
    for attachment in frame.attachments() {
        if accepts_binary {
            put_frame(&mut out, FIN_BINARY, &[&[MESSAGE], &attachment[..]].concat());
        } else {
            put_frame(&mut out, FIN_TEXT, base64_packet(attachment).as_bytes());
        }
    }
    out.freeze()
}

fn base64_packet(data: &[u8]) -> String {
    let mut text = format!("b{MESSAGE}");
    BASE64_STANDARD.encode_string(data, &mut text);
    text
}

/// Decodes one text packet.
///
/// # Errors
/// The same as [`EnginePacket::decode`].
pub fn decode_text(text: ByteString) -> Result<EnginePacket, DecodeError> {
    match text.strip_prefix("b4") {
        Some(text) => Ok(EnginePacket::Binary(base64::decode(text)?)),
        None if text.starts_with('b') => {
            Err(DecodeError::Payload("expected a message packet".to_owned()))
        }
        None => EnginePacket::decode(text),
    }
}

/// Decodes one binary packet.
///
/// # Errors
/// [`DecodeError::Payload`] if it is not a message packet.
pub fn decode_binary(data: &Bytes) -> Result<EnginePacket, DecodeError> {
    match data.first() {
        Some(&MESSAGE) => Ok(EnginePacket::Binary(data.slice(1..))),
        _ => Err(DecodeError::Payload("expected a message packet".to_owned())),
    }
}

/// Decodes the packets of a text body, one by one.
pub fn decode(body: ByteString) -> impl Iterator<Item = Result<EnginePacket, DecodeError>> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let body = rest.take()?;
        match split(&body) {
            Ok((packet, after)) => {
                rest = (!after.is_empty()).then(|| body.slice_ref(after));
                Some(decode_text(body.slice_ref(packet)))
            }
            Err(error) => Some(Err(error)),
        }
    })
}

/// Splits a text body into its first packet and the rest.
fn split(body: &str) -> Result<(&str, &str), DecodeError> {
    let bad = || DecodeError::Payload("expected a body of <length>:<packet>".to_owned());
    let (length, rest) = body.split_once(':').ok_or_else(bad)?;
    if length.is_empty()
        || length.len() > MAX_DIGITS
        || !length.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(bad());
    }
    let length: usize = length.parse().map_err(|_| bad())?;
    let (mut units, mut end) = (0, 0);
    for character in rest.chars() {
        if units >= length {
            break;
        }
        units += character.len_utf16();
        end += character.len_utf8();
    }
    if units == length { Ok(rest.split_at(end)) } else { Err(bad()) }
}

/// Decodes the packets of a binary body, one by one.
pub fn decode_bytes(body: Bytes) -> impl Iterator<Item = Result<EnginePacket, DecodeError>> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let mut body = rest.take()?;
        let bad = || {
            Some(Err(DecodeError::Payload(
                "expected a binary body of kind, length, 255, packet".to_owned(),
            )))
        };
        let (Some(&kind), Some(end)) =
            (body.first(), body.iter().skip(1).position(|byte| *byte == END))
        else {
            return bad();
        };
        let digits = &body[1..=end];
        if digits.is_empty() || digits.len() > MAX_DIGITS || digits.iter().any(|digit| *digit > 9) {
            return bad();
        }
        let length = digits.iter().try_fold(0usize, |length, digit| {
            length.checked_mul(10)?.checked_add(usize::from(*digit))
        });
        let mut packet = body.split_off(end + 2);
        let Some(length) = length.filter(|length| *length <= packet.len()) else { return bad() };
        let after = packet.split_off(length);
        rest = (!after.is_empty()).then_some(after);
        Some(match kind {
            0 => {
                ByteString::try_from(packet).map_err(|_| DecodeError::NotUtf8).and_then(decode_text)
            }
            1 => decode_binary(&packet),
            _ => return bad(),
        })
    })
}

#[cfg(test)]
mod tests;
