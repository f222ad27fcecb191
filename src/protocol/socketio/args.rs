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
    json::plain,
};
use crate::protocol::{ArgError, DecodeError};

/// The arguments of an event or an acknowledgement: raw JSON, typed when asked, and the binary that
/// came with it.
///
/// They are checked to be JSON when they arrive, and nothing more: what no handler reads is never
/// parsed.
///
/// ```
/// use actix_socketio::protocol::Args;
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
    /// Where the JSON begins in it that the values stand in.
    start: usize,
    values: Values,
    /// Each is a string with nothing escaped in it.
    are_plain: bool,
    attachments: Vec<Bytes>,
}

/// Where the values stand in the text: an event's name and its argument is what most have.
type Values = SmallVec<[Range<usize>; 2]>;

/// Reads where the values of an array stand in its text.
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

/// Where the values of an array stand in its text.
fn ranges(json: &str) -> serde_json::Result<Values> {
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_seq(Ranges(json)).and_then(|values| reader.end().map(|()| values))
}

/// The same of an array of strings with nothing escaped and nothing between them, as many events
/// are: much cheaper than to read any JSON. `None`: it is something else.
fn strings(json: &str) -> Option<Values> {
    let json = json.as_bytes();
    let (mut values, mut at) = (Values::new(), 0);
    // Each is behind a bracket or a comma.
    while *json.get(at)? == if at == 0 { b'[' } else { b',' } && *json.get(at + 1)? == b'"' {
        let start = at + 1;
        let end = start + 1 + plain(&json[start + 1..]);
        if *json.get(end)? != b'"' {
            return None;
        }
        at = end + 1;
        values.push(start..at);
    }
    (json[at..] == *b"]" && at > 0).then_some(values)
}

impl Args {
    /// Reads a JSON array whose nesting is at most `depth`.
    ///
    /// # Errors
    /// [`DecodeError::Payload`] for what is no JSON array, [`DecodeError::TooDeep`].
    pub fn parse(json: ByteString, depth: usize) -> Result<Self, DecodeError> {
        Self::parse_after(json, 0, depth)
    }

    /// The same, of the text after so many bytes.
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

    /// Adds the attachments that the JSON's placeholders, `{"_placeholder":true,"num":0}`, stand
    /// for.
    ///
    /// # Errors
    /// [`DecodeError::Payload`] if a placeholder's number is none of theirs, or another
    /// placeholder's.
    pub fn attach(self, attachments: Vec<Bytes>) -> Result<Self, DecodeError> {
        if !attachments.is_empty() {
            check_placeholders(&self.text[self.start..], attachments.len())?;
        }
        Ok(Self { attachments, ..self })
    }

    /// How many arguments there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The JSON of one argument, as the client wrote it, with placeholders for what is binary.
    pub fn raw(&self, index: usize) -> Option<&str> {
        self.values.get(index).map(|range| &self.text[range.clone()])
    }

    /// A part of the text, which is not copied.
    pub(in crate::protocol) fn share(&self, part: &str) -> ByteString {
        self.text.slice_ref(part)
    }

    /// All arguments as JSON, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.values.iter().map(|range| &self.text[range.clone()])
    }

    /// What is binary, in the order in which it came.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// An argument which is binary as a whole; its memory is shared.
    pub fn binary(&self, index: usize) -> Option<Bytes> {
        if self.attachments.is_empty() {
            return None;
        }
        attachment(self.raw(index)?, &self.attachments)
    }

    /// One argument as a value. An argument that is missing reads as `null`, so that an `Option`
    /// takes it; what is binary reads as bytes, into `Bytes` or `serde_bytes`, also within a
    /// structure.
    ///
    /// # Errors
    /// [`ArgError`] if the argument is not what `T` expects.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, ArgError> {
        let raw = self.raw(index).unwrap_or("null");
        // Without a look at each character. A type that a string is not, or not by itself, is for
        // serde_json to judge.
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

    /// Bytes that it takes in memory, roughly.
    pub(crate) fn cost(&self) -> usize {
        let attachments: usize = self.attachments.iter().map(Bytes::len).sum();
        self.text.len() + size_of::<Range<usize>>() * self.values.len() + attachments
    }

    /// Makes copies of what it shares with the buffer that it was read into.
    pub(crate) fn detach(&mut self) {
        self.text = ByteString::from(&*self.text);
        for attachment in &mut self.attachments {
            *attachment = Bytes::copy_from_slice(attachment);
        }
    }

    /// The arguments after the first `count`.
    pub(crate) fn skip(mut self, count: usize) -> Self {
        self.values.drain(..count.min(self.values.len()));
        self
    }
}

/// Their JSON tells, and what is binary.
impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter()) && self.attachments == other.attachments
    }
}

impl Eq for Args {}

