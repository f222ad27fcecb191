//! From packets to jobs.

use std::time::Instant;

use bytestring::ByteString;

use super::{
    Connection, Member,
    job::{Job, Task, log_safe},
};
use crate::{
    event::{DisconnectReason, HandlerError},
    model::Handshake,
    outbox::Lane,
    protocol::{self, DecodeError, EnginePacket, Frame, Packet, PacketKind, Version},
    socket::{Parts, Socket},
    transport::Ending,
};

/// What a client sent is legal nowhere, or not now. Its connection is closed.
#[derive(Debug)]
pub(super) enum Violation {
    Malformed(DecodeError),
    /// The rule that it broke.
    Rule(&'static str),
    /// Nothing is wrong: it says goodbye.
    Goodbye,
}

impl From<DecodeError> for Violation {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl Connection {
    pub(super) fn receive(&mut self, packet: EnginePacket) -> Result<(), Violation> {
        match packet {
            EnginePacket::Message(text) => {
                log::trace!("{} sent {:?}", self.peer(), &*text);
                let packet = self.decoder.text(text)?;
                packet.map_or(Ok(()), |packet| self.packet(packet))
            }
            EnginePacket::Binary(data) => {
                log::trace!("{} sent {} bytes", self.peer(), data.len());
                let packet = self.decoder.binary(data)?;
                packet.map_or(Ok(()), |packet| self.packet(packet))
            }
            EnginePacket::Pong(_) => {
                self.timers.pong(Instant::now());
                Ok(())
            }
            EnginePacket::Close => Err(Violation::Goodbye),
            EnginePacket::Ping(data) if self.version == Version::V3 => {
                self.timers.ping(Instant::now());
                self.outbox.push(Frame::engine(&EnginePacket::Pong(data)));
                Ok(())
            }
            EnginePacket::Ping(_) => Err(Violation::Rule("only the server pings")),
            EnginePacket::Open(_) | EnginePacket::Upgrade | EnginePacket::Noop => Ok(()),
        }
    }

    fn packet(&mut self, packet: Packet) -> Result<(), Violation> {
        let Packet { namespace, kind } = packet;
        match kind {
            PacketKind::Connect(auth) => return self.connect(&namespace, auth),
            PacketKind::ConnectError(_) => return Err(Violation::Rule("only the server refuses")),
            _ => {}
        }
        if self.member(&namespace).is_none() && self.put_out.iter().any(|name| *name.as_str() == *namespace) {
            return Ok(());
        }
        let member =
            self.member(&namespace).ok_or(Violation::Rule("a packet for a namespace which the client is not in"))?;
        match kind {
            // An event without a name is legal, and nobody's.
            PacketKind::Event { name, args, id } if !name.is_empty() || !args.is_empty() => {
                let task = Task::Event { name, args, id };
                let (socket, router) = (member.socket.clone(), member.router.clone());
                self.inbox.push(Job { socket, router, task });
            }
            PacketKind::Ack { id: Some(id), args } => {
                // Past the queue: the handler of the event before may wait for it.
                let asked = member.socket.acknowledge(&id, args);
                log::debug!(
                    "{}: an acknowledgement{}",
                    member.socket.id(),
                    if asked { "" } else { " nobody waits for" }
                );
            }
            PacketKind::Disconnect => {
                member.socket.shut();
                self.end_member(&namespace, DisconnectReason::ClientDisconnect);
            }
            _ => {}
        }
        Ok(())
    }

    fn connect(&mut self, name: &ByteString, auth: Option<ByteString>) -> Result<(), Violation> {
        // Old clients put what they have to show into the name.
        let name = match self.version {
            Version::V3 => name.split('?').next().unwrap_or_default(),
            Version::V4 => name,
        };
        if self.member(name).is_some() {
            return Err(Violation::Rule("a second CONNECT to a namespace"));
        }
        self.put_out.retain(|namespace| namespace.as_str() != name);
        let shared = self.shared.clone();
        let handshake = Handshake::new(self.request.clone(), auth);
        let Some((space, router)) = shared.namespaces.enter(name, &handshake) else {
            self.refuse(name, "Invalid namespace");
            return Ok(());
        };
        let limit = shared.config.max_namespaces;
        if self.members.len() >= limit {
            self.refuse(name, &format!("a connection may be in {limit} namespaces at most"));
            return Ok(());
        }
        let socket = Socket::attach(Parts {
            space,
            handshake,
            extensions: self.extensions.clone(),
            lane: Lane::new(self.outbox.clone(), shared.config.max_outbox),
            commands: self.commands.clone(),
        });
        shared.sessions.remember(&socket);
        self.inbox.push(Job { socket: socket.clone(), router: router.clone(), task: Task::Connect });
        self.members.push(Member { socket, router, admitted: false, ending: false });
        Ok(())
    }

    fn refuse(&self, namespace: &str, why: &str) {
        log::info!("refuse {} in {}: {why}", self.peer(), log_safe(namespace));
        self.push_refusal(namespace, &HandlerError::reject(why));
    }

    /// Tells the client that it is not let in.
    pub(super) fn push_refusal(&self, namespace: &str, error: &HandlerError) {
        let mut told = error.to_client();
        if self.version == Version::V3 {
            // Old clients want the data, or else the message.
            let key = if told.get("data").is_some() { "data" } else { "message" };
            told = told[key].take();
        }
        self.outbox.push(self.shared.encoding.connect_error(namespace, &told.to_string()));
    }

    /// The packet that lets a socket in.
    pub(super) fn connect_packet(&self, socket: &Socket) -> Frame {
        let namespace = socket.namespace().as_str();
        match self.version {
            Version::V4 => self.shared.encoding.connect(namespace, socket.id().as_str()),
            Version::V3 => protocol::connect_v3(namespace),
        }
    }
}

/// How a session ends that a transport, or the server, has ended.
pub(super) fn reason(ending: &Ending) -> DisconnectReason {
    match ending {
        Ending::Closed => DisconnectReason::TransportClose,
        Ending::Broken(_) => DisconnectReason::TransportError,
        Ending::Malformed(_) => DisconnectReason::ParseError,
        Ending::Shutdown => DisconnectReason::ServerShutdown,
    }
}
