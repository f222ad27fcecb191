//! Socket.IO clients on WebSockets: the handshake and the heartbeat. All other packets go to a
//! [`Listener`].

use std::{
    mem,
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{PATIENCE, TURN};
use crate::{
    Fallible,
    net::{Streams, wire},
};

const UPGRADE: &[u8] = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n\
    Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Connects to the main namespace.
const CONNECT: &[u8] = b"40";
/// The same, for a client that asks for the positions of its events.
const CONNECT_WITH_POSITIONS: &[u8] = br#"40{"offsets":true}"#;

/// Handshakes in flight at a time: all servers can queue as many.
const AT_ONCE: usize = 64;

/// Receives the packets of a cell.
pub(super) trait Listener {
    /// Handles a packet of the client with this number. The client sends the frames in `reply`.
    fn hear(&mut self, client: usize, packet: &[u8], reply: &mut Vec<u8>) -> Fallible;
}

/// A listener that expects no packet.
pub(super) struct Nobody;

impl Listener for Nobody {
    fn hear(&mut self, _: usize, packet: &[u8], _: &mut Vec<u8>) -> Fallible {
        Err(format!("nothing is due, and this comes: {:?}", String::from_utf8_lossy(packet)).into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Upgrading,
    Opening,
    Ready,
}

pub(super) struct Clients {
    streams: Streams,
    stages: Vec<Stage>,
    ready: usize,
    readable: Vec<usize>,
    buffer: Vec<u8>,
    reply: Vec<u8>,
    connect: &'static [u8],
}

impl Clients {
    /// Connects this many clients to the main namespace.
    pub(super) fn connect(server: SocketAddr, count: usize) -> Fallible<Self> {
        Self::connect_by(server, count, CONNECT)
    }

    /// The same. The clients ask for positions, which a server without history does not give.
    pub(super) fn connect_with_positions(server: SocketAddr, count: usize) -> Fallible<Self> {
        Self::connect_by(server, count, CONNECT_WITH_POSITIONS)
    }

    fn connect_by(server: SocketAddr, count: usize, connect: &'static [u8]) -> Fallible<Self> {
        let (readable, buffer, reply) = (Vec::new(), Streams::buffer(), Vec::new());
        let mut clients = Self {
            streams: Streams::new()?,
            stages: Vec::with_capacity(count),
            ready: 0,
            readable,
            buffer,
            reply,
            connect,
        };
        let start = Instant::now();
        while clients.ready < count {
            while clients.stages.len() < count.min(clients.ready + AT_ONCE) {
                let number = clients.streams.add(TcpStream::connect_timeout(&server, PATIENCE)?)?;
                clients.stages.push(Stage::Upgrading);
                clients.streams.send(number, UPGRADE)?;
            }
            clients.turn(TURN, &mut Nobody)?;
            if start.elapsed() > PATIENCE {
                return Err(format!(
                    "after {PATIENCE:?}, {} of {count} clients are connected",
                    clients.ready
                )
                .into());
            }
        }
        Ok(clients)
    }

    /// Sends a packet.
    pub(super) fn send(&mut self, client: usize, packet: &[u8]) -> Fallible {
        let mut frame = Vec::with_capacity(packet.len() + 14);
        wire::frame(&mut frame, wire::From::Client, wire::TEXT, packet);
        self.send_frames(client, &frame)
    }

    pub(super) fn send_frames(&mut self, client: usize, frames: &[u8]) -> Fallible {
        Ok(self.streams.send(client, frames)?)
    }

    /// Handles packets until the condition holds.
    pub(super) fn until<L: Listener>(
        &mut self,
        listener: &mut L,
        limit: Duration,
        is_so: impl Fn(&L) -> bool,
    ) -> Fallible<bool> {
        let start = Instant::now();
        while !is_so(listener) {
            if start.elapsed() > limit {
                return Ok(false);
            }
            self.turn(TURN.min(limit), listener)?;
        }
        Ok(true)
    }

    /// Handles all packets of this time.
    pub(super) fn listen(&mut self, listener: &mut impl Listener, time: Duration) -> Fallible {
        self.until(listener, time, |_| false).map(drop)
    }

    /// Waits for packets, and handles them.
    pub(super) fn turn(&mut self, limit: Duration, listener: &mut impl Listener) -> Fallible {
        let (mut readable, mut buffer) =
            (mem::take(&mut self.readable), mem::take(&mut self.buffer));
        let mut reply = mem::take(&mut self.reply);
        self.streams.wait(limit, &mut readable)?;
        for &client in &readable {
            reply.clear();
            self.read(client, &mut buffer, listener, &mut reply)
                .and_then(
                    |()| if reply.is_empty() { Ok(()) } else { self.send_frames(client, &reply) },
                )
                .map_err(|error| format!("client {client}: {error}"))?;
        }
        (self.readable, self.buffer, self.reply) = (readable, buffer, reply);
        Ok(())
    }

    fn read(
        &mut self,
        client: usize,
        buffer: &mut Vec<u8>,
        listener: &mut impl Listener,
        reply: &mut Vec<u8>,
    ) -> Fallible {
        self.streams.receive(client, buffer)?;
        let mut rest = &buffer[..];
        if self.stages[client] == Stage::Upgrading {
            let Some((head, after)) = wire::head(rest) else {
                return Ok(self.streams.keep(client, rest)?);
            };
            if !head.starts_with(b"HTTP/1.1 101") {
                return Err(format!("no WebSocket: {}", String::from_utf8_lossy(head)).into());
            }
            self.stages[client] = Stage::Opening;
            rest = after;
        }
        while let Some(frame) = wire::next(rest)? {
            rest = frame.rest;
            match frame.opcode {
                wire::TEXT => self.packet(client, frame.data, listener, reply)?,
                wire::PING => wire::frame(reply, wire::From::Client, wire::PONG, frame.data),
                wire::CLOSE => return Err(format!("closed by the server: {:?}", frame.data).into()),
                other => return Err(format!("a frame of the kind {other}").into()),
            }
        }
        Ok(self.streams.keep(client, rest)?)
    }

    fn packet(
        &mut self,
        client: usize,
        packet: &[u8],
        listener: &mut impl Listener,
        reply: &mut Vec<u8>,
    ) -> Fallible {
        let connect = self.connect;
        let mut answer = |packet| wire::frame(reply, wire::From::Client, wire::TEXT, packet);
        match packet {
            [b'0', ..] if self.stages[client] == Stage::Opening => answer(connect),
            b"2" => answer(b"3"),
            [b'4', b'0', ..] if self.stages[client] == Stage::Opening => {
                self.stages[client] = Stage::Ready;
                self.ready += 1;
            }
            _ => listener.hear(client, packet, reply)?,
        }
        Ok(())
    }
}