/// As a list, of which [`Many`](super::Many) makes arguments again: `socket.emit("relayed",
/// &Many(event.args()))` passes them on as they came, and what is binary as binary.
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

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::protocol::{Many, event};

    fn args(json: &str) -> Result<Args, DecodeError> {
        Args::parse(json.to_owned().into(), 10)
    }

    #[test]
    fn values_keep_their_own_text() {
        let args = args(r#" [ 1.0 , "a,b" , { "x" : [ 2 ] } ] "#).unwrap();
        assert_eq!(args.iter().collect::<Vec<_>>(), ["1.0", r#""a,b""#, r#"{ "x" : [ 2 ] }"#]);
        assert_eq!(args.skip(2).raw(0), Some(r#"{ "x" : [ 2 ] }"#));
    }

    #[test]
    fn a_mismatch_names_the_argument_and_what_was_expected() {
        let args = args(r#"["x"]"#).unwrap();
        let wrong = args.get::<u32>(0).unwrap_err().to_string();
        assert!(wrong.starts_with("argument 0 is no u32: invalid type: string"), "{wrong}");
        assert_eq!(
            args.get::<u32>(1).unwrap_err().to_string(),
            "argument 1 (u32) is missing: there are 1"
        );
    }

    #[test]
    fn only_arrays_are_arguments() {
        for json in ["", "{}", "1", "[1", "[1]]", "[01]"] {
            assert!(matches!(args(json), Err(DecodeError::Payload(_))), "{json}");
        }
        assert_eq!(args(&"[".repeat(11)), Err(DecodeError::TooDeep { limit: 10 }));
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Part {
        Text(String),
        Data(Bytes),
        Nothing,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct File {
        name: String,
        data: Bytes,
        thumbnail: Option<Bytes>,
        parts: Vec<Part>,
    }

    #[test]
    fn placeholders_read_as_bytes_wherever_they_stand() {
        let json = r#"[{"_placeholder":true,"num":1},{"name":"a","data":{"_placeholder":true,"num":0},"thumbnail":null,
            "parts":[{"Text":"x"},{"Data":{"num":2,"_placeholder":true}},"Nothing"]},7]"#;
        let [a, b, c] = [&[1, 2][..], &[3], &[]].map(Bytes::from_static);
        let attachments = vec![a.clone(), b.clone(), c.clone()];
        let twice =
            args(r#"[[{"_placeholder":true,"num":2}],{"_placeholder":true,"num":2}]"#).unwrap();
        assert!(twice.attach(attachments.clone()).is_err());
        let args = args(json).unwrap().attach(attachments).unwrap();
        assert_eq!(args.binary(0), Some(b.clone()));
        assert_eq!(args.get::<Bytes>(0).unwrap(), b);
        let parts = vec![Part::Text("x".to_owned()), Part::Data(c), Part::Nothing];
        assert_eq!(
            args.get::<File>(1).unwrap(),
            File { name: "a".to_owned(), data: a, thumbnail: None, parts }
        );
        assert_eq!(args.get::<u8>(2).unwrap(), 7);
        assert_eq!((args.binary(1), args.binary(2), args.binary(3)), (None, None, None));
        assert!(args.get::<u32>(0).is_err());
    }

    #[test]
    fn what_came_can_be_passed_on_as_it_was() {
        let relay = |args: &Args| event("/", None, "e", &Many(args)).unwrap();
        let plain = args(r#"["a",1.0,{"b":[null, 2]}]"#).unwrap();
        assert_eq!(relay(&plain).text(), r#"42["e","a",1.0,{"b":[null, 2]}]"#);
        assert_eq!(relay(&Args::default()).text(), r#"42["e"]"#);
        let json = r#"[{"_placeholder":true,"num":1},{"x":[{"_placeholder":true,"num":0},1]}]"#;
        let binary = args(json)
            .unwrap()
            .attach(vec![Bytes::from_static(&[0]), Bytes::from_static(&[1])])
            .unwrap();
        let frame = relay(&binary);
        let [a, b] = [0, 1].map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#));
        assert_eq!(frame.text(), format!(r#"452-["e",{a},{{"x":[{b},1]}}]"#));
        assert_eq!(frame.attachments(), [Bytes::from_static(&[1]), Bytes::from_static(&[0])]);
    }

    proptest! {
        #[test]
        fn strings_are_found_where_serde_json_finds_them(
            json in r#"\[?( ?"[a-z\n\\"é]{0,20}" ?[,;]?){0,3}[1\]]?\]?"#,
            texts in proptest::collection::vec("[ -~é]{0,40}", 0..4),
        ) {
            for json in [json, serde_json::to_string(&texts).unwrap()] {
                match (strings(&json), ranges(&json)) {
                    (Some(found), Ok(expected)) => prop_assert_eq!(found, expected),
                    (Some(_), Err(error)) => prop_assert!(false, "{json} is no array: {error}"),
                    (None, _) => {}
                }
            }
        }
    }

    #[test]
    fn arrays_of_plain_strings_need_no_parser() {
        assert_eq!(strings(r#"["a","é!"]"#), ranges(r#"["a","é!"]"#).ok());
        assert!(strings(r#"["a"]"#).is_some());
        for other in [
            "",
            "[",
            "]",
            "[]",
            r#"["a""#,
            r#"["a",]"#,
            r#"["a"]]"#,
            r#"["a" ,"b"]"#,
            r#"["a\n"]"#,
            r#"["a",1]"#,
            r#"[,"a"]"#,
        ] {
            assert_eq!(strings(other), None, "{other}");
        }
    }

    #[test]
    fn placeholders_are_checked() {
        let attached =
            |json: &str, count: usize| args(json).unwrap().attach(vec![Bytes::new(); count]);
        for num in ["1", "-1", "0.5", r#""0""#, "null"] {
            let json = format!(r#"[{{"x":[{{"_placeholder":true,"num":{num}}}]}}]"#);
            assert!(matches!(attached(&json, 1), Err(DecodeError::Payload(_))), "{json}");
        }
        assert!(attached(r#"[{"_placeholder":true}]"#, 1).is_err());
        // Without attachments, or with another value, it is ordinary data.
        assert!(attached(r#"[{"_placeholder":true,"num":9}]"#, 0).is_ok());
        assert!(attached(r#"[{"_placeholder":false,"num":9}]"#, 1).is_ok());
    }
}
