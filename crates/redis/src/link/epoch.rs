use bytestring::ByteString;
use redis::{Pipeline, RedisError, Value, aio::MultiplexedConnection};

use super::{
    broken::Broken,
    entry::EntryId,
    positions::Positions,
    shared::Shared,
    value::{self, StreamInfo},
};

/// Replaces the value of a key if it is still the one that was read, or gone. Returns the value.
const REPLACE: &str = "local now = redis.call('GET', KEYS[1]) \
     if now and now ~= ARGV[1] then return now end \
     redis.call('SET', KEYS[1], ARGV[2]) \
     return ARGV[2]";

/// The life of the streams, which is a key beside them: `<random> <id>`.
///
/// A Redis that has lost its data has lost this as well. So another value says that the past is
/// another one, also where ids go on growing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Epoch {
    pub(super) text: ByteString,
    /// Where it began. Entries of before may be those of another life.
    pub(super) floor: EntryId,
}

impl Epoch {
    fn random(floor: EntryId) -> Self {
        Self { text: format!("{:016x} {floor}", rand::random::<u64>()).into(), floor }
    }

    fn read(text: ByteString) -> Option<Self> {
        let floor = EntryId::parse(text.split_once(' ')?.1.as_bytes())?;
        Some(Self { text, floor })
    }
}

pub(super) fn key(shared: &Shared) -> String {
    format!("{}:epoch", shared.options.prefix)
}

/// Looks up the life and the ends of the streams. The first server begins a life, and so does one
/// that has read more than there is: Redis has lost data.
pub(super) async fn look_up(
    shared: &Shared,
    connection: &mut MultiplexedConnection,
    positions: &Positions,
) -> Result<(Epoch, Vec<StreamInfo>), Broken> {
    let key = key(shared);
    let mut pipeline = Pipeline::new();
    pipeline.cmd("GET").arg(&key);
    pipeline.cmd("TIME");
    for stream in &shared.options.streams {
        pipeline.cmd("XINFO").arg("STREAM").arg(&stream[..]);
    }
    let count = 2 + shared.options.streams.len();
    let answers = connection.send_packed_commands(&pipeline, 0, count).await?;
    let mut answers = answers.into_iter();
    let found = text(answers.next().unwrap_or_default())?;
    let now = answers.next().and_then(read_time);
    let now = now.ok_or(Broken::new("Redis does not tell the time"))?;
    let infos = answers.map(read_info).collect::<Result<Vec<_>, _>>()?;
    let is_same = found.as_ref() == positions.epoch.as_ref();
    let has_lost = positions.have_lost(&infos);
    let expected = found.clone().unwrap_or_default();
    let life = found.and_then(Epoch::read).filter(|_| !(is_same && has_lost));
    let life = match life {
        Some(life) => life,
        None => {
            let life = Epoch::random(floor(positions, &infos, now));
            replace(connection, &key, &expected, life).await?
        }
    };
    if has_lost {
        lift(shared, connection, positions, &infos).await?;
    }
    Ok((life, infos))
}

/// Where a new life begins.
fn floor(positions: &Positions, infos: &[StreamInfo], now: EntryId) -> EntryId {
    let newest = infos.iter().map(|info| info.last).max().unwrap_or_default();
    let read = positions.newest();
    match read == EntryId::ZERO && newest != EntryId::ZERO {
        // A cluster of Node's servers, which had no such key.
        true => newest,
        // Other servers may have read more than this one.
        false => newest.max(read).max(now),
    }
}

async fn replace(
    connection: &mut MultiplexedConnection,
    key: &str,
    expected: &str,
    life: Epoch,
) -> Result<Epoch, Broken> {
    let mut command = redis::cmd("EVAL");
    command.arg(REPLACE).arg(1).arg(key).arg(expected).arg(&life.text[..]);
    let now = text(connection.send_packed_command(&command).await?)?;
    let now = now.and_then(Epoch::read);
    now.ok_or(Broken::new("the key of the epoch is not one"))
}

