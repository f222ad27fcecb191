use std::{cmp::Ordering, sync::Arc};

use serde_json::value::RawValue;

use super::{ServerKey, timers::TimerId};
use crate::model::Member;

/// A member of a channel: its sockets on this server, and on the others of a cluster.
#[derive(Debug)]
pub(super) struct MemberState {
    /// The info that is shown is the newest one.
    pub(super) shown: Member,
    pub(super) revision: u64,
    pub(super) here: Option<MemberHere>,
    /// Nothing, and no memory, without a cluster. The others come in no order.
    pub(super) elsewhere: Vec<MemberElsewhere>,
}

/// The part of a member that this server has.
#[derive(Debug)]
pub(super) struct MemberHere {
    pub(super) info: Arc<RawValue>,
    pub(super) revision: u64,
    pub(super) sockets: usize,
    /// Without sockets: the timer at which it has gone.
    pub(super) away: Option<TimerId>,
}

/// The part of a member that another server has.
#[derive(Debug)]
pub(super) struct MemberElsewhere {
    pub(super) server: ServerKey,
    pub(super) info: Arc<RawValue>,
    pub(super) revision: u64,
    pub(super) sockets: usize,
    /// The newest account of the server that has named it.
    pub(super) mark: u32,
}

/// Compares two infos of one member: the newer one is greater. Servers that have changed it at the
/// same time agree on one by its text, since they have no clock in common.
fn compare(one: (u64, &RawValue), other: (u64, &RawValue)) -> Ordering {
    one.0.cmp(&other.0).then_with(|| one.1.get().cmp(other.1.get()))
}

impl MemberState {
    /// A member with its first socket, which is here.
    pub(super) fn new_here(member: Member) -> Self {
        let info = Arc::clone(&member.info);
        let here = MemberHere { info, revision: 0, sockets: 1, away: None };
        Self { shown: member, revision: 0, here: Some(here), elsewhere: Vec::new() }
    }

    pub(super) fn new_elsewhere(id: Arc<str>, part: MemberElsewhere) -> Self {
        let shown = Member { id, info: Arc::clone(&part.info) };
        Self { shown, revision: part.revision, here: None, elsewhere: vec![part] }
    }

    pub(super) fn sockets(&self) -> usize {
        let elsewhere = self.elsewhere.iter().map(|part| part.sockets).sum::<usize>();
        elsewhere + self.here.as_ref().map_or(0, |here| here.sockets)
    }

    /// Adds a socket that is here. Returns whether the info is another one now, and the timer of
    /// the member's end, which is of no use any more. `fits`: there is memory for its info.
    pub(super) fn join(&mut self, info: Arc<RawValue>, fits: bool) -> (bool, Option<TimerId>) {
        let is_new = fits && info.get() != self.shown.info.get();
        let info = if is_new { info } else { Arc::clone(&self.shown.info) };
        self.revision = self.revision.saturating_add(u64::from(is_new));
        let here = self.here.get_or_insert_with(|| MemberHere {
            info: Arc::clone(&info),
            revision: 0,
            sockets: 0,
            away: None,
        });
        here.sockets += 1;
        (here.info, here.revision) = (Arc::clone(&info), self.revision);
        self.shown.info = info;
        (is_new, here.away.take())
    }

    pub(super) fn part_of(&mut self, server: ServerKey) -> Option<&mut MemberElsewhere> {
        self.elsewhere.iter_mut().find(|part| part.server == server)
    }

    /// Removes the part of another server.
    pub(super) fn take_part_of(&mut self, server: ServerKey) -> Option<MemberElsewhere> {
        let at = self.elsewhere.iter().position(|part| part.server == server)?;
        let part = self.elsewhere.swap_remove(at);
        if self.elsewhere.is_empty() {
            self.elsewhere = Vec::new();
        }
        Some(part)
    }

    /// Whether no server has it.
    pub(super) fn is_over(&self) -> bool {
        self.here.is_none() && self.elsewhere.is_empty()
    }

    /// Shows the newest info of those that servers have now. Returns whether it is another one.
    pub(super) fn show_newest(&mut self) -> bool {
        let here = self.here.iter().map(|here| (here.revision, &here.info));
        let elsewhere = self.elsewhere.iter().map(|part| (part.revision, &part.info));
        let newest = here.chain(elsewhere).max_by(|a, b| compare((a.0, a.1), (b.0, b.1)));
        let Some((revision, info)) = newest else { return false };
        let is_other = info.get() != self.shown.info.get();
        self.revision = revision;
        if is_other {
            self.shown.info = Arc::clone(info);
        }
        is_other
    }
}
