use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use actix_socketio::store::{Place, StoredPublication};

use crate::{
    channel_key::ChannelKey,
    failure::Failure,
    live_index::LiveIndex,
    row::{RowWriter, read_row},
    state::State,
};

/// Publications in a row.
pub(crate) const ROW_PUBLICATIONS: usize = 1024;
/// Bytes after which a row gets no more publications.
pub(crate) const ROW_BYTES: usize = 1024 * 1024;
/// Publications that one commit moves to other rows, about.
const MOVED: usize = 4096;

/// Decides what a commit changes in the file. It reads and writes nothing by itself.
#[derive(Debug)]
pub(crate) struct Ledger {
    index: LiveIndex,
    pub(crate) state: State,
    /// The state as it is in the file.
    stored: Option<State>,
    next_row: u64,
    next_channel: u64,
}

/// The changes that a commit makes in the file.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) state: Option<State>,
    pub(crate) new_channels: Vec<(u64, ChannelKey)>,
    pub(crate) unused_channels: Vec<u64>,
    pub(crate) rows: Vec<(u64, Vec<u8>)>,
    pub(crate) unused_rows: Vec<u64>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { state, new_channels, unused_channels, rows, unused_rows } = self;
        state.is_none()
            && [new_channels.len(), unused_channels.len(), rows.len(), unused_rows.len()] == [0; 4]
    }
}

/// The newest places that histories have dropped.
pub(crate) type Trims = HashMap<ChannelKey, Place>;

impl Ledger {
    /// The ledger of a new file.
    pub(crate) fn new(state: State) -> Self {
        Self { index: LiveIndex::default(), state, stored: None, next_row: 1, next_channel: 1 }
    }

    /// The ledger of a file with this state, to which channels and rows are to be added.
    pub(crate) fn of_file(state: State) -> Self {
        Self { stored: Some(state), ..Self::new(state) }
    }

    pub(crate) fn live_bytes(&self) -> u64 {
        self.index.live_bytes()
    }

    pub(crate) fn row_bytes(&self) -> u64 {
        self.index.rows.bytes()
    }

    pub(crate) fn add_channel_of_file(&mut self, id: u64, key: ChannelKey) {
        self.next_channel = self.next_channel.max(id.saturating_add(1));
        self.index.add_channel(id, key);
    }

    /// Adds a row of the file, and calls `found` for each of its publications that a channel may
    /// keep.
    ///
    /// # Errors
    /// [`Failure`] if the row is damaged, or of another format.
    pub(crate) fn add_row_of_file(
        &mut self,
        id: u64,
        row: &[u8],
        now: Instant,
        mut found: impl FnMut(StoredPublication),
    ) -> Result<(), Failure> {
        self.next_row = self.next_row.max(id.saturating_add(1));
        self.index.rows.add(id, now);
        self.index.rows.set_bytes(id, row.len());
        for raw in read_row(id, row)? {
            let ids = raw.channels()?;
            let newest = ids.iter().copied().max().unwrap_or_default();
            self.next_channel = self.next_channel.max(newest.saturating_add(1));
            let keys: Vec<_> = ids.iter().filter_map(|id| self.index.key(*id)).collect();
            let Some(namespace) = keys.first().map(|key| key.namespace.clone()) else {
                continue;
            };
            let channels = keys.into_iter().filter_map(|key| key.channel.clone()).collect();
            found(raw.decode(namespace, channels)?);
            self.index.add(id, raw.place, &ids, raw.size());
        }
        Ok(())
    }

    /// Begins the changes of a commit.
    pub(crate) fn group(&mut self, now: Instant) -> Group<'_> {
        let first_row = self.next_row;
        Group { ledger: self, changes: Changes::default(), row: None, first_row, now }
    }

    /// Those of these publications that the file lacks, each for the channels that lack it.
    pub(crate) fn missing(&self, kept: Vec<StoredPublication>) -> Vec<StoredPublication> {
        let mut missing = Vec::new();
        for mut publication in kept {
            let is_stored = |key: &ChannelKey| {
                let id = self.index.id(key);
                id.is_some_and(|id| self.index.contains(id, publication.place))
            };
            let StoredPublication { namespace, channels, .. } = &publication;
            let lacking: Vec<_> = ChannelKey::of_all(namespace, channels)
                .into_iter()
                .filter(|key| !is_stored(key))
                .collect();
            if !lacking.is_empty() {
                publication.channels = lacking.into_iter().filter_map(|key| key.channel).collect();
                missing.push(publication);
            }
        }
        missing.sort_by_key(|publication| publication.place);
        missing
    }

    /// Drops what the file has and histories do not keep.
    pub(crate) fn retain(&mut self, kept: &[StoredPublication]) {
        let mut keep = HashSet::new();
        for StoredPublication { namespace, channels, place, .. } in kept {
            for key in ChannelKey::of_all(namespace, channels) {
                keep.extend(self.index.id(&key).map(|id| (id, *place)));
            }
        }
        let surplus: Vec<_> = self.index.places().filter(|stored| !keep.contains(stored)).collect();
        for (id, place) in surplus {
            self.index.remove(id, place);
        }
    }
}

/// The changes of a commit while they are collected.
pub(crate) struct Group<'a> {
    ledger: &'a mut Ledger,
    changes: Changes,
    row: Option<RowWriter>,
    /// The first row of this commit. The rows before it are in the file.
    first_row: u64,
    now: Instant,
}

