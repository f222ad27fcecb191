//! Many TCP connections on one epoll, by number.

use std::{
    io,
    net::TcpStream,
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
    io::Errno,
};

use super::Stream;

/// How many events one turn handles.
const EVENTS: usize = 1024;
/// The most that one read takes.
const CHUNK: usize = 256 * 1024;

pub(crate) struct Streams {
    epoll: OwnedFd,
    streams: Vec<Option<Stream>>,
    events: Vec<epoll::Event>,
}

impl Streams {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, streams: Vec::new(), events: Vec::with_capacity(EVENTS) })
    }

    /// The buffer of [`receive`](Self::receive).
    pub(crate) fn buffer() -> Vec<u8> {
        Vec::with_capacity(CHUNK)
    }

    /// Adds a connection, and numbers it: 0, 1, 2, …
    pub(crate) fn add(&mut self, tcp: TcpStream) -> io::Result<usize> {
        let number = self.streams.len();
        let stream = Stream::new(tcp)?;
        self.watch(&stream.tcp, number)?;
        self.streams.push(Some(stream));
        Ok(number)
    }

    /// Registers a source under this number, for reading or accepting.
    pub(crate) fn watch(&self, source: &impl AsFd, number: usize) -> io::Result<()> {
        let number = epoll::EventData::new_u64(number as u64);
        Ok(epoll::add(&self.epoll, source, number, epoll::EventFlags::IN)?)
    }

    /// Waits until there is something to read, and returns the numbers of these connections. It also
    /// sends what could not be sent before.
    pub(crate) fn wait(&mut self, limit: Duration, readable: &mut Vec<usize>) -> io::Result<()> {
        readable.clear();
        self.events.clear();
        let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for at in 0..self.events.len() {
            let epoll::Event { flags, data, .. } = self.events[at];
            let number = usize::try_from(data.u64()).map_err(io::Error::other)?;
            if flags.contains(epoll::EventFlags::OUT) {
                self.write(number, Stream::flush)?;
            }
            // Also ends and errors: reading returns them.
            if flags != epoll::EventFlags::OUT {
                readable.push(number);
            }
        }
        Ok(())
    }

    /// Sends to one connection. [`wait`](Self::wait) sends what the kernel does not take now.
    pub(crate) fn send(&mut self, number: usize, bytes: &[u8]) -> io::Result<()> {
        self.write(number, |stream| stream.send(bytes))
    }

    /// Reads from one connection into the buffer.
    pub(crate) fn receive(&mut self, number: usize, into: &mut Vec<u8>) -> io::Result<()> {
        self.at(number)?.receive(into)
    }

    /// Gives back the incomplete end of the received bytes.
    pub(crate) fn keep(&mut self, number: usize, rest: &[u8]) -> io::Result<()> {
        self.at(number)?.unread.extend_from_slice(rest);
        Ok(())
    }

    /// Closes one connection. Its number is not used again.
    pub(crate) fn close(&mut self, number: usize) {
        self.streams[number] = None;
    }

    fn write(
        &mut self,
        number: usize,
        write: impl FnOnce(&mut Stream) -> io::Result<()>,
    ) -> io::Result<()> {
        let stream = self.at(number)?;
        let was_blocked = stream.is_blocked();
        write(stream)?;
        let stream = self.streams[number].as_ref().ok_or(io::ErrorKind::NotConnected)?;
        if stream.is_blocked() != was_blocked {
            let wanted =
                if was_blocked { epoll::EventFlags::empty() } else { epoll::EventFlags::OUT };
            let data = epoll::EventData::new_u64(number as u64);
            epoll::modify(&self.epoll, &stream.tcp, data, epoll::EventFlags::IN | wanted)?;
        }
        Ok(())
    }

    fn at(&mut self, number: usize) -> io::Result<&mut Stream> {
        self.streams[number].as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}
