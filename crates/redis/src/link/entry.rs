use std::fmt;

use bytes::Bytes;
use redis::Value;

use super::{
    ticket::{LinkId, TICKET_FIELD, Ticket},
    value,
};

/// The id of an entry in a stream: a time and a count within it. Later entries have greater ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryId {
    /// Milliseconds since 1970 by the clock of Redis.
    pub(crate) ms: u64,
    pub(crate) seq: u64,
}

impl EntryId {
    /// Before all entries.
    pub(crate) const ZERO: Self = Self { ms: 0, seq: 0 };

    /// Reads `<ms>-<seq>`, as Redis and clients write it.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let (ms, seq) = std::str::from_utf8(text).ok()?.split_once('-')?;
        let number = |digits: &str| {
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| digits.parse().ok())?
        };
        Some(Self { ms: number(ms)?, seq: number(seq)? })
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// An entry of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    /// The ticket, if this link has appended it.
    pub(crate) own: Option<Ticket>,
    /// In the order of the stream, with the field that the link adds.
    pub(crate) fields: Vec<(Bytes, Bytes)>,
}

impl Entry {
    /// Reads `[id, [name, value, ..]]`.
    ///
    /// An entry that was deleted while it was read has no fields, and is one all the same: its id
    /// moves the reader on.
    fn read(entry: Value, link: LinkId) -> Option<Self> {
        let mut parts = value::array(entry)?.into_iter();
        let id = EntryId::parse(&value::bytes(parts.next()?)?)?;
        let mut fields = Vec::new();
        let mut values = value::array(parts.next().unwrap_or_default()).unwrap_or_default();
        if values.len() % 2 == 1 {
            values.pop();
        }
        let mut values = values.into_iter();
        while let (Some(name), Some(content)) = (values.next(), values.next()) {
            fields.push((value::bytes(name)?, value::bytes(content)?));
        }
        let own = fields.iter().rev().find(|(name, _)| name == TICKET_FIELD);
        let own = own.and_then(|(_, content)| link.read(content));
        Some(Self { id, own, fields })
    }

    /// Reads what `XREAD` answers: the entries of each stream that has some. `None` if it is
    /// something else.
    pub(super) fn read_all(answer: Value, link: LinkId) -> Option<Vec<(Bytes, Vec<Self>)>> {
        let streams: Vec<(Value, Value)> = match answer {
            Value::Nil => Vec::new(),
            Value::Map(streams) => streams,
            Value::Array(streams) => streams
                .into_iter()
                .map(|stream| {
                    let mut parts = value::array(stream)?.into_iter();
                    Some((parts.next()?, parts.next()?))
                })
                .collect::<Option<_>>()?,
            _ => return None,
        };
        streams
            .into_iter()
            .map(|(name, entries)| {
                let entries = value::array(entries)?.into_iter();
                let entries = entries.map(|entry| Self::read(entry, link)).collect::<Option<_>>();
                Some((value::bytes(name)?, entries?))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn ids_are_two_numbers_and_ordered_as_such() {
        let id = EntryId { ms: 1_795_993_052_605, seq: 10 };
        assert_eq!(EntryId::parse(b"1795993052605-10"), Some(id));
        assert_eq!(id.to_string(), "1795993052605-10");
        assert!(EntryId::parse(b"1795993052605-9") < Some(id));
        for text in ["", "1", "1-", "-1", "1-2-3", "a-1", "+1-1", "1- 1", "99999999999999999999-1"]
        {
            assert_eq!(EntryId::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn both_protocols_give_the_same_entries() {
        let link = LinkId::random();
        let entry = || {
            let fields = [bulk("type"), bulk("3"), bulk("n"), bulk(&link.sign(Ticket(4)))];
            Value::Array(vec![bulk("5-1"), Value::Array(fields.into())])
        };
        let list = || Value::Array(vec![entry(), Value::Array(vec![bulk("6-0"), Value::Nil])]);
        let map = Value::Map(vec![(bulk("s"), list())]);
        let array = Value::Array(vec![Value::Array(vec![bulk("s"), list()])]);
        let read = Entry::read_all(map, link).expect("entries");
        assert_eq!(Some(&read), Entry::read_all(array, link).as_ref());
        let (stream, entries) = &read[0];
        assert_eq!((&stream[..], entries.len()), (&b"s"[..], 2));
        assert_eq!((entries[0].own, entries[0].fields.len()), (Some(Ticket(4)), 2));
        assert_eq!((entries[1].own, entries[1].fields.len()), (None, 0));
    }

    #[test]
    fn other_answers_are_not_entries() {
        let link = LinkId::random();
        assert_eq!(Entry::read_all(Value::Nil, link), Some(Vec::new()));
        assert_eq!(Entry::read_all(Value::Okay, link), None);
        let no_id = Value::Array(vec![Value::Array(vec![bulk("x"), Value::Nil])]);
        assert_eq!(Entry::read_all(Value::Map(vec![(bulk("s"), no_id)]), link), None);
    }
}
