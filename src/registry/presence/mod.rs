//! The members of channels whose routes declare presence.
//!
//! [`PresenceTable`] is a part of what the sequencer's lock protects, because joins and leaves have
//! an order there and nowhere else. It gets the time from its callers, runs no code of the
//! application, and serializes nothing. Changes are collected, and one task for all channels takes
//! them as diffs when their time has come.

mod channel;
mod cluster;
mod cluster_presence;
mod diff;
mod elsewhere;
mod indexed;
mod leaving;
mod member;
mod ordered;
mod receiver;
mod timers;
mod told;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use channel::{JoinOutcome, PresentChannel};
use cluster::{PresenceOfCluster, ServerKey};
pub use cluster_presence::ClusterPresence;
pub(crate) use diff::{DiffContent, ListedMember, PresenceCounts, PresenceDiff, PresenceView};
pub(crate) use receiver::DiffReceiver;
use timers::{Timer, TimerTask, Timers};
use tokio::{sync::Notify, time::Instant};
pub use told::{ChannelMembers, ServerMember};

use super::{Change, ChangeSender};
use crate::{
    model::{Channel, JoiningMember, Namespace, Place, SocketId},
    stats::{Counters, RefusalKind},
};

/// Members and timers that are handled before others may have the lock.
const COST_OF_TURN: usize = 256;

/// The members of all channels with presence.
///
/// It relies on its callers: a socket joins and leaves a channel by turns.
#[derive(Debug)]
pub(super) struct PresenceTable {
    namespaces: HashMap<Namespace, HashMap<Channel, PresentChannel>>,
    timers: Timers,
    /// The memory of all members.
    bytes: usize,
    max_bytes: usize,
    /// The task that takes the diffs sleeps until then.
    sleeps_until: Option<Instant>,
    /// Wakes it before that.
    due: Arc<Notify>,
    /// Some diffs have been published, or have turned out to be none.
    published: Arc<Notify>,
    /// If the server shares its members with others.
    cluster: Option<Box<PresenceOfCluster>>,
    changes: ChangeSender,
    counters: Arc<Counters>,
}

/// The diffs whose time has come.
#[derive(Debug)]
pub(super) struct DueDiffs {
    diffs: Vec<PresenceDiff>,
    /// When to ask again. `None`: when a socket joins or leaves.
    next: Option<Instant>,
}

/// The tasks of the presence to wake, once the lock is free.
#[derive(Debug, Default)]
pub(super) struct PresenceWakeUps {
    diff: Option<Arc<Notify>>,
    cluster: Option<Arc<Notify>>,
}

impl PresenceWakeUps {
    pub(super) fn wake(self) {
        for task in [self.diff, self.cluster].into_iter().flatten() {
            task.notify_one();
        }
    }
}

impl PresenceTable {
    /// `max_bytes`: the memory that all members may take.
    pub(super) fn new(max_bytes: usize, changes: ChangeSender, counters: Arc<Counters>) -> Self {
        Self {
            namespaces: HashMap::new(),
            timers: Timers::default(),
            bytes: 0,
            max_bytes,
            sleeps_until: None,
            due: Arc::default(),
            published: Arc::default(),
            cluster: None,
            changes,
            counters,
        }
    }

    /// Whether no channel has presence. Then nothing else has to be looked up.
    pub(super) fn is_empty(&self) -> bool {
        self.namespaces.is_empty()
    }

    /// Adds a socket that joins a channel.
    pub(super) fn join(
        &mut self,
        now: Instant,
        namespace: &Namespace,
        channel: &Channel,
        socket: SocketId,
        joining: JoiningMember,
    ) {
        let JoiningMember { options, member } = joining;
        let channels = self.namespaces.entry(namespace.clone()).or_default();
        let present =
            channels.entry(channel.clone()).or_insert_with(|| PresentChannel::new(options));
        if !present.has_sockets() {
            present.begin(options);
        }
        let told = member.as_ref().map(|member| Arc::clone(&member.id));
        let join = match member {
            None => {
                present.join_guest(socket);
                JoinOutcome::Counted
            }
            Some(member) => {
                let (before, cost) = (present.cost_of(&member.id), PresentChannel::cost(&member));
                let fits = self.bytes - before + cost <= self.max_bytes;
                if !fits && !present.members.contains_key(&member.id) {
                    self.counters.refused.add(RefusalKind::PresenceBytes);
                    present.join_unlisted(socket);
                    JoinOutcome::Counted
                } else {
                    let id = Arc::clone(&member.id);
                    let join = present.join(socket, member, fits);
                    self.bytes = self.bytes - before + present.cost_of(&id);
                    if matches!(join, JoinOutcome::Came) {
                        self.counters.members.up();
                        self.changes.send(|| Change::Came {
                            namespace: namespace.clone(),
                            channel: channel.clone(),
                            member: id.to_string(),
                        });
                    }
                    join
                }
            }
        };
        if let JoinOutcome::Again(Some(timer)) | JoinOutcome::Changed(Some(timer)) = join {
            self.timers.remove(timer);
        }
        if !matches!(join, JoinOutcome::Again(_)) {
            self.schedule_diff(now, namespace, channel);
        }
        self.note_untold(namespace, channel, told);
    }

    fn channel(&mut self, namespace: &Namespace, channel: &Channel) -> Option<&mut PresentChannel> {
        self.namespaces.get_mut(namespace)?.get_mut(channel)
    }

