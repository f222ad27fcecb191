use std::{
    ops::ControlFlow,
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

use actix_socketio::store::{
    ClosingCall, OVERTAKING_JUMP, Place, StoreError, StoreHost, StoreOutcome, StoredPublication,
};

use crate::{
    database::{Database, OpenDatabase},
    failure::Failure,
    file::Location,
    leaving::Leaving,
    ledger::{Ledger, Trims},
    opening::RESERVE,
    queue::{Batch, Lost, Mode},
    retry::Retry,
    shared::{Shared, add},
};

/// How long the thread sleeps while nothing is published: then it writes what histories have
/// dropped, and reserves places.
const IDLE: Duration = Duration::from_secs(1);
/// How far ahead places are reserved for publications that are delivered after their commit.
const LEAD: u64 = 65_536;
/// The same after they were overtaken again and again.
const MAX_LEAD: u64 = 1 << 26;
/// Publications that are written at a time when the file is compared with the histories.
const CAUGHT_UP: usize = 4096;

/// Writes groups, on a thread of its own.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) location: Box<dyn Location>,
    pub(crate) open: OpenDatabase,
    pub(crate) cache: usize,
    pub(crate) interval: Duration,
    pub(crate) setup: Vec<u8>,
    pub(crate) host: Weak<dyn StoreHost>,
    /// `None` while the file can't be written.
    pub(crate) database: Option<Database>,
    pub(crate) ledger: Ledger,
    pub(crate) retry: Retry,
    /// Why the file can't be used when it is opened again.
    pub(crate) unusable: Option<&'static str>,
}

impl Writer {
    pub(crate) fn run(mut self) {
        let ended = loop {
            if let ControlFlow::Break(ended) = self.turn() {
                break ended;
            }
        };
        let Self { shared, location, database, .. } = self;
        if let Some(Err(failure)) = database.map(Database::close) {
            log::warn!("the history {} was not closed: {failure}", location.name());
        }
        // The file may be opened again by those who receive an outcome.
        drop(location);
        let waiting = shared.queue.lock().set_closed();
        if let Some((outcome, result)) = ended {
            outcome(result);
        }
        waiting.into_iter().for_each(refuse);
    }

    /// Writes one group. Breaks with the outcome of the clean end, if one was asked for.
    fn turn(&mut self) -> ControlFlow<Option<(StoreOutcome, Result<(), StoreError>)>> {
        let longest = self.retry.rest(Instant::now()).unwrap_or(IDLE);
        self.shared.wait(self.interval, longest);
        let (batch, closing, is_abandoned) = {
            let mut queue = self.shared.queue.lock();
            (queue.take(), queue.take_closing(), queue.is_abandoned)
        };
        let is_last = closing.is_some() || is_abandoned;
        if self.database.is_none() && (is_last || self.retry.is_due(Instant::now())) {
            self.reopen();
        }
        if let Err((failure, undelivered)) = self.write(&batch) {
            self.fail(&failure, &batch.publications, undelivered);
        }
        self.catch_up_if_behind(is_last);
        match closing {
            Some((closing, outcome)) => ControlFlow::Break(Some((outcome, self.end(closing)))),
            None if is_abandoned => ControlFlow::Break(None),
            None => ControlFlow::Continue(()),
        }
    }

    /// Writes a batch. A failure comes with the number of publications that wait for their commit.
    fn write(&mut self, batch: &Batch) -> Result<(), (Failure, usize)> {
        if self.database.is_none() {
            return Ok(());
        }
        let Batch { publications, first, trims } = batch;
        let newest = publications.iter().map(|publication| publication.place).max();
        let mut lead = LEAD;
        let mut waiting = self.place_ahead(first, lead);
        loop {
            let undelivered = first.len();
            self.commit(publications, &waiting, trims).map_err(|failure| (failure, undelivered))?;
            if let Some(newest) = newest {
                self.confirm(newest);
            }
            let Some(place) = waiting.first().map(|publication| publication.place) else { break };
            match self.host.upgrade() {
                Some(host) if !host.deliver(place, waiting.len()) => {}
                // Without a server, there is no one to deliver them to.
                _ => break,
            }
            lead = (lead * 16).min(MAX_LEAD);
            let mut group = self.ledger.group(Instant::now());
            for publication in &waiting {
                group.withdraw(publication);
            }
            waiting = self.place_ahead(first, lead);
        }
        add(&self.shared.counts.committed, publications.len() + first.len());
        Ok(())
    }

