use redis::Value;

use super::value;

/// A Redis Cluster spreads keys and shard channels over this many slots.
const SLOTS: u16 = 16_384;

/// The address of a master, as the cluster tells it. An empty host is the one that was asked.
pub(super) type Address = (String, u16);

/// Which master of a Redis Cluster has which slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slots(Vec<(u16, u16, Address)>);

impl Slots {
    /// Reads what `CLUSTER SLOTS` answers: `[first, last, [host, port, ..], replicas ..]` each.
    pub(super) fn read(answer: Value) -> Option<Self> {
        let ranges = value::array(answer)?.into_iter().map(|range| {
            let mut parts = value::array(range)?.into_iter();
            let mut number = || u16::try_from(value::number(&parts.next()?)?).ok();
            let (first, last) = (number()?, number()?);
            let mut master = value::array(parts.next()?)?.into_iter();
            let host = master.next().and_then(value::bytes).unwrap_or_default();
            let port = u16::try_from(value::number(&master.next()?)?).ok()?;
            // "?": the cluster does not know it either.
            let host = String::from_utf8(host.into()).ok().filter(|host| host != "?");
            Some((first, last, (host.unwrap_or_default(), port)))
        });
        ranges.collect::<Option<_>>().map(Self)
    }

    /// The master that has the slot of a name.
    pub(super) fn master_of(&self, name: &[u8]) -> Option<&Address> {
        let slot = slot_of(name);
        let range = self.0.iter().find(|(first, last, _)| (first..=last).contains(&&slot));
        range.map(|(_, _, address)| address)
    }

    pub(super) fn masters(&self) -> Vec<Address> {
        let mut masters: Vec<_> = self.0.iter().map(|(_, _, address)| address.clone()).collect();
        masters.sort();
        masters.dedup();
        masters
    }

    /// Whether each slot has a master.
    pub(super) fn is_complete(&self) -> bool {
        let covered =
            self.0.iter().map(|(first, last, _)| usize::from(last.saturating_sub(*first)) + 1);
        covered.sum::<usize>() >= usize::from(SLOTS)
    }
}

/// The slot of a key or of a shard channel. Where a name has something in braces, only that counts.
fn slot_of(name: &[u8]) -> u16 {
    let open = name.iter().position(|byte| *byte == b'{');
    let tag = open.and_then(|open| {
        let rest = &name[open + 1..];
        let close = rest.iter().position(|byte| *byte == b'}')?;
        (close > 0).then(|| &rest[..close])
    });
    crc16(tag.unwrap_or(name)) % SLOTS
}

/// CRC-16/XMODEM, as Redis counts it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: i64) -> Value {
        Value::Array(vec![Value::BulkString(b"10.0.0.1".into()), Value::Int(port)])
    }

    fn range(first: i64, last: i64, port: i64) -> Value {
        Value::Array(vec![Value::Int(first), Value::Int(last), address(port), address(9)])
    }

    #[test]
    fn slots_are_those_of_redis() {
        // As `CLUSTER KEYSLOT` answers.
        for (name, slot) in [
            ("123456789", 12_739),
            ("foo", 12_182),
            ("socket.io#/#", 13_868),
            ("{user1000}.following", 3_443),
            ("foo{}{bar}", 8_363),
            ("foo{{bar}}zap", 4_015),
            ("", 0),
        ] {
            assert_eq!(slot_of(name.as_bytes()), slot, "{name}");
        }
    }

    #[test]
    fn a_name_finds_its_master() {
        let answer = Value::Array(vec![range(0, 9_000, 1), range(9_001, 16_383, 2)]);
        let slots = Slots::read(answer).expect("slots");
        assert!(slots.is_complete());
        assert_eq!(slots.masters().len(), 2);
        assert_eq!(slots.master_of(b"foo"), Some(&("10.0.0.1".into(), 2)));
        assert_eq!(slots.master_of(b"{user1000}"), Some(&("10.0.0.1".into(), 1)));
        let half = Slots::read(Value::Array(vec![range(0, 9_000, 1)])).expect("slots");
        assert!(!half.is_complete() && half.master_of(b"foo").is_none());
    }

    #[test]
    fn other_answers_are_not_slots() {
        for answer in
            [Value::Nil, Value::Array(vec![Value::Int(1)]), Value::Array(vec![range(0, -1, 1)])]
        {
            assert_eq!(Slots::read(answer), None);
        }
    }
}
