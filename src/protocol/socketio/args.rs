use std::{any, borrow::Cow, fmt, ops::Range};

use bytes::Bytes;
use bytestring::ByteString;
use serde::{
    Serialize, Serializer,
    de::{
        DeserializeOwned,
        value::{self, BorrowedStrDeserializer},
    },
    ser::{self, SerializeSeq},
};
use serde_json::value::RawValue;

use super::{
    arg_index::ArgIndex,
    arg_ranges::{ranges, strings},
    attachments::BinaryValue,
    depth::check_depth,
    placeholders::{self, Placeholder},
    portability, relay,
    unescape::unescape,
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
    /// The values of the array.
    index: ArgIndex,
    /// The number of values before the first argument: 1 for the name of an event.
    skipped: usize,
    /// Whether each argument is a string without escapes.
    are_plain: bool,
    /// Most arguments have no attachments, and stay small.
    attached: Option<Box<Attached>>,
}

/// The attachments of arguments.
#[derive(Clone)]
struct Attached {
    attachments: Vec<Bytes>,
    /// In the order of the text. Their ranges are relative to the start of the JSON array.
    placeholders: Vec<Placeholder>,
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
        let (index, are_plain) = match strings(json, start) {
            Some(index) => (index, true),
            None => match ranges(json, start) {
                Ok(index) => (index, false),
                Err(error) => return Err(DecodeError::Payload(error.to_string())),
            },
        };
        Ok(Self { text, start, index, skipped: 0, are_plain, attached: None })
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
    /// A placeholder has the two members `"_placeholder": true` and `"num"`, in any order. If they
    /// are not written as above, they are written again, for clients that read no other form.
    ///
    /// # Errors
    /// [`DecodeError::Payload`] if the number of a placeholder is not the index of an attachment,
    /// if two placeholders have the same number, or if another object has the key `_placeholder`
    /// with a value that is not `false`.
    pub fn attach(self, attachments: Vec<Bytes>) -> Result<Self, DecodeError> {
        if attachments.is_empty() {
            return Ok(self);
        }
        let json = &self.text[self.start..];
        let placeholders = placeholders::find(json, attachments.len())?;
        if let Some(json) = placeholders::rewrite(json, &placeholders) {
            return Self::parse(json.into(), usize::MAX)?.skip(self.skipped).attach(attachments);
        }
        Ok(Self { attached: Some(Box::new(Attached { attachments, placeholders })), ..self })
    }

    /// Returns the number of arguments.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// assert_eq!(Args::default().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.index.len().saturating_sub(self.skipped)
    }

    /// Returns whether there are no arguments.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// assert!(Args::default().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
        self.range(index).map(|range| &self.text[range])
    }

    /// Returns the position of an argument in the text.
    fn range(&self, index: usize) -> Option<Range<usize>> {
        self.index.get(&self.text, index.checked_add(self.skipped)?)
    }

    /// Returns an argument that is the name of an event: the text of a string, or the digits of a
    /// number. Half of a surrogate pair becomes U+FFFD.
    pub(crate) fn name(&self, index: usize) -> Option<ByteString> {
        let raw = self.raw(index)?;
        match raw.as_bytes().first()? {
            b'"' => Some(match unescape(raw) {
                Cow::Borrowed(name) => self.text.slice_ref(name),
                Cow::Owned(name) => name.into(),
            }),
            b'-' | b'0'..=b'9' => Some(self.text.slice_ref(raw)),
            _ => None,
        }
    }

    /// Splits the array of an event, as servers and clients write it, into the name of the event
    /// and its arguments. Returns `None` if the first value is neither a string nor a number.
    ///
    /// ```
    /// # use actix_socketio::Args;
    /// let (name, args) = Args::parse(r#"["goal",17]"#.into(), 100)?.into_event().unwrap();
    /// assert_eq!(name, "goal");
    /// assert_eq!(args.get::<u32>(0)?, 17);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_event(self) -> Option<(ByteString, Self)> {
        let name = self.name(0)?;
        Some((name, self.skip(1)))
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
        self.index.iter(&self.text, self.skipped).map(|range| &self.text[range])
    }

    /// Returns the attachments, in the order in which they arrived.
    ///
    /// ```
    /// # fn example(args: &actix_socketio::Args) {
    /// let bytes: usize = args.attachments().iter().map(|attachment| attachment.len()).sum();
    /// # }
    /// ```
    pub fn attachments(&self) -> &[Bytes] {
        self.attached.as_ref().map_or(&[], |attached| &attached.attachments)
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
        self.binary_value(index)?.bytes().cloned()
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
        let value = match self.binary_value(index) {
            None => serde_json::from_str(raw),
            Some(value) => T::deserialize(value),
        };
        value.map_err(|source| self.error::<T>(index, source))
    }

    pub(super) fn error<T>(&self, index: usize, source: serde_json::Error) -> ArgError {
        ArgError { index, count: self.len(), expected: any::type_name::<T>(), source }
    }

    /// Returns an argument that has attachments, and `None` for other arguments.
    pub(super) fn binary_value(&self, index: usize) -> Option<BinaryValue<'_>> {
        let Attached { attachments, placeholders } = self.attached.as_deref()?;
        let range = self.range(index)?;
        let range = range.start - self.start..range.end - self.start;
        BinaryValue::new(&self.text[self.start..], range, placeholders, attachments)
    }

    /// Returns why some client cannot read the arguments, or `None` if each can.
    pub(crate) fn portability_fault(&self) -> Option<&'static str> {
        if self.are_plain {
            return None;
        }
        self.iter().find_map(|json| portability::fault(json, self.attached.is_some()))
    }

    /// Returns how many bytes of memory the arguments take, beside themselves.
    ///
    /// This counts their own bytes. The buffers that they were read into may be larger, so what
    /// keeps them calls [`Args::detach`] first.
    pub(crate) fn cost(&self) -> usize {
        let attached = self.attached.as_ref().map_or(0, |attached| {
            let Attached { attachments, placeholders } = &**attached;
            size_of::<Attached>()
                + attachments.capacity() * size_of::<Bytes>()
                + placeholders.capacity() * size_of::<Placeholder>()
                + attachments.iter().map(Bytes::len).sum::<usize>()
        });
        self.text.len() + self.index.cost() + attached
    }

    /// Copies text and attachments, so that they do not pin the buffer that they were read into.
    pub(crate) fn detach(&mut self) {
        self.text = ByteString::from(&*self.text);
        for attachment in self.attached.iter_mut().flat_map(|attached| &mut attached.attachments) {
            *attachment = Bytes::copy_from_slice(attachment);
        }
    }

    /// Returns the arguments after the first `count`.
    pub(crate) fn skip(mut self, count: usize) -> Self {
        self.skipped += count.min(self.len());
        self
    }
}

/// Compares the JSON texts and the attachments.
impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter()) && self.attachments() == other.attachments()
    }
}

impl Eq for Args {}

/// Serializes as a list, which [`Many`](super::Many) turns into arguments again.
/// `socket.emit("relayed", &Many(event.args()))` forwards the arguments unchanged, with their
/// attachments. A serializer of your own sees placeholders in place of attachments.
impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for (index, json) in self.iter().enumerate() {
            let raw: &RawValue = serde_json::from_str(json).map_err(ser::Error::custom)?;
            match self.attached.as_ref().and_then(|_| self.binary_value(index)) {
                None => list.serialize_element(raw)?,
                Some(value) => {
                    relay::with_attachments(value.relayed(), || list.serialize_element(raw))?;
                }
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