    /// Gives places to publications that are delivered after their commit.
    fn place_ahead(&self, first: &[StoredPublication], lead: u64) -> Vec<StoredPublication> {
        let host = self.host.upgrade().filter(|_| !first.is_empty());
        let Some(host) = host else { return Vec::new() };
        let place = host.reserve_ahead(first.len(), lead);
        let places = (0..).map(|number| place.ahead(number));
        first.iter().cloned().zip(places).map(|(one, place)| one.at_place(place)).collect()
    }

    /// Commits one group.
    fn commit(
        &mut self,
        publications: &[StoredPublication],
        waiting: &[StoredPublication],
        trims: &Trims,
    ) -> Result<(), Failure> {
        let Some(database) = &self.database else { return Ok(()) };
        let next_place = self.host.upgrade().map(|host| host.next_place());
        let behind = waiting.last().map(|publication| publication.place.next());
        let state = &mut self.ledger.state;
        state.undelivered = behind.unwrap_or_default();
        let needed = next_place.max(behind.map(|place| place.ahead(OVERTAKING_JUMP)));
        if let Some(needed) = needed.filter(|needed| needed.ahead(RESERVE / 2) > state.reserved) {
            state.reserved = needed.ahead(RESERVE);
        }
        let mut group = self.ledger.group(Instant::now());
        for publication in publications.iter().chain(waiting) {
            group.push(publication, trims);
        }
        group.trim(trims);
        group.clean(|row| database.row(row))?;
        let changes = group.finish();
        if !changes.is_empty() {
            database.commit(&changes)?;
            add(&self.shared.counts.groups, 1);
        }
        self.publish_sizes();
        Ok(())
    }

    fn publish_sizes(&self) {
        let Shared { reserved, counts, .. } = &*self.shared;
        reserved.store(self.ledger.state.reserved.number(), Ordering::Release);
        counts.live_bytes.store(self.ledger.live_bytes(), Ordering::Relaxed);
        counts.stored_bytes.store(self.ledger.row_bytes(), Ordering::Relaxed);
    }

    /// Answers those who waited for everything up to a place.
    fn confirm(&self, place: Place) {
        let waiting = self.shared.queue.lock().commit_up_to(place);
        for outcome in waiting {
            outcome(Ok(()));
        }
    }

    /// Gives the file up, until it is opened again.
    fn fail(&mut self, failure: &Failure, lost: &[StoredPublication], undelivered: usize) {
        let Some(database) = self.database.take() else { return };
        database.abandon();
        self.count_failure(failure);
        let why = failure.to_string();
        let Lost { waiting, first, left_out } = self.shared.queue.lock().fail(&why, lost);
        add(&self.shared.counts.left_out, left_out);
        let error = StoreError::Failing(why);
        if undelivered + first > 0
            && let Some(host) = self.host.upgrade()
        {
            host.give_up(undelivered + first, error.clone());
        }
        for outcome in waiting {
            outcome(Err(error.clone()));
        }
    }

    fn count_failure(&mut self, failure: &Failure) {
        if matches!(failure, Failure::Damage(_)) {
            self.unusable = Some("damaged");
        }
        add(&self.shared.counts.failures, 1);
        let wait = self.retry.failed(Instant::now());
        let name = self.location.name();
        log::error!("the history {name} can't be written, next attempt in {wait:?}: {failure}");
    }

    /// Opens the file again, and brings it up to date.
    fn reopen(&mut self) {
        let host = self.host.upgrade();
        if host.is_some_and(|host| host.next_place() > self.ledger.state.reserved) {
            // After a crash, the file would give out places for the second time.
            self.unusable = Some("outrun");
        }
        match self.try_reopen() {
            Ok(database) => {
                self.database = Some(database);
                self.shared.queue.lock().begin_catching_up();
                if let Err(failure) = self.catch_up(true) {
                    self.fail(&failure, &[], 0);
                    return;
                }
                self.retry.succeeded();
                log::info!("the history {} is written again", self.location.name());
            }
            Err(failure) => {
                self.count_failure(&failure);
                // Nothing waits, as nothing was taken meanwhile.
                let _ = self.shared.queue.lock().fail(&failure.to_string(), &[]);
            }
        }
    }

