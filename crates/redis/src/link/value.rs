//! The answers of Redis, in the shapes of both versions of its protocol.

use bytes::Bytes;
use redis::Value;

use super::entry::EntryId;

pub(super) fn array(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(values) | Value::Set(values) => Some(values),
        _ => None,
    }
}

pub(super) fn bytes(value: Value) -> Option<Bytes> {
    match value {
        Value::BulkString(bytes) => Some(Bytes::from(bytes)),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(Bytes::from(text)),
        Value::Okay => Some(Bytes::from_static(b"OK")),
        _ => None,
    }
}

pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// Reads `[name, value, ..]` or a map.
pub(super) fn pairs(value: Value) -> Option<Vec<(Bytes, Value)>> {
    let pairs = match value {
        Value::Map(pairs) => pairs,
        other => {
            let mut values = array(other)?.into_iter();
            std::iter::from_fn(|| Some((values.next()?, values.next()?))).collect()
        }
    };
    pairs.into_iter().map(|(name, value)| Some((bytes(name)?, value))).collect()
}

/// One line of `INFO`, such as `run_id:..`.
pub(super) fn info_line(info: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(info).ok()?;
    let mut values = text.lines().filter_map(|line| line.split_once(':'));
    values.find(|(key, _)| *key == name).map(|(_, value)| value.trim().to_owned())
}

/// The answer of `XINFO STREAM`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct StreamInfo {
    /// The id that was given last, also if its entry is gone.
    pub(super) last: EntryId,
    /// The oldest entry that is there.
    pub(super) first: Option<EntryId>,
    /// All entries that it ever had are there. Redis 7 knows it.
    pub(super) is_untrimmed: bool,
}

impl StreamInfo {
    /// Whether no entry behind this one has left the stream, as far as can be known: it is trimmed
    /// from its beginning.
    pub(super) fn is_joined_to(&self, id: EntryId) -> bool {
        let is_whole = id == EntryId::ZERO && self.is_untrimmed;
        is_whole || self.last <= id || self.first.is_some_and(|first| first <= id)
    }

    /// From where on all is there that is read behind this entry.
    pub(super) fn begins_behind(&self, id: EntryId) -> EntryId {
        match self.is_joined_to(id) {
            true => id,
            false => self.first.unwrap_or(self.last),
        }
    }

    pub(super) fn read(answer: Value) -> Option<Self> {
        let mut info = Self::default();
        let (mut has_last, mut length, mut added) = (false, None, None);
        for (name, content) in pairs(answer)? {
            match &name[..] {
                b"last-generated-id" => {
                    (info.last, has_last) = (EntryId::parse(&bytes(content)?)?, true);
                }
                b"first-entry" => {
                    let id = array(content).and_then(|entry| entry.into_iter().next());
                    info.first = id.and_then(bytes).and_then(|id| EntryId::parse(&id));
                }
                b"length" => length = number(&content),
                b"entries-added" => added = number(&content),
                _ => {}
            }
        }
        info.is_untrimmed = length.is_some() && length == added;
        has_last.then_some(info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn a_stream_is_described_by_its_ends() {
        let first = Value::Array(vec![bulk("3-1"), Value::Array(vec![])]);
        let pairs = vec![
            (bulk("length"), Value::Int(2)),
            (bulk("entries-added"), Value::Int(2)),
            (bulk("last-generated-id"), bulk("9-0")),
            (bulk("first-entry"), first),
        ];
        let expected = StreamInfo {
            last: EntryId { ms: 9, seq: 0 },
            first: Some(EntryId { ms: 3, seq: 1 }),
            is_untrimmed: true,
        };
        let flat = pairs.iter().cloned().flat_map(|(name, value)| [name, value]).collect();
        assert_eq!(StreamInfo::read(Value::Map(pairs)), Some(expected));
        assert_eq!(StreamInfo::read(Value::Array(flat)), Some(expected));
        assert_eq!(StreamInfo::read(Value::Map(vec![])), None);
        let empty =
            vec![(bulk("last-generated-id"), bulk("9-0")), (bulk("first-entry"), Value::Nil)];
        assert_eq!(StreamInfo::read(Value::Map(empty)).and_then(|info| info.first), None);
    }

    #[test]
    fn info_is_read_by_line() {
        let info = b"# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n";
        assert_eq!(info_line(info, "run_id").as_deref(), Some("abc"));
        assert_eq!(info_line(info, "role"), None);
    }
}
