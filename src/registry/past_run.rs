//! Going on where the server's previous run has ended, with what a store has kept.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    history::{Gap, Histories, HistoryOwner, Kept, KeptAudience},
    index::RegistryIndex,
};
use crate::{
    model::{Channel, History, Namespace, Place},
    outbox::PlacedFrame,
    store::{ChannelMark, Closing, Loaded, StoredExceptions, StoredPublication},
};

/// How many places a clean stop leaves out: for those that are given out while the process ends.
const LAST_PLACES: u64 = 1 << 20;

/// The part of the previous run that is not restored yet, since the routes of its namespaces are
/// not known. A dynamic namespace comes with its first client.
#[derive(Debug, Default)]
pub(super) struct PastRun {
    /// Positions before this place have a crash behind them.
    whole_from: Place,
    /// The same for channels whose publications are delivered after their commit.
    committed_from: Place,
    /// Positions between these places may lack publications that were committed first.
    in_doubt: Vec<(Place, Place)>,
    publications: HashMap<Namespace, Vec<StoredPublication>>,
    marks: HashMap<HistoryOwner, PastMark>,
}

/// A channel's record in the previous run.
#[derive(Debug, Clone, Copy)]
struct PastMark {
    last: Place,
    /// Publications up to this place may be missing.
    trimmed: Place,
}

impl PastRun {
    /// Why a client with a position can't have all, if publications up to a place may be missing. A
    /// crash loses the knowledge of which channels these were in.
    pub(super) fn trimmed(&self, position: Place, missing: Place) -> Gap {
        if position < self.whole_from && missing < self.whole_from {
            Gap::Crash
        } else {
            Gap::Trimmed
        }
    }

    /// Whether a crash may have lost publications that a client with this position has missed.
    pub(super) fn has_crashed(&self, position: Place, rule: Option<History>) -> bool {
        if !rule.is_some_and(|history| history.after_commit) {
            return position < self.whole_from;
        }
        let is_in_doubt = |(from, until): &(Place, Place)| *from <= position && position < *until;
        position < self.committed_from || self.in_doubt.iter().any(is_in_doubt)
    }
}

/// The histories of some channels, by their routes.
pub(super) type FoundRules = HashMap<Option<Channel>, Option<History>>;

/// The histories that keep a publication.
fn owners(publication: &StoredPublication) -> Vec<HistoryOwner> {
    let StoredPublication { namespace, channels, .. } = publication;
    let owner = |channel| HistoryOwner { namespace: namespace.clone(), channel };
    match &channels[..] {
        [] => vec![owner(None)],
        channels => channels.iter().map(|channel| owner(Some(channel.clone()))).collect(),
    }
}

/// Drops a publication from the store.
fn drop_stored(
    histories: &Histories,
    HistoryOwner { namespace, channel }: &HistoryOwner,
    place: Place,
) {
    if let Some(store) = histories.store() {
        store.trim(namespace, channel.as_ref(), place);
    }
}

impl RegistryIndex {
    /// Goes on at the next place of a store. The histories follow when their routes are known.
    pub(super) fn go_on(&mut self, loaded: Loaded) {
        let Loaded { next_place, whole_from, committed_from, in_doubt, .. } = loaded;
        let Loaded { channels, mut publications, floor, .. } = loaded;
        self.place = Place::new(next_place.number().saturating_sub(1));
        self.histories.forget(floor);
        // As much as histories may have: a namespace that never comes again has its part, too.
        let (mut bytes, max_bytes) = (0, self.histories.limits().max_bytes);
        let fitting = publications.iter().rev().take_while(|publication| {
            bytes += publication.cost();
            bytes <= max_bytes
        });
        let surplus = publications.len() - fitting.count();
        for publication in publications.drain(..surplus) {
            self.histories.forget(publication.place);
            for owner in owners(&publication) {
                drop_stored(&self.histories, &owner, publication.place);
            }
        }
        let forgotten = self.histories.forgotten();
        let past = &mut self.past_run;
        (past.whole_from, past.committed_from) = (whole_from, committed_from);
        past.in_doubt = in_doubt;
        for publication in publications {
            let place = publication.place;
            let before = Place::new(place.number().saturating_sub(1));
            for owner in owners(&publication) {
                let first = PastMark { last: place, trimmed: forgotten.min(before) };
                past.marks.entry(owner).or_insert(first).last = place;
            }
            let of_namespace = past.publications.entry(publication.namespace.clone());
            of_namespace.or_default().push(publication);
        }
        for ChannelMark { namespace, channel, last, trimmed } in channels {
            match past.marks.get_mut(&HistoryOwner { namespace, channel }) {
                // All its publications are gone.
                None => self.histories.forget(last),
                Some(mark) if surplus == 0 => mark.trimmed = trimmed,
                Some(mark) => mark.trimmed = mark.trimmed.max(trimmed),
            }
        }
    }

