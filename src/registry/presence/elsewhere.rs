use std::sync::Arc;

use super::{
    ServerKey,
    channel::{PresentChannel, RemoveOutcome},
    member::{MemberElsewhere, MemberState},
    told::{ChannelMembers, ServerMember},
};
use crate::model::{Channel, Namespace};

/// The part of a channel that another server has.
#[derive(Debug)]
pub(super) struct ChannelElsewhere {
    pub(super) server: ServerKey,
    /// Its sockets there, and its members, those included that are not listed.
    pub(super) clients: usize,
    users: usize,
    /// Those of them that the server does not list.
    unlisted_there: usize,
    /// There was no memory here for some of them.
    has_refused: bool,
    /// The members that are listed here, and their sockets.
    listed: usize,
    listed_sockets: usize,
    /// The newest account of the server that has named the channel.
    pub(super) mark: u32,
}

impl ChannelElsewhere {
    pub(super) fn new(server: ServerKey, mark: u32) -> Self {
        Self {
            server,
            clients: 0,
            users: 0,
            unlisted_there: 0,
            has_refused: false,
            listed: 0,
            listed_sockets: 0,
            mark,
        }
    }

    /// Its members that there was no memory for, here or there. Those that this server has missed
    /// do not count: it will know them soon.
    pub(super) fn unlisted(&self) -> usize {
        let missing = if self.has_refused { self.users.saturating_sub(self.listed) } else { 0 };
        missing.max(self.unlisted_there)
    }

    /// The numbers that clients are told beside the members: sockets without one, and unlisted
    /// members.
    fn uncommon(&self) -> (usize, usize) {
        (self.clients.saturating_sub(self.listed_sockets), self.unlisted())
    }

    fn is_over(&self) -> bool {
        self.clients == 0 && self.users == 0 && self.listed == 0
    }

    /// A member is in the list, or left out of it, that was not there.
    fn add(&mut self, is_listed: bool, sockets: usize) {
        self.users += 1;
        if is_listed {
            self.listed += 1;
            self.listed_sockets += sockets;
        } else {
            self.has_refused = true;
        }
    }

    /// The numbers of the server, which it tells with the last part of the channel.
    fn set_counts(&mut self, (clients, users): (usize, usize), unlisted: usize) {
        (self.clients, self.users, self.unlisted_there) = (clients, users, unlisted);
        self.has_refused &= self.listed < users.saturating_sub(unlisted);
    }

    fn remove(&mut self, part: &MemberElsewhere) {
        self.users = self.users.saturating_sub(1);
        self.listed -= 1;
        self.listed_sockets -= part.sockets;
    }
}

/// The effects of an account of another server on a channel.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) came: Vec<Arc<str>>,
    pub(super) went: Vec<Arc<str>>,
    /// Members with other info, or counts that clients are told by themselves.
    pub(super) has_changed: bool,
    /// Members that there was no memory for.
    pub(super) refused: usize,
    /// The part of the server is over.
    pub(super) is_over: bool,
}

impl Effects {
    pub(super) fn are_shown(&self) -> bool {
        self.has_changed || !self.came.is_empty() || !self.went.is_empty()
    }

    fn removed(&mut self, id: &Arc<str>, outcome: RemoveOutcome) {
        match outcome {
            RemoveOutcome::Unchanged => {}
            RemoveOutcome::Changed => self.has_changed = true,
            RemoveOutcome::Went => self.went.push(Arc::clone(id)),
        }
    }
}

/// The members of other servers.
impl PresentChannel {
    fn part_of(&mut self, server: ServerKey) -> Option<&mut ChannelElsewhere> {
        self.elsewhere.iter_mut().find(|part| part.server == server)
    }

    pub(super) fn has_part_of(&self, server: ServerKey) -> bool {
        self.elsewhere.iter().any(|part| part.server == server)
    }

    /// Takes up what another server says, of which the channel has a part. `bytes`: the memory of
    /// all members, and its limit.
    pub(super) fn take_up(
        &mut self,
        server: ServerKey,
        mark: u32,
        told: ChannelMembers,
        bytes: (&mut usize, usize),
    ) -> Effects {
        let mut effects = Effects::default();
        let Some(part) = self.part_of(server) else { return effects };
        part.mark = mark;
        let before = part.uncommon();
        for id in told.leaves {
            self.leave_elsewhere(server, &id, bytes.0, &mut effects);
        }
        for member in told.joins {
            self.join_elsewhere(server, mark, member, (&mut *bytes.0, bytes.1), &mut effects);
        }
        if told.is_whole {
            self.leave_unless(server, Some(mark), bytes.0, &mut effects);
        }
        if let Some(part) = self.part_of(server) {
            if let Some(counts) = told.counts {
                part.set_counts(counts, told.unlisted);
            }
            effects.has_changed |= part.uncommon() != before;
            effects.is_over = part.is_over();
        }
        effects
    }

