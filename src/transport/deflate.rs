//! permessage-deflate (RFC 7692), without context takeover: each message is compressed by itself.
//!
//! So a message is compressed once for all who get it, and a connection needs no memory for it: a
//! thread has one compressor and one decompressor, from the first time that it needs them.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What a server without context takeover answers to an offer it accepts (RFC 7692 §7.1.1).
const ACCEPTED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
/// The same where the client asks for a window of a size, which must be that of flate2's only one.
const ACCEPTED_WINDOW: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15";

/// What ends a flushed message, and is not sent (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// The tail again, and an empty last block: where they do not end the stream, something is missing.
const END: [u8; 6] = [0, 0, 0xff, 0xff, 0x03, 0x00];

/// The bit that says "compressed" (RFC 7692 §6).
const RSV1: u8 = 0x40;

thread_local! {
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), false));
    static DECOMPRESS: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// The answer to the first acceptable offer in these `Sec-WebSocket-Extensions` headers. What is no
/// list of offers is none.
pub(super) fn negotiate<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    headers.into_iter().flat_map(|header| split(header, ',')).find_map(accept)
}

/// The answer to one offer, if it is acceptable.
fn accept(offer: &str) -> Option<&'static str> {
    let mut parts = split(offer, ';');
    if parts.next()? != "permessage-deflate" {
        return None;
    }
    let mut seen = Vec::new();
    let mut answer = ACCEPTED;
    for parameter in parts {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => {
                (name.trim_end_matches(SPACE), Some(unquote(value.trim_start_matches(SPACE))?))
            }
            None => (parameter, None),
        };
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        match (name, value.as_deref()) {
            (
                "server_no_context_takeover"
                | "client_no_context_takeover"
                | "client_max_window_bits",
                None,
            ) => {}
            // A hint: a client that limits itself is understood.
            ("client_max_window_bits", Some(bits)) if is_window(bits) => {}
            ("server_max_window_bits", Some("15")) => answer = ACCEPTED_WINDOW,
            _ => return None,
        }
    }
    Some(answer)
}

/// White space in a header (RFC 9110 §5.6.3).
const SPACE: [char; 2] = [' ', '\t'];

/// The parts between separators that are not in quotes, trimmed.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let ends = move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return c == separator && !quoted,
        }
        false
    };
    text.split(ends).map(|part| part.trim_matches(SPACE))
}

/// The value of a parameter: a token, or a quoted string.
fn unquote(value: &str) -> Option<String> {
    let Some(quoted) = value.strip_prefix('"') else { return Some(value.to_owned()) };
    let mut chars = quoted.strip_suffix('"')?.chars();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next()? } else { c });
    }
    Some(out)
}

