//! From packets to jobs.

use std::{collections::BTreeMap, time::Instant};

use actix::Context;
use actix_web::web::Query;
use bytestring::ByteString;

use super::{
    ConnectedSocket, Connection,
    job::{Job, Task, log_safe},
    read_throttle,
};
use crate::{
    event::{DisconnectReason, HandlerError},
    model::{Channel, Handshake},
    outbox::SocketSender,
    protocol::{self, DecodeError, EnginePacket, Frame, Packet, PacketKind, Version},
    socket::{Socket, SocketParts},
    state::NamespaceEntry,
    stats::RefusalKind,
    transport::SessionEnd,
};

/// What a client sent is legal nowhere, or not now. Its connection is closed.
#[derive(Debug)]
pub(super) enum Violation {
    Malformed(DecodeError),
    /// The rule that it broke.
    Rule(&'static str),
    /// Nothing is wrong: it says goodbye.
    Closed,
}

impl From<DecodeError> for Violation {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl Connection {
    pub(super) fn receive(
        &mut self,
        packet: EnginePacket,
        ctx: &mut Context<Self>,
    ) -> Result<(), Violation> {
        if let Some(bytes) = read_throttle::bytes(&packet) {
            self.traffic.received(bytes);
            if self.throttle.charge(bytes, Instant::now) {
                self.shared.counters.throttled.add(1);
            }
        }
        match packet {
            EnginePacket::Message(text) => {
                // What a client shows to be let in is nobody's business.
                let shown = if text.starts_with('0') { "a CONNECT" } else { &*text };
                log::trace!("{} sent {shown:?}", self.peer());
                let packet = self.decoder.text(text)?;
                packet.map_or(Ok(()), |packet| self.packet(packet, ctx))
            }
            EnginePacket::Binary(data) => {
                log::trace!("{} sent {} bytes", self.peer(), data.len());
                let packet = self.decoder.binary(data)?;
                packet.map_or(Ok(()), |packet| self.packet(packet, ctx))
            }
            EnginePacket::Pong(_) => {
                self.timers.pong(Instant::now());
                Ok(())
            }
            EnginePacket::Close => Err(Violation::Closed),
            EnginePacket::Ping(data) if self.session.version == Version::V3 => {
                self.timers.ping(Instant::now());
                self.session.outbox.push(Frame::engine(&EnginePacket::Pong(data)));
                Ok(())
            }
            EnginePacket::Ping(_) => Err(Violation::Rule("only the server pings")),
            EnginePacket::Open(_) | EnginePacket::Upgrade | EnginePacket::Noop => Ok(()),
        }
    }

    fn packet(&mut self, packet: Packet, ctx: &mut Context<Self>) -> Result<(), Violation> {
        let Packet { namespace, kind } = packet;
        // Nothing new is begun on the way out; but a handler may wait for an answer, and a client
        // may leave first.
        if self.draining && !matches!(kind, PacketKind::Ack { .. } | PacketKind::Disconnect) {
            return Ok(());
        }
        match kind {
            PacketKind::Connect(auth) => return self.connect(&namespace, auth),
            PacketKind::ConnectError(_) => return Err(Violation::Rule("only the server refuses")),
            _ => {}
        }
        let Some(at) = self.position(&namespace) else {
            return match self.refused_namespaces.forgives(&namespace) {
                true => Ok(()),
                false => {
                    Err(Violation::Rule("a packet for a namespace which the client is not in"))
                }
            };
        };
        match kind {
            // An event without a name is legal, and nobody's.
            PacketKind::Event { name, args, id } if !name.is_empty() || !args.is_empty() => {
                self.event(at, name, args, id, ctx);
            }
            PacketKind::Ack { id: Some(id), args } => {
                // Past the queue: the handler of the event before may wait for it.
                let socket = &self.members[at].socket;
                let asked = socket.acknowledge(&id, args);
                log::debug!(
                    "{}: an acknowledgement{}",
                    socket.id(),
                    if asked { "" } else { " nobody waits for" }
                );
            }
            PacketKind::Disconnect => {
                self.members[at].socket.close();
                self.end_member(&namespace, DisconnectReason::ClientDisconnect);
            }
            _ => {}
        }
        Ok(())
    }

