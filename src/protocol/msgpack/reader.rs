use std::fmt::{Display, Write};

use bytes::Bytes;
use rmp::Marker;

use super::{
    super::{DecodeError, DecodeLimits},
    date::iso_8601,
    integral,
};

pub(super) fn bad(what: &str) -> DecodeError {
    DecodeError::Payload(what.to_owned())
}

/// A MessagePack value in terms of [`Args`](crate::protocol::Args).
#[derive(Default)]
pub(super) struct Json {
    pub(super) text: String,
    pub(super) attachments: Vec<Bytes>,
    /// An object looks like a placeholder, and is none.
    has_lookalike: bool,
}

impl Json {
    fn attach(&mut self, data: Bytes, limits: &DecodeLimits) -> Result<(), DecodeError> {
        let num = self.attachments.len();
        if num >= limits.attachments {
            return Err(DecodeError::TooManyAttachments { limit: limits.attachments });
        }
        self.attachments.push(data);
        push(&mut self.text, format_args!(r#"{{"_placeholder":true,"num":{num}}}"#));
        Ok(())
    }
}

fn push(text: &mut String, value: impl Display) {
    let _ = write!(text, "{value}"); // a `String` takes everything
}

fn push_float(text: &mut String, float: f64) {
    match integral(float) {
        Ok(integer) => push(text, integer),
        // Debug: the shortest that reads the same, with an exponent where digits would be many. It
        // is valid JSON.
        Err(float) if float.is_finite() => push(text, format_args!("{float:?}")),
        Err(_) => text.push_str("null"),
    }
}

/// An array or map of which the end has not come.
struct OpenContainer {
    close: char,
    /// Entries to come.
    left: u64,
    /// Where the last entry starts in the text: at its comma, if it has one.
    entry: usize,
    in_placeholder: bool,
}

/// Reads MessagePack value by value.
pub(super) struct MsgpackReader<'a> {
    pub(super) data: &'a Bytes,
    /// How much of it is read.
    pub(super) at: usize,
    pub(super) limits: &'a DecodeLimits,
}

impl<'a> MsgpackReader<'a> {
    /// The next bytes, of which nothing is copied.
    fn take(&mut self, count: u64) -> Result<&'a [u8], DecodeError> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let taken = taken.ok_or_else(|| bad("the packet ends early"))?;
        self.at += taken.len();
        Ok(taken)
    }

    /// A big-endian number of up to 8 bytes.
    pub(super) fn uint(&mut self, bytes: u64) -> Result<u64, DecodeError> {
        Ok(be(self.take(bytes)?))
    }

    pub(super) fn marker(&mut self) -> Result<Marker, DecodeError> {
        Ok(Marker::from_u8(self.uint(1)? as u8))
    }

    /// Reads one value; none if it is `undefined`.
    pub(super) fn value(&mut self) -> Result<Option<Json>, DecodeError> {
        let mut json = Json::default();
        let mut open: Vec<OpenContainer> = Vec::new();
        loop {
            let mut is_defined = true;
            let marker = self.marker()?;
            let nested = match marker {
                Marker::FixArray(count) => Some((']', u64::from(count))),
                Marker::Array16 => Some((']', self.uint(2)?)),
                Marker::Array32 => Some((']', self.uint(4)?)),
                Marker::FixMap(count) => Some(('}', u64::from(count))),
                Marker::Map16 => Some(('}', self.uint(2)?)),
                Marker::Map32 => Some(('}', self.uint(4)?)),
                _ => None,
            };
            if let Some((close, left)) = nested {
                if open.len() >= self.limits.depth {
                    return Err(DecodeError::TooDeep { limit: self.limits.depth });
                }
                json.text.push(if close == ']' { '[' } else { '{' });
                open.push(OpenContainer { close, left, entry: 0, in_placeholder: false });
            } else if self.scalar(marker, &mut json.text)? {
                json.has_lookalike |=
                    marker == Marker::True && open.last().is_some_and(|open| open.in_placeholder);
            } else {
                is_defined = self.extra(marker, &mut json)?;
            }
            if !is_defined {
                match open.last() {
                    None => return Ok(None),
                    Some(OpenContainer { close: '}', entry, .. }) => json.text.truncate(*entry),
                    Some(_) => json.text.push_str("null"),
                }
            }
            while let Some(OpenContainer { close, .. }) = open.pop_if(|open| open.left == 0) {
                json.text.push(close);
            }
            let Some(parent) = open.last_mut() else { break };
            parent.left -= 1;
            parent.entry = json.text.len();
            if !json.text.ends_with(['[', '{']) {
                json.text.push(',');
            }
            if parent.close == '}' {
                let key = json.text.len();
                self.key(&mut json.text)?;
                parent.in_placeholder = &json.text[key..] == r#""_placeholder""#;
                json.text.push(':');
            }
        }
        if json.has_lookalike && !json.attachments.is_empty() {
            return Err(bad("an object looks like a placeholder, beside binary"));
        }
        Ok(Some(json))
    }

