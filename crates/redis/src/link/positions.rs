use bytestring::ByteString;

use super::{Missed, entry::EntryId, epoch::Epoch, value::StreamInfo};

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

    /// The newest entry that was read.
    pub(super) fn newest(&self) -> EntryId {
        self.streams.iter().map(|position| position.last).max().unwrap_or_default()
    }

    /// Whether more was read than there is.
    pub(super) fn have_lost(&self, infos: &[StreamInfo]) -> bool {
        self.streams.iter().zip(infos).any(|(position, info)| info.last < position.last)
    }

    /// The link has connected for the first time. Returns where the past begins.
    pub(super) fn start(
        &mut self,
        epoch: Epoch,
        infos: &[StreamInfo],
        reads_past: bool,
    ) -> EntryId {
        self.epoch = Some(epoch.text);
        let mut begins = epoch.floor;
        for (position, info) in self.streams.iter_mut().zip(infos) {
            position.last = if reads_past { EntryId::ZERO } else { info.last };
            begins = begins.max(info.begins_behind(position.last));
        }
        begins
    }

    /// The link has connected again. The positions are then where reading goes on. Returns where
    /// the past begins, if something of it is missing.
    pub(super) fn resume(
        &mut self,
        epoch: Epoch,
        infos: &[StreamInfo],
    ) -> (Missed, Option<EntryId>) {
        let is_same = self.epoch.as_ref() == Some(&epoch.text);
        self.epoch = Some(epoch.text);
        let (mut worst, mut begins) = (None, epoch.floor);
        for (position, info) in self.streams.iter_mut().zip(infos) {
            let (last, missed) = resume(position.last, info, is_same);
            position.last = last;
            begins = begins.max(info.begins_behind(last));
            worst = worst.max(Some(missed));
        }
        let missed = worst.unwrap_or(Missed::Maybe);
        (missed, (missed > Missed::Nothing).then_some(begins))
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

    fn epoch(text: &'static str) -> Epoch {
        Epoch { text: text.into(), floor: id(2) }
    }

    fn info(first: Option<u64>, last: u64) -> StreamInfo {
        StreamInfo { last: id(last), first: first.map(id), is_untrimmed: false }
    }

    #[test]
    fn a_link_starts_at_the_end_or_at_the_beginning() {
        let mut positions = Positions::new(&["a".into(), "b".into()]);
        let infos = [info(Some(3), 9), StreamInfo::default()];
        assert_eq!(positions.start(epoch("e"), &infos, false), id(9));
        assert_eq!((positions.streams[0].last, positions.streams[1].last), (id(9), EntryId::ZERO));
        assert_eq!(positions.start(epoch("e"), &infos, true), id(3), "it is trimmed");
        assert_eq!(positions.streams[0].last, EntryId::ZERO);
        let untrimmed = [StreamInfo { is_untrimmed: true, ..info(Some(3), 9) }];
        assert_eq!(positions.start(epoch("e"), &untrimmed, true), id(2), "the life began there");
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
        positions.start(epoch("e"), &[info(Some(1), 5), info(Some(1), 5)], false);
        let infos = [info(Some(1), 9), info(Some(6), 9)];
        assert_eq!(positions.resume(epoch("e"), &infos), (Missed::Maybe, Some(id(6))));
        assert_eq!(positions.resume(epoch("f"), &infos), (Missed::Past, Some(id(6))));
        assert_eq!(Positions::new(&[]).resume(epoch("e"), &[]).0, Missed::Maybe);
    }

    #[test]
    fn nothing_is_missing_where_the_stream_goes_on() {
        let mut positions = Positions::new(&["a".into()]);
        positions.start(epoch("e"), &[info(Some(1), 5)], false);
        assert_eq!(positions.resume(epoch("e"), &[info(Some(4), 9)]), (Missed::Nothing, None));
        assert!(positions.have_lost(&[info(Some(1), 4)]));
        assert_eq!(positions.resume(epoch("f"), &[info(Some(1), 4)]).1, Some(id(2)));
    }
}