impl Group<'_> {
    /// Stores a publication for its channels, but those that have it already or have dropped it.
    pub(crate) fn push(&mut self, publication: &StoredPublication, trims: &Trims) {
        let StoredPublication { namespace, channels, place, .. } = publication;
        let mut ids = Vec::new();
        for key in ChannelKey::of_all(namespace, channels) {
            if trims.get(&key).is_some_and(|up_to| place <= up_to) {
                self.gone(*place);
                continue;
            }
            let id = self.channel_id(key);
            if !self.ledger.index.contains(id, *place) {
                ids.push(id);
            }
        }
        if ids.is_empty() {
            return;
        }
        let row = self.row();
        let (row_id, bytes) = (row.id(), row.push(publication, &ids));
        self.ledger.index.add(row_id, *place, &ids, bytes);
        self.end_row_if_full();
    }

    /// Drops a publication that [`push`](Self::push) has stored.
    pub(crate) fn withdraw(&mut self, publication: &StoredPublication) {
        let StoredPublication { namespace, channels, place, .. } = publication;
        for key in ChannelKey::of_all(namespace, channels) {
            if let Some(id) = self.ledger.index.id(&key) {
                self.ledger.index.remove(id, *place);
            }
        }
    }

    /// Drops what histories have dropped.
    pub(crate) fn trim(&mut self, trims: &Trims) {
        for (key, up_to) in trims {
            if let Some(id) = self.ledger.index.id(key) {
                self.ledger.index.trim(id, *up_to);
            }
        }
    }

    /// Keeps the file in proportion to what is live. `read` reads a row of the file.
    ///
    /// # Errors
    /// [`Failure`] if a row can't be read.
    pub(crate) fn clean(
        &mut self,
        mut read: impl FnMut(u64) -> Result<Vec<u8>, Failure>,
    ) -> Result<(), Failure> {
        self.take_unused();
        let mut moved = 0;
        while moved < MOVED {
            let LiveIndex { rows, .. } = &self.ledger.index;
            let wasteful = rows.wasteful(self.ledger.live_bytes(), self.first_row, self.now);
            if wasteful.is_empty() {
                break;
            }
            for id in wasteful {
                moved += self.take_apart(id, &read(id)?)?;
            }
            self.take_unused();
        }
        Ok(())
    }

    /// Ends the group.
    pub(crate) fn finish(mut self) -> Changes {
        self.end_row();
        self.take_unused();
        let ledger = self.ledger;
        if ledger.stored != Some(ledger.state) {
            self.changes.state = Some(ledger.state);
            // If the commit fails, the ledger is made anew of the file.
            ledger.stored = Some(ledger.state);
        }
        self.changes
    }

    /// Moves what is live in a row of the file to a new row. Returns the number of publications.
    fn take_apart(&mut self, id: u64, row: &[u8]) -> Result<usize, Failure> {
        let mut moved = 0;
        for raw in read_row(id, row)? {
            let ids = self.ledger.index.keeping(id, raw.place, &raw.channels()?);
            if ids.is_empty() {
                self.gone(raw.place);
                continue;
            }
            let row = self.row();
            row.push_raw(raw);
            let row_id = row.id();
            self.ledger.index.add(row_id, raw.place, &ids, raw.size());
            self.end_row_if_full();
            moved += 1;
        }
        Ok(moved.max(1))
    }

    /// Takes note that a publication is not in the file any more.
    fn gone(&mut self, place: Place) {
        self.ledger.state.floor = self.ledger.state.floor.max(place);
    }

    fn take_unused(&mut self) {
        let (channels, newest) = self.ledger.index.take_unused_channels();
        self.gone(newest);
        for id in channels {
            // It may have come and gone within this group.
            self.changes.new_channels.retain(|(new, _)| *new != id);
            self.changes.unused_channels.push(id);
        }
        let (rows, newest) = self.ledger.index.rows.take_unused();
        self.gone(newest);
        for id in rows {
            self.row.take_if(|row| row.id() == id);
            self.changes.rows.retain(|(new, _)| *new != id);
            self.changes.unused_rows.push(id);
        }
    }

    fn channel_id(&mut self, key: ChannelKey) -> u64 {
        let ledger = &mut *self.ledger;
        ledger.index.id(&key).unwrap_or_else(|| {
            let id = ledger.next_channel;
            ledger.next_channel += 1;
            ledger.index.add_channel(id, key.clone());
            self.changes.new_channels.push((id, key));
            id
        })
    }

    fn row(&mut self) -> &mut RowWriter {
        self.row.get_or_insert_with(|| {
            let id = self.ledger.next_row;
            self.ledger.next_row += 1;
            self.ledger.index.rows.add(id, self.now);
            RowWriter::new(id)
        })
    }

    fn end_row_if_full(&mut self) {
        let is_full =
            |row: &RowWriter| row.publications() >= ROW_PUBLICATIONS || row.len() >= ROW_BYTES;
        if self.row.as_ref().is_some_and(is_full) {
            self.end_row();
        }
    }

    fn end_row(&mut self) {
        let Some(row) = self.row.take() else { return };
        self.ledger.index.rows.set_bytes(row.id(), row.len());
        self.changes.rows.push((row.id(), row.finish()));
    }
}

#[cfg(test)]
mod tests;