    /// Adds the key of a map's entry, as a JSON string.
    pub(super) fn key(&mut self, text: &mut String) -> Result<(), DecodeError> {
        let start = text.len();
        let marker = self.marker()?;
        if !self.scalar(marker, text)? {
            return Err(bad("a key is a string"));
        }
        if !text[start..].starts_with('"') {
            text.insert(start, '"');
            text.push('"');
        }
        Ok(())
    }

    /// Reads what can be a key: nil, a boolean, an integer or a string. Answers whether it was one.
    fn scalar(&mut self, marker: Marker, text: &mut String) -> Result<bool, DecodeError> {
        let length = match marker {
            Marker::FixStr(length) => u64::from(length),
            Marker::Str8 => self.uint(1)?,
            Marker::Str16 => self.uint(2)?,
            Marker::Str32 => self.uint(4)?,
            other => {
                match other {
                    Marker::Null => text.push_str("null"),
                    Marker::False => text.push_str("false"),
                    Marker::True => text.push_str("true"),
                    Marker::FixPos(integer) => push(text, integer),
                    Marker::U8 => push(text, self.uint(1)?),
                    Marker::U16 => push(text, self.uint(2)?),
                    Marker::U32 => push(text, self.uint(4)?),
                    Marker::U64 => push(text, self.uint(8)?),
                    Marker::FixNeg(integer) => push(text, integer),
                    Marker::I8 => push(text, self.uint(1)? as i8),
                    Marker::I16 => push(text, self.uint(2)? as i16),
                    Marker::I32 => push(text, self.uint(4)? as i32),
                    Marker::I64 => push(text, self.uint(8)? as i64),
                    _ => return Ok(false),
                }
                return Ok(true);
            }
        };
        let string = std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::NotUtf8)?;
        text.push_str(&serde_json::to_string(string).map_err(|error| bad(&error.to_string()))?);
        Ok(true)
    }

    /// Reads a float, binary or an extension; answers false for `undefined`.
    fn extra(&mut self, marker: Marker, json: &mut Json) -> Result<bool, DecodeError> {
        let length = match marker {
            Marker::F32 => {
                push_float(&mut json.text, f32::from_bits(self.uint(4)? as u32).into());
                return Ok(true);
            }
            Marker::F64 => {
                push_float(&mut json.text, f64::from_bits(self.uint(8)?));
                return Ok(true);
            }
            Marker::FixExt1 => 1,
            Marker::FixExt2 => 2,
            Marker::FixExt4 => 4,
            Marker::FixExt8 => 8,
            Marker::FixExt16 => 16,
            Marker::Bin8 | Marker::Ext8 => self.uint(1)?,
            Marker::Bin16 | Marker::Ext16 => self.uint(2)?,
            Marker::Bin32 | Marker::Ext32 => self.uint(4)?,
            _ => return Err(bad("a byte that MessagePack does not use")),
        };
        let is_binary = matches!(marker, Marker::Bin8 | Marker::Bin16 | Marker::Bin32);
        let extension = if is_binary { 0 } else { self.uint(1)? as i8 };
        let data = self.take(length)?;
        let milliseconds = match (extension, marker, data.len()) {
            (0, Marker::FixExt1, _) => return Ok(false),
            (0, Marker::FixExt8, _) => be(data) as i64,
            // Node's clients send an `ArrayBuffer` and its views so, a `Buffer` as binary; browsers
            // send binary.
            (
                0,
                Marker::Bin8
                | Marker::Bin16
                | Marker::Bin32
                | Marker::Ext8
                | Marker::Ext16
                | Marker::Ext32,
                _,
            ) => {
                json.attach(self.data.slice_ref(data), self.limits)?;
                return Ok(true);
            }
            // MessagePack's timestamps: seconds, nanoseconds in 30 bits and seconds in 34,
            // nanoseconds and seconds.
            (-1, _, 4) => be(data) as i64 * 1000,
            (-1, _, 8) => ((be(data) & 0x3_ffff_ffff) * 1000 + (be(data) >> 34) / 1_000_000) as i64,
            (-1, _, 12) => {
                let (nanoseconds, seconds) = data.split_at(4);
                (be(seconds) as i64)
                    .saturating_mul(1000)
                    .saturating_add((be(nanoseconds) / 1_000_000) as i64)
            }
            _ => return Err(bad("an extension type that is not known")),
        };
        match iso_8601(milliseconds) {
            Some(date) => push(&mut json.text, format_args!("\"{date}\"")),
            None => json.text.push_str("null"),
        }
        Ok(true)
    }
}

/// A big-endian number; of more than 8 bytes, the last 8.
fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
