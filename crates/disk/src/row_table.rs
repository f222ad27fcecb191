use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    time::{Duration, Instant},
};

use actix_socketio::store::Place;

/// Rows with fewer bytes are joined when they are old.
const SMALL_ROW: u64 = 16 * 1024;
/// Small rows that are joined at a time.
const JOINED: usize = 64;
/// How old a small row is before it is joined.
const OLD: Duration = Duration::from_secs(60);
/// Rows may have this many bytes beside twice those that are live.
const SLACK: u64 = 1024 * 1024;

/// The rows of the file, and how much of each is in use.
#[derive(Debug, Default)]
pub(crate) struct RowTable {
    rows: BTreeMap<u64, RowUse>,
    small: BTreeSet<u64>,
    bytes: u64,
    /// Rows that had no slots when they were last looked at.
    emptied: Vec<u64>,
}

#[derive(Debug)]
struct RowUse {
    /// The channels' references to publications of the row.
    slots: usize,
    bytes: u64,
    /// The newest place in the row.
    newest: Place,
    since: Instant,
}

impl RowTable {
    /// The bytes of all rows.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds a row. It counts as unused until a slot is added.
    pub(crate) fn add(&mut self, id: u64, now: Instant) {
        self.rows.insert(id, RowUse { slots: 0, bytes: 0, newest: Place::START, since: now });
        self.emptied.push(id);
    }

    /// Sets the size of a new row, when it is complete.
    pub(crate) fn set_bytes(&mut self, id: u64, bytes: usize) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.bytes = bytes as u64;
            self.bytes += row.bytes;
            if row.bytes < SMALL_ROW {
                self.small.insert(id);
            }
        }
    }

    /// Counts a publication of a row, which this many channels keep.
    pub(crate) fn add_slots(&mut self, id: u64, place: Place, slots: usize) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.slots += slots;
            row.newest = row.newest.max(place);
        }
    }

    /// Counts a publication of a row that a channel keeps no longer.
    pub(crate) fn release(&mut self, id: u64) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.slots -= 1;
            if row.slots == 0 {
                self.emptied.push(id);
            }
        }
    }

    /// The rows to take apart next, of those with a smaller id than `below`, so that the file
    /// stays in proportion to what is live: the oldest one, or many small ones.
    pub(crate) fn wasteful(&self, live_bytes: u64, below: u64, now: Instant) -> Vec<u64> {
        if self.bytes > 2 * live_bytes + SLACK {
            let oldest = self.rows.keys().next().filter(|id| **id < below);
            return oldest.copied().into_iter().collect();
        }
        let small: Vec<u64> = self.small.range(..below).copied().take(JOINED).collect();
        let is_old = |id: &u64| {
            self.rows.get(id).is_some_and(|row| now.saturating_duration_since(row.since) >= OLD)
        };
        if small.len() == JOINED && small.last().is_some_and(is_old) { small } else { Vec::new() }
    }

    /// Forgets the rows that are not used, and returns them with their newest place.
    pub(crate) fn take_unused(&mut self) -> (Vec<u64>, Place) {
        let (mut unused, mut newest) = (Vec::new(), Place::START);
        for id in mem::take(&mut self.emptied) {
            if self.rows.get(&id).is_none_or(|row| row.slots > 0) {
                continue;
            }
            if let Some(row) = self.rows.remove(&id) {
                newest = newest.max(row.newest);
                self.bytes -= row.bytes;
                self.small.remove(&id);
                unused.push(id);
            }
        }
        (unused, newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: u64, bytes: usize, now: Instant) -> RowTable {
        let mut table = RowTable::default();
        for id in 0..rows {
            table.add(id, now);
            table.set_bytes(id, bytes);
            table.add_slots(id, Place::new(id + 1), 2);
        }
        table
    }

    #[test]
    fn a_row_is_unused_when_its_last_slot_is_released() {
        let mut table = table(2, 100, Instant::now());
        assert_eq!(table.take_unused(), (vec![], Place::START));
        table.release(1);
        assert_eq!(table.take_unused(), (vec![], Place::START));
        table.release(1);
        assert_eq!(table.take_unused(), (vec![1], Place::new(2)));
        assert_eq!((table.take_unused().0, table.bytes()), (vec![], 100));
        table.add(2, Instant::now());
        assert_eq!(table.take_unused().0, [2], "nothing is in it");
    }

    #[test]
    fn the_oldest_row_is_taken_apart_if_less_than_half_is_live() {
        let now = Instant::now();
        let table = table(5, 1024 * 1024, now);
        let live = 2 * 1024 * 1024;
        assert_eq!(table.wasteful(live, 5, now), [] as [u64; 0]);
        assert_eq!(table.wasteful(live - 1, 5, now), [0]);
        assert_eq!(table.wasteful(live - 1, 0, now), [] as [u64; 0], "it is being written");
    }

    #[test]
    fn small_rows_are_joined_when_they_are_old() {
        let start = Instant::now();
        let table = table(100, 500, start);
        let live = table.bytes();
        assert_eq!(table.wasteful(live, 100, start + OLD / 2), [] as [u64; 0]);
        let joined: Vec<u64> = (0..64).collect();
        assert_eq!(table.wasteful(live, 100, start + OLD), joined);
        assert_eq!(table.wasteful(live, 63, start + OLD), [] as [u64; 0]);
    }
}