    /// Sets the timer of the next diff, unless it is set.
    fn schedule_diff(&mut self, now: Instant, namespace: &Namespace, channel: &Channel) {
        let Some(present) = self.namespaces.get_mut(namespace).and_then(|all| all.get_mut(channel))
        else {
            return;
        };
        // Without subscribers, no client would receive it. The next one asks for a snapshot.
        if present.diff_timer.is_none() && present.has_sockets() {
            let timer = Timer {
                namespace: namespace.clone(),
                channel: channel.clone(),
                task: TimerTask::Diff,
            };
            present.diff_timer = Some(self.timers.add(present.next_diff(now), timer));
        }
    }

    fn forget_if_over(&mut self, namespace: &Namespace, channel: &Channel) {
        let Entry::Occupied(mut channels) = self.namespaces.entry(namespace.clone()) else {
            return;
        };
        let Entry::Occupied(mut present) = channels.get_mut().entry(channel.clone()) else {
            return;
        };
        if !present.get().has_sockets()
            && let Some(timer) = present.get_mut().diff_timer.take()
        {
            self.timers.remove(timer);
        }
        if present.get().is_over() {
            present.remove();
            if channels.get().is_empty() {
                channels.remove();
            }
        }
    }

    /// The signals for the tasks that have something to do.
    fn take_wake_ups(&mut self) -> PresenceWakeUps {
        PresenceWakeUps { diff: self.take_wake_up(), cluster: self.take_cluster_wake_up() }
    }

    /// The signal for the task that takes the diffs, if a timer is due before it would wake.
    fn take_wake_up(&mut self) -> Option<Arc<Notify>> {
        let next = self.timers.next();
        let is_earlier = match (next, self.sleeps_until) {
            (Some(next), Some(until)) => next < until,
            (next, None) => next.is_some(),
            (None, Some(_)) => false,
        };
        if is_earlier {
            self.sleeps_until = next;
        }
        is_earlier.then(|| Arc::clone(&self.due))
    }

    /// Ends the members whose time is over, and takes the diffs that are due. It does a part of
    /// it: ask again if `next` has passed.
    ///
    /// `place` is the newest place in the order. Each diff takes the next one as its version.
    pub(super) fn take_due(&mut self, now: Instant, place: &mut Place) -> DueDiffs {
        let (mut diffs, mut cost) = (Vec::new(), 0);
        while cost < COST_OF_TURN {
            let Some(Timer { namespace, channel, task }) = self.timers.take_due(now) else { break };
            cost += 1;
            match task {
                TimerTask::End(id) => {
                    self.remove(now, &namespace, &channel, &id);
                    self.note_untold(&namespace, &channel, Some(id));
                }
                TimerTask::Diff => {
                    if let Some(diff) = self.take_diff(now, place, &namespace, &channel) {
                        cost += diff.content.len();
                        diffs.push(diff);
                    }
                }
            }
            self.forget_if_over(&namespace, &channel);
        }
        self.sleeps_until = self.timers.next();
        self.published.notify_waiters();
        DueDiffs { diffs, next: self.sleeps_until }
    }

    fn take_diff(
        &mut self,
        now: Instant,
        place: &mut Place,
        namespace: &Namespace,
        channel: &Channel,
    ) -> Option<PresenceDiff> {
        let present = self.channel(namespace, channel)?;
        present.diff_timer = None;
        *place = place.next();
        let version = *place;
        let content = present.take_diff(now, version)?;
        let counts = present.counts();
        let (namespace, channel) = (namespace.clone(), channel.clone());
        Some(PresenceDiff { namespace, channel, version, content, counts })
    }

    /// Notes that a diff has its place among the publications. `is_too_large`: it had none, because
    /// no outbox could take it. A smaller one follows.
    pub(super) fn set_published(
        &mut self,
        now: Instant,
        namespace: &Namespace,
        channel: &Channel,
        version: Place,
        is_too_large: bool,
    ) {
        self.published.notify_waiters();
        let Some(present) = self.channel(namespace, channel) else { return };
        present.published = present.published.max(version);
        if is_too_large {
            present.limit_list();
            self.schedule_diff(now, namespace, channel);
        }
    }

    /// The members of a channel now, with the newest place in the order as its version. `None`: it
    /// has no presence, or no member and no subscriber.
    pub(super) fn view(
        &mut self,
        place: Place,
        namespace: &Namespace,
        channel: &Channel,
    ) -> Option<PresenceView> {
        self.channel(namespace, channel).map(|present| present.view(place))
    }

    /// How many are in a channel now.
    pub(super) fn counts(&self, namespace: &Namespace, channel: &Channel) -> PresenceCounts {
        let present = self.namespaces.get(namespace).and_then(|channels| channels.get(channel));
        present.map_or_else(PresenceCounts::default, PresentChannel::counts)
    }

    /// The version of the last diff of a channel that was published. `None`: no member and no
    /// subscriber is left.
    fn published_version(&self, namespace: &Namespace, channel: &Channel) -> Option<Place> {
        self.namespaces.get(namespace)?.get(channel).map(|present| present.published)
    }

    /// The least version of a diff that has all changes of a channel until now.
    fn version_of_all(&self, namespace: &Namespace, channel: &Channel) -> Option<Place> {
        let present = self.namespaces.get(namespace)?.get(channel)?;
        let is_due = present.diff_timer.is_some();
        Some(if is_due { present.taken.next() } else { present.taken })
    }
}

impl Drop for PresenceTable {
    fn drop(&mut self) {
        // The tasks end with the server.
        self.due.notify_one();
        if let Some(cluster) = &self.cluster {
            cluster.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
