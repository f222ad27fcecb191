//! One TCP connection that never blocks.

use std::{
    io::{self, ErrorKind, Write},
    net::TcpStream,
};

use rustix::{buffer::spare_capacity, io::Errno};

pub(super) struct Stream {
    pub(super) tcp: TcpStream,
    /// The received part of an incomplete frame.
    pub(super) unread: Vec<u8>,
    /// Bytes that the kernel did not take yet.
    unsent: Vec<u8>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        tcp.set_nonblocking(true)?;
        Ok(Self { tcp, unread: Vec::new(), unsent: Vec::new() })
    }

    pub(super) fn is_blocked(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Writes what the kernel takes. The rest waits for [`flush`](Self::flush).
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let taken = if self.is_blocked() { 0 } else { self.write(bytes)? };
        self.unsent.extend_from_slice(&bytes[taken..]);
        Ok(())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        let taken = self.write(&self.unsent)?;
        self.unsent.drain(..taken);
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match (&self.tcp).write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            done => done,
        }
    }

    /// Replaces the content of `into` by received bytes, up to its capacity.
    pub(super) fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        into.append(&mut self.unread);
        match rustix::io::read(&self.tcp, spare_capacity(into)) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
