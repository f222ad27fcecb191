mod shared;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

pub(super) use shared::Whereabouts;

use crate::{
    model::{Channel, IdMap, Namespace, PrivateId, SocketId},
    registry::{Audience, ChannelEnd},
    socket::SocketAbsence,
    stats::SessionEndKind,
};

/// The sockets that are away, and the living ones that may come back, by the secret id of each.
///
/// It is plain data: the clock is passed in, and what ends is returned.
pub(super) struct SessionTable {
    by_pid: IdMap<PrivateId, Entry>,
    /// Those that are away.
    by_id: IdMap<SocketId, PrivateId>,
    /// Those that are away and wait for their client, the oldest first.
    queue: BTreeMap<(Instant, u64), PrivateId>,
    turns: u64,
    bytes: usize,
    limits: SessionLimits,
}

/// The bounds of what is away.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionLimits {
    pub(crate) window: Duration,
    pub(crate) max_away: usize,
    pub(crate) max_bytes: usize,
}

enum Entry {
    /// Its socket is alive. A client that comes back waits for its end.
    Live {
        socket: SocketId,
        namespace: Namespace,
        /// When its connection was opened.
        opened: Opened,
        waiter: Option<Waiter>,
    },
    Away(Box<AwaySession>),
}

/// When the connection of a client was opened. A client opens one when it has lost the one before,
/// so an earlier one is dead, however late the server reads what it has sent.
type Opened = std::time::Instant;

/// A connection that has come back for a session.
#[derive(Debug, Clone, Copy)]
struct Claimant {
    /// The number of its claim.
    turn: u64,
    opened: Opened,
}

/// A client that waits for the end of a living socket, and how it hears of the end.
type Waiter = (Claimant, oneshot::Sender<()>);

struct AwaySession {
    absence: SocketAbsence,
    bytes: usize,
    /// Its place in the queue.
    expires: (Instant, u64),
    /// A client has come back for it, and waits for its turn.
    claim: Option<Claimant>,
    /// A cluster has it, too, for whichever server takes it.
    is_kept: bool,
}

impl AwaySession {
    fn is_claimed_by(&self, claim: u64) -> bool {
        self.claim.is_some_and(|claimant| claimant.turn == claim)
    }
}

/// The outcome for a client that shows a secret id.
pub(super) enum Claim {
    /// There is no such session, or another client has it.
    Nothing,
    /// It is the client's, by this number, until it is taken or given back.
    Away(u64),
    /// The client has to wait for the end of a living socket.
    Living(u64, SocketId, oneshot::Receiver<()>),
}

/// A session that ended, and why.
pub(super) type EndedSession = (SocketAbsence, SessionEndKind);

impl SessionTable {
    pub(super) fn new(limits: SessionLimits) -> Self {
        Self {
            by_pid: HashMap::default(),
            by_id: HashMap::default(),
            queue: BTreeMap::new(),
            turns: 0,
            bytes: 0,
            limits,
        }
    }

