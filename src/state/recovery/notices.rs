use std::collections::VecDeque;

use super::session_table::is_of;
use crate::{
    model::{Channel, Place},
    registry::{Audience, MembershipChange},
    socket::SocketAbsence,
};

/// The newest changes of memberships in the stream of a cluster. A session that another server has
/// kept may have been put aside before one of them.
#[derive(Debug)]
pub(super) struct Notices {
    notices: VecDeque<Notice>,
    /// Earlier ones are not known.
    floor: Place,
    max: usize,
}

#[derive(Debug)]
struct Notice {
    place: Place,
    audience: Audience,
    /// The channel that sockets leave. `None`: they are disconnected.
    left: Option<Channel>,
}

impl Notices {
    /// At most `max` of them.
    pub(super) fn new(max: usize) -> Self {
        Self { notices: VecDeque::new(), floor: Place::START, max }
    }

    /// Notes a change. Sockets that are away join nothing.
    pub(super) fn note(&mut self, place: Place, change: &MembershipChange) {
        let (audience, left) = match change {
            MembershipChange::Leave { audience, channel } => (audience, Some(channel.clone())),
            MembershipChange::Disconnect { audience, .. } => (audience, None),
            MembershipChange::Join { .. } => return,
        };
        self.notices.push_back(Notice { place, audience: audience.clone(), left });
        if self.notices.len() > self.max
            && let Some(oldest) = self.notices.pop_front()
        {
            self.past_begins_at(oldest.place);
        }
    }

    /// The stream's past before a place is unknown.
    pub(super) fn past_begins_at(&mut self, place: Place) {
        self.floor = self.floor.max(place);
    }

    /// Whether a session that was put aside at a place may have changed since.
    pub(super) fn concern(&self, absence: &SocketAbsence, kept_at: Place) -> bool {
        kept_at < self.floor
            || self.notices.iter().rev().take_while(|notice| notice.place > kept_at).any(|notice| {
                let is_left = |channel| absence.is_in(channel);
                is_of(&notice.audience, absence) && notice.left.as_ref().is_none_or(is_left)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Namespace, PrivateId, SocketId};

    #[test]
    fn a_session_is_asked_of_what_came_after_it_was_put_aside() {
        let (id, main) = (SocketId::random(), Namespace::default());
        let absence = SocketAbsence::without_channels(id, PrivateId::random(), main.clone());
        let disconnect = |id| MembershipChange::Disconnect {
            audience: Audience::sockets(main.clone(), vec![id]),
            close: false,
        };
        let channel = Channel::new("match-1", 100).unwrap();
        let audience = Audience::everyone(main.clone());
        let mut notices = Notices::new(2);
        notices.note(Place::new(3), &disconnect(SocketId::random()));
        // It is not in the channel.
        notices.note(Place::new(4), &MembershipChange::Leave { audience, channel });
        assert!(!notices.concern(&absence, Place::new(2)));
        notices.note(Place::new(5), &disconnect(id));
        assert!(notices.concern(&absence, Place::new(4)));
        assert!(!notices.concern(&absence, Place::new(5)), "it knows that one");
        notices.note(Place::new(6), &disconnect(SocketId::random()));
        notices.note(Place::new(7), &disconnect(SocketId::random()));
        assert!(!notices.concern(&absence, Place::new(5)));
        assert!(notices.concern(&absence, Place::new(4)), "earlier ones are not known");
    }
}
