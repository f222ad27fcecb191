//! Sessions over a clean stop: a store has their bytes in between.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::time::Instant;

use super::RecoveryState;
use crate::{
    model::{ChannelRoutes, HistoryRules},
    registry::NewestPlace,
    socket::{AbsenceRecord, SocketAbsence, StoredAbsence},
    stats::SessionEndKind,
};

/// The routes of a namespace, or of all that a pattern or a function admits.
pub(crate) struct RouteFamily {
    /// A name that the next run gives to the same routes.
    pub(crate) name: String,
    pub(crate) routes: Arc<ChannelRoutes>,
    pub(crate) rules: HistoryRules,
}

/// A socket of the previous run, and the newest publications that it has to know of.
struct RestoredAbsence<'a> {
    absence: SocketAbsence,
    family: &'a RouteFamily,
    everyone: NewestPlace,
    channels: Vec<NewestPlace>,
}

impl RecoveryState {
    /// The sessions for the next run, when all connections have ended.
    pub(crate) fn leave_behind(&self) -> Vec<Bytes> {
        let (now, wall) = (Instant::now(), SystemTime::now());
        let table = self.table.lock();
        let away = table.away(now).filter(|(_, rest)| !rest.is_zero());
        away.filter_map(|(absence, rest)| self.stored(absence, rest, wall)?.encode()).collect()
    }

    pub(super) fn stored(
        &self,
        absence: &SocketAbsence,
        rest: Duration,
        now: SystemTime,
    ) -> Option<StoredAbsence> {
        let family = self.families.iter().find(|family| absence.has_routes(&family.routes))?;
        let channels = absence.histories().map(|(channel, _)| channel);
        let (named, everyone, channels) =
            self.sequencer.newest_places(&absence.namespace, absence.id, channels);
        let (epoch, kept_at) = (self.sequencer.epoch(), self.sequencer.place());
        let family = &*family.name;
        let record = AbsenceRecord { epoch, rest, family, kept_at, named, everyone, channels };
        Some(StoredAbsence::of(absence, record, now))
    }

    /// Takes the sessions that the previous run has left behind. Returns the number of those that
    /// can't be gone on with.
    pub(crate) fn take_up(&self, sessions: &[Bytes]) -> usize {
        let (now, wall) = (Instant::now(), SystemTime::now());
        let mut refused = 0;
        for bytes in sessions {
            let stored = StoredAbsence::decode(bytes);
            let rest = stored.as_ref().map(|stored| stored.rest(wall)).unwrap_or_default();
            let kind = match stored.map(|stored| self.restored(stored)) {
                Some(_) if rest.is_zero() => SessionEndKind::Window,
                Some(Some(restored)) => {
                    self.take_up_one(restored, rest, now);
                    continue;
                }
                _ => {
                    refused += 1;
                    SessionEndKind::Restart
                }
            };
            self.counters.sessions_ended.add(kind);
        }
        self.is_waiting.notify_one();
        refused
    }

    /// Makes the socket again that a store has kept. `None`: this run has other places or routes.
    fn restored<'a>(&'a self, stored: StoredAbsence) -> Option<RestoredAbsence<'a>> {
        if !self.sequencer.has_places(stored.epoch(), stored.places()) {
            return None;
        }
        let family = self.families.iter().find(|family| family.name == stored.family())?;
        let (everyone, channels) = stored.newest();
        let absence = stored.restore(&family.routes, self.settings.keep_direct)?;
        let is_new = !self.table.lock().knows(&absence);
        is_new.then_some(RestoredAbsence { absence, family, everyone, channels })
    }

    fn take_up_one(&self, restored: RestoredAbsence<'_>, rest: Duration, now: Instant) {
        let RestoredAbsence { absence, family, everyone, channels } = restored;
        let records = absence.histories().zip(channels);
        let records = records.map(|((channel, rule), newest)| (Some(channel), rule, newest));
        let records = records.chain([(None, family.rules.everyone, everyone)]);
        self.sequencer.pin_past(&absence.namespace, absence.id, records);
        let mut table = self.table.lock();
        let ended = table.take_up(absence, rest, now);
        self.count(&table);
        drop(table);
        self.end(ended);
    }
}
