use bytestring::ByteString;

use super::{Missed, entry::EntryId, value::StreamInfo};

/// Up to where the streams are read, and in which life of theirs.
#[derive(Debug)]
pub(super) struct Positions {
    pub(super) epoch: Option<ByteString>,
    pub(super) streams: Vec<Position>,
}

#[derive(Debug)]
pub(super) struct Position {
    pub(super) stream: ByteString,
    pub(super) last: EntryId,
}

impl Positions {
    pub(super) fn new(streams: &[ByteString]) -> Self {
        let position =
            |stream: &ByteString| Position { stream: stream.clone(), last: EntryId::ZERO };
        Self { epoch: None, streams: streams.iter().map(position).collect() }
    }

    pub(super) fn of(&mut self, stream: &[u8]) -> Option<&mut Position> {
        self.streams.iter_mut().find(|position| position.stream.as_bytes() == stream)
    }

    /// The link has connected for the first time.
    pub(super) fn start(&mut self, epoch: ByteString, infos: &[StreamInfo], reads_past: bool) {
        self.epoch = Some(epoch);
        for (position, info) in self.streams.iter_mut().zip(infos) {
            position.last = if reads_past { EntryId::ZERO } else { info.last };
        }
    }

    /// The link has connected again. The positions are then where reading goes on.
    pub(super) fn resume(&mut self, epoch: ByteString, infos: &[StreamInfo]) -> Missed {
        let is_same = self.epoch.as_ref() == Some(&epoch);
        self.epoch = Some(epoch);
        let streams = self.streams.iter_mut().zip(infos);
        let missed = streams.map(|(position, info)| {
            let (last, missed) = resume(position.last, info, is_same);
            position.last = last;
            missed
        });
        missed.max().unwrap_or(Missed::Maybe)
    }
}

/// Where reading of one stream goes on, and what was missed.
fn resume(last: EntryId, info: &StreamInfo, is_same_epoch: bool) -> (EntryId, Missed) {
    let is_joined = info.is_joined_to(last);
    match is_same_epoch {
        // All that is there was read, up to what Redis has lost.
        true if info.last < last => (info.last, Missed::Past),
        true if is_joined => (last, Missed::Nothing),
        true => (last, Missed::Maybe),
        // The key is gone, but not the stream.
        false if is_joined && info.last >= last && last != EntryId::ZERO => (last, Missed::Past),
        false => (EntryId::ZERO, Missed::Past),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64) -> EntryId {
        EntryId { ms, seq: 0 }
    }

    fn info(first: Option<u64>, last: u64) -> StreamInfo {
        StreamInfo { last: id(last), first: first.map(id), is_untrimmed: false }
    }

    #[test]
    fn a_link_starts_at_the_end_or_at_the_beginning() {
        let mut positions = Positions::new(&["a".into(), "b".into()]);
        let infos = [info(Some(1), 9), StreamInfo::default()];
        positions.start("e".into(), &infos, false);
        assert_eq!((positions.streams[0].last, positions.streams[1].last), (id(9), EntryId::ZERO));
        positions.start("e".into(), &infos, true);
        assert_eq!(positions.streams[0].last, EntryId::ZERO);
    }

    #[test]
    fn in_the_same_life_it_goes_on_from_where_it_was() {
        assert_eq!(resume(id(5), &info(Some(1), 9), true), (id(5), Missed::Nothing));
        assert_eq!(resume(id(5), &info(Some(5), 5), true), (id(5), Missed::Nothing));
        assert_eq!(resume(id(5), &info(None, 5), true), (id(5), Missed::Nothing));
        assert_eq!(resume(id(5), &info(Some(6), 9), true), (id(5), Missed::Maybe));
        assert_eq!(resume(id(5), &info(None, 9), true), (id(5), Missed::Maybe));
        assert_eq!(resume(id(5), &info(Some(1), 4), true), (id(4), Missed::Past));
        let untrimmed = StreamInfo { is_untrimmed: true, ..info(Some(6), 9) };
        assert_eq!(resume(EntryId::ZERO, &untrimmed, true), (EntryId::ZERO, Missed::Nothing));
        let empty = StreamInfo::default();
        assert_eq!(resume(EntryId::ZERO, &empty, true), (EntryId::ZERO, Missed::Nothing));
    }

    #[test]
    fn in_another_life_it_reads_all_unless_the_stream_is_still_there() {
        assert_eq!(resume(id(5), &StreamInfo::default(), false), (EntryId::ZERO, Missed::Past));
        assert_eq!(resume(id(5), &info(Some(6), 9), false), (EntryId::ZERO, Missed::Past));
        assert_eq!(resume(id(5), &info(Some(1), 3), false), (EntryId::ZERO, Missed::Past));
        assert_eq!(resume(id(5), &info(Some(1), 9), false), (id(5), Missed::Past));
    }

    #[test]
    fn the_worst_of_all_streams_counts() {
        let mut positions = Positions::new(&["a".into(), "b".into()]);
        positions.start("e".into(), &[info(Some(1), 5), info(Some(1), 5)], false);
        let infos = [info(Some(1), 9), info(Some(6), 9)];
        assert_eq!(positions.resume("e".into(), &infos), Missed::Maybe);
        assert_eq!(positions.resume("f".into(), &infos), Missed::Past);
        assert_eq!(Positions::new(&[]).resume("e".into(), &[]), Missed::Maybe);
    }
}
