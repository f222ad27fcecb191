//! The parts of a server that the development mode of its Admin UI watches.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::SocketIo;
use crate::{
    model::{Namespace, SocketId},
    socket::{Socket, SocketLookup, TapListener, Tapped},
};

impl SocketIo {
    /// Sets taps on all sockets but those of `except`. `max_waiting` things wait for the receiver,
    /// and events of more than `max_bytes` are cut.
    pub(crate) fn start_taps(
        &self,
        max_waiting: usize,
        max_bytes: usize,
        except: Namespace,
    ) -> (Arc<TapListener>, mpsc::Receiver<Tapped>) {
        let counters = Arc::clone(&self.state.engine.counters);
        let (listener, tapped) = TapListener::new(max_waiting, max_bytes, except, counters);
        self.state.taps.start(Arc::clone(&listener), || self.all_sockets());
        (listener, tapped)
    }

    /// Removes the taps.
    pub(crate) fn stop_taps(&self) {
        self.state.taps.stop(|| self.all_sockets());
    }

    /// The sockets of all namespaces.
    pub(crate) fn all_sockets(&self) -> Vec<Socket> {
        self.state.sockets.all()
    }

    /// The number of sockets in all namespaces.
    pub(crate) fn socket_count(&self) -> usize {
        self.state.sockets.count()
    }

    /// A socket of whatever namespace.
    pub(crate) fn any_socket(&self, id: &SocketId) -> Option<Socket> {
        self.state.sockets.socket(id)
    }
}
