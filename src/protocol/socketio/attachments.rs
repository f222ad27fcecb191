//! Reads arguments with attachments into Rust types: a placeholder is read as bytes.

use std::ops::Range;

use bytes::Bytes;
use serde::{
    Deserializer,
    de::{
        DeserializeSeed, Error as _, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Error;

use super::{
    placeholders::{self, Placeholder},
    relay::RelayedPart,
    scan::{member_value, next_entry, string_end, value_end},
};

/// The deepest level at which attachments are read, as serde_json's own limit. Types that contain
/// themselves recurse.
const MAX_DEPTH: usize = 127;

/// A JSON value that is a placeholder, or an array or object around some.
///
/// Only these pass through here. serde_json reads the other values straight from the text, as it
/// does those of arguments without attachments.
pub(super) struct BinaryValue<'a> {
    /// The JSON of all arguments.
    json: &'a str,
    /// The position of the value.
    range: Range<usize>,
    /// The placeholders within the value. There is at least one.
    placeholders: &'a [Placeholder],
    attachments: &'a [Bytes],
    depth: usize,
}

impl<'a> BinaryValue<'a> {
    /// Returns the value at `range` if there is a placeholder within it.
    pub(super) fn new(
        json: &'a str,
        range: Range<usize>,
        placeholders: &'a [Placeholder],
        attachments: &'a [Bytes],
    ) -> Option<Self> {
        let placeholders = placeholders::within(placeholders, &range);
        let has_some = !placeholders.is_empty();
        has_some.then_some(Self { json, range, placeholders, attachments, depth: 0 })
    }

    /// Returns the bytes, if the value is a placeholder.
    pub(super) fn bytes(&self) -> Option<&'a Bytes> {
        let whole = self.placeholders.first().filter(|whole| whole.range == self.range)?;
        self.attachments.get(whole.num)
    }

    /// Returns the attachments with their positions in the JSON of the value, for an encoder.
    pub(super) fn relayed(&self) -> Vec<RelayedPart> {
        let start = self.range.start;
        let part = |Placeholder { range, num }: &Placeholder| RelayedPart {
            range: range.start - start..range.end - start,
            data: self.attachments.get(*num).cloned().unwrap_or_default(),
        };
        self.placeholders.iter().map(part).collect()
    }

    /// Returns the entries of the array or object.
    fn entries(self) -> Result<Entries<'a>, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::custom("recursion limit exceeded"));
        }
        Ok(Entries { at: self.range.start + 1, key: 0..0, container: self })
    }
}

/// The entries of an array or object, one by one.
struct Entries<'a> {
    container: BinaryValue<'a>,
    /// The position after the entry before.
    at: usize,
    /// The key of the member whose value is next.
    key: Range<usize>,
}

impl<'a> Entries<'a> {
    /// Reads the value at a position.
    fn value<T: DeserializeSeed<'a>>(&mut self, start: usize, seed: T) -> Result<T::Value, Error> {
        let BinaryValue { json, placeholders, attachments, depth, .. } = self.container;
        let range = start..value_end(json.as_bytes(), start);
        self.at = range.end;
        match placeholders::within(placeholders, &range) {
            [] => seed.deserialize(&mut serde_json::Deserializer::from_str(&json[range])),
            placeholders => {
                let depth = depth + 1;
                seed.deserialize(BinaryValue { json, range, placeholders, attachments, depth })
            }
        }
    }

    /// Returns the position of the next entry.
    fn next(&self) -> Option<usize> {
        next_entry(self.container.json.as_bytes(), self.at)
    }
}

impl<'a> SeqAccess<'a> for Entries<'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.next().map(|start| self.value(start, seed)).transpose()
    }
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(start) = self.next() else { return Ok(None) };
        self.key = start..string_end(self.container.json.as_bytes(), start);
        let key = &self.container.json[self.key.clone()];
        seed.deserialize(&mut serde_json::Deserializer::from_str(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<T::Value, Error> {
        self.value(member_value(self.container.json.as_bytes(), self.key.end), seed)
    }
}

impl<'de> Deserializer<'de> for BinaryValue<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some(bytes) = self.bytes() {
            visitor.visit_byte_buf(bytes.to_vec())
        } else if self.json[self.range.clone()].starts_with('[') {
            visitor.visit_seq(self.entries()?)
        } else {
            visitor.visit_map(self.entries()?)
        }
    }

    /// A `Vec<u8>` asks for a sequence, so bytes are one.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.bytes() {
            Some(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            None => self.deserialize_any(visitor),
        }
    }

    /// Refuses bytes. serde's `String` takes those that are UTF-8. But an attachment is another
    /// thing than a text, as it is on Node, and so it can't be a channel's name.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.bytes() {
            Some(bytes) => Err(Error::invalid_type(Unexpected::Bytes(bytes), &visitor)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.bytes().is_some() || !self.json[self.range.clone()].starts_with('{') {
            return self.deserialize_any(visitor);
        }
        MapAccessDeserializer::new(self.entries()?).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf
        unit unit_struct tuple_struct map struct identifier ignored_any
    }
}
