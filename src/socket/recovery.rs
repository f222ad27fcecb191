use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{NamespaceState, Socket, SocketAbsence, SocketInner, membership::Membership};
use crate::{
    model::{
        Channel, ChannelMatch, ContextMap, DisconnectReason, JoiningMember, MemoryShare, Place,
        Point, PrivateId, SocketId,
    },
    outbox::{Hold, SocketSender},
    protocol::Frame,
    registry::{ComeBack, Gap, RegistryId, Returning},
};

/// How a socket begins.
pub(crate) enum SocketOrigin {
    /// It is new. With an id, it may come back.
    New(Option<PrivateId>),
    /// It comes back, and its client has seen everything up to a point.
    Returning(Box<SocketAbsence>, Point),
}

/// The part of a socket that may come back.
pub(super) struct SocketRecovery {
    pub(super) pid: PrivateId,
    /// The place at which its first life began.
    pub(super) began: Place,
    /// The newest place when it was attached to this server.
    pub(super) here_since: Place,
    pub(super) is_recovered: bool,
    /// How often in a row it has ended because the client was too slow.
    pub(super) slow_ends: u8,
    /// It was put out, and does not come back.
    pub(super) is_forgotten: AtomicBool,
    /// A store or the cluster keeps it when the server stops.
    pub(super) outlives_stop: bool,
}

impl SocketRecovery {
    /// A client that is too slow for what it missed would come back again and again.
    const MAX_SLOW_ENDS: u8 = 3;

    pub(super) fn new(pid: PrivateId, began: Place, outlives_stop: bool) -> Self {
        let is_forgotten = AtomicBool::new(false);
        let (here_since, is_recovered, slow_ends) = (began, false, 0);
        Self { pid, began, here_since, is_recovered, slow_ends, is_forgotten, outlives_stop }
    }

    pub(super) fn of(absence: &SocketAbsence, here_since: Place, outlives_stop: bool) -> Self {
        let SocketAbsence { pid, began, slow_ends, .. } = *absence;
        let new = Self::new(pid, began, outlives_stop);
        Self { is_recovered: true, here_since, slow_ends, ..new }
    }

    pub(super) fn set_forgotten(&self) {
        self.is_forgotten.store(true, Ordering::Relaxed);
    }

    pub(super) fn may_return(&self, reason: DisconnectReason) -> bool {
        let is_recoverable = match reason {
            DisconnectReason::PingTimeout
            | DisconnectReason::TransportClose
            | DisconnectReason::TransportError
            | DisconnectReason::ForcedClose
            | DisconnectReason::ParseError
            | DisconnectReason::Replaced => true,
            DisconnectReason::SlowConsumer => self.slow_ends_after(reason) < Self::MAX_SLOW_ENDS,
            // Without a store, there is no server to come back to.
            DisconnectReason::ServerShutdown => self.outlives_stop,
            DisconnectReason::ClientDisconnect
            | DisconnectReason::ServerDisconnect
            | DisconnectReason::MemoryLimit => false,
        };
        is_recoverable && !self.is_forgotten.load(Ordering::Relaxed)
    }

    pub(super) fn slow_ends_after(&self, reason: DisconnectReason) -> u8 {
        if reason == DisconnectReason::SlowConsumer { self.slow_ends.saturating_add(1) } else { 0 }
    }
}

/// A connection's part of coming back.
impl Socket {
    /// Subscribes a socket that comes back to its channels, and admits its client: it is sent
    /// `connect`, what it missed, and what was held, in order.
    ///
    /// # Errors
    /// Something that the client has missed is lost by now. Nothing is sent.
    pub(crate) fn restore(&self, connect: Frame, hold: Option<Hold>) -> Result<(), Gap> {
        let SocketInner { membership, namespace, registry_id, id, .. } = &*self.inner;
        let come_back = ComeBack {
            namespace: namespace.name.clone(),
            id: *id,
            connect,
            missed: Vec::new(),
            hold,
        };
        membership.restore(namespace, *registry_id, self.returning_members(), come_back)
    }
}

impl Socket {
    /// Waits until this server has read the stream of its cluster up to a place that the client
    /// says. It may come from a server that is ahead.
    pub(crate) async fn reach(&self, place: Place) {
        let NamespaceState { sequencer, adapter, .. } = &*self.inner.namespace;
        if sequencer.is_shared()
            && let Some(past) = adapter.shared_past()
        {
            // If it has not, the client is told.
            let _ = sequencer.reach(&*past, place).await;
        }
    }
}

impl Socket {
    /// The member that it is in each channel with presence to which it comes back. It asks the
    /// application, so no lock is held.
    fn returning_members(&self) -> Vec<(Channel, JoiningMember)> {
        let SocketInner { membership, members, .. } = &*self.inner;
        let Some(members) = members else { return Vec::new() };
        let joining = |(channel, matched): (Channel, Arc<ChannelMatch>)| {
            let joining = members.joining(self, &matched)?;
            Some((channel, joining))
        };
        membership.pending().into_iter().filter_map(joining).collect()
    }
}

/// The parts of a socket that follow from its origin.
pub(super) struct Beginning {
    pub(super) id: SocketId,
    pub(super) context: ContextMap,
    pub(super) membership: Membership,
    pub(super) recovery: Option<Box<SocketRecovery>>,
}

impl SocketOrigin {
    /// Attaches a socket to its registry.
    pub(super) fn begin(
        self,
        namespace: &NamespaceState,
        registry_id: RegistryId,
        sender: &Arc<SocketSender>,
        memory: MemoryShare,
    ) -> Beginning {
        let (sequencer, name) = (&namespace.sequencer, &namespace.name);
        let outlives_stop = sequencer.has_store() || sequencer.is_shared();
        match self {
            Self::New(pid) => {
                let id = SocketId::random();
                let place = sequencer.attach(registry_id, name.clone(), id, Arc::clone(sender));
                Beginning {
                    id,
                    context: ContextMap::default(),
                    membership: Membership::new(memory, pid.is_some()),
                    recovery: pid
                        .map(|pid| Box::new(SocketRecovery::new(pid, place, outlives_stop))),
                }
            }
            Self::Returning(absence, seen) => {
                let here_since = if sequencer.is_shared() { sequencer.place() } else { seen.place };
                let recovery = SocketRecovery::of(&absence, here_since, outlives_stop);
                let recovery = Some(Box::new(recovery));
                let returning = Returning {
                    namespace: name,
                    id: absence.id,
                    seen,
                    is_in: &|channel| absence.is_in(channel),
                };
                let (began, sender) = (absence.began, Arc::clone(sender));
                let missed = sequencer.attach_returning(registry_id, &returning, began, sender);
                Beginning {
                    id: absence.id,
                    membership: Membership::returning(memory, &absence, seen, missed),
                    context: absence.context.into(),
                    recovery,
                }
            }
        }
    }
}
