//! Writes data as the JSON of Socket.IO: several arguments, with attachments apart.

use std::io;

use bytes::Bytes;
use serde::{Serialize, ser::Error as _};
use serde_json::{Serializer, ser::Formatter};

use super::{
    many::{DataKind, kind},
    placeholders,
    relay::{RelayedPart, take_attachments},
};

/// Writes `data` as arguments, and returns its attachments in the order of their placeholders.
///
/// A comma precedes each argument, except the first one if `is_first` is set.
///
/// # Errors
/// The error of `data`'s `Serialize`, and one if an object beside bytes has the key `_placeholder`.
/// Receivers would take it for a placeholder.
pub(in crate::protocol) fn write_args<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    is_first: bool,
    data: &T,
) -> serde_json::Result<Vec<Bytes>> {
    let kind = kind(data, |text| {
        if !is_first {
            out.push(b',');
        }
        write_text(out, text);
    });
    if kind == DataKind::Text {
        return Ok(Vec::new());
    }
    let mut arguments =
        Arguments { spread: kind == DataKind::Many, is_first, depth: 0, attachments: Vec::new() };
    if !arguments.spread && !is_first {
        out.push(b',');
    }
    let start = out.len();
    data.serialize(&mut Serializer::with_formatter(&mut *out, &mut arguments))?;
    // A list in `Many` has written its own commas. No other JSON value starts with a comma.
    if arguments.spread && !is_first && out.get(start).is_some_and(|byte| *byte != b',') {
        out.insert(start, b',');
    }
    let attachments = arguments.attachments;
    if !attachments.is_empty() {
        let json = std::str::from_utf8(&out[start..]).map_err(serde_json::Error::custom)?;
        placeholders::find(json, attachments.len()).map_err(serde_json::Error::custom)?;
    }
    Ok(attachments)
}

/// Returns how many bytes at the start of `text` need no escape in a JSON string.
pub(in crate::protocol) fn plain_len(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = text[at..].first_chunk::<16>()
        && !has_special(chunk)
    {
        at += 16;
    }
    while let Some(chunk) = text[at..].first_chunk::<8>() {
        match special(u64::from_le_bytes(*chunk)) {
            0 => at += 8,
            special => return at + special.trailing_zeros() as usize / 8,
        }
    }
    let rest = &text[at..];
    let count = match text.last_chunk::<8>() {
        Some(_) if rest.is_empty() => 0,
        // Reads the last 8 bytes again, and shifts out those that are already checked. The zeros
        // shifted in are special, so they end the search.
        Some(last) => {
            let last = u64::from_le_bytes(*last) >> (64 - 8 * rest.len());
            special(last).trailing_zeros() as usize / 8
        }
        None => rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len()),
    };
    at + count
}

/// Returns whether a JSON string needs an escape for the byte, or ends at it.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Returns whether any of the bytes is special. It checks all bytes for one condition after the
/// other: without an early exit, the compiler makes one vector operation of each.
fn has_special(chunk: &[u8; 16]) -> bool {
    let any = |is: fn(u8) -> bool| chunk.iter().fold(false, |any, byte| any | is(*byte));
    any(|byte| byte < 0x20) | any(|byte| byte == b'"') | any(|byte| byte == b'\\')
}

/// Returns a mask with the highest bit of the lowest special byte set. The bits below it are exact.
/// Bits of higher bytes may be wrong.
fn special(bytes: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    // In a byte that is zero, the subtraction borrows, which sets the highest bit. `!bytes` leaves
    // out bytes that had this bit set before.
    let zeros = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let control = bytes.wrapping_sub(ONES * 0x20) & !bytes;
    (control | zeros(bytes ^ (ONES * u64::from(b'"'))) | zeros(bytes ^ (ONES * u64::from(b'\\'))))
        & (ONES * 0x80)
}

/// Writes a JSON string. Most strings need no escapes and are copied, after a check of sixteen
/// bytes at a time, where serde_json checks each byte.
pub(in crate::protocol) fn write_text(out: &mut Vec<u8>, text: &str) {
    if plain_len(text.as_bytes()) == text.len() {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // A string can always be written as JSON, and a vector accepts every write.
        let _ = serde_json::to_writer(out, text);
    }
}

/// The compact form of serde_json, with two differences.
///
/// Bytes become placeholders. `Bytes` and the types of `serde_bytes` serialize to bytes, but a
/// `Vec<u8>` is a list of numbers to serde. And the outermost array of a `Many` has no brackets.
struct Arguments {
    spread: bool,
    is_first: bool,
    depth: usize,
    attachments: Vec<Bytes>,
}

impl Arguments {
    fn is_outermost(&self) -> bool {
        self.spread && self.depth == 0
    }

    /// Adds an attachment, and writes its placeholder.
    fn attach<W: io::Write + ?Sized>(&mut self, out: &mut W, data: &[u8]) -> io::Result<()> {
        let num = self.attachments.len();
        // A copy, since a slice would keep the whole buffer that it was read into.
        self.attachments.push(Bytes::copy_from_slice(data));
        out.write_all(placeholders::write(num).as_bytes())
    }
}