    fn connect(&mut self, name: &ByteString, auth: Option<ByteString>) -> Result<(), Violation> {
        // Old clients put what they have to show into the name, as a query.
        let (name, auth) = match self.session.version {
            Version::V3 => {
                let (name, query) = name.split_once('?').unwrap_or((name, ""));
                (name, auth_of_query(query))
            }
            // A copy: a socket is not to keep the buffer that it was read into.
            Version::V4 => (&**name, auth.map(|auth| ByteString::from(&*auth))),
        };
        if self.member(name).is_some() {
            return Err(Violation::Rule("a second CONNECT to a namespace"));
        }
        // Names stand in logs and tables; and one without its slash, which other parsers can send,
        // is not another's.
        if !name.starts_with('/')
            || Channel::check(name, self.shared.config.max_channel_length).is_err()
        {
            self.refuse(RefusalKind::UnknownNamespace, name, "Invalid namespace");
            return Ok(());
        }
        self.refused_namespaces.asks_again(name);
        let shared = self.shared.clone();
        let handshake = Handshake::new(self.request.clone(), auth);
        let Some(NamespaceEntry { namespace, router, config, quota }) =
            shared.namespaces.enter(name, &handshake)
        else {
            self.refuse(RefusalKind::UnknownNamespace, name, "Invalid namespace");
            return Ok(());
        };
        let limit = shared.config.max_namespaces;
        if self.members.len() >= limit {
            self.refuse(
                RefusalKind::TooManyNamespaces,
                name,
                &format!("a connection may be in {limit} namespaces at most"),
            );
            return Ok(());
        }
        let Some(seat) = namespace.socket_quota.acquire(config.max_sockets) else {
            self.refuse(RefusalKind::FullNamespace, name, "the namespace is full");
            return Ok(());
        };
        let seats = [seat, quota.acquire_unbounded()];
        let socket = Socket::attach(SocketParts {
            namespace,
            config,
            channel_routes: router.channel_routes().clone(),
            handshake,
            extensions: self.extensions.clone(),
            sender: SocketSender::new(self.session.outbox.clone(), shared.config.max_outbox),
            commands: self.addr.clone(),
            subscriptions: self.subscriptions.clone(),
        });
        shared.sessions.remember(&socket);
        self.jobs.push(Job { socket: socket.clone(), router: router.clone(), task: Task::Connect });
        self.members.push(ConnectedSocket {
            socket,
            router,
            admitted: false,
            ending: false,
            _seats: seats,
        });
        Ok(())
    }

    fn refuse(&self, kind: RefusalKind, namespace: &str, why: &str) {
        self.shared.counters.refused.add(kind);
        log::info!("refuse {} in {}: {why}", self.peer(), log_safe(namespace));
        self.push_refusal(namespace, &HandlerError::reject(why));
    }

    /// Tells the client that it is not let in.
    pub(super) fn push_refusal(&self, namespace: &str, error: &HandlerError) {
        let told = error.to_client();
        let told = match (self.session.version, told.get("data")) {
            // Old clients want the data, or else the message.
            (Version::V3, data) => data.unwrap_or(&told["message"]).to_string(),
            // In Node's order.
            (Version::V4, Some(data)) => {
                format!(r#"{{"message":{},"data":{data}}}"#, told["message"])
            }
            (Version::V4, None) => told.to_string(),
        };
        self.session.outbox.push(self.shared.codec.connect_error(namespace, &told));
    }

    /// The packet that lets a socket in.
    pub(super) fn connect_packet(&self, socket: &Socket) -> Frame {
        let namespace = socket.namespace().as_str();
        match self.session.version {
            Version::V4 => self.shared.codec.connect(namespace, socket.id().as_str()),
            Version::V3 => protocol::connect_v3(namespace),
        }
    }
}

/// What an old client has to show, as an `auth` object; nothing, if it is no query.
fn auth_of_query(query: &str) -> Option<ByteString> {
    let query = Query::<BTreeMap<String, String>>::from_query(query).ok()?.into_inner();
    serde_json::to_string(&query).ok().map(ByteString::from)
}

/// How a session ends that a transport, or the server, has ended.
pub(super) fn reason(ending: &SessionEnd) -> DisconnectReason {
    match ending {
        SessionEnd::Closed => DisconnectReason::TransportClose,
        SessionEnd::Broken(_) => DisconnectReason::TransportError,
        SessionEnd::Malformed(_) => DisconnectReason::ParseError,
        SessionEnd::Shutdown => DisconnectReason::ServerShutdown,
    }
}
