//! The tables of the file, and the only code that calls redb.

use std::{fmt, time::Instant};

use actix_socketio::store::StoredPublication;
use redb::{
    AccessGuard, Builder, Durability, ReadTransaction, ReadableDatabase, ReadableTable,
    TableDefinition, TableError, TableHandle,
};

use crate::{
    channel_key::ChannelKey,
    failure::{Failure, guarded},
    leaving::Leaving,
    ledger::{Changes, Ledger},
    state::State,
};

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const CHANNELS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("channels");
const GROUPS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("groups");
const LEFT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("left");

/// Keys of `meta`.
const FORMAT: &str = "format";
const STATE: &str = "state";
const SETUP: &str = "setup";

/// Opens the database wherever it is.
pub(crate) type OpenDatabase =
    Box<dyn Fn(&Builder) -> Result<redb::Database, redb::DatabaseError> + Send>;

/// The open file.
pub(crate) struct Database(redb::Database);

/// The content of the file.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) ledger: Ledger,
    /// In no order.
    pub(crate) publications: Vec<StoredPublication>,
    pub(crate) setup: Vec<u8>,
    pub(crate) left: Vec<Leaving>,
}

impl Database {
    /// Opens the file, and checks all of it.
    ///
    /// # Errors
    /// [`Failure`]
    pub(crate) fn open(open: &OpenDatabase, cache: usize) -> Result<Self, Failure> {
        guarded(|| {
            let mut builder = redb::Database::builder();
            builder.set_cache_size(cache).set_check_integrity_on_open(true);
            Ok(Self(open(&builder)?))
        })
    }

    /// Reads everything. `None`: the file is new.
    ///
    /// # Errors
    /// [`Failure`]
    pub(crate) fn read(&self, now: Instant) -> Result<Option<Contents>, Failure> {
        guarded(|| {
            let read = self.0.begin_read()?;
            let meta = match read.open_table(META) {
                Err(TableError::TableDoesNotExist(_)) => return is_new(&read).map(|()| None),
                meta => meta?,
            };
            match meta.get(FORMAT)?.as_ref().map(AccessGuard::value) {
                Some([crate::row::FORMAT]) => {}
                Some([other]) => return Err(Failure::Format((*other).into())),
                _ => return Err(Failure::damage("it has no format")),
            }
            let state = meta.get(STATE)?.and_then(|state| State::decode(state.value()));
            let state = state.ok_or_else(|| Failure::damage("its state can't be read"))?;
            let setup = meta.get(SETUP)?.map(|setup| setup.value().to_vec()).unwrap_or_default();
            let mut ledger = Ledger::of_file(state);
            for channel in read.open_table(CHANNELS)?.iter()? {
                let (id, key) = channel?;
                let key = ChannelKey::decode(key.value());
                let key = key.ok_or_else(|| Failure::damage("a channel can't be read"))?;
                ledger.add_channel_of_file(id.value(), key);
            }
            let mut publications = Vec::new();
            for row in read.open_table(GROUPS)?.iter()? {
                let (id, row) = row?;
                let found = |publication| publications.push(publication);
                ledger.add_row_of_file(id.value(), row.value(), now, found)?;
            }
            let mut left = Vec::new();
            for item in read.open_table(LEFT)?.iter()? {
                let item = Leaving::decode(item?.1.value());
                left.push(
                    item.ok_or_else(|| Failure::damage("a leaving of the last run can't be read"))?,
                );
            }
            Ok(Some(Contents { ledger, publications, setup, left }))
        })
    }

    /// Begins a run: writes the state and the setup, and removes the leavings of the previous run.
    ///
    /// # Errors
    /// [`Failure`]
    pub(crate) fn begin(&self, changes: &Changes, setup: &[u8]) -> Result<(), Failure> {
        guarded(|| {
            let write = self.0.begin_write()?;
            {
                let mut meta = write.open_table(META)?;
                meta.insert(FORMAT, &[crate::row::FORMAT][..])?;
                meta.insert(SETUP, setup)?;
                write.delete_table(LEFT)?;
                write.open_table(LEFT)?;
            }
            self.commit_to(write, changes)
        })
    }

    /// Writes a group. It is durable when this returns.
    ///
    /// # Errors
    /// [`Failure`]: it may or may not be durable.
    pub(crate) fn commit(&self, changes: &Changes) -> Result<(), Failure> {
        guarded(|| self.commit_to(self.0.begin_write()?, changes))
    }

    /// Writes the last group of a run, with what the run leaves behind.
    ///
    /// # Errors
    /// [`Failure`]
    pub(crate) fn end(&self, changes: &Changes, left: &[Leaving]) -> Result<(), Failure> {
        guarded(|| {
            let write = self.0.begin_write()?;
            {
                let mut table = write.open_table(LEFT)?;
                for (number, item) in (0..).zip(left) {
                    table.insert(number, &item.encode()[..])?;
                }
            }
            self.commit_to(write, changes)
        })
    }

    /// A row of the file.
    ///
    /// # Errors
    /// [`Failure`]
    pub(crate) fn row(&self, id: u64) -> Result<Vec<u8>, Failure> {
        guarded(|| {
            let row = self.0.begin_read()?.open_table(GROUPS)?.get(id)?;
            let row = row.map(|row| row.value().to_vec());
            row.ok_or_else(|| Failure::Damage(format!("row {id} is gone")))
        })
    }

    /// Closes the file.
    ///
    /// # Errors
    /// [`Failure`]
    pub(crate) fn close(self) -> Result<(), Failure> {
        guarded(|| Ok(self.0.close()?))
    }

    /// Closes a file that does not work. An error of redb does not matter then.
    pub(crate) fn abandon(self) {
        let _ = guarded(|| {
            drop(self.0);
            Ok(())
        });
    }

    fn commit_to(
        &self,
        mut write: redb::WriteTransaction,
        changes: &Changes,
    ) -> Result<(), Failure> {
        let Changes { state, new_channels, unused_channels, rows, unused_rows } = changes;
        write.set_durability(Durability::Immediate).map_err(Failure::trouble)?;
        {
            let mut channels = write.open_table(CHANNELS)?;
            for (id, key) in new_channels {
                channels.insert(*id, &key.encode()[..])?;
            }
            for id in unused_channels {
                channels.remove(*id)?;
            }
            let mut groups = write.open_table(GROUPS)?;
            for (id, row) in rows {
                groups.insert(*id, &row[..])?;
            }
            for id in unused_rows {
                groups.remove(*id)?;
            }
            if let Some(state) = state {
                write.open_table(META)?.insert(STATE, &state.encode()[..])?;
            }
        }
        Ok(write.commit()?)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Database")
    }
}

/// Fails if a database without our tables has others.
fn is_new(read: &ReadTransaction) -> Result<(), Failure> {
    match read.list_tables()?.next() {
        None => Ok(()),
        Some(table) => Err(Failure::Foreign(format!("it has a table {:?}", table.name()))),
    }
}