    fn try_reopen(&mut self) -> Result<Database, Failure> {
        if let Some(why) = self.unusable {
            let aside = self.location.put_aside(why)?;
            log::error!("the history is {why} and was moved to {aside}; it is written anew");
            add(&self.shared.counts.damaged, 1);
            self.unusable = None;
        }
        self.location.check()?;
        let database = Database::open(&self.open, self.cache)?;
        let read = database.read(Instant::now()).and_then(|contents| {
            let before = self.ledger.state;
            self.ledger = match contents {
                Some(contents) if contents.ledger.state.epoch == before.epoch => contents.ledger,
                Some(_) => return Err(Failure::damage("it is another server's")),
                None => Ledger::new(before),
            };
            let found = self.ledger.state;
            self.ledger.state.whole_from = before.whole_from;
            self.ledger.state.committed_from = before.committed_from;
            self.ledger.state.doubts = before.doubts;
            self.ledger.state.floor = before.floor.max(found.floor);
            let next = self.host.upgrade().map(|host| host.next_place()).unwrap_or_default();
            let reserved = before.reserved.max(found.reserved);
            self.ledger.state.reserved = reserved.max(next.ahead(RESERVE));
            self.ledger.state.clean = None;
            let changes = self.ledger.group(Instant::now()).finish();
            database.begin(&changes, &self.setup)
        });
        match read {
            Ok(()) => Ok(database),
            Err(failure) => {
                database.abandon();
                Err(failure)
            }
        }
    }

    /// Writes what was left out, when there is time for it.
    fn catch_up_if_behind(&mut self, is_last: bool) {
        let is_behind = {
            let mut queue = self.shared.queue.lock();
            let is_behind = self.database.is_some() && queue.has_left_out();
            let may_begin = is_behind && (is_last || !queue.is_crowded());
            if may_begin {
                queue.begin_catching_up();
            }
            may_begin
        };
        if is_behind && let Err(failure) = self.catch_up(false) {
            self.fail(&failure, &[], 0);
        }
    }

    /// Brings the file up to date with the histories. `is_whole`: what they have dropped, too.
    fn catch_up(&mut self, is_whole: bool) -> Result<(), Failure> {
        let Some(host) = self.host.upgrade() else { return Ok(()) };
        let kept = host.kept();
        drop(host);
        let newest = kept.iter().map(|publication| publication.place).max();
        if is_whole {
            self.ledger.retain(&kept);
        }
        for missing in self.ledger.missing(kept).chunks(CAUGHT_UP) {
            self.commit(missing, &[], &Trims::new())?;
        }
        self.commit(&[], &[], &Trims::new())?;
        if let Some(newest) = newest {
            self.confirm(newest);
        }
        Ok(())
    }

    /// Ends the run clean.
    fn end(&mut self, closing: ClosingCall) -> Result<(), StoreError> {
        let failing = || match self.shared.queue.lock().mode() {
            Mode::Failing(why) => StoreError::Failing(why.clone()),
            _ => StoreError::Failing("the file can't be written".to_owned()),
        };
        let database = self.database.take().ok_or_else(failing)?;
        let closing = closing();
        self.ledger.state.clean = Some(closing.next_place);
        self.ledger.state.undelivered = Place::START;
        let changes = self.ledger.group(Instant::now()).finish();
        let sessions = closing.sessions.iter().cloned().map(Leaving::Session);
        let channels = closing.channels.iter().cloned().map(Leaving::Channel);
        let floor = Leaving::Floor(closing.floor);
        let left: Vec<_> = sessions.chain(channels).chain([floor]).collect();
        let ended = database.end(&changes, &left).and_then(|()| database.close());
        ended.map_err(|failure| {
            log::error!("the history {} has no clean end: {failure}", self.location.name());
            StoreError::Failing(failure.to_string())
        })
    }
}

/// Calls the outcome of a call that came too late.
pub(crate) fn refuse(outcome: StoreOutcome) {
    outcome(Err(StoreError::Closed));
}
