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
    /// places of the subscriptions.
    pub(crate) fn subscribe_and_catch_up(
        &self,
        joining: &Joining<'_>,
        members: Vec<Option<JoiningMember>>,
        catch_up: CatchUp,
        answer: CatchUpAnswer,
    ) -> Vec<Place> {
        let now = Instant::now();
        let Joining { registry_id, namespace, id, channels, .. } = *joining;
        let mut state = self.0.lock_state();
        let caught_up = state.index_mut().catch_up(joining, catch_up, now);
        let mut places = Vec::with_capacity(channels.len());
        let mut all = Vec::with_capacity(channels.len() + 1);
        for ((channel, rule), member) in channels.iter().zip(members) {
            let (namespace, channel) = (namespace.clone(), channel.clone());
            all.push(state.notify(registry_id, |index| {
                places.push(index.next_place());
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
        PastPublications { publications, place, is_whole: is_whole && !is_limited }
    }

    /// The newest place.
    pub(crate) fn place(&self) -> Place {
        self.0.lock_state().index_mut().place
    }
}

impl RegistryIndex {
    /// Finds the publications that a socket has missed of the channels to which it subscribes.
    fn catch_up(&mut self, joining: &Joining<'_>, catch_up: CatchUp, now: Instant) -> CaughtUp {
        let (mut count, mut bytes) = (0, 0);
        let (mut outcomes, mut all) = (Vec::new(), Vec::new());
        for (channel, rule) in joining.channels {
            let mut missed = self.missed(joining, channel, *rule, catch_up, now);
            count += missed.publications.len();
            let costs = missed.publications.iter().map(|one| one.frame().cost());
            bytes += costs.sum::<usize>();
            let limits = self.histories.limits();
            if count > limits.max_recovered || bytes > limits.max_recovered_bytes {
                count -= missed.publications.len();
                missed = Missed::nothing(Gap::TooMuch);
            }
            outcomes.push(ChannelOutcome {
                channel: channel.clone(),
                missed: missed.publications.len(),
                gap: missed.gap,
            });
            all.push(missed.publications);
        }
        let subscribed = joining.subscribed.iter();
        outcomes.extend(subscribed.map(|channel| ChannelOutcome {
            channel: channel.clone(),
            missed: 0,
            gap: Some(Gap::Subscribed),
        }));
        let presence = Vec::new();
        CaughtUp { place: self.place, channels: outcomes, presence, missed: merge(all) }
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
        let Joining { namespace, id, is_in, .. } = *joining;
        let Some(record) = self.record(namespace, Some(channel)) else {
            let is_whole = self.histories.forgotten() <= place;
            return if is_whole { Ok(Missed::default()) } else { Err(Gap::Trimmed) };
        };
        let (newest, history) = (record.newest, record.history);
        if newest <= place {
            return Ok(Missed::default());
        }
        let history = history.ok_or(Gap::Trimmed)?;
        self.histories.expire_history(history, now);
        let kept = self.histories.since(history, place)?;
        Ok(Missed::of(kept.filter(|kept| kept.is_for(id, is_in))))
    }

    /// Finds the publications after a place that a crash has left.
    fn rest(
        &mut self,
        joining: &Joining<'_>,
        channel: &Channel,
        place: Place,
        now: Instant,
    ) -> Missed {
        let Joining { namespace, id, is_in, .. } = *joining;
        let record = self.record(namespace, Some(channel));
        let Some(history) = record.and_then(|record| record.history) else {
            return Missed::nothing(Gap::Crash);
        };
        self.histories.expire_history(history, now);
        let (newest, _) = self.histories.newest(history, usize::MAX);
        let missed = newest.into_iter().filter(|kept| kept.place() > place);
        let missed = Missed::of(missed.filter(|kept| kept.is_for(id, is_in)));
        Missed { gap: Some(Gap::Crash), ..missed }
    }

    fn newest(&self, joining: &Joining<'_>, channel: &Channel, count: usize, gap: Gap) -> Missed {
        let Joining { namespace, id, is_in, .. } = *joining;
        let record = self.record(namespace, Some(channel));
        let Some(history) = record.and_then(|record| record.history) else {
            return Missed::nothing(gap);
        };
        let count = count.min(self.histories.limits().max_recovered);
        let (newest, is_all) = self.histories.newest(history, count);
        let missed = Missed::of(newest.into_iter().filter(|kept| kept.is_for(id, is_in)));
        Missed { gap: (!is_all).then_some(gap), ..missed }
    }

    fn past(
        &mut self,
        namespace: &Namespace,
        channel: Option<&Channel>,
        since: Option<Place>,
        now: Instant,
    ) -> (Vec<Arc<PlacedFrame>>, bool) {
        let forgotten = self.histories.forgotten();
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