/// Lets the ids of streams that have lost entries go on from those that were read: positions never
/// go back. Servers do nothing with such an entry.
async fn lift(
    shared: &Shared,
    connection: &mut MultiplexedConnection,
    positions: &Positions,
    infos: &[StreamInfo],
) -> Result<(), Broken> {
    let mut pipeline = Pipeline::new();
    let mut count = 0;
    for (position, info) in positions.streams.iter().zip(infos) {
        if info.last < position.last {
            let EntryId { ms, seq } = position.last;
            let id = EntryId { ms, seq: seq.saturating_add(1) };
            let command = pipeline.cmd("XADD").arg(&position.stream[..]);
            command.arg("MAXLEN").arg("~").arg(shared.options.max_len);
            command.arg(id.to_string()).arg("lost").arg("1");
            count += 1;
        }
    }
    // Where another server was faster, the id is refused.
    connection.send_packed_commands(&pipeline, 0, count).await?;
    Ok(())
}

fn text(answer: Value) -> Result<Option<ByteString>, Broken> {
    match answer {
        Value::Nil => Ok(None),
        Value::ServerError(error) => Err(RedisError::from(error).into()),
        other => {
            let text = value::bytes(other).and_then(|text| ByteString::try_from(text).ok());
            text.map(Some).ok_or(Broken::new("the key of the epoch is not text"))
        }
    }
}

/// Reads the answer of `TIME`: seconds, and microseconds.
fn read_time(answer: Value) -> Option<EntryId> {
    let mut parts = value::array(answer)?.into_iter().map_while(value::bytes);
    let mut number = || std::str::from_utf8(&parts.next()?).ok()?.parse::<u64>().ok();
    let (seconds, micros) = (number()?, number()?);
    Some(EntryId { ms: seconds.saturating_mul(1_000).saturating_add(micros / 1_000), seq: 0 })
}

/// A stream that is not there has no ends.
fn read_info(answer: Value) -> Result<StreamInfo, Broken> {
    match answer {
        // "no such key"
        Value::ServerError(error) if error.code() == "ERR" => Ok(StreamInfo::default()),
        Value::ServerError(error) => Err(RedisError::from(error).into()),
        info => StreamInfo::read(info).ok_or(Broken::new("Redis describes no stream")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_says_where_it_began() {
        let life = Epoch::random(EntryId { ms: 5, seq: 2 });
        assert_eq!(Epoch::read(life.text.clone()), Some(life.clone()));
        assert_ne!(Epoch::random(life.floor).text, life.text);
        for text in ["", "abc", "abc ", "abc 5"] {
            assert_eq!(Epoch::read(text.into()), None, "{text}");
        }
    }

    #[test]
    fn a_life_begins_behind_all_that_can_have_been_read_before() {
        let id = |ms| EntryId { ms, seq: 0 };
        let info = |last| StreamInfo { last: id(last), ..StreamInfo::default() };
        let mut positions = Positions::new(&["s".into()]);
        assert_eq!(floor(&positions, &[info(0)], id(9)), id(9), "nothing is there");
        assert_eq!(floor(&positions, &[info(5)], id(9)), id(5), "Node's servers were there");
        positions.streams[0].last = id(7);
        assert_eq!(floor(&positions, &[info(5)], id(9)), id(9), "others may have read more");
        assert_eq!(floor(&positions, &[info(5)], id(3)), id(7), "the clock has gone back");
    }

    #[test]
    fn time_is_read_in_milliseconds() {
        let text = |text: &str| Value::BulkString(text.into());
        let time = Value::Array(vec![text("12"), text("345678")]);
        assert_eq!(read_time(time), Some(EntryId { ms: 12_345, seq: 0 }));
        assert_eq!(read_time(Value::Array(vec![text("12")])), None);
    }
}
