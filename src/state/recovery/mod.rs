//! Sockets that may come back: those that are away, and what happens when their clients return.
//!
//! [`SessionTable`] is plain data with the clock passed in. [`RecoveryState`] adds the lock, the
//! timer, and what others have to know of it.

mod notices;
mod past_sessions;
mod replay_budget;
mod session_table;
mod shared;

use std::{
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, sleep_until},
};

use notices::Notices;
pub(crate) use past_sessions::RouteFamily;
use replay_budget::ReplayBudget;
pub(crate) use replay_budget::ReplayPermit;
pub(crate) use session_table::SessionLimits;
use session_table::{Claim, EndedSession, SessionTable};

#[cfg(feature = "jwt")]
use crate::model::KnownUser;
use crate::{
    deadline::within,
    model::{
        ChannelRoutes, Namespace, Place, Point, Position, PrivateId, Quota, Recovery, SocketId,
    },
    registry::{Adapter, Change, ChangeSender, Gap, Sequencer},
    socket::{Socket, SocketAbsence, SocketLookup},
    stats::{Counters, SessionEndKind, UnrecoveredKind},
};

/// The sockets of a server that may come back.
pub(crate) struct RecoveryState {
    pub(crate) settings: Recovery,
    takeover_timeout: Duration,
    families: Vec<RouteFamily>,
    table: Mutex<SessionTable>,
    budget: ReplayBudget,
    sockets: Arc<dyn SocketLookup>,
    sequencer: Sequencer,
    changes: ChangeSender,
    counters: Arc<Counters>,
    /// A session waits for its end.
    is_waiting: Arc<Notify>,
    /// The cluster to which sessions go.
    cluster: OnceLock<Weak<dyn Adapter>>,
    notices: Mutex<Notices>,
    /// The clients whose sockets are searched for on other servers.
    searches: Quota,
    max_searches: usize,
}

/// The request of a client that comes back.
pub(crate) struct ReturnRequest {
    pub(crate) pid: PrivateId,
    /// The position of the last event that it has seen, if it has had one.
    pub(crate) offset: Option<String>,
    /// When its connection was opened.
    pub(crate) opened: std::time::Instant,
    #[cfg(feature = "jwt")]
    pub(crate) user: KnownUser,
}

/// A session that a client has claimed. It is given back when this is dropped.
pub(crate) struct ClaimedSession {
    recovery: Arc<RecoveryState>,
    pid: PrivateId,
    claim: u64,
    seen: Point,
    permit: Option<ReplayPermit>,
}

/// The settings of [`RecoveryState`] beside [`Recovery`].
pub(crate) struct RecoveryLimits {
    pub(crate) max_away: usize,
    pub(crate) max_away_bytes: usize,
    pub(crate) max_replay_bytes: usize,
    pub(crate) takeover_timeout: Duration,
    /// Changes of memberships that are known of a cluster.
    pub(crate) max_notices: usize,
    /// Clients whose sockets are searched for on other servers of a cluster at once.
    pub(crate) max_searches: usize,
}

impl RecoveryState {
    pub(crate) fn new(
        settings: Recovery,
        limits: &RecoveryLimits,
        families: Vec<RouteFamily>,
        sockets: Arc<dyn SocketLookup>,
        sequencer: Sequencer,
        changes: ChangeSender,
        counters: Arc<Counters>,
    ) -> Arc<Self> {
        let RecoveryLimits { max_away, max_away_bytes, max_replay_bytes, takeover_timeout, .. } =
            *limits;
        let RecoveryLimits { max_notices, max_searches, .. } = *limits;
        let sessions =
            SessionLimits { window: settings.window, max_away, max_bytes: max_away_bytes };
        Arc::new(Self {
            settings,
            takeover_timeout,
            families,
            table: Mutex::new(SessionTable::new(sessions)),
            budget: ReplayBudget::new(max_replay_bytes),
            sockets,
            sequencer,
            changes,
            counters,
            is_waiting: Arc::default(),
            cluster: OnceLock::new(),
            notices: Mutex::new(Notices::new(max_notices)),
            searches: Quota::default(),
            max_searches,
        })
    }

    /// Ends sessions when their time is over, until the server is dropped.
    pub(crate) fn start_timer(recovery: &Arc<Self>) -> impl Future<Output = ()> + use<> {
        let (recovery, is_waiting) = (Arc::downgrade(recovery), Arc::clone(&recovery.is_waiting));
        async move {
            /// Between two looks, the server may have been dropped.
            const LOOK: Duration = Duration::from_secs(1);
            // While it waits, it does not keep the server, and with it the store, alive.
            while let Some(next) = recovery.upgrade().map(|one| one.expire(Instant::now())) {
                let look = Instant::now() + LOOK;
                let until = next.map_or(look, |next| next.min(look));
                tokio::select! {
                    () = sleep_until(until) => {}
                    () = is_waiting.notified() => {}
                }
            }
        }
    }

