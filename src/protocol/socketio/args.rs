use std::{fmt, ops::Range};

use bytes::Bytes;
use bytestring::ByteString;
use serde::{
    Serialize, Serializer,
    de::{
        DeserializeOwned, Deserializer, SeqAccess, Visitor,
        value::{self, BorrowedStrDeserializer},
    },
    ser::{self, SerializeSeq},
};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::{
    attachments::{Relayed, WithAttachments, attachment, check_placeholders},
    depth::check_depth,
    json::plain_len,
};
use crate::{
    log_text::LogText,
    protocol::{ArgError, DecodeError},
};

/// The arguments of an event or an acknowledgement: their JSON, and the binary attachments.
///
/// When they arrive, they are only checked to be JSON. [`Args::get`] parses one argument into a
/// Rust type, so an argument that no handler reads is never parsed.
///
/// ```
/// use actix_socketio::Args;
///
/// let args = Args::parse(r#"["Pelé",{"minute":17}]"#.into(), 100)?;
/// assert_eq!(args.get::<String>(0)?, "Pelé");
/// assert_eq!(args.raw(1), Some(r#"{"minute":17}"#));
/// assert_eq!(args.get::<Option<u32>>(2)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Args {
    text: ByteString,
    /// The position in `text` at which the JSON array starts.
    start: usize,
    values: Values,
    /// Whether each argument is a string without escapes.
    are_plain: bool,
    attachments: Vec<Bytes>,
}

/// The ranges of the values in the text. Most events have two: the name and one argument.
type Values = SmallVec<[Range<usize>; 2]>;

/// Collects the ranges of an array's values in its text.
struct Ranges<'a>(&'a str);

impl<'de> Visitor<'de> for Ranges<'de> {
    type Value = Values;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut ranges = Values::new();
        while let Some(value) = array.next_element::<&'de RawValue>()? {
            let at = value.get().as_ptr() as usize - self.0.as_ptr() as usize;
            ranges.push(at..at + value.get().len());
        }
        Ok(ranges)
    }
}

/// Returns the ranges of an array's values in its text.
fn ranges(json: &str) -> serde_json::Result<Values> {
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_seq(Ranges(json)).and_then(|values| reader.end().map(|()| values))
}

/// Returns the same ranges for an array of strings without escapes and without white space between
/// them, as many events are. This is much cheaper than to parse JSON. Returns `None` for other
/// JSON.
fn strings(json: &str) -> Option<Values> {
    let json = json.as_bytes();
    let (mut values, mut at) = (Values::new(), 0);
    // The opening bracket precedes the first string, and a comma precedes each other one.
    while *json.get(at)? == if at == 0 { b'[' } else { b',' } && *json.get(at + 1)? == b'"' {
        let start = at + 1;
        let end = start + 1 + plain_len(&json[start + 1..]);
        if *json.get(end)? != b'"' {
            return None;
        }
        at = end + 1;
        values.push(start..at);
    }
    (json[at..] == *b"]" && at > 0).then_some(values)
}

impl Args {
    /// Makes arguments from a JSON array that is nested at most `depth` levels deep.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// let args = Args::parse("[1,2]".into(), 100)?;
    /// # Ok::<(), actix_socketio::protocol::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// [`DecodeError::Payload`] if `json` is not a JSON array, and [`DecodeError::TooDeep`] beyond
    /// `depth`.
    pub fn parse(json: ByteString, depth: usize) -> Result<Self, DecodeError> {
        Self::parse_after(json, 0, depth)
    }

    /// Does the same as [`Args::parse`] with the part of `text` from byte `start`.
    pub(in crate::protocol) fn parse_after(
        text: ByteString,
        start: usize,
        depth: usize,
    ) -> Result<Self, DecodeError> {
        let json = &text[start..];
        check_depth(json, depth)?;
        let (mut values, are_plain) = match strings(json) {
            Some(values) => (values, true),
            None => (ranges(json).map_err(|error| DecodeError::Payload(error.to_string()))?, false),
        };
        for value in &mut values {
            *value = value.start + start..value.end + start;
        }
        Ok(Self { text, start, values, are_plain, attachments: Vec::new() })
    }

    /// Adds the attachments that the placeholders in the JSON stand for.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// let args = Args::parse(r#"[{"_placeholder":true,"num":0}]"#.into(), 100)?;
    /// let args = args.attach(vec!["abc".into()])?;
    /// assert_eq!(args.binary(0).unwrap(), "abc");
    /// # Ok::<(), actix_socketio::protocol::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// [`DecodeError::Payload`] if the number of a placeholder is not the index of an attachment,
    /// or if two placeholders have the same number.
    pub fn attach(self, attachments: Vec<Bytes>) -> Result<Self, DecodeError> {
        if !attachments.is_empty() {
            check_placeholders(&self.text[self.start..], attachments.len())?;
        }
        Ok(Self { attachments, ..self })
    }

