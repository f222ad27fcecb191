//! Subscribing a client that tells what it has: it gets what it missed, before what is new.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    RegistryId, Sequencer,
    history::{CatchUp, CaughtUp, ChannelOutcome, Gap, Kept, Missed, merge},
    index::RegistryIndex,
    queue::{RegistryMessage, Replay},
};
use crate::{
    model::{Channel, History, JoiningMember, Namespace, Place, SocketId},
    outbox::PlacedFrame,
    protocol::Frame,
};

/// Makes the answer that stands before what a client has missed.
pub(crate) type CatchUpAnswer = Box<dyn FnOnce(&CaughtUp) -> Option<Frame> + Send>;

/// A socket, and the channels that it subscribes to.
pub(crate) struct Joining<'a> {
    pub(crate) registry_id: RegistryId,
    pub(crate) namespace: &'a Namespace,
    pub(crate) id: SocketId,
    /// Those that it is not in yet, with what they keep.
    pub(crate) channels: &'a [(Channel, Option<History>)],
    /// Those that it asked for and is in already.
    pub(crate) subscribed: &'a [Channel],
    /// Whether it is in a channel, for publications that leave channels out.
    pub(crate) is_in: &'a dyn Fn(&Channel) -> bool,
    /// The place from which on it has what was published to a channel that it is in already.
    pub(crate) has_from: &'a dyn Fn(&Channel) -> Option<Place>,
}

/// A channel that a socket has subscribed to.
pub(crate) struct JoinedPlace {
    /// The place of the subscription.
    pub(crate) place: Place,
    /// The place from which on the socket has what was published to the channel.
    pub(crate) whole_from: Place,
}

/// Publications that a channel has kept.
pub(crate) struct PastPublications {
    /// The oldest first.
    pub(crate) publications: Vec<Arc<PlacedFrame>>,
    /// The place up to which these are all.
    pub(crate) place: Place,
    /// Whether nothing is missing after the place that was asked for.
    pub(crate) is_whole: bool,
}

impl Sequencer {
    /// Subscribes a socket to channels that it was not subscribed to, and sends it `answer`, then
    /// what it has missed, then what is new. `members`: who it is in each channel. Returns the
    /// places of each.
    pub(crate) fn subscribe_and_catch_up(
        &self,
        joining: &Joining<'_>,
        members: Vec<Option<JoiningMember>>,
        catch_up: CatchUp,
        answer: CatchUpAnswer,
    ) -> Vec<JoinedPlace> {
        let now = Instant::now();
        let Joining { registry_id, namespace, id, channels, .. } = *joining;
        let mut state = self.0.lock_state();
        let (caught_up, whole_from) = state.index_mut().catch_up(joining, catch_up, now);
        let mut places = Vec::with_capacity(channels.len());
        let mut all = Vec::with_capacity(channels.len() + 1);
        for (((channel, rule), member), from) in channels.iter().zip(members).zip(whole_from) {
            let (namespace, channel) = (namespace.clone(), channel.clone());
            all.push(state.notify(registry_id, |index| {
                let place = index.next_place();
                places.push(JoinedPlace { place, whole_from: from.unwrap_or(place).min(place) });
                index.subscribe(&namespace, registry_id, id, &channel, *rule);
                index.begin_presence(&namespace, id, &channel, member);
                RegistryMessage::Subscribe { namespace, id, channel }
            }));
        }
        let from = catch_up.since.unwrap_or_default();
        let index = state.index_mut();
        let place = index.place;
        let mut presence = Vec::new();
        if catch_up.presence {
            let views = caught_up.channels.iter();
            presence = views.map(|one| index.view_presence(namespace, &one.channel)).collect();
        }
        let caught_up = CaughtUp { place, presence, ..caught_up };
        let namespace = namespace.clone();
        all.push(state.notify(registry_id, |_| {
            RegistryMessage::Replay(Box::new(Replay { namespace, id, caught_up, from, answer }))
        }));
        drop(state);
        for notified in all {
            notified.wake();
        }
        places
    }

