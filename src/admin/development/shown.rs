use std::collections::{HashMap, HashSet};

use crate::model::{Channel, SocketId};

/// The sockets that administrators are shown, with their channels. News follow this table, so that
/// a change that is in a snapshot already is not told twice.
#[derive(Debug)]
pub(super) struct ShownSockets {
    sockets: HashMap<SocketId, HashSet<Channel>>,
    max: usize,
}

/// The outcome for a socket that is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    New,
    Known,
    /// There are as many as may be shown.
    Full,
}

impl ShownSockets {
    pub(super) fn new(max: usize) -> Self {
        Self { sockets: HashMap::new(), max }
    }

    pub(super) fn add(
        &mut self,
        id: SocketId,
        channels: impl IntoIterator<Item = Channel>,
    ) -> Added {
        if self.sockets.contains_key(&id) {
            return Added::Known;
        }
        if self.sockets.len() >= self.max {
            return Added::Full;
        }
        self.sockets.insert(id, channels.into_iter().collect());
        Added::New
    }

    /// Removes a socket, and returns its channels. `None`: it was not shown.
    pub(super) fn remove(&mut self, id: SocketId) -> Option<HashSet<Channel>> {
        self.sockets.remove(&id)
    }

    /// Whether it is news that a socket has joined a channel.
    pub(super) fn join(&mut self, id: SocketId, channel: &Channel) -> bool {
        self.sockets.get_mut(&id).is_some_and(|channels| channels.insert(channel.clone()))
    }

    /// Whether it is news that a socket has left a channel.
    pub(super) fn leave(&mut self, id: SocketId, channel: &Channel) -> bool {
        self.sockets.get_mut(&id).is_some_and(|channels| channels.remove(channel))
    }

    pub(super) fn contains(&self, id: SocketId) -> bool {
        self.sockets.contains_key(&id)
    }

    /// The channels of a socket that is shown.
    pub(super) fn channels(&self, id: SocketId) -> Option<&HashSet<Channel>> {
        self.sockets.get(&id)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = SocketId> {
        self.sockets.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &str) -> Channel {
        Channel::new(name, 100).expect("a valid name")
    }

    #[test]
    fn what_is_known_is_not_news_and_no_more_are_shown_than_may_be() {
        let [a, b, c] = [(); 3].map(|()| SocketId::random());
        let mut shown = ShownSockets::new(2);
        assert_eq!(shown.add(a, [channel("x")]), Added::New);
        assert_eq!(shown.add(a, []), Added::Known);
        assert!(!shown.join(a, &channel("x")), "the snapshot has it");
        assert!(shown.join(a, &channel("y")));
        assert!(shown.leave(a, &channel("x")));
        assert!(!shown.leave(a, &channel("x")));
        assert_eq!(shown.add(b, []), Added::New);
        assert_eq!(shown.add(c, []), Added::Full);
        assert!(!shown.join(c, &channel("x")), "it is not shown");
        assert_eq!(shown.remove(a), Some(HashSet::from([channel("y")])));
        assert_eq!(shown.remove(a), None);
        assert_eq!(shown.add(c, []), Added::New);
        assert_eq!(shown.ids().collect::<HashSet<_>>(), HashSet::from([b, c]));
    }
}