    fn expire(&self, now: Instant) -> Option<Instant> {
        let mut table = self.table.lock();
        let (ended, next) = (table.expire(now), table.next_expiry());
        self.count(&table);
        drop(table);
        self.end(ended);
        next
    }

    /// A socket is alive that may come back, and can be found by its id.
    pub(crate) fn enter(&self, socket: &Socket) {
        let Some(pid) = socket.private_id() else { return };
        let (namespace, opened) = (socket.namespace().clone(), socket.handshake().opened());
        let is_awaited = self.table.lock().enter(pid, socket.id(), namespace, opened);
        // A client that came back once more did not find the socket to replace it.
        if is_awaited {
            socket.replace();
        }
    }

    /// A socket has ended for good. `was_away`: it had not come back yet.
    pub(crate) fn leave(&self, socket: &Socket, was_away: bool) {
        if let Some(pid) = socket.private_id() {
            self.table.lock().leave(&pid);
        }
        if was_away {
            self.counters.sessions_ended.add(SessionEndKind::Forgotten);
            let (namespace, socket) = (socket.namespace().clone(), socket.id());
            self.changes.send(|| Change::Expired { namespace, socket });
        }
    }

    /// Puts a socket aside that has lost its connection. `was_away`: it had not come back yet.
    pub(crate) fn put_aside(&self, absence: SocketAbsence, was_away: bool) {
        let (namespace, socket, pid) = (absence.namespace.clone(), absence.id, absence.pid);
        if !was_away {
            self.changes.send(|| Change::Away { namespace, socket });
        }
        let mut table = self.table.lock();
        let ended = table.put_aside(absence, Instant::now());
        self.count(&table);
        drop(table);
        self.keep(&pid);
        self.is_waiting.notify_one();
        self.end(ended);
    }

    fn end(&self, ended: Vec<EndedSession>) {
        for (absence, kind) in ended {
            self.end_one(&absence, kind);
        }
    }

    fn end_one(&self, absence: &SocketAbsence, kind: SessionEndKind) {
        self.counters.sessions_ended.add(kind);
        let (namespace, socket) = (absence.namespace.clone(), absence.id);
        self.sequencer.unpin(&namespace, socket, &absence.channel_names());
        // The cluster's time for it is over then, too.
        if kind != SessionEndKind::Window
            && let Some(shared) = self.shared()
        {
            shared.drop_session(&absence.pid);
        }
        self.changes.send(|| Change::Expired { namespace, socket });
    }

    fn count(&self, table: &SessionTable) {
        let (away, bytes) = table.size();
        self.counters.sessions_away.set(away);
        self.counters.sessions_away_bytes.set(bytes);
    }

    /// Forgets a socket that is away. Returns whether there was one.
    pub(crate) fn forget(&self, namespace: &Namespace, id: &SocketId) -> bool {
        let mut table = self.table.lock();
        let forgotten = table.pid_of(id, namespace).and_then(|pid| table.remove(&pid));
        self.count(&table);
        drop(table);
        if let Some(absence) = &forgotten {
            self.end_one(absence, SessionEndKind::Forgotten);
        }
        forgotten.is_some()
    }