    /// Returns the number of arguments.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// assert_eq!(Args::default().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Returns whether there are no arguments.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// assert!(Args::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns the JSON of one argument as the client wrote it, with placeholders for attachments.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// let args = Args::parse("[1.0]".into(), 100)?;
    /// assert_eq!(args.raw(0), Some("1.0"));
    /// # Ok::<(), actix_socketio::protocol::DecodeError>(())
    /// ```
    pub fn raw(&self, index: usize) -> Option<&str> {
        self.values.get(index).map(|range| &self.text[range.clone()])
    }

    /// Returns a part of the text without a copy. `part` must be a slice of this text.
    pub(in crate::protocol) fn share(&self, part: &str) -> ByteString {
        self.text.slice_ref(part)
    }

    /// Returns the JSON of all arguments, in order.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// let args = Args::parse(r#"["a",1]"#.into(), 100)?;
    /// assert!(args.iter().eq([r#""a""#, "1"]));
    /// # Ok::<(), actix_socketio::protocol::DecodeError>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.values.iter().map(|range| &self.text[range.clone()])
    }

    /// Returns the attachments, in the order in which they arrived.
    ///
    /// ```
    /// # fn example(args: &actix_socketio::Args) {
    /// let bytes: usize = args.attachments().iter().map(|attachment| attachment.len()).sum();
    /// # }
    /// ```
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Returns an argument that is binary as a whole, without a copy, and `None` for other
    /// arguments.
    ///
    /// [`Args::get`] also reads attachments within an argument.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// let args = Args::parse("[1]".into(), 100)?;
    /// assert!(args.binary(0).is_none());
    /// # Ok::<(), actix_socketio::protocol::DecodeError>(())
    /// ```
    pub fn binary(&self, index: usize) -> Option<Bytes> {
        if self.attachments.is_empty() {
            return None;
        }
        attachment(self.raw(index)?, &self.attachments)
    }

    /// Parses one argument.
    ///
    /// A missing argument is read as `null`, so an `Option` is `None`. An attachment is read as
    /// bytes, into `Bytes` or a type of `serde_bytes`, also within a structure.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// let args = Args::parse(r#"[{"minute":17}]"#.into(), 100)?;
    /// let goal: std::collections::HashMap<String, u32> = args.get(0)?;
    /// assert_eq!(goal["minute"], 17);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ArgError`] if the argument does not match `T`.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, ArgError> {
        let raw = self.raw(index).unwrap_or("null");
        // A plain string is its own text, so no character needs to be parsed. If `T` does not
        // accept the string, serde_json decides, and gives the error.
        if self.are_plain
            && let Some(text) = raw.strip_prefix('"').and_then(|text| text.strip_suffix('"'))
            && let Ok(value) = T::deserialize(BorrowedStrDeserializer::<value::Error>::new(text))
        {
            return Ok(value);
        }
        let value = if self.attachments.is_empty() {
            serde_json::from_str(raw)
        } else {
            serde_json::from_str(raw).and_then(|value| {
                T::deserialize(WithAttachments { value, attachments: &self.attachments })
            })
        };
        value.map_err(|source| ArgError {
            index,
            count: self.len(),
            expected: std::any::type_name::<T>(),
            source,
        })
    }

    /// Returns about how many bytes of memory the arguments take.
    pub(crate) fn cost(&self) -> usize {
        let attachments: usize = self.attachments.iter().map(Bytes::len).sum();
        self.text.len() + size_of::<Range<usize>>() * self.values.len() + attachments
    }

    /// Copies text and attachments, so that they do not pin the buffer that they were read into.
    pub(crate) fn detach(&mut self) {
        self.text = ByteString::from(&*self.text);
        for attachment in &mut self.attachments {
            *attachment = Bytes::copy_from_slice(attachment);
        }
    }

    /// Returns the arguments after the first `count`.
    pub(crate) fn skip(mut self, count: usize) -> Self {
        self.values.drain(..count.min(self.values.len()));
        self
    }
}

/// Compares the JSON texts and the attachments.
impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter()) && self.attachments == other.attachments
    }
}

impl Eq for Args {}

/// Serializes as a list, which [`Many`](super::Many) turns into arguments again.
/// `socket.emit("relayed", &Many(event.args()))` forwards the arguments unchanged, with their
/// attachments.
impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let attachments = &self.attachments;
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for json in self.iter() {
            if attachments.is_empty() {
                let raw: &RawValue = serde_json::from_str(json).map_err(ser::Error::custom)?;
                list.serialize_element(raw)?;
            } else {
                let value = serde_json::from_str(json).map_err(ser::Error::custom)?;
                list.serialize_element(&Relayed { value: &value, attachments })?;
            }
        }
        list.end()
    }
}

/// The number of arguments that `Debug` shows.
const SHOWN: usize = 8;

/// For a log: the first arguments, each escaped and cut after 100 characters.
impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        list.entries(self.iter().take(SHOWN).map(LogText));
        if self.len() > SHOWN { list.finish_non_exhaustive() } else { list.finish() }
    }
}

#[cfg(test)]
mod tests;
