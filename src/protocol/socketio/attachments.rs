//! Attachments of arguments: placeholders in the JSON, and the bytes apart from it.
//!
//! A placeholder is `{"_placeholder":true,"num":0}`, where `num` is the index of an attachment.

use std::mem;

use bytes::Bytes;
use serde::{
    Deserializer, Serialize, Serializer,
    de::{
        IntoDeserializer, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Map, Value};

use crate::protocol::DecodeError;

/// Returns the `num` of an object that is a placeholder, or `None` for other objects.
fn placeholder(object: &Map<String, Value>) -> Option<&Value> {
    (object.get("_placeholder") == Some(&Value::Bool(true)))
        .then(|| object.get("num").unwrap_or(&Value::Null))
}

/// Returns the index of an attachment, or `None` if `num` is not an index below `count`.
fn index(num: &Value, count: usize) -> Option<usize> {
    num.as_u64().and_then(|num| usize::try_from(num).ok()).filter(|num| *num < count)
}

/// Refuses placeholders for attachments that do not exist, and a second placeholder for the same
/// attachment.
///
/// Otherwise a short packet could name one attachment many times, and a reader or a relay would
/// copy its bytes each time. The function recurses, so the caller limits the depth of `json` first.
pub(in crate::protocol) fn check_placeholders(json: &str, count: usize) -> Result<(), DecodeError> {
    fn check(value: &Value, seen: &mut [bool]) -> Result<(), DecodeError> {
        let count = seen.len();
        match value {
            Value::Object(object) => match placeholder(object) {
                Some(num) => {
                    match index(num, count).map(|index| mem::replace(&mut seen[index], true)) {
                        Some(false) => Ok(()),
                        Some(true) => Err(DecodeError::Payload(format!(
                            "attachment {num} has more than one placeholder"
                        ))),
                        None => Err(DecodeError::Payload(format!(
                            "placeholder {num} has no attachment: the packet has {count}"
                        ))),
                    }
                }
                None => object.values().try_for_each(|value| check(value, seen)),
            },
            Value::Array(values) => values.iter().try_for_each(|value| check(value, seen)),
            _ => Ok(()),
        }
    }
    let value: Value =
        serde_json::from_str(json).map_err(|error| DecodeError::Payload(error.to_string()))?;
    check(&value, &mut vec![false; count])
}

/// Returns the attachment of an argument that is a placeholder as a whole.
pub(in crate::protocol) fn attachment(json: &str, attachments: &[Bytes]) -> Option<Bytes> {
    let object: Map<String, Value> = serde_json::from_str(json).ok()?;
    attachments.get(index(placeholder(&object)?, attachments.len())?).cloned()
}

/// JSON that serializes each placeholder as the bytes of its attachment.
pub(in crate::protocol) struct Relayed<'a> {
    pub(in crate::protocol) value: &'a Value,
    pub(in crate::protocol) attachments: &'a [Bytes],
}

impl Serialize for Relayed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { value, attachments } = *self;
        let relayed = |value| Relayed { value, attachments };
        match value {
            Value::Array(values) => serializer.collect_seq(values.iter().map(relayed)),
            Value::Object(object) => {
                match placeholder(object).and_then(|num| index(num, attachments.len())) {
                    Some(index) => serializer.serialize_bytes(&attachments[index]),
                    None => serializer
                        .collect_map(object.iter().map(|(key, value)| (key, relayed(value)))),
                }
            }
            plain => plain.serialize(serializer),
        }
    }
}

/// JSON that deserializes each placeholder as the bytes of its attachment.
pub(in crate::protocol) struct WithAttachments<'a> {
    pub(in crate::protocol) value: Value,
    pub(in crate::protocol) attachments: &'a [Bytes],
}

impl<'a> WithAttachments<'a> {
    fn list(
        self,
        values: Vec<Value>,
    ) -> SeqDeserializer<impl Iterator<Item = WithAttachments<'a>>, Error> {
        let attachments = self.attachments;
        SeqDeserializer::new(
            values.into_iter().map(move |value| WithAttachments { value, attachments }),
        )
    }

    fn map<'de>(
        &self,
        object: Map<String, Value>,
    ) -> MapDeserializer<'de, impl Iterator<Item = (String, WithAttachments<'a>)> + use<'a>, Error>
    {
        let attachments = self.attachments;
        MapDeserializer::new(
            object
                .into_iter()
                .map(move |(key, value)| (key, WithAttachments { value, attachments })),
        )
    }
}

impl<'de> IntoDeserializer<'de, Error> for WithAttachments<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for WithAttachments<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        match std::mem::take(&mut self.value) {
            Value::Array(values) => visitor.visit_seq(self.list(values)),
            Value::Object(object) => {
                match placeholder(&object).and_then(|num| index(num, self.attachments.len())) {
                    Some(index) => visitor.visit_byte_buf(self.attachments[index].to_vec()),
                    None => visitor.visit_map(self.map(object)),
                }
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match std::mem::take(&mut self.value) {
            Value::Object(object) => MapAccessDeserializer::new(self.map(object))
                .deserialize_enum(name, variants, visitor),
            plain => plain.deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes
        byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