    /// Gets a client its session: takes a living socket over, checks that nothing is lost, and
    /// waits for the client's turn.
    ///
    /// # Errors
    /// Why the client is not recovered.
    pub(crate) async fn claim(
        self: Arc<Self>,
        request: ReturnRequest,
        namespace: Namespace,
        routes: Arc<ChannelRoutes>,
    ) -> Result<ClaimedSession, UnrecoveredKind> {
        let pid = request.pid;
        #[cfg(feature = "jwt")]
        self.check_living(&request)?;
        let shared = self.shared();
        let seen = match &shared {
            None => self.seen(request.offset.as_deref())?,
            Some(shared) => {
                let seen = Self::seen_of_cluster(request.offset.as_deref())?;
                self.fetch(shared, &request, &namespace, &routes, seen).await?;
                seen.0
            }
        };
        let claim = self.table.lock().claim(&pid, &namespace, request.opened, Instant::now());
        let (turn, living) = match claim {
            Claim::Nothing => return Err(UnrecoveredKind::Unknown),
            Claim::Away(turn) => (turn, None),
            Claim::Living(turn, id, ended) => (turn, Some((id, ended))),
        };
        // From here on, it is given back.
        let recovery = Arc::clone(&self);
        let mut claimed = ClaimedSession { recovery, pid, claim: turn, seen, permit: None };
        if let Some((id, ended)) = living {
            self.replace(&claimed, id, ended).await?;
        }
        if let Some(shared) = &shared {
            self.read_on(&**shared, &claimed).await?;
        }
        let missed = {
            let table = self.table.lock();
            let absence = table.claimed(&pid, turn).filter(|one| one.has_routes(&routes));
            let absence = absence.ok_or(UnrecoveredKind::Unknown)?;
            #[cfg(feature = "jwt")]
            if !absence.was_of(&request.user) {
                return Err(UnrecoveredKind::OtherUser);
            }
            claimed.seen = seen.max(absence.began());
            absence.missed_bytes(&self.sequencer, claimed.seen)
        };
        match missed {
            Ok(bytes) => {
                claimed.permit = self.budget.acquire(bytes).await;
                Ok(claimed)
            }
            Err(gap) => {
                let ended = claimed.remove();
                ended.iter().for_each(|one| self.end_one(one, SessionEndKind::Lost));
                Err(if gap == Gap::TooMuch {
                    UnrecoveredKind::TooMuch
                } else {
                    UnrecoveredKind::Lost
                })
            }
        }
    }

    /// Leaves a living socket in peace if another user asks for it: a `pid` that was stolen is not
    /// enough to end a connection.
    #[cfg(feature = "jwt")]
    fn check_living(&self, request: &ReturnRequest) -> Result<(), UnrecoveredKind> {
        let living = self.table.lock().living(&request.pid);
        let socket = living.and_then(|id| self.sockets.socket(&id));
        match socket {
            Some(socket) if !request.user.is(socket.user()) => Err(UnrecoveredKind::OtherUser),
            _ => Ok(()),
        }
    }

    /// Ends a living socket whose client has come back, and waits for its end.
    async fn replace(
        &self,
        claimed: &ClaimedSession,
        id: SocketId,
        ended: oneshot::Receiver<()>,
    ) -> Result<(), UnrecoveredKind> {
        if let Some(socket) = self.sockets.socket(&id) {
            socket.replace();
        }
        match within(self.takeover_timeout, ended).await {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) => Err(UnrecoveredKind::Unknown),
            None => {
                self.table.lock().give_up(&claimed.pid, claimed.claim);
                Err(UnrecoveredKind::Takeover)
            }
        }
    }

    /// The point up to which a client has seen everything.
    fn seen(&self, offset: Option<&str>) -> Result<Point, UnrecoveredKind> {
        let Some(offset) = offset else { return Ok(Point::default()) };
        let position: Position = offset.parse().map_err(|_| UnrecoveredKind::Position)?;
        if position.epoch() != self.sequencer.epoch() {
            // It has seen nothing of this session yet.
            return Ok(Point::default());
        }
        let newest: Place = self.sequencer.place();
        if position.point().place > newest {
            Err(UnrecoveredKind::Position)
        } else {
            Ok(position.point())
        }
    }

    /// Counts a client that is not recovered.
    pub(crate) fn count_unrecovered(&self, kind: UnrecoveredKind) {
        self.counters.unrecovered.add(kind);
    }

    /// A socket has come back.
    pub(crate) fn returned(&self, socket: &Socket) {
        self.counters.recovered.add(1);
        let (namespace, socket) = (socket.namespace().clone(), socket.id());
        self.changes.send(|| Change::Returned { namespace, socket });
    }
}

impl ClaimedSession {
    fn remove(&self) -> Option<SocketAbsence> {
        let mut table = self.recovery.table.lock();
        let absence = table.claimed(&self.pid, self.claim).map(|absence| absence.id);
        let removed = absence.and_then(|_| table.remove(&self.pid));
        self.recovery.count(&table);
        removed
    }

    /// Takes the session out, for its socket, with what the client has seen. `None`: it was put out
    /// meanwhile.
    pub(crate) fn take(mut self) -> Option<(SocketAbsence, Point, Option<ReplayPermit>)> {
        let permit = self.permit.take();
        let mut table = self.recovery.table.lock();
        let absence = table.revive(&self.pid, self.claim);
        self.recovery.count(&table);
        drop(table);
        absence.map(|absence| (absence, self.seen, permit))
    }
}

impl Drop for ClaimedSession {
    fn drop(&mut self) {
        self.recovery.table.lock().give_back(&self.pid, self.claim);
        self.recovery.keep(&self.pid);
        self.recovery.is_waiting.notify_one();
    }
}
