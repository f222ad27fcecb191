use std::{
    collections::HashMap,
    fmt, mem,
    time::{Duration, Instant},
};

use actix_socketio::store::{ClosingCall, Place, StoreError, StoreOutcome, StoredPublication};

use crate::{
    channel_key::ChannelKey,
    ledger::{ROW_BYTES, ROW_PUBLICATIONS, Trims},
};

/// Everything that waits to be written. It has no lock of its own.
pub(crate) struct Queue {
    publications: Vec<StoredPublication>,
    /// Publications that are delivered after their commit.
    first: Vec<StoredPublication>,
    trims: Trims,
    bytes: usize,
    max_bytes: usize,
    /// When the oldest publication was queued.
    since: Option<Instant>,
    mode: Mode,
    /// Everything up to here was committed, but `left_out`.
    committed: Place,
    /// The oldest and the newest place of publications that were left out.
    left_out: Option<(Place, Place)>,
    waiters: Vec<(Place, StoreOutcome)>,
    closing: Option<(ClosingCall, StoreOutcome)>,
    pub(crate) is_abandoned: bool,
}

/// Whether the queue takes publications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    Open,
    /// The file can't be written.
    Failing(String),
    Closed,
}

/// The content of the next group.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) publications: Vec<StoredPublication>,
    pub(crate) first: Vec<StoredPublication>,
    pub(crate) trims: Trims,
}

/// The content of the queue when it can't be written.
pub(crate) struct Lost {
    /// Those who waited for a commit.
    pub(crate) waiting: Vec<StoreOutcome>,
    /// The number of publications that waited to be committed first.
    pub(crate) first: usize,
    /// The number of other publications.
    pub(crate) left_out: usize,
}

/// Whether the thread has to be woken.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    Yes,
    No,
}

