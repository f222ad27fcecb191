//! Sessions over the servers of a cluster: each that is away is given to the cluster, and one
//! server takes it.

use std::{sync::Arc, time::SystemTime};

use tokio::{sync::oneshot, time::Instant};

use super::{
    Claim, ClaimedSession, RecoveryState, ReturnRequest, SessionEndKind, session_table::Whereabouts,
};
use crate::{
    deadline::within,
    model::{Channel, ChannelRoutes, Epoch, Namespace, Place, Point, Position, PrivateId},
    registry::{
        Adapter, AdapterFuture, Audience, ClusterSession, MembershipChange, SharedPast,
        TakenSession,
    },
    socket::{AbsenceLookup, SocketAbsence, StoredAbsence},
    stats::UnrecoveredKind,
};

/// A client that comes back, and may have been at another server.
struct Arrival {
    pid: PrivateId,
    namespace: Namespace,
    routes: Arc<ChannelRoutes>,
    seen: Point,
    /// Whether the position is one of the cluster.
    has_position: bool,
}

impl RecoveryState {
    /// Sessions go to the cluster from now on.
    pub(crate) fn join_cluster(&self, adapter: &Arc<dyn Adapter>) {
        // The adapter has this state, and so does not live for it.
        let _ = self.cluster.set(Arc::downgrade(adapter));
    }

    pub(super) fn shared(&self) -> Option<Arc<dyn SharedPast>> {
        self.cluster.get()?.upgrade()?.shared_past()
    }

    /// A socket that is away, as the cluster keeps it. `None`: it can't be written.
    pub(super) fn for_cluster(&self, absence: &SocketAbsence) -> Option<ClusterSession> {
        let stored = self.stored(absence, self.settings.window, SystemTime::now())?;
        let mut session = ClusterSession::new(absence.pid, absence.id);
        session.namespace = Some(absence.namespace.clone());
        session.channels = absence.channel_names();
        session.context = absence.context().clone();
        session.ours = Some(stored.without_context().encode()?);
        Some(session)
    }

    /// Gives a session to the cluster, if it is away and its client has not come back.
    pub(super) fn keep(&self, pid: &PrivateId) {
        let Some(shared) = self.shared() else { return };
        let mut table = self.table.lock();
        let Some((absence, rest)) = table.unclaimed(pid, Instant::now()) else { return };
        if let Some(session) = self.for_cluster(absence)
            && !rest.is_zero()
        {
            // Under the lock, so that it comes before the question of a client that claims it.
            shared.keep_session(session, rest);
            table.set_kept(pid, true);
        }
    }

    /// The point up to which a client of a cluster has seen everything, and whether it has said so.
    pub(super) fn seen_of_cluster(offset: Option<&str>) -> Result<(Point, bool), UnrecoveredKind> {
        let Some(offset) = offset else { return Ok((Point::default(), false)) };
        let position: Position = offset.parse().map_err(|_| UnrecoveredKind::Position)?;
        // With a position of another order, it has seen nothing of this session yet.
        let is_known = position.epoch() == Epoch::CLUSTER;
        Ok((if is_known { position.point() } else { Point::default() }, is_known))
    }

    /// Gets a session here that any server of the cluster may have.
    pub(super) async fn fetch(
        self: &Arc<Self>,
        shared: &Arc<dyn SharedPast>,
        request: &ReturnRequest,
        namespace: &Namespace,
        routes: &Arc<ChannelRoutes>,
        (seen, has_position): (Point, bool),
    ) -> Result<(), UnrecoveredKind> {
        let pid = request.pid;
        if self.table.lock().whereabouts(&pid) == Whereabouts::Here {
            return Ok(());
        }
        let (namespace, routes) = (namespace.clone(), Arc::clone(routes));
        let arrival = Arc::new(Arrival { pid, namespace, routes, seen, has_position });
        match self.take(shared, &arrival).await {
            Err(UnrecoveredKind::Unknown)
                if self.table.lock().whereabouts(&pid) == Whereabouts::Elsewhere =>
            {
                self.end_elsewhere(shared, &pid).await?;
                self.take(shared, &arrival).await
            }
            outcome => outcome,
        }
    }

