//! The parts of a server that its Admin UI needs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use super::{BuildError, Builder, SocketIo};
use crate::{model::Namespace, state::ServerState};

/// A handle that does not keep the server alive. It is bound to the main namespace.
#[derive(Debug, Clone)]
pub(crate) struct WeakSocketIo(Weak<ServerState>);

impl WeakSocketIo {
    pub(crate) fn upgrade(&self) -> Option<SocketIo> {
        self.0.upgrade().map(SocketIo::new)
    }
}

impl Builder {
    /// Lets `build` fail with an error that was found before.
    pub(crate) fn refuse_to_build(mut self, error: BuildError) -> Self {
        self.mistake.get_or_insert(error);
        self
    }

    /// Calls a function with the server, before the first client.
    pub(crate) fn after_build(mut self, call: impl FnOnce(&SocketIo) + Send + 'static) -> Self {
        self.after_build.push(Box::new(call));
        self
    }

    /// Whether [`Builder::data`] was given a value of this type.
    pub(crate) fn has_data<T: Send + Sync + 'static>(&self) -> bool {
        self.data.get::<T>().is_some()
    }
}

impl SocketIo {
    pub(crate) fn downgrade(&self) -> WeakSocketIo {
        WeakSocketIo(Arc::downgrade(&self.state))
    }

    /// The namespaces with the number of their sockets, by name.
    pub(crate) fn namespace_sizes(&self) -> BTreeMap<Namespace, usize> {
        self.state.namespaces.sizes(&self.state.sockets)
    }
}
