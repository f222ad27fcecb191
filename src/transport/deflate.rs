//! permessage-deflate (RFC 7692), without context takeover: each message is compressed by itself.
//!
//! A message is therefore compressed once for all its receivers, and a connection keeps no
//! compression state. Each thread has one compressor and one decompressor, made at their first use.

mod offers;

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

pub(super) use self::offers::negotiate;

/// The end of a flushed message, which is not sent (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// The tail and an empty last block. A message that they do not end is incomplete.
const END: [u8; 6] = [0, 0, 0xff, 0xff, 0x03, 0x00];

/// The bit of a frame header that marks a compressed message (RFC 7692 §6).
const RSV1: u8 = 0x40;

thread_local! {
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), false));
    static DECOMPRESS: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Clears the bit that marks a compressed message in the first byte of a frame. Returns whether the
/// bit was set.
///
/// The bit is allowed on the first frame of a text or binary message. On other frames it stays set,
/// so that the codec refuses them.
pub(super) fn clear_compressed_bit(head: &mut u8) -> bool {
    let is_compressed = *head & RSV1 != 0 && matches!(*head & 0x0f, 1 | 2);
    if is_compressed {
        *head &= !RSV1;
    }
    is_compressed
}

/// Compresses a message. Returns `None` if it is shorter than `threshold`, or compression does not
/// make it shorter.
pub(super) fn deflate(message: &[u8], threshold: usize) -> Option<Vec<u8>> {
    if message.len() < threshold {
        return None;
    }
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        // Output that does not fit is not shorter than the message.
        let mut out = Vec::with_capacity(message.len());
        compress.compress_vec(message, &mut out, FlushCompress::Sync).ok()?;
        let is_whole = compress.total_in() == message.len() as u64 && out.len() < message.len();
        if !is_whole || !out.ends_with(&TAIL) {
            return None;
        }
        out.truncate(out.len() - TAIL.len());
        Some(out)
    })
}

/// Why a message cannot be inflated.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InflateError {
    /// The inflated message is larger than the bound.
    TooLarge,
    /// The message is not compressed data, or is incomplete.
    Malformed,
}