/// Whether a publication was queued.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    Queued(Wake),
    LeftOut,
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self {
            publications: Vec::new(),
            first: Vec::new(),
            trims: HashMap::new(),
            bytes: 0,
            max_bytes: 0,
            since: None,
            mode: Mode::Open,
            committed: Place::START,
            left_out: None,
            waiters: Vec::new(),
            closing: None,
            is_abandoned: false,
        }
    }

    pub(crate) fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn committed(&self) -> Place {
        self.committed
    }

    pub(crate) fn has_left_out(&self) -> bool {
        self.left_out.is_some()
    }

    /// Whether much waits.
    pub(crate) fn is_crowded(&self) -> bool {
        self.bytes > self.max_bytes / 2
    }

    pub(crate) fn mode(&self) -> &Mode {
        &self.mode
    }

    pub(crate) fn append(&mut self, publication: StoredPublication, now: Instant) -> Appended {
        let cost = publication.cost();
        if self.mode != Mode::Open || self.bytes + cost > self.max_bytes {
            self.leave_out(publication.place);
            return Appended::LeftOut;
        }
        let was_large = self.is_large();
        self.publications.push(publication);
        Appended::Queued(self.count(cost, was_large, now))
    }

    /// # Errors
    /// [`StoreError`] if the publication is not queued.
    pub(crate) fn commit_first(
        &mut self,
        publication: StoredPublication,
        now: Instant,
    ) -> Result<Wake, StoreError> {
        self.check()?;
        let cost = publication.cost();
        if self.bytes + cost > self.max_bytes {
            return Err(StoreError::Full);
        }
        let was_large = self.is_large();
        self.first.push(publication);
        Ok(self.count(cost, was_large, now))
    }

    pub(crate) fn trim(&mut self, key: ChannelKey, up_to: Place) {
        // A file that is opened again is compared with the histories.
        if self.mode == Mode::Open {
            let place = self.trims.entry(key).or_default();
            *place = up_to.max(*place);
        }
    }

    /// Calls back at once if the outcome is known. It must be called without the lock.
    pub(crate) fn on_durable(
        &mut self,
        place: Place,
        outcome: StoreOutcome,
    ) -> Option<(StoreOutcome, Result<(), StoreError>)> {
        if let Err(error) = self.check() {
            return Some((outcome, Err(error)));
        }
        if self.left_out.is_some_and(|(first, last)| first <= place && place <= last) {
            return Some((outcome, Err(StoreError::Full)));
        }
        if place <= self.committed {
            return Some((outcome, Ok(())));
        }
        self.waiters.push((place, outcome));
        None
    }

    /// # Errors
    /// The outcome, if the store is closed or closing already.
    pub(crate) fn close(
        &mut self,
        closing: ClosingCall,
        outcome: StoreOutcome,
    ) -> Result<(), StoreOutcome> {
        if self.mode == Mode::Closed {
            return Err(outcome);
        }
        // The publications in the queue are still written.
        self.mode = Mode::Closed;
        self.closing = Some((closing, outcome));
        Ok(())
    }

    /// How long the thread may sleep. `None`: there is something to write now.
    pub(crate) fn rest(&self, interval: Duration, now: Instant) -> Option<Duration> {
        let is_due = self.closing.is_some() || self.is_abandoned || self.is_large();
        match self.since {
            _ if is_due => None,
            None => Some(Duration::MAX),
            Some(since) => interval.checked_sub(now.saturating_duration_since(since)),
        }
    }

    /// Takes everything.
    pub(crate) fn take(&mut self) -> Batch {
        self.bytes = 0;
        self.since = None;
        Batch {
            publications: mem::take(&mut self.publications),
            first: mem::take(&mut self.first),
            trims: mem::take(&mut self.trims),
        }
    }

    pub(crate) fn take_closing(&mut self) -> Option<(ClosingCall, StoreOutcome)> {
        self.closing.take()
    }

    /// Takes note of a commit of everything up to a place. Returns those who waited for it.
    pub(crate) fn commit_up_to(&mut self, place: Place) -> Vec<StoreOutcome> {
        self.committed = self.committed.max(place);
        let committed = self.committed;
        let is_over = |(place, _): &mut (Place, StoreOutcome)| *place <= committed;
        self.waiters.extract_if(.., is_over).map(|(_, outcome)| outcome).collect()
    }

    /// Forgets what was left out, which is about to be written.
    pub(crate) fn begin_catching_up(&mut self) {
        if self.mode != Mode::Closed {
            self.mode = Mode::Open;
        }
        self.left_out = None;
    }

    /// Takes note that nothing can be written, and that these publications are lost.
    pub(crate) fn fail(&mut self, why: &str, lost: &[StoredPublication]) -> Lost {
        if self.mode != Mode::Closed {
            self.mode = Mode::Failing(why.to_owned());
        }
        let Batch { publications, first, .. } = self.take();
        for publication in lost.iter().chain(&publications) {
            self.leave_out(publication.place);
        }
        // The file has to be compared with the histories, also if nothing was in the queue.
        self.left_out.get_or_insert((Place::START, Place::START));
        let left_out = lost.len() + publications.len();
        Lost { waiting: self.waiting(), first: first.len(), left_out }
    }

    /// Ends everything. Returns those who waited.
    pub(crate) fn set_closed(&mut self) -> Vec<StoreOutcome> {
        self.mode = Mode::Closed;
        drop(self.take());
        self.waiting()
    }

    fn waiting(&mut self) -> Vec<StoreOutcome> {
        mem::take(&mut self.waiters).into_iter().map(|(_, outcome)| outcome).collect()
    }

    fn check(&self) -> Result<(), StoreError> {
        match &self.mode {
            Mode::Open => Ok(()),
            Mode::Failing(why) => Err(StoreError::Failing(why.clone())),
            Mode::Closed => Err(StoreError::Closed),
        }
    }

    fn leave_out(&mut self, place: Place) {
        let (first, last) = self.left_out.unwrap_or((place, place));
        self.left_out = Some((first.min(place), last.max(place)));
    }

    /// The thread is woken by the first publication, and when the group is complete.
    fn count(&mut self, cost: usize, was_large: bool, now: Instant) -> Wake {
        self.bytes += cost;
        let is_first = self.since.is_none();
        self.since.get_or_insert(now);
        if is_first || (!was_large && self.is_large()) { Wake::Yes } else { Wake::No }
    }

    fn is_large(&self) -> bool {
        self.bytes >= ROW_BYTES || self.publications.len() + self.first.len() >= ROW_PUBLICATIONS
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("publications", &self.publications.len())
            .field("bytes", &self.bytes)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