impl Formatter for &mut Arguments {
    fn write_byte_array<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        bytes: &[u8],
    ) -> io::Result<()> {
        self.attach(out, bytes)
    }

    /// Writes JSON as it is. If it is an argument that is relayed, its placeholders get new
    /// numbers.
    fn write_raw_fragment<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        json: &str,
    ) -> io::Result<()> {
        let mut at = 0;
        for RelayedPart { range, data } in take_attachments() {
            out.write_all(&json.as_bytes()[at..range.start])?;
            self.attach(out, &data)?;
            at = range.end;
        }
        out.write_all(&json.as_bytes()[at..])
    }

    fn write_null<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        // `Many(())` has no arguments.
        if self.is_outermost() { Ok(()) } else { out.write_all(b"null") }
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        let is_outermost = self.is_outermost();
        self.depth += 1;
        if is_outermost { Ok(()) } else { out.write_all(b"[") }
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if self.is_outermost() { Ok(()) } else { out.write_all(b"]") }
    }

    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        let is_argument = self.spread && self.depth == 1;
        if first && (!is_argument || self.is_first) { Ok(()) } else { out.write_all(b",") }
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth -= 1;
        out.write_all(b"}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{Args, Many},
        *,
    };

    fn args<T: Serialize + ?Sized>(data: &T) -> (String, Vec<Bytes>) {
        let mut out = b"[0".to_vec();
        let attachments = write_args(&mut out, false, data).unwrap();
        out.push(b']');
        (String::from_utf8(out).unwrap(), attachments)
    }

    #[test]
    fn only_many_is_several_arguments() {
        assert_eq!(args("a").0, r#"[0,"a"]"#);
        assert_eq!(args(&(1, 2)).0, "[0,[1,2]]");
        assert_eq!(args(&()).0, "[0,null]");
        assert_eq!(
            args(&Many((1, [2, 3], json!({"a": [4, []]})))).0,
            r#"[0,1,[2,3],{"a":[4,[]]}]"#
        );
        assert_eq!(args(&Many(["a", "b"])).0, r#"[0,"a","b"]"#);
        assert_eq!(args(&Many(())).0, "[0]");
        assert_eq!(args(&Many(Vec::<u8>::new())).0, "[0]");
        assert_eq!(args(&Many("a")).0, r#"[0,"a"]"#);
        assert_eq!(args(&Many(json!({"a": 1}))).0, r#"[0,{"a":1}]"#);
        let mut out = Vec::new();
        write_args(&mut out, true, &Many((1, 2))).unwrap();
        assert_eq!(out, b"1,2");
    }

    #[test]
    fn strings_are_written_as_serde_json_writes_them() {
        for text in [
            "",
            "a",
            "Pelé ⚽",
            "\"",
            "\\",
            "a\nb",
            "\u{1f}",
            "\u{7f}",
            &"x".repeat(100),
            &("y".repeat(40) + "\t"),
        ] {
            let expected = serde_json::to_string(text).unwrap();
            assert_eq!(args(text).0, format!("[0,{expected}]"));
            assert_eq!(args(&Many((text, 1))).0, format!("[0,{expected},1]"));
        }
    }

    #[test]
    fn plain_len_finds_the_first_special_byte() {
        // Each byte at each position, after bytes of several kinds.
        for filler in [b'a', b' ', b'!', b'#', 0x7f, 0x80, 0xa2, 0xff] {
            for (at, byte) in (0..40).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
                let mut text = [filler; 40];
                text[at] = byte;
                text[39] = b'"';
                let expected = text.iter().position(|byte| is_special(*byte)).unwrap();
                assert_eq!(plain_len(&text), expected, "{byte:#x} at {at} in {filler:#x}");
                assert_eq!(plain_len(&text[..at]), at);
                assert_eq!(plain_len(&text[at..]), expected - at);
                assert_eq!(plain_len(&text[..=at]), expected.min(at + 1));
            }
        }
    }

    #[test]
    fn bytes_become_placeholders_in_order() {
        let (a, b) = (Bytes::from_static(&[1]), Bytes::from_static(&[2, 3]));
        let (json, attachments) = args(&Many((&a, json!("x"), [&b])));
        assert_eq!(
            json,
            r#"[0,{"_placeholder":true,"num":0},"x",[{"_placeholder":true,"num":1}]]"#
        );
        assert_eq!(attachments, [a, b]);
        assert_eq!(args(&vec![1u8, 2]).0, "[0,[1,2]]", "a `Vec<u8>` stays a list of numbers");
    }

    #[test]
    fn what_looks_like_a_placeholder_is_refused_beside_bytes() {
        let bytes = Bytes::from_static(&[1]);
        let sent = |lookalike: serde_json::Value| {
            let data = Many((lookalike, &bytes));
            (
                write_args(&mut Vec::new(), true, &data),
                write_args(&mut Vec::new(), false, &data.0.0),
            )
        };
        for lookalike in [
            json!({"_placeholder": true, "num": 0}),
            json!([{"_placeholder": 1, "num": 99}]),
            json!({"a": {"_placeholder": "true"}}),
        ] {
            let (beside, alone) = sent(lookalike);
            assert!(beside.is_err());
            assert!(alone.is_ok());
        }
        assert!(sent(json!({"_placeholder": false, "a": "_placeholder"})).0.is_ok());
        // Arguments that a client has sent without bytes.
        let relayed = Args::parse(r#"[{"_placeholder":true,"num":0}]"#.into(), 10).unwrap();
        assert!(write_args(&mut Vec::new(), true, &Many((&relayed, &bytes))).is_err());
        assert!(write_args(&mut Vec::new(), true, &Many(&relayed)).is_ok());
    }
}