/// 8 to 15, without zeros before.
fn is_window(bits: &str) -> bool {
    matches!(bits, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
}

/// Takes the bit that says "compressed" from the first byte of a frame, where it may be: on the
/// first frame of a text or binary message. Elsewhere it stays, to be refused.
pub(super) fn unmark(head: &mut u8) -> bool {
    let is_marked = *head & RSV1 != 0 && matches!(*head & 0x0f, 1 | 2);
    if is_marked {
        *head &= !RSV1;
    }
    is_marked
}

/// A message compressed, if it is as long as the threshold and gets shorter.
pub(super) fn deflate(message: &[u8], threshold: usize) -> Option<Vec<u8>> {
    if message.len() < threshold {
        return None;
    }
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        // What does not fit here is not shorter.
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

/// Why a message does not inflate.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InflateError {
    /// It has more than so many bytes.
    TooLarge,
    /// It is not compressed, or not whole.
    Malformed,
}

/// A message inflated, to no more than `max` bytes. It ends as soon as there is one more.
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
            let (read, frame_builder) = (decompress.total_in(), out.len());
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
            } else if read == 0 && out.len() == frame_builder {
                return Err(InflateError::Malformed);
            }
        }
        if out.len() > max {
            return Err(InflateError::TooLarge);
        }
        // A message may have a last block of its own, with nothing after it but padding (RFC 7692
        // §7.2.3.4).
        if is_end || matches!(input, [] | [0]) { Ok(out) } else { Err(InflateError::Malformed) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_answered() {
        const NONE: Option<&str> = None;
        let table = [
            ("permessage-deflate", Some(ACCEPTED)),
            // Chromium, Firefox, and Node's `ws`.
            ("permessage-deflate; client_max_window_bits", Some(ACCEPTED)),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                Some(ACCEPTED),
            ),
            ("permessage-deflate;client_max_window_bits=10", Some(ACCEPTED)),
            ("\tpermessage-deflate ; client_max_window_bits = \"8\" ", Some(ACCEPTED)),
            (r#"permessage-deflate; client_max_window_bits="1\5""#, Some(ACCEPTED)),
            ("permessage-deflate; server_max_window_bits=15", Some(ACCEPTED_WINDOW)),
            ("permessage-deflate; server_max_window_bits=\"15\"", Some(ACCEPTED_WINDOW)),
            // Several: the first that is acceptable.
            ("permessage-deflate; server_max_window_bits=10, permessage-deflate", Some(ACCEPTED)),
            (
                "permessage-deflate; server_max_window_bits=15, permessage-deflate",
                Some(ACCEPTED_WINDOW),
            ),
            ("x-webkit-deflate-frame, , permessage-deflate", Some(ACCEPTED)),
            (r#"other; a="x, permessage-deflate\"", permessage-deflate"#, Some(ACCEPTED)),
            // A window that flate2 does not have, or that nobody has.
            ("permessage-deflate; server_max_window_bits=14", NONE),
            ("permessage-deflate; server_max_window_bits=015", NONE),
            ("permessage-deflate; server_max_window_bits", NONE),
            ("permessage-deflate; client_max_window_bits=7", NONE),
            ("permessage-deflate; client_max_window_bits=16", NONE),
            ("permessage-deflate; client_max_window_bits=", NONE),
            // Unknown, twice, with a value that it must not have, or no list at all.
            ("permessage-deflate; fast", NONE),
            ("permessage-deflate; client_max_window_bits; client_max_window_bits=10", NONE),
            ("permessage-deflate; server_no_context_takeover=1", NONE),
            ("permessage-deflate; client_max_window_bits=\"10", NONE),
            (r#"other; a="x, permessage-deflate"#, NONE),
            ("permessage-deflate;", NONE),
            ("permessage-bzip2", NONE),
            ("", NONE),
        ];
        for (offers, answer) in table {
            assert_eq!(negotiate([offers]), answer, "{offers}");
        }
        assert_eq!(negotiate(["other", "permessage-deflate"]), Some(ACCEPTED), "two headers");
        assert_eq!(negotiate([]), NONE);
    }

    #[test]
    fn what_is_deflated_inflates() {
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

    /// The buffer grows, and may be full just when the message is whole.
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
    fn what_gets_no_shorter_stays() {
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
    fn a_bomb_does_not_go_off() {
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
            // A last block, and its padding.
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
    fn what_is_not_whole_is_refused() {
        let whole = deflate(&b"never and forever, ".repeat(20), 0).unwrap();
        for length in 0..whole.len() {
            assert_eq!(inflate(&whole[..length], 1000), Err(InflateError::Malformed), "{length}");
        }
        // A type of block that there is not; text; more after a last block.
        for message in
            [&[0x07][..], b"Hello", &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x01]]
        {
            assert_eq!(inflate(message, 1000), Err(InflateError::Malformed), "{message:x?}");
        }
        // The next message is none the worse.
        assert!(inflate(&whole, 1000).is_ok());
    }

    #[test]
    fn only_the_first_frame_of_a_message_is_marked() {
        for (head, is_marked, left) in [
            (0xc1, true, 0x81),
            (0xc2, true, 0x82),
            (0x41, true, 0x01),
            (0x42, true, 0x02),
            (0x81, false, 0x81),
            (0xa1, false, 0xa1),
            // With another reserved bit, which remains to be refused.
            (0xe1, true, 0xa1),
            // Continuations, Close, Ping, Pong, and what is none.
            (0xc0, false, 0xc0),
            (0x40, false, 0x40),
            (0xc8, false, 0xc8),
            (0xc9, false, 0xc9),
            (0xca, false, 0xca),
            (0xc3, false, 0xc3),
        ] {
            let mut byte = head;
            assert_eq!((unmark(&mut byte), byte), (is_marked, left), "{head:x}");
        }
    }
}