    /// The channels of a namespace that the previous run has left.
    pub(super) fn left_channels(&self, namespace: &Namespace) -> Vec<Option<Channel>> {
        if !self.past_run.publications.contains_key(namespace) {
            return Vec::new();
        }
        let of_namespace = self.past_run.marks.keys().filter(|owner| owner.namespace == *namespace);
        of_namespace.map(|owner| owner.channel.clone()).collect()
    }

    /// Restores the histories of a namespace. `rules`: the histories of its channels by the routes.
    pub(super) fn restore(&mut self, namespace: &Namespace, rules: &FoundRules) {
        let publications = self.past_run.publications.remove(namespace).unwrap_or_default();
        let (now, wall) = (Instant::now(), SystemTime::now());
        for publication in publications {
            // A clock that was set back makes it young.
            let age = wall.duration_since(publication.at).unwrap_or_default();
            let all = owners(&publication);
            let StoredPublication { place, packet, except, .. } = publication;
            let is_question = packet.asks_ack();
            let frame = PlacedFrame::new(packet.into_frame(), place, true, is_question);
            let to: Vec<_> = all.iter().filter_map(|owner| owner.channel.clone()).collect();
            let audience = (to.len() > 1 || except.is_some()).then(|| {
                let except = except.map(|except| *except);
                let StoredExceptions { channels, sockets } = except.unwrap_or_default();
                let (except, except_sockets) = (channels, sockets);
                Arc::new(KeptAudience { to, except, except_sockets, including: Vec::new() })
            });
            let kept = Kept::new(Arc::new(frame), audience);
            for owner in all {
                let rule = rules.get(&owner.channel).copied().flatten();
                let rest =
                    rule.map(|rule| (rule, rule.within.map(|within| within.checked_sub(age))));
                match rest {
                    Some((rule, None)) => self.restore_one(owner, rule, kept.clone(), None, now),
                    Some((rule, Some(Some(rest)))) if rest > Duration::ZERO => {
                        self.restore_one(owner, rule, kept.clone(), Some(rest), now);
                    }
                    // It is too old, or the channel has no history any more.
                    _ => {
                        self.histories.forget(place);
                        drop_stored(&self.histories, &owner, place);
                        if let Some(mark) = self.past_run.marks.get_mut(&owner) {
                            mark.trimmed = mark.trimmed.max(place);
                        }
                    }
                }
            }
        }
        self.past_run.marks.retain(|owner, _| owner.namespace != *namespace);
    }

    fn restore_one(
        &mut self,
        owner: HistoryOwner,
        rule: History,
        kept: Kept,
        rest: Option<Duration>,
        now: Instant,
    ) {
        let mark = self.past_run.marks.get(&owner).copied();
        let HistoryOwner { namespace, channel } = &owner;
        self.set_rule(namespace, channel.as_ref(), Some(rule));
        let Some(record) = self.record_mut(namespace, channel.as_ref()) else { return };
        let last = mark.map_or(kept.place(), |mark| mark.last);
        record.newest = record.newest.max(last);
        let history = record.history;
        let id = match history {
            Some(id) => id,
            None => {
                let trimmed = mark.map(|mark| mark.trimmed).unwrap_or_default();
                let id = self.begin_history(owner.clone(), trimmed);
                if let Some(record) = self.record_mut(&owner.namespace, owner.channel.as_ref()) {
                    record.history = Some(id);
                }
                id
            }
        };
        self.histories.restore(id, rule, kept, rest, now);
    }

    /// The knowledge for the next run, beside the publications.
    pub(super) fn closing(&self) -> Closing {
        let mut closing = Closing::new(self.place.next().ahead(LAST_PLACES));
        closing.floor = self.histories.forgotten();
        let histories = self.histories.all();
        let histories =
            histories.map(|(owner, trimmed, last, _)| (owner.clone(), PastMark { last, trimmed }));
        let left = self.past_run.marks.iter().map(|(owner, mark)| (owner.clone(), *mark));
        for (HistoryOwner { namespace, channel }, PastMark { last, trimmed }) in
            histories.chain(left)
        {
            closing.channels.push(ChannelMark::new(namespace, channel, last, trimmed));
        }
        closing
    }

    /// Everything that a store has to have now.
    pub(super) fn all_kept(&self) -> Vec<StoredPublication> {
        let (now, wall) = (Instant::now(), SystemTime::now());
        let mut all: Vec<_> = self.past_run.publications.values().flatten().cloned().collect();
        for (HistoryOwner { namespace, channel }, _, _, kept) in self.histories.all() {
            let rule = self.rule(namespace, channel.as_ref()).flatten();
            let within = rule.and_then(|rule| rule.within);
            all.extend(kept.map(|kept| {
                let rest = kept.rest(now);
                let age = within.zip(rest).map(|(within, rest)| within.saturating_sub(rest));
                let at = wall.checked_sub(age.unwrap_or_default()).unwrap_or(wall);
                let channels = channel.iter().cloned().collect();
                kept.stored(namespace, channels, at)
            }));
        }
        all
    }
}
