use std::{
    io::{self, ErrorKind, IoSlice, Read, Write},
    mem,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use rustls::ServerConnection;
use socket2::SockRef;
use tokio::{io::Interest, net::TcpStream};
use tokio_rustls::server::TlsStream;

/// The TLS stream of a client after its handshake, without a runtime's traits around it.
///
/// It holds bytes only while some are on their way: a write is complete when all of its ciphertext
/// is with the kernel.
#[derive(Debug)]
pub(crate) struct TlsConnection {
    tcp: TcpStream,
    tls: ServerConnection,
    /// Bytes at the beginning of the chunk that is being written. They are encrypted, and not all
    /// of that is with the kernel.
    encrypted: usize,
    /// rustls may have more plaintext than the last read has taken.
    has_plaintext: bool,
    /// The end of what the server sends was written.
    is_ended: bool,
}

impl TlsConnection {
    pub(crate) fn new(stream: TlsStream<TcpStream>) -> Self {
        let (tcp, tls) = stream.into_inner();
        Self { tcp, tls, encrypted: 0, has_plaintext: true, is_ended: false }
    }

    /// Reads plaintext into `buffer`. Zero bytes are the end, whether the client has announced it
    /// or not: a WebSocket has a Close frame for that.
    pub(crate) fn poll_read(
        &mut self,
        buffer: &mut [u8],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.tls.reader().read(buffer) {
                Ok(count) => {
                    self.has_plaintext = count == buffer.len();
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Ok(0));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
            self.has_plaintext = false;
            // Each round takes of tokio's budget, so records without plaintext can't keep the task.
            ready!(self.tcp.poll_read_ready(cx))?;
            match self.tls.read_tls(&mut Kernel(&self.tcp)) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                result => result?,
            };
            let processed = self.tls.process_new_packets();
            // An alert, or the answer to a change of keys. If the kernel has no space now, it is
            // written before the next chunk.
            let _ = self.write_pending();
            processed.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        }
    }

    /// Whether there may be bytes to read, without a system call.
    pub(crate) fn is_readable(&self) -> bool {
        self.has_plaintext || self.tcp.try_io(Interest::READABLE, || Ok(())).is_ok()
    }

    /// Ready if the kernel has space to write, or the connection is broken.
    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp.poll_write_ready(cx)
    }

    /// Writes the beginning of a chunk, at most `max` bytes, and removes it from the chunk.
    ///
    /// The chunk must be the same one until it is written.
    pub(crate) fn poll_write(
        &mut self,
        chunk: &mut Bytes,
        max: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.encrypted == 0 {
            ready!(self.poll_pending(cx))?;
            self.encrypted = self.tls.writer().write(&chunk[..chunk.len().min(max)])?;
        }
        ready!(self.poll_pending(cx))?;
        chunk.advance(mem::take(&mut self.encrypted));
        Poll::Ready(Ok(()))
    }

    /// Ready if all ciphertext is with the kernel.
    fn poll_pending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.write_pending() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.tcp.poll_write_ready(cx))?;
                }
                result => return Poll::Ready(result),
            }
        }
    }

    fn write_pending(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut Kernel(&self.tcp))?;
        }
        Ok(())
    }

    /// Tells the client that nothing more comes, so that it can tell this end from a cut.
    fn end(&mut self) {
        if !mem::replace(&mut self.is_ended, true) {
            self.tls.send_close_notify();
            // A client whose window is closed, or who has gone, does not get it.
            let _ = self.write_pending();
        }
    }

    /// Closes the writing direction of the stream.
    pub(crate) fn shut_down(&mut self) {
        self.end();
        // This fails only if the client has gone already.
        let _ = SockRef::from(&self.tcp).shutdown(std::net::Shutdown::Write);
    }
}

impl Drop for TlsConnection {
    fn drop(&mut self) {
        self.end();
    }
}

/// The TCP stream as rustls uses it: without waiting.
struct Kernel<'a>(&'a TcpStream);

impl Read for Kernel<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        let result = self.0.try_io(Interest::READABLE, || {
            count = (&*SockRef::from(self.0)).read(buffer)?;
            // A read that does not fill the buffer has emptied the stream. `WouldBlock` clears
            // tokio's readiness, which saves a read that would return nothing.
            if (1..buffer.len()).contains(&count) {
                Err(ErrorKind::WouldBlock.into())
            } else {
                Ok(())
            }
        });
        match result {
            Err(error) if count == 0 => Err(error),
            _ => Ok(count),
        }
    }
}

impl Write for Kernel<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, records: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(records)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
