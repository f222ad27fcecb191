//! The actor of one client: it receives what the client sends, and runs the life of its sockets.
//!
//! [`inbound`] is the way of a packet from a transport to the handlers. Packets for the client do
//! not pass here: see [`outbox`](crate::outbox).

mod admission;
mod clock;
mod ignored_namespaces;
mod inbound;
mod jobs;
mod lifecycle;
mod mailbox;
mod requests;
mod returning;
mod sockets;
#[cfg(feature = "jwt")]
mod tokens;

use std::sync::Arc;

use actix::{Actor, ActorContext, ActorState, Addr, AsyncContext, Context};
use tokio::time::Instant;

use clock::Clock;
use jobs::Jobs;
use sockets::ClientSockets;

use crate::{
    engine::{SessionDriver, SessionRequest},
    model::{SessionId, TokenBucket},
    protocol::{DecodeLimits, EnginePacket, Version},
    state::ServerState,
    stats::Counters,
    transport::Session,
};

/// The actor of one Socket.IO client, over whatever transport, in any number of namespaces.
pub(crate) struct Connection {
    shared: Arc<ServerState>,
    /// The address that its sockets send commands to.
    addr: Arc<Addr<Self>>,
    sockets: ClientSockets,
    jobs: Jobs,
    clock: Clock,
    /// CONNECTs that wait for the socket of a client that comes back.
    claims: usize,
    /// The last field, so that the connection is counted until everything else of it is dropped. A
    /// shutdown waits for that.
    driver: SessionDriver,
}

impl Connection {
    /// Starts a connection on this thread's arbiter.
    pub(crate) fn open(
        shared: &Arc<ServerState>,
        request: SessionRequest,
    ) -> (SessionId, Arc<Session>) {
        let SessionRequest { request, extensions, transport, version, slot } = request;
        let (config, now) = (shared.config(), Instant::now());
        let ctx = Context::new();
        let addr = Arc::new(ctx.address());
        let limits =
            DecodeLimits::new(config.max_json_depth, config.max_attachments, config.max_payload);
        let connection = Self {
            // Built where it stands: a driver has some hundred bytes to move.
            driver: SessionDriver::open(&shared.engine, request, transport, version, slot, &addr),
            sockets: ClientSockets::new(
                shared.codec.decoder(limits),
                extensions,
                config.subscribe_rate.map(|rate| TokenBucket::new(rate, now)),
                config.max_namespaces,
                shared.engine.memory.share(),
            ),
            jobs: Jobs::new(
                config.max_inbox,
                config.max_inbox_bytes,
                shared.engine.memory.share(),
                now,
            ),
            clock: Clock::new(config.connect_timeout, now),
            claims: 0,
            addr,
            shared: Arc::clone(shared),
        };
        let (id, session) = (connection.driver.id(), Arc::clone(connection.driver.session()));
        // `Context::run` would make another address.
        actix::spawn(ctx.into_future(connection));
        if version == Version::V3 {
            // Clients of Socket.IO 2 enter the main namespace without a CONNECT.
            session.inject(vec![EnginePacket::Message("0".into())]);
        }
        (id, session)
    }

    fn counters(&self) -> &Counters {
        &self.shared.engine.counters
    }
}

impl Actor for Connection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // A System that ends drops an actor that has not run yet, and actix calls this first. There
        // is no timer any more, and nothing to wait for.
        if ctx.state() != ActorState::Running {
            return;
        }
        // Unlimited. Transports wait for an answer before they send more, so it stays short.
        ctx.set_mailbox_capacity(0);
        self.set_alarm(ctx);
    }
}

impl Drop for Connection {
    /// However the actor ends, none of its sockets is found any more.
    fn drop(&mut self) {
        for entry in &self.sockets.list {
            self.shared.sockets.remove(&entry.socket);
            entry.socket.detach(entry.presence_exit(), entry.reported_end());
            if let Some(recovery) = &self.shared.recovery {
                recovery.leave(&entry.socket, false);
            }
        }
    }
}
