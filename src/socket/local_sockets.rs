//! Changes of many sockets of this server: those that are here, and those that are away.

use std::sync::Arc;

use super::{
    Socket,
    local_adapter::{AbsenceLookup, SocketLookup},
};
use crate::{
    model::{Channel, Place, PrivateId},
    registry::{AdapterFuture, Audience, MembershipChange, PastReceiver, Sequencer},
};

/// The sockets of this server, as far as calls for many of them concern them.
pub(super) struct LocalSockets {
    pub(super) sequencer: Sequencer,
    pub(super) sockets: Arc<dyn SocketLookup>,
    /// `None`: no socket comes back.
    pub(super) absences: Option<Arc<dyn AbsenceLookup>>,
}

impl LocalSockets {
    /// Calls `act` with each socket of an audience, once the registries have done what they were
    /// asked to do before.
    fn for_each(
        &self,
        audience: Audience,
        mut act: impl FnMut(Socket) + Send + 'static,
    ) -> AdapterFuture<()> {
        let (ids, sockets) = (self.sequencer.select(audience), Arc::clone(&self.sockets));
        Box::pin(async move {
            ids.await.iter().filter_map(|id| sockets.socket(id)).for_each(&mut act);
        })
    }

    /// Acts on the sockets of an audience that are here, and on those that are away. A socket may
    /// go away meanwhile, so those are looked at again.
    fn for_all(
        &self,
        audience: Audience,
        here: impl FnOnce(Audience) -> AdapterFuture<()>,
        away: impl Fn(&dyn AbsenceLookup, &Audience) + Send + 'static,
    ) -> AdapterFuture<()> {
        let Some(absences) = self.absences.clone() else { return here(audience) };
        away(&*absences, &audience);
        let done = here(audience.clone());
        Box::pin(async move {
            done.await;
            away(&*absences, &audience);
        })
    }

    pub(super) fn join(&self, audience: Audience, channel: Channel) -> AdapterFuture<()> {
        self.for_each(audience, move |socket| {
            // A socket that has gone, or is in the maximum number of channels, is left out.
            let _ = socket.subscribe(&channel);
        })
    }

    pub(super) fn leave(&self, audience: Audience, channel: Channel) -> AdapterFuture<()> {
        let away = channel.clone();
        let here = |audience: Audience| {
            self.for_each(audience, move |socket| {
                socket.unsubscribe(&channel);
            })
        };
        self.for_all(audience, here, move |absences, audience| absences.leave(audience, &away))
    }

    pub(super) fn disconnect(&self, audience: Audience, close: bool) -> AdapterFuture<()> {
        let here = |audience: Audience| {
            self.for_each(audience, move |socket| {
                if close {
                    socket.close();
                } else {
                    socket.disconnect();
                }
            })
        };
        self.for_all(audience, here, |absences, audience| absences.forget(audience))
    }
}

impl PastReceiver for LocalSockets {
    fn apply(&self, place: Place, change: MembershipChange) -> AdapterFuture<()> {
        // A session that is taken from now on was kept before, or is found by what follows.
        if let Some(absences) = &self.absences {
            absences.note(place, &change);
        }
        let done = match change {
            MembershipChange::Join { audience, channel } => self.join(audience, channel),
            MembershipChange::Leave { audience, channel } => self.leave(audience, channel),
            MembershipChange::Disconnect { audience, close } => self.disconnect(audience, close),
        };
        let sequencer = self.sequencer.clone();
        Box::pin(async move {
            done.await;
            sequencer.advance_to(place);
        })
    }

    fn past_begins_at(&self, place: Place) {
        self.sequencer.past_begins_at(place);
        if let Some(absences) = &self.absences {
            absences.past_begins_at(place);
        }
    }

    fn session_taken(&self, pid: &PrivateId) {
        if let Some(absences) = &self.absences {
            absences.session_taken(pid);
        }
    }

    fn put_aside(&self, pid: &PrivateId) -> AdapterFuture<bool> {
        match &self.absences {
            Some(absences) => Arc::clone(absences).hand_over(*pid),
            None => Box::pin(std::future::ready(false)),
        }
    }
}
