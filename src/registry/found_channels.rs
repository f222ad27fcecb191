use std::collections::HashSet;

use super::FoundSockets;
use crate::model::Channel;

/// The channels that [`Adapter::channels`](super::Adapter::channels) has found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FoundChannels {
    /// The channels of all servers that answered, each once, in no particular order.
    pub channels: Vec<Channel>,
    /// The number of servers that did not answer in time.
    pub missing: usize,
}

impl FoundChannels {
    /// Channels of servers that all answered.
    pub fn new(channels: Vec<Channel>) -> Self {
        Self { channels, missing: 0 }
    }

    /// Adds the channels of other servers, unless they are there already.
    ///
    /// ```
    /// use actix_socketio::{Channel, adapter::FoundChannels};
    ///
    /// let channel = Channel::new("room", 100)?;
    /// let mut found = FoundChannels::new(vec![channel.clone()]);
    /// found.extend([channel]);
    /// assert_eq!(found.channels.len(), 1);
    /// # Ok::<(), actix_socketio::ChannelError>(())
    /// ```
    pub fn extend(&mut self, others: impl IntoIterator<Item = Channel>) {
        let mut known: HashSet<Channel> = self.channels.iter().cloned().collect();
        let new = others.into_iter().filter(|channel| known.insert(channel.clone()));
        self.channels.extend(new);
    }
}

/// The channels of the sockets that were found.
impl From<FoundSockets> for FoundChannels {
    fn from(found: FoundSockets) -> Self {
        let mut channels = Self { missing: found.missing, ..Self::default() };
        channels.extend(found.sockets.into_iter().flat_map(|socket| socket.channels));
        channels
    }
}