    /// Asks the other servers for a socket whose end they have not noticed.
    async fn end_elsewhere(
        &self,
        shared: &Arc<dyn SharedPast>,
        pid: &PrivateId,
    ) -> Result<(), UnrecoveredKind> {
        // A client may show secrets that no server has given out.
        let _slot = self.searches.acquire(self.max_searches).ok_or(UnrecoveredKind::Unknown)?;
        match within(self.takeover_timeout, shared.end_elsewhere(pid)).await {
            Some(true) => Ok(()),
            Some(false) => Err(UnrecoveredKind::Unknown),
            None => Err(UnrecoveredKind::Takeover),
        }
    }

    /// Takes a session from the cluster. It is in the table then.
    async fn take(
        self: &Arc<Self>,
        shared: &Arc<dyn SharedPast>,
        arrival: &Arc<Arrival>,
    ) -> Result<(), UnrecoveredKind> {
        let (sender, outcome) = oneshot::channel();
        let (recovery, arrival) = (Arc::clone(self), Arc::clone(arrival));
        let (shared, taken) = (Arc::clone(shared), shared.take_session(&arrival.pid));
        // The client may go meanwhile. Then the session goes back to the cluster.
        actix::spawn(async move {
            let outcome = recovery.take_in(&*shared, &arrival, taken.await);
            if let Err(Ok(())) = sender.send(outcome) {
                recovery.keep(&arrival.pid);
            }
        });
        outcome.await.unwrap_or(Err(UnrecoveredKind::Unknown))
    }

    fn take_in(
        &self,
        shared: &dyn SharedPast,
        arrival: &Arrival,
        taken: TakenSession,
    ) -> Result<(), UnrecoveredKind> {
        let pid = &arrival.pid;
        let session = match taken {
            TakenSession::Taken(session) => session,
            TakenSession::Unknown => return Err(UnrecoveredKind::Unknown),
            TakenSession::Away => {
                let mut table = self.table.lock();
                if table.whereabouts(pid) == Whereabouts::Elsewhere {
                    return Err(UnrecoveredKind::Unknown);
                }
                table.set_kept(pid, false);
                shared.drop_session(pid);
                return Ok(());
            }
        };
        let mut table = self.table.lock();
        if table.is_away(pid, session.id) {
            // It knows at least as much.
            table.set_kept(pid, false);
            return Ok(());
        }
        drop(table);
        let (absence, kept_at) = self.absence_of(*session, arrival).ok_or(UnrecoveredKind::Lost)?;
        let (id, name) = (absence.id, absence.namespace.clone());
        let mut table = self.table.lock();
        if table.knows(&absence) {
            return Err(UnrecoveredKind::Unknown);
        }
        self.sequencer.pin_shared(&name, id, absence.histories());
        let ended = table.take_in(absence, Instant::now());
        // From here on, changes come to it by themselves.
        let session = table.unclaimed(pid, Instant::now());
        let is_changed =
            session.is_some_and(|(absence, _)| self.notices.lock().concern(absence, kept_at));
        let changed = if is_changed { table.remove(pid) } else { None };
        self.count(&table);
        drop(table);
        self.end(ended);
        match changed {
            None => Ok(()),
            Some(absence) => {
                self.end_one(&absence, SessionEndKind::Lost);
                Err(UnrecoveredKind::Lost)
            }
        }
    }