    /// Reads the publications that a channel has kept after a place.
    pub(crate) fn past(
        &self,
        namespace: &Namespace,
        channel: Option<&Channel>,
        since: Option<Place>,
        limit: usize,
    ) -> PastPublications {
        let now = Instant::now();
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        let (publications, is_whole) = index.past(namespace, channel, since, now);
        let is_limited = publications.len() > limit;
        let publications: Vec<_> = publications.into_iter().take(limit).collect();
        let place = match publications.last() {
            Some(last) if is_limited => last.place(),
            None if is_limited => since.unwrap_or_default(),
            _ => index.place,
        };
        // This server has not reached a later position.
        let is_known = since.is_none_or(|since| since <= index.place);
        let is_whole = is_whole && !is_limited && is_known;
        PastPublications { publications, place, is_whole }
    }

    /// Drops the publications that a channel has kept.
    pub(crate) fn remove_history(&self, namespace: &Namespace, channel: Option<&Channel>) {
        let mut state = self.0.lock_state();
        let index = state.index_mut();
        if let Some(history) = index.record(namespace, channel).and_then(|record| record.history) {
            index.histories.clear(history);
        }
    }

    /// The newest place.
    pub(crate) fn place(&self) -> Place {
        self.0.lock_state().index_mut().place
    }
}

impl<'a> Joining<'a> {
    /// Those that are for the socket, and that it has not had in another of its channels.
    fn wanted<'k, I: IntoIterator<Item = &'k Kept>>(
        &self,
        kept: I,
    ) -> impl Iterator<Item = &'k Kept> + use<'a, 'k, I> {
        let Self { id, is_in, has_from, .. } = *self;
        let kept = kept.into_iter();
        kept.filter(move |kept| kept.is_for(id, is_in) && !kept.was_for(id, has_from))
    }
}

impl RegistryIndex {
    /// Finds the publications that a socket has missed of the channels to which it subscribes, and
    /// the place from which on it has all of each. `None`: from its subscription on.
    fn catch_up(
        &mut self,
        joining: &Joining<'_>,
        catch_up: CatchUp,
        now: Instant,
    ) -> (CaughtUp, Vec<Option<Place>>) {
        let (mut count, mut bytes) = (0, 0);
        let (mut outcomes, mut all, mut whole_from) = (Vec::new(), Vec::new(), Vec::new());
        for (channel, rule) in joining.channels {
            let mut missed = self.missed(joining, channel, *rule, catch_up, now);
            let costs = missed.publications.iter().map(|one| one.frame().cost());
            let with_it = (count + missed.publications.len(), bytes + costs.sum::<usize>());
            let limits = self.histories.limits();
            if with_it.0 > limits.max_recovered || with_it.1 > limits.max_recovered_bytes {
                missed = Missed::nothing(Gap::TooMuch);
            } else {
                (count, bytes) = with_it;
            }
            outcomes.push(ChannelOutcome {
                channel: channel.clone(),
                missed: missed.publications.len(),
                gap: missed.gap,
            });
            whole_from.push(missed.from);
            all.push(missed.publications);
        }
        let subscribed = joining.subscribed.iter();
        outcomes.extend(subscribed.map(|channel| ChannelOutcome {
            channel: channel.clone(),
            missed: 0,
            gap: Some(Gap::Subscribed),
        }));
        let presence = Vec::new();
        let missed = merge(all);
        (CaughtUp { place: self.place, channels: outcomes, presence, missed }, whole_from)
    }

    fn missed(
        &mut self,
        joining: &Joining<'_>,
        channel: &Channel,
        rule: Option<History>,
        catch_up: CatchUp,
        now: Instant,
    ) -> Missed {
        let Some(history) = rule else { return Missed::nothing(Gap::NoHistory) };
        let gap = match catch_up.since {
            Err(gap) => gap,
            Ok(place) if place > self.place => Gap::UnknownPosition,
            Ok(place) if self.past_run.has_crashed(place, Some(history)) => {
                return self.rest(joining, channel, place, now);
            }
            Ok(place) => match self.since(joining, channel, place, now) {
                Ok(missed) => return missed,
                Err(gap) => gap,
            },
        };
        match catch_up.last {
            None => Missed::nothing(gap),
            Some(count) => self.newest(joining, channel, count, gap),
        }
    }

