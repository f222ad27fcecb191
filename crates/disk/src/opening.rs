use std::time::Instant;

use actix_socketio::store::{Loaded, StoreParams, StoredPublication};

use crate::{
    database::{Contents, Database, OpenDatabase},
    failure::Failure,
    file::Location,
    leaving::Leaving,
    ledger::Ledger,
    state::State,
};

/// Places that a run may give out before it has to reserve more. They are renewed when half of them
/// are used. At 100,000 publications a second, half of them last for 90 minutes of a failing disk.
pub(crate) const RESERVE: u64 = 1 << 30;
/// Where an epoch ends. Tokens have 48 bits for a place.
const LAST_PLACE: u64 = 1 << 47;

/// A file that is open, and all of its content.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) contents: Option<Contents>,
    /// Where the damaged file is that was there before, and what is wrong with it.
    pub(crate) aside: Option<String>,
}

/// Opens and reads the file. A damaged one is put aside, and a new one takes its place.
///
/// # Errors
/// [`Failure`] of any kind but damage.
pub(crate) fn open(
    location: &dyn Location,
    open: &OpenDatabase,
    cache: usize,
) -> Result<Opened, Failure> {
    match try_open(location, open, cache) {
        Err(Failure::Damage(what)) => {
            let aside = location.put_aside("damaged")?;
            let opened = try_open(location, open, cache)?;
            Ok(Opened { aside: Some(format!("{aside}: {what}")), ..opened })
        }
        opened => opened,
    }
}

fn try_open(location: &dyn Location, open: &OpenDatabase, cache: usize) -> Result<Opened, Failure> {
    location.check()?;
    let database = Database::open(open, cache)?;
    match database.read(Instant::now()) {
        Ok(contents) => {
            if contents.is_none() {
                location.sync_folder();
            }
            Ok(Opened { database, contents, aside: None })
        }
        Err(failure) => {
            database.abandon();
            Err(failure)
        }
    }
}

/// Begins a run with what a file has. Returns the ledger of the run, whose changes have to be
/// written before anything else, and what the server is to know.
pub(crate) fn begin(contents: Option<Contents>, params: &StoreParams) -> (Ledger, Loaded) {
    let Some(contents) = contents else {
        let mut ledger = Ledger::new(State::new(params.new_epoch));
        let loaded = Loaded::empty(ledger.state.epoch);
        ledger.state.reserved = loaded.next_place.ahead(RESERVE);
        return (ledger, loaded);
    };
    let Contents { mut ledger, publications, setup, left } = contents;
    let is_clean = ledger.state.clean.is_some();
    let mut state = ledger.state.next_run();
    if setup != params.setup {
        // Publications of other routes were delivered before their commit.
        state.committed_from = state.whole_from;
    }
    let mut loaded = Loaded::empty(state.epoch);
    let mut floor = None;
    if state.reserved.number() > LAST_PLACE {
        // Each crash skips the places that were reserved. After some 100,000 crashes, all are used.
        state = State::new(params.new_epoch);
        loaded.epoch = state.epoch;
        ledger.retain(&[]);
    } else {
        loaded.is_clean = is_clean;
        loaded.publications = in_order(publications);
        for item in left {
            match item {
                Leaving::Session(session) => loaded.sessions.push(session),
                Leaving::Channel(mark) => loaded.channels.push(mark),
                Leaving::Floor(place) => floor = Some(place),
            }
        }
    }
    loaded.next_place = state.reserved;
    loaded.whole_from = state.whole_from;
    loaded.committed_from = state.committed_from;
    loaded.floor = floor.unwrap_or(state.floor);
    let doubts = state.doubts.iter().map(|[from, until]| (*from, *until));
    loaded.in_doubt = doubts.filter(|(from, until)| from < until).collect();
    state.reserved = state.reserved.ahead(RESERVE);
    ledger.state = state;
    (ledger, loaded)
}

/// Sorts publications by their places, and joins those of one place: one may be stored several
/// times, each for some of its channels.
fn in_order(mut publications: Vec<StoredPublication>) -> Vec<StoredPublication> {
    publications.sort_by_key(|publication| publication.place);
    publications.dedup_by(|next, publication| {
        let is_same = next.place == publication.place;
        if is_same {
            for channel in next.channels.drain(..) {
                if !publication.channels.contains(&channel) {
                    publication.channels.push(channel);
                }
            }
        }
        is_same
    });
    publications
}