/// Inflates a message to at most `max` bytes. It stops at the first byte above that.
pub(super) fn inflate(message: &[u8], max: usize) -> Result<Vec<u8>, InflateError> {
    DECOMPRESS.with_borrow_mut(|decompress| {
        decompress.reset(false);
        let mut out = Vec::new();
        let mut input = message;
        let mut is_end = false;
        loop {
            if out.len() > max {
                return Err(InflateError::TooLarge);
            }
            if out.len() == out.capacity() {
                let capacity = (out.len() * 2)
                    .max(message.len().saturating_mul(4))
                    .max(64)
                    .min(max.saturating_add(1));
                out.reserve_exact(capacity - out.len());
            }
            let (read, written) = (decompress.total_in(), out.len());
            let status = decompress
                .decompress_vec(input, &mut out, FlushDecompress::None)
                .map_err(|_| InflateError::Malformed)?;
            let read = (decompress.total_in() - read) as usize;
            input = &input[read..];
            if status == Status::StreamEnd {
                break;
            }
            if input.is_empty() && !is_end && out.len() < out.capacity() {
                (input, is_end) = (&END, true);
            } else if read == 0 && out.len() == written {
                return Err(InflateError::Malformed);
            }
        }
        if out.len() > max {
            return Err(InflateError::TooLarge);
        }
        // A message may bring its own last block. Only padding may follow it (RFC 7692 §7.2.3.4).
        if is_end || matches!(input, [] | [0]) { Ok(out) } else { Err(InflateError::Malformed) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deflated_messages_inflate() {
        let noise: Vec<u8> =
            (0..50_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x3f).collect();
        for message in
            [&b"x".repeat(200), &b"x".repeat(70_000), &noise, &b"[\"goal\",{}]".repeat(30)]
        {
            for _ in 0..2 {
                let short = deflate(message, 200).unwrap();
                assert!(short.len() < message.len());
                assert_eq!(&inflate(&short, message.len()).unwrap(), message);
            }
        }
    }

    /// The buffer grows, and may be full exactly when the message is complete.
    #[test]
    fn messages_of_any_length_inflate() {
        for length in 20..2100 {
            let message = vec![b'x'; length];
            let short = deflate(&message, 0).unwrap();
            assert_eq!(inflate(&short, 1_000_000).as_ref(), Ok(&message));
            assert_eq!(inflate(&short, length).as_ref(), Ok(&message));
            assert_eq!(inflate(&short, length - 1), Err(InflateError::TooLarge));
        }
    }

    #[test]
    fn a_message_that_does_not_get_shorter_is_not_deflated() {
        assert_eq!(deflate(&[b'x'; 1023], 1024), None);
        assert!(deflate(&[b'x'; 1024], 1024).is_some());
        let noise: Vec<u8> = (0..1000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761).rotate_left(n) >> 24) as u8)
            .collect();
        assert_eq!(deflate(&noise, 0), None);
        assert_eq!(deflate(b"", 0), None);
        assert_eq!(deflate(b"2", 0), None);
    }

    #[test]
    fn a_decompression_bomb_is_refused_at_the_bound() {
        let bomb = deflate(&vec![0; 10_000_000], 0).unwrap();
        assert!(bomb.len() < 20_000);
        for max in [0, 1, 1000, 1_000_000, 9_999_999] {
            assert_eq!(inflate(&bomb, max), Err(InflateError::TooLarge), "{max}");
        }
        let whole = inflate(&bomb, 10_000_000).unwrap();
        assert_eq!(whole.len(), 10_000_000);
        assert!(whole.capacity() <= 10_000_001);
    }

    /// RFC 7692 §7.2.3.
    #[test]
    fn the_examples_of_the_rfc_inflate() {
        let hello: [&[u8]; 5] = [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
            // Stored, not compressed.
            &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            // A last block and its padding.
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            // Two blocks.
            &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
            // A last block without the padding.
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        ];
        for message in hello {
            assert_eq!(inflate(message, 5).as_deref(), Ok(&b"Hello"[..]), "{message:x?}");
            assert_eq!(inflate(message, 4), Err(InflateError::TooLarge));
        }
        assert_eq!(inflate(&[0x00], 5).as_deref(), Ok(&b""[..]));
        assert_eq!(inflate(&[0x00], 0).as_deref(), Ok(&b""[..]));
    }

    #[test]
    fn incomplete_and_malformed_messages_are_refused() {
        let whole = deflate(&b"never and forever, ".repeat(20), 0).unwrap();
        for length in 0..whole.len() {
            assert_eq!(inflate(&whole[..length], 1000), Err(InflateError::Malformed), "{length}");
        }
        // An unknown type of block, plain text, data after a last block.
        for message in
            [&[0x07][..], b"Hello", &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x01]]
        {
            assert_eq!(inflate(message, 1000), Err(InflateError::Malformed), "{message:x?}");
        }
        // The next message is not affected.
        assert!(inflate(&whole, 1000).is_ok());
    }

    #[test]
    fn only_the_first_frame_of_a_message_may_have_the_compressed_bit() {
        for (head, is_compressed, left) in [
            (0xc1, true, 0x81),
            (0xc2, true, 0x82),
            (0x41, true, 0x01),
            (0x42, true, 0x02),
            (0x81, false, 0x81),
            (0xa1, false, 0xa1),
            // Another reserved bit stays, so that the codec refuses it.
            (0xe1, true, 0xa1),
            // Continuations, Close, Ping, Pong, and an undefined opcode.
            (0xc0, false, 0xc0),
            (0x40, false, 0x40),
            (0xc8, false, 0xc8),
            (0xc9, false, 0xc9),
            (0xca, false, 0xca),
            (0xc3, false, 0xc3),
        ] {
            let mut byte = head;
            assert_eq!((clear_compressed_bit(&mut byte), byte), (is_compressed, left), "{head:x}");
        }
    }
}
