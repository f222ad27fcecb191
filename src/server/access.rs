//! The parts of a server that its HTTP API and its Admin UI look at.

use std::{sync::Arc, time::Duration};

use super::SocketIo;
use crate::{
    model::{Namespace, SocketId},
    socket::Target,
};

impl SocketIo {
    /// The handle to a namespace in which clients may be.
    pub(crate) fn known_namespace(&self, name: &str) -> Option<Self> {
        let is_known = self.state.namespaces.may_exist(&Namespace::new(name));
        is_known.then(|| self.of(name))
    }

    pub(crate) fn max_channel_length(&self) -> usize {
        self.namespace.config.max_channel_length
    }

    /// The client of any server with an id.
    pub(crate) fn target_of(&self, id: SocketId) -> Target {
        Target::of_socket(Arc::clone(&self.namespace), id)
    }

    /// Whether a socket of this server is away and may come back.
    pub(crate) fn is_away(&self, id: &SocketId) -> bool {
        self.namespace.sequencer.is_away(&self.namespace.name, id)
    }

    /// The time since the server was built.
    pub(crate) fn uptime(&self) -> Duration {
        self.state.built.elapsed()
    }
}
