//! The TCP stream of a WebSocket, kept in the outbox while that WebSocket runs.

use std::io;

use socket2::SockRef;
use tokio::net::TcpStream;

use super::{Outbox, WriteThroughTurn};

/// The TCP stream of the active WebSocket, if that WebSocket sends frames unchanged. While the
/// WebSocket's task waits, other threads may write to the stream under the outbox's lock.
///
/// The stream is stored in the outbox itself, not behind a pointer. A registry that writes to
/// 10,000 clients in a row waits mostly for memory, and this way the stream is on the cache line
/// that the lock has already loaded.
pub(super) struct AttachedStream {
    stream: TcpStream,
    /// The last turn that wrote past the queue.
    pub(super) last_turn: Option<WriteThroughTurn>,
}

/// Makes a write to a closed stream an error instead of a `SIGPIPE`, as the standard library does.
#[cfg(all(unix, not(target_vendor = "apple")))]
const FLAGS: i32 = libc::MSG_NOSIGNAL;
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
const FLAGS: i32 = 0;

impl AttachedStream {
    /// Writes as much as the kernel's buffer has space for.
    ///
    /// This asks the kernel directly. tokio's record of the stream's readiness is elsewhere in
    /// memory, and mostly says only that there is space.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        SockRef::from(&self.stream).send_with_flags(bytes, FLAGS)
    }
}

impl Outbox {
    /// Stores the stream of the active WebSocket, which must be non-blocking. From now on, frames
    /// may be written to it past the queue whenever the WebSocket's task waits.
    ///
    /// # Errors
    /// The given stream, if another one is attached already. That one stays attached.
    pub(crate) fn attach_stream(&self, stream: TcpStream) -> Result<(), TcpStream> {
        let mut state = self.state.lock();
        if state.stream.is_some() {
            return Err(stream);
        }
        state.stream = Some(AttachedStream { stream, last_turn: None });
        Ok(())
    }

    /// Calls `f` with the attached stream, if there is one. The lock is held meanwhile, so no other
    /// thread writes to the stream or pushes a frame.
    pub(crate) fn with_stream<R>(&self, f: impl FnOnce(&TcpStream) -> R) -> Option<R> {
        self.state.lock().stream.as_ref().map(|attached| f(&attached.stream))
    }

    /// Gives the attached stream back.
    pub(crate) fn detach_stream(&self) -> Option<TcpStream> {
        self.state.lock().stream.take().map(|attached| attached.stream)
    }
}
