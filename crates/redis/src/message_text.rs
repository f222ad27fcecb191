use std::fmt;

use actix_socketio::{adapter::msgpack, protocol::DecodeLimits};
use bytes::Bytes;
use bytestring::ByteString;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{limits::WireLimits, message::Payload, wire::Unreadable};

/// How the core writes a placeholder, before its number.
const PLACEHOLDER: &str = r#"{"_placeholder":true,"num":"#;

/// A message as JSON, with placeholders for its binary values. Its parts share its memory.
#[derive(Debug)]
pub(crate) struct MessageText {
    text: ByteString,
    attachments: Vec<Bytes>,
    limits: WireLimits,
}

impl MessageText {
    /// Reads JSON or MessagePack. Only JSON starts with a brace: in MessagePack, it is a number.
    pub(crate) fn read(message: &Bytes, limits: WireLimits) -> Result<Self, Unreadable> {
        if message.first() == Some(&b'{') {
            Self::json(message, limits)
        } else {
            Self::msgpack(message, limits)
        }
    }

    /// A message without members.
    pub(crate) fn empty(limits: WireLimits) -> Self {
        Self { text: ByteString::from_static("{}"), attachments: Vec::new(), limits }
    }

    fn json(message: &Bytes, limits: WireLimits) -> Result<Self, Unreadable> {
        check_length(message, &limits)?;
        let text = ByteString::try_from(message.clone())
            .map_err(|_| Unreadable::new("the text is not UTF-8"))?;
        check_depth(&text, limits.message_depth())?;
        Ok(Self { text, attachments: Vec::new(), limits })
    }

    pub(crate) fn msgpack(message: &Bytes, limits: WireLimits) -> Result<Self, Unreadable> {
        check_length(message, &limits)?;
        let decode =
            DecodeLimits::new(limits.message_depth(), limits.attachments, limits.message_bytes);
        let (text, attachments) =
            msgpack::to_json(message, &decode).map_err(|error| Unreadable::new(&error))?;
        Ok(Self { text, attachments, limits })
    }

    /// Reads the members of the message.
    pub(crate) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Unreadable> {
        parse(&self.text)
    }

    pub(crate) fn limits(&self) -> &WireLimits {
        &self.limits
    }

    /// Cuts a value out of the message, with the attachments that it has.
    ///
    /// The reader of MessagePack numbers attachments in the order of the text, and writes all
    /// placeholders alike. It refuses whatever else looks like one beside attachments. A string
    /// cannot contain one, because its quotes are escaped.
    pub(crate) fn payload(&self, value: &RawValue) -> Payload {
        let json = self.slice(value.get());
        if self.attachments.is_empty() || !json.contains(PLACEHOLDER) {
            return Payload { json, attachments: Vec::new() };
        }
        let mut attachments = Vec::new();
        let mut renumbered = String::new();
        let mut is_in_order = true;
        for (index, part) in json.split(PLACEHOLDER).enumerate() {
            let Some(before) = index.checked_sub(1) else {
                renumbered.push_str(part);
                continue;
            };
            let digits = part.find('}').unwrap_or(part.len());
            let number: Option<usize> = part[..digits].parse().ok();
            attachments.extend(number.and_then(|number| self.attachments.get(number)).cloned());
            is_in_order &= number == Some(before);
            renumbered.push_str(PLACEHOLDER);
            renumbered.push_str(&before.to_string());
            renumbered.push_str(&part[digits..]);
        }
        let json = if is_in_order { json } else { renumbered.into() };
        Payload { json, attachments }
    }

    /// Reads a string without a copy, if it has no escapes.
    pub(crate) fn string(&self, value: &RawValue) -> Option<ByteString> {
        let json = value.get();
        let inner = json.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            return serde_json::from_str::<String>(json).ok().map(ByteString::from);
        }
        Some(self.slice(inner))
    }

    /// Reads a room, which may be a number. Anything but a string and a number is a room without
    /// members, and becomes the empty text, which is the name of no channel.
    pub(crate) fn room(&self, value: &RawValue) -> ByteString {
        match value.get().as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => self.slice(value.get()),
            _ => self.string(value).unwrap_or_default(),
        }
    }

    /// Reads a list of rooms.
    pub(crate) fn rooms(
        &self,
        value: &RawValue,
        limit: usize,
    ) -> Result<Vec<ByteString>, Unreadable> {
        Ok(list(value, limit)?.into_iter().map(|room| self.room(room)).collect())
    }

    /// The whole message.
    pub(crate) fn whole(&self) -> &str {
        &self.text
    }

    fn slice(&self, part: &str) -> ByteString {
        self.text.slice_ref(part)
    }

    /// Makes each binary value the JSON that Node writes for it where it writes no MessagePack.
    pub(crate) fn without_attachments(&self) -> Self {
        let mut parts = self.text.split(PLACEHOLDER);
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (number, after) = part.split_once('}').unwrap_or((part, ""));
            let number: Option<usize> = number.parse().ok();
            let data = number.and_then(|number| self.attachments.get(number));
            let data: &[u8] = data.map(|data| &data[..]).unwrap_or_default();
            let bytes: Vec<String> = data.iter().map(u8::to_string).collect();
            text.push_str(&format!(r#"{{"type":"Buffer","data":[{}]}}"#, bytes.join(",")));
            text.push_str(after);
        }
        Self { text: text.into(), attachments: Vec::new(), limits: self.limits }
    }

    pub(crate) fn has_attachments(&self) -> bool {
        !self.attachments.is_empty()
    }
}

