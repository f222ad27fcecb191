//! Finds the values of a JSON array in its text.

use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{arg_index::ArgIndex, json::plain_len};

/// Collects the ranges of an array's values in its text, in which it starts at `start`.
struct Ranges<'a> {
    json: &'a str,
    start: usize,
}

impl<'de> Visitor<'de> for Ranges<'de> {
    type Value = ArgIndex;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut index = ArgIndex::default();
        while let Some(value) = array.next_element::<&'de RawValue>()? {
            let at = value.get().as_ptr() as usize - self.json.as_ptr() as usize + self.start;
            index.push(at..at + value.get().len());
        }
        Ok(index)
    }
}

/// Reads an array of JSON, which is the part of a text from `start`, and returns the ranges of its
/// values in that text.
///
/// Values are checked and skipped, not parsed. So a number may have any size, and a string may have
/// half of a surrogate pair.
pub(super) fn ranges(json: &str, start: usize) -> serde_json::Result<ArgIndex> {
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_seq(Ranges { json, start }).and_then(|index| reader.end().map(|()| index))
}

/// Returns the same ranges for an array of strings without escapes and without white space between
/// them, as many events are. This is much cheaper than to parse JSON. Returns `None` for other
/// JSON.
pub(super) fn strings(json: &str, offset: usize) -> Option<ArgIndex> {
    let json = json.as_bytes();
    let (mut index, mut at) = (ArgIndex::default(), 0);
    // The opening bracket precedes the first string, and a comma precedes each other one.
    while *json.get(at)? == if at == 0 { b'[' } else { b',' } && *json.get(at + 1)? == b'"' {
        let start = at + 1;
        let end = start + 1 + plain_len(&json[start + 1..]);
        if *json.get(end)? != b'"' {
            return None;
        }
        at = end + 1;
        index.push(offset + start..offset + at);
    }
    (json[at..] == *b"]" && at > 0).then_some(index)
}