    /// The number of sockets that are away, and their bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.by_id.len(), self.bytes)
    }

    /// A socket is alive that may come back. Returns whether a client waits for its end already.
    pub(super) fn enter(
        &mut self,
        pid: PrivateId,
        socket: SocketId,
        namespace: Namespace,
        opened: Opened,
    ) -> bool {
        let entry = self.by_pid.entry(pid);
        let entry = entry.or_insert(Entry::Live { socket, namespace, opened, waiter: None });
        matches!(entry, Entry::Live { waiter: Some(_), .. })
    }

    /// Takes a session out for a socket that comes back. It counts as alive from now on, so that
    /// there is no moment in which another connection of the client does not find it.
    pub(super) fn revive(&mut self, pid: &PrivateId, claim: u64) -> Option<SocketAbsence> {
        let opened = self.session(pid, claim)?.claim?.opened;
        let absence = self.remove(pid)?;
        let (socket, namespace) = (absence.id, absence.namespace.clone());
        self.by_pid.insert(*pid, Entry::Live { socket, namespace, opened, waiter: None });
        Some(absence)
    }

    /// A socket has ended for good.
    pub(super) fn leave(&mut self, pid: &PrivateId) {
        if matches!(self.by_pid.get(pid), Some(Entry::Live { .. })) {
            self.by_pid.remove(pid);
        }
    }

    /// Puts a socket aside that was alive. Returns what had to end for it.
    pub(super) fn put_aside(&mut self, absence: SocketAbsence, now: Instant) -> Vec<EndedSession> {
        let pid = absence.pid;
        let Some(Entry::Live { waiter, .. }) = self.by_pid.remove(&pid) else {
            return vec![(absence, SessionEndKind::Takeover)];
        };
        let claim = waiter.and_then(|(claim, waiter)| waiter.send(()).is_ok().then_some(claim));
        self.insert(absence, self.limits.window, claim, now);
        self.shrink()
    }

    /// Whether a session has one of the ids of a socket.
    pub(super) fn knows(&self, absence: &SocketAbsence) -> bool {
        self.by_pid.contains_key(&absence.pid) || self.by_id.contains_key(&absence.id)
    }

    /// Takes a socket that was away when the previous run ended. Returns what had to end for it.
    pub(super) fn take_up(
        &mut self,
        absence: SocketAbsence,
        rest: Duration,
        now: Instant,
    ) -> Vec<EndedSession> {
        // A wrong clock gives it no more time than others have.
        self.insert(absence, rest.min(self.limits.window), None, now);
        self.shrink()
    }

    /// Those that are away, each with the time that it has left.
    pub(super) fn away(&self, now: Instant) -> impl Iterator<Item = (&SocketAbsence, Duration)> {
        self.by_pid.values().filter_map(move |entry| match entry {
            Entry::Away(session) => {
                let rest = session.expires.0.saturating_duration_since(now);
                Some((&session.absence, rest))
            }
            Entry::Live { .. } => None,
        })
    }

    fn insert(
        &mut self,
        absence: SocketAbsence,
        rest: Duration,
        claim: Option<Claimant>,
        now: Instant,
    ) {
        let pid = absence.pid;
        self.turns += 1;
        // No clock reaches such an age.
        let expires = now.checked_add(rest).unwrap_or(now);
        let expires = (expires, self.turns);
        let bytes = absence.bytes();
        self.bytes += bytes;
        self.by_id.insert(absence.id, pid);
        if claim.is_none() {
            self.queue.insert(expires, pid);
        }
        let session = AwaySession { absence, bytes, expires, claim, is_kept: false };
        self.by_pid.insert(pid, Entry::Away(Box::new(session)));
    }

    /// Ends the oldest sessions while there are too many.
    fn shrink(&mut self) -> Vec<EndedSession> {
        let mut ended = Vec::new();
        loop {
            let kind = if self.by_id.len() > self.limits.max_away {
                SessionEndKind::Count
            } else if self.bytes > self.limits.max_bytes {
                SessionEndKind::Bytes
            } else {
                return ended;
            };
            let Some((_, pid)) = self.queue.first_key_value() else { return ended };
            let pid = *pid;
            ended.extend(self.remove(&pid).map(|absence| (absence, kind)));
        }
    }

    /// Ends the sessions whose time is over.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<EndedSession> {
        let mut ended = Vec::new();
        while let Some((&(expires, _), pid)) = self.queue.first_key_value()
            && expires <= now
        {
            let pid = *pid;
            ended.extend(self.remove(&pid).map(|absence| (absence, SessionEndKind::Window)));
        }
        ended
    }

    /// When the next session expires.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|(&(expires, _), _)| expires)
    }

    /// The socket of a client that is here and may come back.
    #[cfg(feature = "jwt")]
    pub(super) fn living(&self, pid: &PrivateId) -> Option<SocketId> {
        match self.by_pid.get(pid)? {
            Entry::Live { socket, .. } => Some(*socket),
            Entry::Away(_) => None,
        }
    }

    /// A client has come back, over a connection that was `opened`. One connection at a time has
    /// the session: the newest, since the client has lost those before.
    pub(super) fn claim(
        &mut self,
        pid: &PrivateId,
        of: &Namespace,
        opened: Opened,
        now: Instant,
    ) -> Claim {
        self.turns += 1;
        let turn = self.turns;
        let is_older = |than: Option<Claimant>| than.is_some_and(|than| opened < than.opened);
        match self.by_pid.get_mut(pid) {
            Some(Entry::Live { socket, namespace, opened: of_socket, waiter })
                if namespace == of
                    && opened >= *of_socket
                    && !is_older(waiter.as_ref().map(|(claimant, _)| *claimant)) =>
            {
                let (sender, ended) = oneshot::channel();
                *waiter = Some((Claimant { turn, opened }, sender));
                Claim::Living(turn, *socket, ended)
            }
            Some(Entry::Away(session))
                if session.absence.namespace == *of
                    && !is_older(session.claim)
                    && (session.claim.is_some() || session.expires.0 > now) =>
            {
                session.claim = Some(Claimant { turn, opened });
                self.queue.remove(&session.expires);
                Claim::Away(turn)
            }
            _ => Claim::Nothing,
        }
    }

    /// The client of a claim has gone.
    pub(super) fn give_back(&mut self, pid: &PrivateId, claim: u64) {
        if let Some(Entry::Away(session)) = self.by_pid.get_mut(pid)
            && session.is_claimed_by(claim)
        {
            session.claim = None;
            self.queue.insert(session.expires, *pid);
        }
    }

    /// A client no longer waits for the end of a living socket, which does not come back then.
    pub(super) fn give_up(&mut self, pid: &PrivateId, claim: u64) {
        if let Some(Entry::Live { waiter: Some((waiting, _)), .. }) = self.by_pid.get(pid)
            && waiting.turn == claim
        {
            self.by_pid.remove(pid);
        }
    }

    /// The session that a client has claimed.
    pub(super) fn claimed(&self, pid: &PrivateId, claim: u64) -> Option<&SocketAbsence> {
        self.session(pid, claim).map(|session| &session.absence)
    }

    fn session(&self, pid: &PrivateId, claim: u64) -> Option<&AwaySession> {
        match self.by_pid.get(pid) {
            Some(Entry::Away(session)) if session.is_claimed_by(claim) => Some(session),
            _ => None,
        }
    }

    /// Takes a session out.
    pub(super) fn remove(&mut self, pid: &PrivateId) -> Option<SocketAbsence> {
        match self.by_pid.remove(pid)? {
            Entry::Away(session) => {
                let AwaySession { absence, bytes, expires, .. } = *session;
                self.bytes -= bytes;
                self.queue.remove(&expires);
                self.by_id.remove(&absence.id);
                Some(absence)
            }
            live => {
                self.by_pid.insert(*pid, live);
                None
            }
        }
    }

    /// The secret id of a socket that is away.
    pub(super) fn pid_of(&self, id: &SocketId, namespace: &Namespace) -> Option<PrivateId> {
        let pid = self.by_id.get(id)?;
        let Some(Entry::Away(session)) = self.by_pid.get(pid) else { return None };
        (session.absence.namespace == *namespace).then_some(*pid)
    }

    /// Takes out the sessions of an audience.
    pub(super) fn remove_all(&mut self, audience: &Audience) -> Vec<SocketAbsence> {
        let pids: Vec<_> = self.of_audience(audience).collect();
        pids.iter().filter_map(|pid| self.remove(pid)).collect()
    }

    /// Takes the sockets of an audience out of a channel. Returns their secret ids.
    pub(super) fn leave_channel(
        &mut self,
        audience: &Audience,
        channel: &Channel,
        end: ChannelEnd,
    ) -> Vec<PrivateId> {
        let mut pids: Vec<_> = self.of_audience(audience).collect();
        pids.retain(|pid| match self.by_pid.get_mut(pid) {
            Some(Entry::Away(session)) => session.absence.leave(channel, end),
            _ => false,
        });
        pids
    }

    /// It looks at every session: such calls are rare.
    fn of_audience(&self, audience: &Audience) -> impl Iterator<Item = PrivateId> {
        let away = self.by_id.values().filter_map(|pid| match self.by_pid.get(pid)? {
            Entry::Away(session) => Some((*pid, &session.absence)),
            Entry::Live { .. } => None,
        });
        away.filter(|(_, absence)| is_of(audience, absence)).map(|(pid, _)| pid)
    }
}

pub(super) fn is_of(audience: &Audience, absence: &SocketAbsence) -> bool {
    let Audience { namespace, to, except, except_sockets, sockets, including, .. } = audience;
    let is_in_any = |channels: &[Channel]| channels.iter().any(|channel| absence.is_in(channel));
    *namespace == absence.namespace
        && !except_sockets.contains(&absence.id)
        && (including.contains(&absence.id)
            || (!is_in_any(except)
                && (audience.is_everyone() || sockets.contains(&absence.id) || is_in_any(to))))
}

#[cfg(test)]
mod tests;
