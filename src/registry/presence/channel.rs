use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    mem,
    sync::Arc,
};

use tokio::time::Instant;

use super::{
    diff::{DiffContent, ListedMember, PresenceCounts, PresenceView},
    elsewhere::ChannelElsewhere,
    member::MemberState,
    timers::{TimerId, after},
};
use crate::model::{IdMap, Member, Place, PresenceOptions, SocketId};

/// The members of one channel, and what has changed since the last diff.
#[derive(Debug)]
pub(super) struct PresentChannel {
    pub(super) options: PresenceOptions,
    pub(super) sockets: IdMap<SocketId, Attendance>,
    /// Those of all servers.
    pub(super) members: HashMap<Arc<str>, MemberState>,
    /// The members that are here.
    pub(super) members_here: usize,
    /// Sockets whose members did not fit into the memory for presence.
    pub(super) unlisted: usize,
    /// The parts of other servers. Nothing, and no memory, without a cluster.
    pub(super) elsewhere: Vec<ChannelElsewhere>,
    /// The members here that the other servers have to be told, if there are any changes for them.
    pub(super) untold: Option<HashSet<Arc<str>>>,
    /// The counts in the last diff.
    last_counts: PresenceCounts,
    /// Members that have come, gone or changed since the last diff.
    changed: HashMap<Arc<str>, PendingChange>,
    /// Members were listed in the last diff. Otherwise they were only counted.
    is_listing: bool,
    /// The largest number of members that is listed.
    list_limit: usize,
    /// The timer of the next diff.
    pub(super) diff_timer: Option<TimerId>,
    /// When the last diff was taken.
    diff_at: Option<Instant>,
    /// The version of the last diff that was taken, and of the last one that was published.
    pub(super) taken: Place,
    pub(super) published: Place,
}

/// The kinds of sockets.
#[derive(Debug)]
pub(super) enum Attendance {
    Guest,
    Unlisted,
    Member(Arc<str>),
}

/// A member that has changed since the last diff.
#[derive(Debug)]
struct PendingChange {
    /// The last diff left it among the members.
    was_there: bool,
    /// It is in the next diff even if it is as it was. A snapshot has shown it otherwise.
    is_shown: bool,
}

/// The outcome of a socket's join for the others.
#[derive(Debug)]
pub(super) enum JoinOutcome {
    /// The socket is one more of a member that is there. The timer of its end is of no use any
    /// more.
    Again(Option<TimerId>),
    /// The member has other info.
    Changed(Option<TimerId>),
    /// The member is new.
    Came,
    /// Only the counts have changed.
    Counted,
}

/// The outcome of a socket's end for the others.
#[derive(Debug)]
pub(super) enum LeaveOutcome {
    /// The socket was not in the channel.
    Unchanged,
    /// Only the counts have changed.
    Counted,
    /// The member has other sockets here.
    Fewer(Arc<str>),
    /// The member has no socket here any more.
    Last(Arc<str>),
}

/// The outcome of the end of a member on one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RemoveOutcome {
    /// It was not there, or is on other servers.
    Unchanged,
    /// It is on other servers, with other info.
    Changed,
    /// It was the last server that had it.
    Went,
}

impl PresentChannel {
    /// The memory of a member beside its values.
    pub(super) const MEMBER_BYTES: usize = 200;

    pub(super) fn new(options: PresenceOptions) -> Self {
        Self {
            options,
            sockets: IdMap::default(),
            members: HashMap::new(),
            members_here: 0,
            unlisted: 0,
            elsewhere: Vec::new(),
            untold: None,
            last_counts: PresenceCounts::default(),
            changed: HashMap::new(),
            is_listing: true,
            list_limit: options.max_members,
            diff_timer: None,
            diff_at: None,
            taken: Place::default(),
            published: Place::default(),
        }
    }

    pub(super) fn counts(&self) -> PresenceCounts {
        let elsewhere = self.elsewhere.iter().map(|part| part.clients).sum::<usize>();
        PresenceCounts {
            clients: self.sockets.len() + elsewhere,
            users: self.members.len() + self.all_unlisted(),
        }
    }

    /// Members of all servers that are not listed here.
    fn all_unlisted(&self) -> usize {
        self.unlisted + self.elsewhere.iter().map(ChannelElsewhere::unlisted).sum::<usize>()
    }

