use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use bytes::Bytes;
use redis::{Pipeline, Value, aio::MultiplexedConnection};
use tokio::time::timeout;

use super::{
    LinkStatus, Listener,
    broken::Broken,
    entry::{Entry, EntryId},
    epoch,
    positions::Positions,
    shared::Shared,
    value,
};

/// The entries that are read at once where many are to come. More would stop Redis for other
/// clients: 100,000 take 97 ms.
const MOST_TO_CATCH_UP: u64 = 1_000;

/// Reads the streams, by a connection of its own: a command that waits for entries would hold up
/// all others.
pub(super) struct Reader {
    connection: MultiplexedConnection,
    /// The last read has not come to the end of these. Each with the place from which on nothing
    /// may have left it unread.
    behind: Vec<(Bytes, EntryId)>,
}

impl Reader {
    pub(super) fn new(connection: MultiplexedConnection) -> Self {
        Self { connection, behind: Vec::new() }
    }

    /// Reads all that is there.
    pub(super) async fn catch_up(
        &mut self,
        shared: &Shared,
        listener: &dyn Listener,
        positions: &mut Positions,
    ) -> Result<(), Broken> {
        loop {
            self.read(shared, listener, positions, MOST_TO_CATCH_UP, None).await?;
            if self.behind.is_empty() {
                return Ok(());
            }
        }
    }

    /// Reads what comes, until the connection is lost.
    pub(super) async fn follow(
        mut self,
        shared: &Shared,
        listener: &dyn Listener,
        positions: &mut Positions,
    ) -> Broken {
        let block = shared.options.heartbeat.max(Duration::from_millis(1));
        loop {
            let block = self.behind.is_empty().then_some(block);
            let count = shared.options.read_count.max(1);
            if let Err(broken) = self.read(shared, listener, positions, count, block).await {
                return broken;
            }
        }
    }

    /// Reads once. Never from `$`: what comes between two such reads is in neither.
    async fn read(
        &mut self,
        shared: &Shared,
        listener: &dyn Listener,
        positions: &mut Positions,
        count: u64,
        block: Option<Duration>,
    ) -> Result<(), Broken> {
        let mut pipeline = Pipeline::new();
        let command = pipeline.cmd("XREAD").arg("COUNT").arg(count);
        if let Some(block) = block {
            command.arg("BLOCK").arg(u64::try_from(block.as_millis()).unwrap_or(u64::MAX));
        }
        command.arg("STREAMS");
        for position in &positions.streams {
            command.arg(&position.stream[..]);
        }
        for position in &positions.streams {
            command.arg(position.last.to_string());
        }
        // The oldest entries after the read. If they are not older, the read may have had a gap.
        let behind = std::mem::take(&mut self.behind);
        for (stream, _) in &behind {
            pipeline.cmd("XRANGE").arg(&stream[..]).arg("-").arg("+").arg("COUNT").arg(1);
        }
        pipeline.cmd("GET").arg(epoch::key(shared));
        let answers = self.connection.send_packed_commands(&pipeline, 0, 2 + behind.len());
        let limit = shared.options.response_timeout;
        // A way that is dead is noticed within two heartbeats.
        let within = block.map_or(limit, |block| block + limit.min(block));
        let answers = timeout(within, answers).await;
        let answers = answers.map_err(|_| Broken::new("Redis does not answer in time"))??;
        let mut answers = answers.into_iter();
        let epoch = answers.next_back().and_then(value::bytes);
        if epoch.as_deref() != positions.epoch.as_ref().map(|epoch| epoch.as_bytes().as_ref()) {
            // The entries may be those of another life: they are read again.
            return Err(Broken::new("Redis has lost its data"));
        }
        let streams = match answers.next().unwrap_or_default() {
            Value::ServerError(error) => return Err(redis::RedisError::from(error).into()),
            streams => Entry::read_all(streams, shared.id),
        };
        let streams = streams.ok_or(Broken::new("Redis gives something else than entries"))?;
        for ((stream, read), first) in behind.iter().zip(answers) {
            tell_gap(listener, positions, (stream, *read), first);
        }
        self.hand_on(shared, listener, positions, count, streams, &behind).await;
        Ok(())
    }

    async fn hand_on(
        &mut self,
        shared: &Shared,
        listener: &dyn Listener,
        positions: &mut Positions,
        count: u64,
        streams: Vec<(Bytes, Vec<Entry>)>,
        checked: &[(Bytes, EntryId)],
    ) {
        let last = streams.iter().filter_map(|(_, entries)| entries.last().map(|last| last.id));
        shared.vitals.read(last.min());
        for (name, entries) in streams {
            let Some(position) = positions.of(&name) else { continue };
            let Some(last) = entries.last() else { continue };
            // The read may have waited since before its first entry, or have come after a gap.
            let is_checked = checked.iter().any(|(stream, _)| *stream == name);
            let is_known = is_checked || position.last == EntryId::ZERO;
            let read = if is_known { last.id } else { position.last };
            position.last = last.id;
            if entries.len() as u64 >= count.min(shared.options.max_len) {
                self.behind.push((name, read));
            }
            let own = entries.iter().filter_map(|entry| Some((entry.own?, entry.id)));
            {
                let mut hold = shared.hold.lock();
                own.for_each(|(ticket, id)| hold.seen(ticket, id));
            }
            shared.is_handing_on.store(true, Relaxed);
            listener.on_entries(&position.stream, entries).await;
            shared.is_handing_on.store(false, Relaxed);
        }
    }
}

/// Tells if the entry up to which all was read is older than all that are still there.
fn tell_gap(
    listener: &dyn Listener,
    positions: &mut Positions,
    (stream, read): (&[u8], EntryId),
    first: Value,
) {
    let entry = value::array(first).and_then(|entries| entries.into_iter().next());
    let id = entry.and_then(value::array).and_then(|entry| entry.into_iter().next());
    let first = id.and_then(value::bytes).and_then(|id| EntryId::parse(&id));
    if let Some(position) = positions.of(stream)
        && first.is_none_or(|first| first > read)
    {
        listener.on_status(LinkStatus::FellBehind { stream: position.stream.clone() });
        let at = first.unwrap_or(position.last);
        listener.on_status(LinkStatus::PastBegins { at });
    }
}
