use std::sync::Arc;

use tokio::time::Instant;

use super::{
    PresenceTable,
    channel::{LeaveOutcome, RemoveOutcome},
    timers::{Timer, TimerTask, after},
};
use crate::{
    model::{Channel, Namespace, PresenceExit, SocketId},
    registry::Change,
};

/// The ends of sockets and members.
impl PresenceTable {
    /// Removes a socket that leaves a channel.
    pub(super) fn leave(
        &mut self,
        now: Instant,
        namespace: &Namespace,
        channel: &Channel,
        socket: SocketId,
        exit: PresenceExit,
    ) {
        let Some(present) = self.channel(namespace, channel) else { return };
        let grace = present.options.grace;
        let told = match present.leave(socket) {
            LeaveOutcome::Unchanged => return,
            LeaveOutcome::Counted => {
                self.schedule_diff(now, namespace, channel);
                None
            }
            LeaveOutcome::Fewer(id) => Some(id),
            LeaveOutcome::Last(id) => {
                if exit == PresenceExit::AfterGrace && !grace.is_zero() {
                    self.set_away(after(now, grace), namespace, channel, &id);
                } else {
                    self.remove(now, namespace, channel, &id);
                }
                Some(id)
            }
        };
        self.note_untold(namespace, channel, told);
        self.forget_if_over(namespace, channel);
    }

    /// Keeps a member without sockets here until a time.
    fn set_away(
        &mut self,
        until: Instant,
        namespace: &Namespace,
        channel: &Channel,
        id: &Arc<str>,
    ) {
        let timer = Timer {
            namespace: namespace.clone(),
            channel: channel.clone(),
            task: TimerTask::End(Arc::clone(id)),
        };
        let timer = self.timers.add(until, timer);
        if let Some(present) = self.channel(namespace, channel) {
            present.set_away(id, timer);
        }
    }

    /// Removes a member that has no socket here. It may have some on other servers.
    pub(super) fn remove(
        &mut self,
        now: Instant,
        namespace: &Namespace,
        channel: &Channel,
        id: &str,
    ) {
        let Some(present) = self.channel(namespace, channel) else { return };
        let cost = present.cost_of(id);
        let outcome = present.remove(id);
        self.bytes -= cost;
        match outcome {
            RemoveOutcome::Unchanged => return,
            RemoveOutcome::Changed => {}
            RemoveOutcome::Went => self.went(namespace, channel, id),
        }
        self.schedule_diff(now, namespace, channel);
    }

    /// Reports that a member has gone.
    pub(super) fn went(&self, namespace: &Namespace, channel: &Channel, id: &str) {
        self.counters.members.down();
        self.changes.send(|| Change::Went {
            namespace: namespace.clone(),
            channel: channel.clone(),
            member: id.to_owned(),
        });
    }
}