/// Parses JSON. The error tells where and why, and not what stands there.
pub(crate) fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Unreadable> {
    serde_json::from_str(json).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Unreadable(format!("{:?} error at line {line} column {column}", error.classify()))
    })
}

fn check_length(message: &Bytes, limits: &WireLimits) -> Result<(), Unreadable> {
    if message.len() > limits.message_bytes {
        return Err(Unreadable(format!("more than {} bytes", limits.message_bytes)));
    }
    Ok(())
}

/// Refuses JSON that is nested too deeply. Nothing here recurses, but parsers of clients do.
fn check_depth(json: &str, limit: usize) -> Result<(), Unreadable> {
    let (mut depth, mut in_string, mut is_escaped) = (0usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return Err(Unreadable(format!("nested more than {limit} levels deep")));
        }
    }
    Ok(())
}

/// Reads the entries of an array, up to a limit.
pub(crate) fn list(value: &RawValue, limit: usize) -> Result<Vec<&RawValue>, Unreadable> {
    struct Entries(usize);

    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an array of at most {} entries", self.0)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = array.next_element()? {
                if entries.len() == self.0 {
                    return Err(A::Error::custom("too many entries"));
                }
                entries.push(entry);
            }
            Ok(entries)
        }
    }

    serde_json::Deserializer::from_str(value.get())
        .deserialize_seq(Entries(limit))
        .map_err(|_| Unreadable(format!("not a list of at most {limit} entries")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_within_strings_do_not_count_as_depth() {
        assert_eq!(check_depth(r#"["[[[\"[[["]"#, 1), Ok(()));
        assert_eq!(check_depth("[[],[{}]]", 3), Ok(()));
        assert!(check_depth("[[[[", 3).is_err());
    }

    #[test]
    fn attachments_of_a_part_are_numbered_anew() {
        // {"x": bytes, "p": [bytes, "", bytes]}
        let message =
            &[0x82, 0xa1, b'x', 0xc4, 1, 7, 0xa1, b'p', 0x93, 0xc4, 1, 8, 0xa0, 0xc4, 1, 9];
        let text = MessageText::read(&Bytes::from_static(message), WireLimits::default()).unwrap();
        #[derive(Deserialize)]
        struct Parts<'a> {
            #[serde(borrow)]
            x: &'a RawValue,
            #[serde(borrow)]
            p: &'a RawValue,
        }
        let Parts { x, p } = text.parse().unwrap();
        assert_eq!(text.payload(x).attachments, [&[7][..]]);
        let Payload { json, attachments } = text.payload(p);
        assert_eq!(json, r#"[{"_placeholder":true,"num":0},"",{"_placeholder":true,"num":1}]"#);
        assert_eq!(attachments, [&[8][..], &[9]]);
        let buffers = text.without_attachments();
        assert!(buffers.text.starts_with(r#"{"x":{"type":"Buffer","data":[7]},"p":["#));
        assert!(!buffers.has_attachments());
    }

    #[test]
    fn rooms_may_be_numbers_and_lists_are_bounded() {
        let text = MessageText::read(
            &Bytes::from_static(br#"{"rooms":["a",5,-1.5,"\u0062","\ud800",null,{}]}"#),
            WireLimits::default(),
        );
        let text = text.unwrap();
        #[derive(Deserialize)]
        struct Rooms<'a> {
            #[serde(borrow)]
            rooms: &'a RawValue,
        }
        let Rooms { rooms } = text.parse().unwrap();
        assert_eq!(text.rooms(rooms, 7).unwrap(), ["a", "5", "-1.5", "b", "", "", ""]);
        assert!(text.rooms(rooms, 6).is_err());
    }
}
