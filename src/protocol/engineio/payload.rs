//! The long-polling body of Engine.IO v4: packets separated by `0x1e`, in both directions.

use bytes::Bytes;
use bytestring::ByteString;

use crate::protocol::{DecodeError, EnginePacket, Frame};

/// The separator between two packets of a body.
pub const SEPARATOR: char = '\x1e';

/// Decodes the packets of a body one by one, so that a body of many small packets takes no more
/// memory than its own text.
///
/// An empty body is one empty packet, which is an error.
pub fn decode(body: ByteString) -> impl Iterator<Item = Result<EnginePacket, DecodeError>> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let body = rest.take()?;
        let packet = match body.find(SEPARATOR) {
            Some(end) => {
                rest = Some(body.slice_ref(&body[end + SEPARATOR.len_utf8()..]));
                body.slice_ref(&body[..end])
            }
            None => body,
        };
        Some(EnginePacket::decode(packet))
    })
}

/// Joins frames to one body, in order. A single frame without attachments becomes the body without
/// a copy.
pub fn encode(frames: impl IntoIterator<Item = Frame>) -> Bytes {
    let mut frames = frames.into_iter();
    let Some(first) = frames.next() else { return Bytes::new() };
    let Some(second) = frames.next() else { return first.into_polling() };
    let mut body = Vec::new();
    for frame in [first, second].into_iter().chain(frames) {
        frame.polling(&mut body);
    }
    body.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_a_body_come_in_order() {
        let packets: Vec<_> = decode("4a\x1e2\x1e4b".into()).collect();
        assert_eq!(
            packets,
            [
                Ok(EnginePacket::Message("a".into())),
                Ok(EnginePacket::Ping("".into())),
                Ok(EnginePacket::Message("b".into())),
            ]
        );
    }

    #[test]
    fn an_empty_part_of_a_body_is_an_empty_packet() {
        assert_eq!(decode("".into()).collect::<Vec<_>>(), [Err(DecodeError::Empty)]);
        assert_eq!(decode("4a\x1e".into()).last(), Some(Err(DecodeError::Empty)));
    }

    #[test]
    fn frames_are_joined_by_the_separator() {
        let frames = [Frame::engine(&EnginePacket::Message("a".into())), Frame::PING];
        assert_eq!(encode(frames), b"4a\x1e2"[..]);
        assert_eq!(encode([]), b""[..]);
    }

    #[test]
    fn a_single_text_frame_is_not_copied() {
        let frame = Frame::engine(&EnginePacket::Message("a".into()));
        let text = frame.text().as_ptr();
        let body = encode([frame]);
        assert_eq!((&body[..], body.as_ptr()), (&b"4a"[..], text), "at the same address");
        assert_eq!(
            encode([Frame::engine(&EnginePacket::Binary(vec![1, 2, 3].into()))]),
            b"bAQID"[..]
        );
    }
}
