use std::fmt::{Display, Write};

use bytes::Bytes;
use rmp::Marker;

use super::{
    super::{DecodeError, DecodeLimits, socketio::placeholders},
    date::iso_8601,
    integral,
};

/// Makes the error for a packet that is not valid.
pub(super) fn bad(what: &str) -> DecodeError {
    DecodeError::Payload(what.to_owned())
}

/// A MessagePack value as [`Args`](crate::protocol::Args) keep it: JSON, and attachments.
#[derive(Default)]
pub(super) struct Json {
    pub(super) text: String,
    pub(super) attachments: Vec<Bytes>,
}

impl Json {
    /// Adds an attachment, and writes its placeholder.
    fn attach(&mut self, data: Bytes, limits: &DecodeLimits) -> Result<(), DecodeError> {
        let num = self.attachments.len();
        if num >= limits.attachments {
            return Err(DecodeError::TooManyAttachments { limit: limits.attachments });
        }
        self.attachments.push(data);
        self.text.push_str(&placeholders::write(num));
        Ok(())
    }
}

fn push(text: &mut String, value: impl Display) {
    let _ = write!(text, "{value}"); // a `String` accepts every write
}

fn push_float(text: &mut String, float: f64) {
    match integral(float) {
        Ok(integer) => push(text, integer),
        // `Debug` writes the shortest digits that are read as the same float, with an exponent if
        // there would be many. This is valid JSON.
        Err(float) if float.is_finite() => push(text, format_args!("{float:?}")),
        Err(_) => text.push_str("null"),
    }
}

/// An array or map that is being read.
struct OpenContainer {
    /// The bracket that closes it in JSON.
    close: char,
    /// The number of entries that are not yet read.
    left: u64,
    /// The position in the text at which the last entry starts, including its comma.
    entry: usize,
}

/// Reads the values of a MessagePack message, one by one, as JSON.
pub(super) struct MsgpackReader<'a> {
    pub(super) data: &'a Bytes,
    /// The number of bytes that are read.
    pub(super) at: usize,
    pub(super) limits: &'a DecodeLimits,
}

impl<'a> MsgpackReader<'a> {
    /// Reads the next `count` bytes, without a copy.
    fn take(&mut self, count: u64) -> Result<&'a [u8], DecodeError> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let taken = taken.ok_or_else(|| bad("unexpected end of the packet"))?;
        self.at += taken.len();
        Ok(taken)
    }

    /// Reads a big-endian integer of up to 8 bytes.
    pub(super) fn uint(&mut self, bytes: u64) -> Result<u64, DecodeError> {
        Ok(be(self.take(bytes)?))
    }

    /// Reads the byte that starts a value.
    pub(super) fn marker(&mut self) -> Result<Marker, DecodeError> {
        Ok(Marker::from_u8(self.uint(1)? as u8))
    }

    /// Reads one value. Returns `None` if it is `undefined`.
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
                open.push(OpenContainer { close, left, entry: 0 });
            } else if !self.scalar(marker, &mut json.text)? {
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
                self.key(&mut json.text)?;
                json.text.push(':');
            }
        }
        Ok(Some(json))
    }

    /// Reads the key of a map's entry, and appends it as a JSON string.
    pub(super) fn key(&mut self, text: &mut String) -> Result<(), DecodeError> {
        let start = text.len();
        let marker = self.marker()?;
        if !self.scalar(marker, text)? {
            return Err(bad("expected a string as key"));
        }
        if !text[start..].starts_with('"') {
            text.insert(start, '"');
            text.push('"');
        }
        Ok(())
    }

    /// Reads a value of a type that can be a key: nil, a boolean, an integer or a string. Returns
    /// false if the value has another type.
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

    /// Reads a float, binary or an extension. Returns false for `undefined`.
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
            _ => return Err(bad("unused MessagePack marker")),
        };
        let is_binary = matches!(marker, Marker::Bin8 | Marker::Bin16 | Marker::Bin32);
        let extension = if is_binary { 0 } else { self.uint(1)? as i8 };
        let data = self.take(length)?;
        match (extension, marker) {
            (0, Marker::FixExt1) => return Ok(false),
            // Node's clients send an `ArrayBuffer` and its views as extension 0, and a `Buffer` as
            // binary. Browsers send binary.
            (
                0,
                Marker::Bin8
                | Marker::Bin16
                | Marker::Bin32
                | Marker::Ext8
                | Marker::Ext16
                | Marker::Ext32,
            ) => json.attach(self.data.slice_ref(data), self.limits)?,
            _ => match iso_8601(date_milliseconds(extension, marker, data)?) {
                Some(date) => push(&mut json.text, format_args!("\"{date}\"")),
                None => json.text.push_str("null"),
            },
        }
        Ok(true)
    }
}

/// Reads a date from the extension of notepack 2, or from one of the three timestamps of
/// MessagePack, as milliseconds since 1970.
fn date_milliseconds(extension: i8, marker: Marker, data: &[u8]) -> Result<i64, DecodeError> {
    Ok(match (extension, data.len()) {
        (0, _) if marker == Marker::FixExt8 => be(data) as i64,
        // Seconds.
        (-1, 4) => be(data) as i64 * 1000,
        // Nanoseconds in the upper 30 bits, and seconds in the lower 34.
        (-1, 8) => ((be(data) & 0x3_ffff_ffff) * 1000 + (be(data) >> 34) / 1_000_000) as i64,
        // Nanoseconds in 32 bits, then seconds in 64.
        (-1, 12) => {
            let (nanoseconds, seconds) = data.split_at(4);
            (be(seconds) as i64)
                .saturating_mul(1000)
                .saturating_add((be(nanoseconds) / 1_000_000) as i64)
        }
        _ => return Err(bad("unknown MessagePack extension type")),
    })
}

/// Returns a big-endian integer. Of more than 8 bytes, only the last 8 count.
fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
