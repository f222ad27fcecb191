//! The parts of a server that its HTTP API looks at.

use std::{sync::Arc, time::Duration};

use super::SocketIo;
use crate::{
    model::{Channel, ChannelOptions, Namespace, SocketId},
    socket::Target,
};

impl SocketIo {
    pub(crate) fn main_namespace(&self) -> Self {
        Self::new(Arc::clone(&self.state))
    }

    /// The handle to a namespace in which clients may be.
    pub(crate) fn known_namespace(&self, name: &str) -> Option<Self> {
        let is_known = self.state.namespaces.may_exist(&Namespace::new(name));
        is_known.then(|| self.of(name))
    }

    pub(crate) fn max_channel_length(&self) -> usize {
        self.namespace.config.max_channel_length
    }

    /// The options that routes give a channel. The outer `None`: a function decides which clients
    /// are in the namespace, so its routes are not known. The inner: no route matches.
    pub(crate) fn declared_channel(&self, channel: &Channel) -> Option<Option<ChannelOptions>> {
        let routes = self.state.namespaces.routes(&self.namespace.name)?;
        let matched = routes.matches(channel);
        let is_declared = matched.is_declared() || self.namespace.config.open_channels;
        Some(is_declared.then_some(matched.options))
    }

    /// The client of any server with an id.
    pub(crate) fn target_of(&self, id: SocketId) -> Target {
        Target::of_socket(Arc::clone(&self.namespace), id)
    }

    /// The channels that clients of this server are subscribed to, with the number of subscribers.
    pub(crate) fn subscriber_counts(&self) -> Vec<(Channel, usize)> {
        self.namespace.sequencer.subscriber_counts(&self.namespace.name)
    }

    /// Whether a socket of this server is away and may come back.
    pub(crate) fn is_away(&self, id: &SocketId) -> bool {
        self.namespace.sequencer.is_away(&self.namespace.name, id)
    }

    /// The number of a channel's subscribers that are away and may come back.
    pub(crate) fn away_in(&self, channel: &Channel) -> usize {
        self.namespace.sequencer.away_in(&self.namespace.name, channel)
    }

    /// The time since the server was built.
    pub(crate) fn uptime(&self) -> Duration {
        self.state.built.elapsed()
    }

    pub(crate) fn count_api_request(&self, method: &'static str, status: u16) {
        self.namespace.counters.api_requests.add(method, status);
    }
}
