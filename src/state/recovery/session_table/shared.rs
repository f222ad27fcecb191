//! Sessions that the servers of a cluster hand on to each other.

use std::time::Duration;

use tokio::{sync::oneshot, time::Instant};

use super::{Claim, Claimant, EndedSession, Entry, SessionTable};
use crate::{
    model::{PrivateId, SocketId},
    socket::SocketAbsence,
};

/// Where a session is, as far as this server knows.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Whereabouts {
    /// It is here, and no other server can take it.
    Here,
    /// It is away here, and any server can take it.
    Kept,
    /// It is not here.
    Elsewhere,
}

impl SessionTable {
    pub(in super::super) fn whereabouts(&self, pid: &PrivateId) -> Whereabouts {
        match self.by_pid.get(pid) {
            None => Whereabouts::Elsewhere,
            Some(Entry::Away(session)) if session.is_kept => Whereabouts::Kept,
            Some(_) => Whereabouts::Here,
        }
    }

    /// The session of a socket that is away and that no client has claimed, with the time that it
    /// has left, to be given to the cluster.
    pub(in super::super) fn unclaimed(
        &self,
        pid: &PrivateId,
        now: Instant,
    ) -> Option<(&SocketAbsence, Duration)> {
        match self.by_pid.get(pid)? {
            Entry::Away(session) if session.claim.is_none() => {
                Some((&session.absence, session.expires.0.saturating_duration_since(now)))
            }
            _ => None,
        }
    }

    /// Notes whether the cluster has a session that is away here.
    pub(in super::super) fn set_kept(&mut self, pid: &PrivateId, is_kept: bool) {
        if let Some(Entry::Away(session)) = self.by_pid.get_mut(pid) {
            session.is_kept = is_kept;
        }
    }

    /// Whether a socket is away here.
    pub(in super::super) fn is_away(&self, pid: &PrivateId, id: SocketId) -> bool {
        match self.by_pid.get(pid) {
            Some(Entry::Away(session)) => session.absence.id == id,
            _ => false,
        }
    }

    /// Takes a socket that another server has kept. Returns what had to end for it.
    pub(in super::super) fn take_in(
        &mut self,
        absence: SocketAbsence,
        now: Instant,
    ) -> Vec<EndedSession> {
        self.insert(absence, self.limits.window, None, now);
        self.shrink()
    }

    /// Takes out a session that another server has taken.
    pub(in super::super) fn taken(&mut self, pid: &PrivateId) -> Option<SocketAbsence> {
        let is_kept = self.whereabouts(pid) == Whereabouts::Kept;
        is_kept.then(|| self.remove(pid)).flatten()
    }

    /// Claims a session for another server. One that the cluster has is not given away twice.
    pub(in super::super) fn hand_over(&mut self, pid: &PrivateId) -> Claim {
        self.turns += 1;
        let claimant = Claimant { turn: self.turns, opened: std::time::Instant::now() };
        match self.by_pid.get_mut(pid) {
            Some(Entry::Live { socket, waiter, .. }) => {
                let (sender, ended) = oneshot::channel();
                *waiter = Some((claimant, sender));
                Claim::Living(claimant.turn, *socket, ended)
            }
            Some(Entry::Away(session)) if !session.is_kept => {
                session.claim = Some(claimant);
                self.queue.remove(&session.expires);
                Claim::Away(claimant.turn)
            }
            _ => Claim::Nothing,
        }
    }
}
