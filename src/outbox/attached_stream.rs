use std::io;

use socket2::SockRef;
use tokio::net::TcpStream;

use super::Outbox;

/// The connection of the WebSocket that takes, if it takes frames as they are: others may write to
/// it while it waits.
///
/// It is *in* the outbox, and not at the end of a pointer: who writes to ten thousand of them in a
/// row waits for memory more than for anything else of ours.
pub(super) struct AttachedStream {
    stream: TcpStream,
    /// The last turn in which something was written past the queue.
    pub(super) frame_builder: u64,
}

/// A peer that has gone is an error, and no signal to the process: as the standard library writes.
#[cfg(all(unix, not(target_vendor = "apple")))]
const FLAGS: i32 = libc::MSG_NOSIGNAL;
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
const FLAGS: i32 = 0;

impl AttachedStream {
    /// Writes what there is room for. It does not ask what tokio knows of the connection's
    /// readiness, which is far away in memory, and mostly says that there is room; the kernel knows
    /// better.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        SockRef::from(&self.stream).send_with_flags(bytes, FLAGS)
    }
}

impl Outbox {
    /// Takes the connection of the WebSocket that takes from here, which must not block. From now
    /// on, frames may be written to it past the queue whenever its task waits.
    ///
    /// # Errors
    /// With the connection, if there is one already: that one stays.
    pub(crate) fn attach_stream(&self, stream: TcpStream) -> Result<(), TcpStream> {
        let mut state = self.state.lock();
        if state.stream.is_some() {
            return Err(stream);
        }
        state.stream = Some(AttachedStream { stream, frame_builder: 0 });
        Ok(())
    }

    /// Does something with the connection, if it is here. Nothing is written to it or pushed
    /// meanwhile.
    pub(crate) fn with_stream<R>(&self, does: impl FnOnce(&TcpStream) -> R) -> Option<R> {
        self.state.lock().stream.as_ref().map(|stream| does(&stream.stream))
    }

    /// Gives the connection back.
    pub(crate) fn detach_stream(&self) -> Option<TcpStream> {
        self.state.lock().stream.take().map(|stream| stream.stream)
    }
}
