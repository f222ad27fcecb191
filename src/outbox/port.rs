use std::{
    sync::Arc,
    thread::{self, ThreadId},
};

use tokio::net::TcpStream;

/// The connection of the WebSocket that waits, which others on its thread may write to meanwhile.
pub(super) struct Port {
    pub(super) stream: Arc<TcpStream>,
    pub(super) thread: ThreadId,
    /// The last turn in which something was written past the queue.
    pub(super) written: u64,
}

impl Port {
    /// Of this thread.
    pub(super) fn new(stream: &Arc<TcpStream>) -> Self {
        Self { stream: Arc::clone(stream), thread: thread::current().id(), written: 0 }
    }

    pub(super) fn is_of(&self, stream: &Arc<TcpStream>) -> bool {
        Arc::ptr_eq(&self.stream, stream)
    }
}