    fn since(
        &mut self,
        joining: &Joining<'_>,
        channel: &Channel,
        place: Place,
        now: Instant,
    ) -> Result<Missed, Gap> {
        let nothing = Missed { from: Some(place), ..Missed::default() };
        let trimmed = |upto| self.past_run.trimmed(place, upto);
        let Some(record) = self.record(joining.namespace, Some(channel)) else {
            let forgotten = self.unrecorded_newest(joining.namespace, Some(channel));
            return if forgotten <= place { Ok(nothing) } else { Err(trimmed(forgotten)) };
        };
        let (newest, history) = (record.newest, record.history);
        if newest <= place {
            return Ok(nothing);
        }
        let history = history.ok_or_else(|| trimmed(newest))?;
        self.histories.expire_history(history, now);
        let trimmed = self.past_run.trimmed(place, self.histories.trimmed(history));
        let kept = self.histories.since(history, place).map_err(|_| trimmed)?;
        Ok(Missed::of(joining.wanted(kept), place))
    }

    /// Finds the publications after a place that a crash has left.
    fn rest(
        &mut self,
        joining: &Joining<'_>,
        channel: &Channel,
        place: Place,
        now: Instant,
    ) -> Missed {
        let record = self.record(joining.namespace, Some(channel));
        let Some(history) = record.and_then(|record| record.history) else {
            return Missed::nothing(Gap::Crash);
        };
        self.histories.expire_history(history, now);
        let (newest, _) = self.histories.newest(history, usize::MAX);
        let missed = newest.into_iter().filter(|kept| kept.place() > place);
        let from = place.max(self.histories.trimmed(history));
        Missed { gap: Some(Gap::Crash), ..Missed::of(joining.wanted(missed), from) }
    }

    fn newest(&self, joining: &Joining<'_>, channel: &Channel, count: usize, gap: Gap) -> Missed {
        let record = self.record(joining.namespace, Some(channel));
        let Some(history) = record.and_then(|record| record.history) else {
            return Missed::nothing(gap);
        };
        let count = count.min(self.histories.limits().max_recovered);
        let (newest, is_all) = self.histories.newest(history, count);
        // It has nothing that is older than the first of them.
        let Some(first) = newest.first().map(|kept| kept.place()) else {
            return Missed { gap: (!is_all).then_some(gap), ..Missed::default() };
        };
        let from = Place::new(first.number().saturating_sub(1));
        let missed = Missed::of(joining.wanted(newest), from);
        Missed { gap: (!is_all).then_some(gap), ..missed }
    }

    fn past(
        &mut self,
        namespace: &Namespace,
        channel: Option<&Channel>,
        since: Option<Place>,
        now: Instant,
    ) -> (Vec<Arc<PlacedFrame>>, bool) {
        let forgotten = self.unrecorded_newest(namespace, channel);
        let from = since.unwrap_or_default();
        let rule = self.rule(namespace, channel).flatten();
        let has_crashed = self.past_run.has_crashed(from, rule);
        let Some(record) = self.record(namespace, channel) else {
            return (Vec::new(), forgotten <= from && !has_crashed);
        };
        let (newest, Some(history)) = (record.newest, record.history) else {
            return (Vec::new(), record.newest <= from && !has_crashed);
        };
        if newest <= from {
            return (Vec::new(), !has_crashed);
        }
        self.histories.expire_history(history, now);
        let clone = |kept: &Kept| Arc::clone(&kept.publication);
        match self.histories.since(history, from) {
            Ok(kept) => (kept.map(clone).collect(), !has_crashed),
            // The rest of it.
            Err(_) => {
                let (all, _) = self.histories.newest(history, usize::MAX);
                let all = all.into_iter().filter(|kept| kept.place() > from);
                (all.map(clone).collect(), false)
            }
        }
    }
}