    /// The socket of a session that another server has kept, and the newest place that it knew.
    fn absence_of(
        &self,
        session: ClusterSession,
        arrival: &Arrival,
    ) -> Option<(SocketAbsence, Place)> {
        let ClusterSession { pid, id, namespace, channels, context, ours } = session;
        let is_of_client = pid == arrival.pid
            && namespace.as_ref().is_none_or(|namespace| *namespace == arrival.namespace);
        if !is_of_client {
            return None;
        }
        let Some(ours) = ours else {
            // A server that keeps no places: the client's says all.
            let from = arrival.seen.place;
            let absence = SocketAbsence::of_another(
                (pid, id, arrival.namespace.clone()),
                channels,
                context,
                &arrival.routes,
                from,
            );
            return arrival.has_position.then_some((absence, from));
        };
        let stored = StoredAbsence::decode(&ours)?;
        let family = self.families.iter().find(|family| family.name == stored.family())?;
        let is_here = stored.epoch() == self.sequencer.epoch()
            && stored.namespace() == arrival.namespace.as_str()
            && Arc::ptr_eq(&family.routes, &arrival.routes);
        let kept_at = stored.kept_at();
        let stored = is_here.then(|| stored.with_context(context))?;
        let absence = stored.restore(&family.routes, self.settings.keep_direct)?;
        (absence.id == id && absence.pid == pid).then_some((absence, kept_at))
    }

    /// Waits until this server has read what a client and its session have seen.
    pub(super) async fn read_on(
        &self,
        shared: &dyn SharedPast,
        claimed: &ClaimedSession,
    ) -> Result<(), UnrecoveredKind> {
        let newest = {
            let table = self.table.lock();
            let absence = table.claimed(&claimed.pid, claimed.claim);
            absence.ok_or(UnrecoveredKind::Unknown)?.newest_place()
        };
        let place = newest.max(claimed.seen.place);
        let has_read = self.sequencer.reach(shared, place).await;
        has_read.then_some(()).ok_or(UnrecoveredKind::Position)
    }
}

impl AbsenceLookup for RecoveryState {
    fn leave(&self, audience: &Audience, channel: &Channel) {
        let namespace = &audience.namespace;
        let end = self.sequencer.channel_end(namespace, channel);
        let left = self.table.lock().leave_channel(audience, channel, end);
        for pid in left {
            self.sequencer.unpin_channel(namespace, channel);
            self.keep(&pid);
        }
    }

    fn forget(&self, audience: &Audience) {
        let mut table = self.table.lock();
        let forgotten = table.remove_all(audience);
        self.count(&table);
        drop(table);
        forgotten.iter().for_each(|one| self.end_one(one, SessionEndKind::Forgotten));
    }

    fn note(&self, place: Place, change: &MembershipChange) {
        self.notices.lock().note(place, change);
    }

    fn past_begins_at(&self, place: Place) {
        self.notices.lock().past_begins_at(place);
    }

    fn session_taken(&self, pid: &PrivateId) {
        let mut table = self.table.lock();
        let taken = table.taken(pid);
        self.count(&table);
        drop(table);
        if let Some(absence) = taken {
            let channels = absence.channel_names();
            self.sequencer.unpin(&absence.namespace, absence.id, &channels);
        }
    }

    fn hand_over(self: Arc<Self>, pid: PrivateId) -> AdapterFuture<bool> {
        let mut table = self.table.lock();
        let claim = table.hand_over(&pid);
        // The cluster may have it since the other server has asked for it.
        let is_kept = table.whereabouts(&pid) == Whereabouts::Kept;
        drop(table);
        let (turn, living) = match claim {
            Claim::Nothing => return Box::pin(std::future::ready(is_kept)),
            Claim::Away(turn) => (turn, None),
            Claim::Living(turn, id, ended) => (turn, Some((id, ended))),
        };
        Box::pin(async move {
            let (recovery, seen) = (Arc::clone(&self), Point::default());
            // Dropped at the end, which gives it to the cluster.
            let claimed = ClaimedSession { recovery, pid, claim: turn, seen, permit: None };
            if let Some((id, ended)) = living
                && self.replace(&claimed, id, ended).await.is_err()
            {
                return false;
            }
            drop(claimed);
            self.table.lock().whereabouts(&pid) == Whereabouts::Kept
        })
    }
}
