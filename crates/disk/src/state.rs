use actix_socketio::store::{Epoch, OVERTAKING_JUMP, Place};

use crate::field_reader::FieldReader;

/// The file's content beside its publications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// The epoch of all places.
    pub(crate) epoch: Epoch,
    /// Places before this one may have been given out.
    pub(crate) reserved: Place,
    /// Positions before this place have a crash behind them.
    pub(crate) whole_from: Place,
    /// The same for publications that are delivered after their commit.
    pub(crate) committed_from: Place,
    /// All publications that are gone from the file are before or at this place.
    pub(crate) floor: Place,
    /// The place behind those of the last publications that were stored before their delivery.
    /// [`Place::START`] if their delivery is confirmed.
    pub(crate) undelivered: Place,
    /// Positions from the first of two places on, and before the second, are in doubt:
    /// [`Loaded::in_doubt`](actix_socketio::store::Loaded::in_doubt). The oldest first, and unused
    /// ones before them.
    pub(crate) doubts: [[Place; 2]; DOUBTS],
    /// The first place that was not given out, if the run ended clean.
    pub(crate) clean: Option<Place>,
}

const CRC: usize = 4;
/// Ranges of places that are in doubt.
const DOUBTS: usize = 8;

impl State {
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            reserved: Place::START.next(),
            whole_from: Place::START,
            committed_from: Place::START,
            floor: Place::START,
            undelivered: Place::START,
            doubts: [[Place::START; 2]; DOUBTS],
            clean: None,
        }
    }

    /// The state of the next run, which does not begin with what this one says about its end.
    pub(crate) fn next_run(self) -> Self {
        let mut next = Self { clean: None, undelivered: Place::START, ..self };
        if let Some(place) = self.clean {
            next.reserved = place;
            return next;
        }
        next.whole_from = self.reserved;
        if self.undelivered != Place::START {
            let from = self.undelivered.ahead(OVERTAKING_JUMP);
            next.add_doubt([from, self.reserved]);
        }
        next
    }

    /// Joins the two oldest if there are too many: then more is in doubt than has to be.
    fn add_doubt(&mut self, newest: [Place; 2]) {
        let [[from, _], [second, until], ..] = self.doubts;
        let joined = if from == Place::START { second } else { from };
        self.doubts.rotate_left(1);
        self.doubts[0] = [joined, until];
        self.doubts[DOUBTS - 1] = newest;
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { epoch, reserved, whole_from, committed_from, floor, undelivered, doubts, clean } =
            self;
        let mut bytes = vec![0; CRC];
        bytes.extend_from_slice(&epoch.bits().to_le_bytes());
        let next = clean.unwrap_or_default();
        let places = [reserved, whole_from, committed_from, floor, undelivered, &next];
        for place in places.into_iter().chain(doubts.iter().flatten()) {
            bytes.extend_from_slice(&place.number().to_le_bytes());
        }
        bytes.push(u8::from(clean.is_some()));
        let crc = crc32fast::hash(&bytes[CRC..]);
        bytes[..CRC].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads what [`encode`](Self::encode) has written, and `None` of anything else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = FieldReader::new(bytes);
        if fields.u32()? != crc32fast::hash(&bytes[CRC..]) {
            return None;
        }
        let epoch = Epoch::new(fields.u32()?);
        let mut place = || fields.u64().map(Place::new);
        let (reserved, whole_from, committed_from) = (place()?, place()?, place()?);
        let floor = place()?;
        let (undelivered, next) = (place()?, place()?);
        let mut doubts = [[Place::START; 2]; DOUBTS];
        for doubt in doubts.iter_mut().flatten() {
            *doubt = place()?;
        }
        let clean = (fields.u8()? == 1).then_some(next);
        let state =
            Self { epoch, reserved, whole_from, committed_from, floor, undelivered, doubts, clean };
        fields.is_empty().then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_behind_all_places_that_may_have_been_given_out() {
        let mut state = State::new(Epoch::new(7));
        (state.reserved, state.clean) = (Place::new(1000), Some(Place::new(10)));
        let next = state.next_run();
        assert_eq!(
            (next.reserved, next.whole_from, next.clean),
            (Place::new(10), Place::START, None)
        );
        state.clean = None;
        let next = state.next_run();
        assert_eq!((next.reserved, next.whole_from), (Place::new(1000), Place::new(1000)));
        assert_eq!(next.doubts, state.doubts);
    }

    #[test]
    fn what_may_not_be_delivered_is_in_doubt_for_those_who_are_far_behind_it() {
        let mut state = State::new(Epoch::new(7));
        (state.reserved, state.undelivered) = (Place::new(1 << 30), Place::new(500));
        let mut next = state.next_run();
        let from = Place::new(500 + OVERTAKING_JUMP);
        assert_eq!(
            (next.doubts[DOUBTS - 1], next.undelivered),
            ([from, state.reserved], Place::START)
        );
        // Between the first and the second crash, nothing is.
        (next.reserved, next.undelivered) = (Place::new(1 << 31), Place::new((1 << 30) + 9));
        let mut last = next.next_run();
        let second = [Place::new((1 << 30) + 9 + OVERTAKING_JUMP), Place::new(1 << 31)];
        assert_eq!(last.doubts[DOUBTS - 2..], [[from, state.reserved], second]);
        // After many crashes, the oldest are one.
        for number in 0..DOUBTS as u64 {
            last.undelivered = Place::new((number + 2) << 31);
            last.reserved = Place::new((number + 3) << 31);
            last = last.next_run();
        }
        let [joined, later, ..] = last.doubts;
        assert_eq!(joined[0], from);
        assert!(joined[1] > second[1] && joined[1] < later[0], "{:?}", last.doubts);
    }

    #[test]
    fn a_state_is_read_as_it_was_written_and_nothing_else_is() {
        let mut state = State::new(Epoch::new(0xabcdef));
        for clean in [None, Some(Place::START), Some(Place::new(9))] {
            state.clean = clean;
            state.floor = state.floor.next();
            let bytes = state.encode();
            assert_eq!(State::decode(&bytes), Some(state));
            for at in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 4;
                assert_eq!((State::decode(&flipped), State::decode(&bytes[..at])), (None, None));
            }
        }
    }
}
