//! The parts of a server that its HTTP API looks at.

use std::{sync::Arc, time::Duration};

use super::SocketIo;
#[cfg(feature = "jwt")]
use crate::model::is_user_channel;
use crate::model::{Channel, ChannelOptions};

impl SocketIo {
    pub(crate) fn main_namespace(&self) -> Self {
        Self::new(Arc::clone(&self.state))
    }

    /// The options that routes give a channel. The outer `None`: a function decides which clients
    /// are in the namespace, so its routes are not known. The inner: no route matches.
    pub(crate) fn declared_channel(&self, channel: &Channel) -> Option<Option<ChannelOptions>> {
        let routes = self.state.namespaces.routes(&self.namespace.name)?;
        let matched = routes.matches(channel);
        let is_declared = matched.is_declared() || self.namespace.config.open_channels;
        Some(is_declared.then_some(matched.options))
    }

    /// The channels that clients of this server are subscribed to, with the number of subscribers.
    pub(crate) fn subscriber_counts(&self) -> Vec<(Channel, usize)> {
        let counts = self.namespace.sequencer.subscriber_counts(&self.namespace.name);
        #[cfg(feature = "jwt")]
        let counts = {
            let mut counts = counts;
            counts.retain(|(channel, _)| !is_user_channel(channel));
            counts
        };
        counts
    }

    /// The number of a channel's subscribers that are away and may come back.
    pub(crate) fn away_in(&self, channel: &Channel) -> usize {
        self.namespace.sequencer.away_in(&self.namespace.name, channel)
    }

    /// `took`: the time from the whole head of the request to its answer.
    pub(crate) fn count_api_request(
        &self,
        method: &'static str,
        key: &str,
        status: u16,
        took: Duration,
    ) {
        self.namespace.counters.api_requests.add(method, key, status);
        self.namespace.counters.api_times.add(method, took);
    }
}