    fn join_elsewhere(
        &mut self,
        server: ServerKey,
        mark: u32,
        member: ServerMember,
        (bytes, max_bytes): (&mut usize, usize),
        effects: &mut Effects,
    ) {
        let ServerMember { id, info, sockets, revision } = member;
        let cost = Self::MEMBER_BYTES + id.len() + info.get().len();
        let Some(at) = self.elsewhere.iter().position(|part| part.server == server) else { return };
        let present = self.members.get_mut(&id);
        let known =
            present.and_then(|present| Some((present.part_of(server)?.info.clone(), present)));
        if let Some((old, present)) = known {
            let fits = *bytes - old.get().len() + info.get().len() <= max_bytes;
            let Some(part) = present.part_of(server) else { return };
            let channel_part = &mut self.elsewhere[at];
            channel_part.listed_sockets = channel_part.listed_sockets - part.sockets + sockets;
            (part.sockets, part.mark) = (sockets, mark);
            if fits || info.get() == old.get() {
                *bytes = *bytes - old.get().len() + info.get().len();
                (part.info, part.revision) = (info, revision);
            }
            if present.show_newest() {
                self.note(&id, true, true);
                effects.has_changed = true;
            }
            return;
        }
        let fits = *bytes + cost <= max_bytes;
        self.elsewhere[at].add(fits, sockets);
        if !fits {
            effects.refused += 1;
            return;
        }
        *bytes += cost;
        let part = MemberElsewhere { server, info, revision, sockets, mark };
        match self.members.get_mut(&id) {
            None => {
                self.members.insert(Arc::clone(&id), MemberState::new_elsewhere(id.clone(), part));
                self.note(&id, false, false);
                effects.came.push(id);
            }
            Some(present) => {
                present.elsewhere.push(part);
                if present.show_newest() {
                    self.note(&id, true, true);
                    effects.has_changed = true;
                }
            }
        }
    }

    fn leave_elsewhere(
        &mut self,
        server: ServerKey,
        id: &Arc<str>,
        bytes: &mut usize,
        effects: &mut Effects,
    ) {
        let present = self.members.get_mut(id);
        let Some(gone) = present.and_then(|present| present.take_part_of(server)) else {
            // It was not listed here. The counts say so.
            return;
        };
        *bytes -= Self::MEMBER_BYTES + id.len() + gone.info.get().len();
        if let Some(part) = self.part_of(server) {
            part.remove(&gone);
        }
        let outcome = self.after_removal(id);
        effects.removed(id, outcome);
    }

    /// Removes the members of a server that it has not named in its account of this mark. `None`:
    /// all of them.
    fn leave_unless(
        &mut self,
        server: ServerKey,
        mark: Option<u32>,
        bytes: &mut usize,
        effects: &mut Effects,
    ) {
        let is_left = |present: &MemberState| {
            let part = present.elsewhere.iter().find(|part| part.server == server);
            part.is_some_and(|part| mark != Some(part.mark))
        };
        let left = self.members.iter().filter(|(_, present)| is_left(present));
        let left: Vec<_> = left.map(|(id, _)| Arc::clone(id)).collect();
        for id in left {
            self.leave_elsewhere(server, &id, bytes, effects);
        }
    }

    /// Forgets all that a server has here.
    pub(super) fn forget(&mut self, server: ServerKey, bytes: &mut usize) -> Effects {
        let mut effects = Effects { is_over: true, ..Effects::default() };
        self.leave_unless(server, None, bytes, &mut effects);
        if let Some(part) = self.part_of(server) {
            effects.has_changed |= part.uncommon() != (0, 0);
        }
        effects
    }

    pub(super) fn remove_part_of(&mut self, server: ServerKey) {
        self.elsewhere.retain(|part| part.server != server);
        if self.elsewhere.is_empty() {
            self.elsewhere = Vec::new();
        }
    }

    /// Whether this server has anything of the channel.
    pub(super) fn is_here(&self) -> bool {
        self.has_sockets() || self.members_here > 0
    }

    /// The whole part of this server, or what the others have not been told of it yet.
    pub(super) fn tell(
        &mut self,
        namespace: &Namespace,
        channel: &Channel,
        is_whole: bool,
    ) -> ChannelMembers {
        let mut told = ChannelMembers::new(namespace.clone(), channel.clone());
        told.max_members = self.options.max_members;
        told.counts = Some((self.sockets.len(), self.members_here + self.unlisted));
        told.unlisted = self.unlisted;
        told.is_whole = is_whole;
        if is_whole {
            told.joins = self.members.values().filter_map(member_here).collect();
        } else {
            for id in self.untold.take().unwrap_or_default() {
                match self.members.get(&id).and_then(member_here) {
                    Some(member) => told.joins.push(member),
                    None => told.leaves.push(id),
                }
            }
        }
        told
    }
}

fn member_here(present: &MemberState) -> Option<ServerMember> {
    let here = present.here.as_ref()?;
    let (id, info) = (Arc::clone(&present.shown.id), Arc::clone(&here.info));
    Some(ServerMember { id, info, sockets: here.sockets, revision: here.revision })
}