    /// The memory that a member takes.
    pub(super) fn cost(member: &Member) -> usize {
        Self::MEMBER_BYTES + member.len()
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_over(&self) -> bool {
        self.sockets.is_empty()
            && self.members.is_empty()
            && self.elsewhere.is_empty()
            && self.untold.is_none()
            && self.diff_timer.is_none()
    }

    pub(super) fn has_sockets(&self) -> bool {
        !self.sockets.is_empty()
    }

    /// The bytes that the member takes now, if it is here.
    pub(super) fn cost_of(&self, id: &str) -> usize {
        let here = self.members.get(id).and_then(|present| present.here.as_ref());
        here.map_or(0, |here| Self::MEMBER_BYTES + id.len() + here.info.get().len())
    }

    /// Begins without a client that knows any member: its options are those of the first one.
    pub(super) fn begin(&mut self, options: PresenceOptions) {
        self.options = options;
        self.list_limit = options.max_members;
        self.last_counts = self.counts();
        self.changed = HashMap::new();
        self.is_listing = self.may_list(self.list_limit);
    }

    pub(super) fn join_guest(&mut self, socket: SocketId) {
        self.sockets.insert(socket, Attendance::Guest);
    }

    pub(super) fn join_unlisted(&mut self, socket: SocketId) {
        self.sockets.insert(socket, Attendance::Unlisted);
        self.unlisted += 1;
    }

    /// Adds a socket of a member. Its info replaces that of an earlier socket if `fits`.
    pub(super) fn join(&mut self, socket: SocketId, member: Member, fits: bool) -> JoinOutcome {
        self.sockets.insert(socket, Attendance::Member(Arc::clone(&member.id)));
        let id = Arc::clone(&member.id);
        match self.members.entry(Arc::clone(&id)) {
            Entry::Occupied(present) => {
                let present = present.into_mut();
                self.members_here += usize::from(present.here.is_none());
                let (is_new, timer) = present.join(member.info, fits);
                if !is_new {
                    return JoinOutcome::Again(timer);
                }
                self.note(&id, true, true);
                JoinOutcome::Changed(timer)
            }
            Entry::Vacant(place) => {
                place.insert(MemberState::new_here(member));
                self.members_here += 1;
                self.note(&id, false, false);
                JoinOutcome::Came
            }
        }
    }

    /// Removes a socket. A member that has no other one here is still there.
    pub(super) fn leave(&mut self, socket: SocketId) -> LeaveOutcome {
        match self.sockets.remove(&socket) {
            None => LeaveOutcome::Unchanged,
            Some(Attendance::Guest) => LeaveOutcome::Counted,
            Some(Attendance::Unlisted) => {
                self.unlisted -= 1;
                LeaveOutcome::Counted
            }
            Some(Attendance::Member(id)) => {
                let present = self.members.get_mut(&id).and_then(|present| present.here.as_mut());
                match present {
                    None => LeaveOutcome::Unchanged,
                    Some(here) => {
                        here.sockets -= 1;
                        if here.sockets == 0 {
                            LeaveOutcome::Last(id)
                        } else {
                            LeaveOutcome::Fewer(id)
                        }
                    }
                }
            }
        }
    }

    /// Keeps a member without sockets until a timer.
    pub(super) fn set_away(&mut self, id: &str, until: TimerId) {
        if let Some(here) = self.members.get_mut(id).and_then(|present| present.here.as_mut()) {
            here.away = Some(until);
        }
    }

    /// Removes the part of a member that is here, which has no sockets.
    pub(super) fn remove(&mut self, id: &str) -> RemoveOutcome {
        let Some(present) = self.members.get_mut(id) else { return RemoveOutcome::Unchanged };
        if present.here.take().is_none() {
            return RemoveOutcome::Unchanged;
        }
        self.members_here -= 1;
        self.after_removal(id)
    }

    /// Removes a member that no server has any more, or shows what the others say of it.
    pub(super) fn after_removal(&mut self, id: &str) -> RemoveOutcome {
        let Some(present) = self.members.get_mut(id) else { return RemoveOutcome::Unchanged };
        let id = Arc::clone(&present.shown.id);
        if present.is_over() {
            self.members.remove(&id);
            self.note(&id, true, false);
            RemoveOutcome::Went
        } else if present.show_newest() {
            self.note(&id, true, true);
            RemoveOutcome::Changed
        } else {
            RemoveOutcome::Unchanged
        }
    }

    /// Notes that a member is not as the last diff says.
    pub(super) fn note(&mut self, id: &Arc<str>, was_there: bool, is_shown: bool) {
        // Without a client, the next one begins with a list.
        if !self.is_listing || !self.has_sockets() {
            return;
        }
        let is_there = self.members.contains_key(id);
        match self.changed.entry(Arc::clone(id)) {
            Entry::Vacant(place) => {
                place.insert(PendingChange { was_there, is_shown });
            }
            Entry::Occupied(mut pending) => {
                pending.get_mut().is_shown |= is_shown;
                let PendingChange { was_there, is_shown } = *pending.get();
                if was_there == is_there && !is_shown {
                    pending.remove();
                }
            }
        }
        if self.changed.len() > self.list_limit.saturating_mul(2) {
            // More than the whole list.
            self.stop_listing();
        }
    }

    /// The time of the next diff, if one is wanted now.
    pub(super) fn next_diff(&self, now: Instant) -> Instant {
        self.diff_at.map_or(now, |at| after(at, self.options.every).max(now))
    }

    /// The members as they are now. The version is that of all diffs so far.
    pub(super) fn view(&mut self, version: Place) -> PresenceView {
        let counts = self.counts();
        let may_list = self.may_list(self.list_limit);
        if !may_list {
            // The client of this view is told the whole list when there is one again.
            self.stop_listing();
        }
        // Without a client, no diff has said that there is no list.
        let is_listed = self.is_listing || (may_list && !self.has_sockets());
        let members = is_listed.then(|| {
            self.changed.values_mut().for_each(|pending| pending.is_shown = true);
            self.list()
        });
        PresenceView { version, members, counts }
    }

    /// Takes the diff to the last one. `None`: what has changed has changed back.
    pub(super) fn take_diff(&mut self, now: Instant, version: Place) -> Option<DiffContent> {
        let counts = self.counts();
        let are_same = mem::replace(&mut self.last_counts, counts) == counts;
        self.taken = version;
        if are_same && !self.is_behind() {
            self.published = version;
            return None;
        }
        self.diff_at = Some(now);
        Some(self.content_of_diff())
    }

    /// Whether the last diff left anything else than what is there now, except for the counts.
    pub(super) fn is_behind(&self) -> bool {
        !self.changed.is_empty() || !self.is_listing
    }

    fn content_of_diff(&mut self) -> DiffContent {
        let was_listing = self.is_listing;
        if !self.may_list(self.list_limit) {
            self.stop_listing();
            return DiffContent::Counts;
        }
        if !was_listing {
            // With a distance to the limit, so that a member more or less changes nothing.
            if !self.may_list(self.list_limit - self.list_limit.div_ceil(10)) {
                return DiffContent::Counts;
            }
            self.is_listing = true;
            return DiffContent::All(self.list());
        }
        let (mut joins, mut leaves) = (Vec::new(), Vec::new());
        for (id, pending) in self.changed.drain() {
            match self.members.get(&id) {
                Some(present) if !pending.was_there || pending.is_shown => {
                    joins.push(present.shown.clone());
                }
                None if pending.was_there || pending.is_shown => leaves.push(id),
                _ => {}
            }
        }
        DiffContent::Changes { joins, leaves }
    }

    /// Lists no more members than half of those that there are, because a diff was too large.
    pub(super) fn limit_list(&mut self) {
        self.list_limit = self.members.len() / 2;
        self.stop_listing();
    }

    fn stop_listing(&mut self) {
        self.is_listing = false;
        self.changed = HashMap::new();
    }

    fn may_list(&self, limit: usize) -> bool {
        self.members.len() <= limit && self.all_unlisted() == 0
    }

    fn list(&self) -> Vec<ListedMember> {
        let listed = |present: &MemberState| ListedMember {
            member: present.shown.clone(),
            sockets: present.sockets(),
        };
        self.members.values().map(listed).collect()
    }
}
