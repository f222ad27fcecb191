//! The actor's half of a session.

mod deadlines;
mod ending;
mod event;
mod receiving;

use std::sync::Arc;

use actix::{Actor, Addr, Context, Handler};
use tokio::time::Instant;

pub(crate) use deadlines::Due;
pub(crate) use event::AfterEvent;
pub(crate) use receiving::ClientEnd;

use super::{
    ConnectionSlot, EngineState, heartbeat::Heartbeat, packet_queue::PacketQueue,
    read_throttle::ReadThrottle, traffic_batch::TrafficBatch,
};
use crate::{
    config::Config,
    deadline::Deadline,
    model::{DisconnectReason, Extensions, HttpRequestParts, SessionId, Transport},
    outbox::{Outbox, OutboxEvent, OutboxShares},
    protocol::{Frame, OpenPacket, Version},
    transport::{Session, SessionEvent},
};

/// A request that has passed all checks and may open a session.
#[derive(Debug)]
pub(crate) struct SessionRequest {
    pub(crate) request: HttpRequestParts,
    pub(crate) extensions: Extensions,
    pub(crate) transport: Transport,
    pub(crate) version: Version,
    pub(crate) slot: ConnectionSlot,
}

/// An event of the outbox, for the session's actor.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(crate) struct OutboxNotice(pub(crate) OutboxEvent);

/// The actor's half of a session: heartbeat, deadlines, read limits, and the end.
///
/// It runs no task and no timer. Its actor calls [`SessionDriver::tick`] when
/// [`SessionDriver::next_deadline`] has come.
pub(crate) struct SessionDriver {
    id: SessionId,
    engine: Arc<EngineState>,
    session: Arc<Session>,
    request: Arc<HttpRequestParts>,
    heartbeat: Heartbeat,
    throttle: ReadThrottle,
    packets: PacketQueue,
    traffic: TrafficBatch,
    /// The time until which the client may fetch the last packets. Once it is set, all other
    /// deadlines are void.
    last_poll_by: Option<Deadline>,
    /// The session ends as soon as the handlers that run are done.
    draining: bool,
    ended: Option<DisconnectReason>,
    /// The client has sent something that Engine.IO does not allow.
    is_unreadable: bool,
    /// Counts the connection, as long as the actor is alive. It is taken only as the driver drops.
    slot: Option<ConnectionSlot>,
}

impl SessionDriver {
    /// Opens a session for the actor with this address, which must run on this thread. The open
    /// packet becomes the first frame in the outbox.
    #[inline] // Each protocol calls it once, and a driver has some hundred bytes to move.
    pub(crate) fn open<A>(
        engine: &Arc<EngineState>,
        request: HttpRequestParts,
        transport: Transport,
        version: Version,
        slot: ConnectionSlot,
        addr: &Arc<Addr<A>>,
    ) -> Self
    where
        A: Actor<Context = Context<A>> + Handler<SessionEvent> + Handler<OutboxNotice>,
    {
        let node = engine.forwarding.get().map(|others| others.directory.own_id());
        let (id, config, now) = (SessionId::of_node(node), &engine.config, Instant::now());
        let notices = Arc::clone(addr);
        let shares = OutboxShares {
            memory: engine.memory.share(),
            congested: engine.counters.congested.clone(),
        };
        let outbox = Outbox::sharing(transport, config.max_outbox, shares, move |event| {
            notices.do_send(OutboxNotice(event));
        });
        let memory = engine.memory.clone();
        let session = Session::new(addr.clone(), outbox, version, Arc::clone(config), memory);
        engine.sessions.open(id, Arc::clone(&session));
        engine.counters.opened.add(transport);
        session.outbox.push(open_packet(config, &id, transport));
        let heartbeat = match version {
            Version::V3 => Heartbeat::listening,
            Version::V4 => Heartbeat::new,
        };
        Self {
            id,
            session,
            request: Arc::new(request),
            heartbeat: heartbeat(config.ping_interval, config.ping_timeout, now),
            throttle: ReadThrottle::new(config, now),
            packets: PacketQueue::default(),
            traffic: TrafficBatch::default(),
            last_poll_by: None,
            draining: false,
            ended: None,
            is_unreadable: false,
            slot: Some(slot),
            engine: Arc::clone(engine),
        }
    }

    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    /// The half that transports see.
    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.session.outbox
    }

    pub(crate) fn version(&self) -> Version {
        self.session.version
    }

    pub(crate) fn request(&self) -> &Arc<HttpRequestParts> {
        &self.request
    }

    /// The client's address, for the log.
    pub(crate) fn peer(&self) -> String {
        let addr = self.request.peer_addr();
        addr.map_or_else(|| "a client of unknown address".to_owned(), |addr| addr.to_string())
    }
}

impl Drop for SessionDriver {
    /// Whatever ends the actor, no transport waits for it and no request finds it afterwards.
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.session.go_away();
        }
        self.outbox().finish();
        // A session without a reason was dropped together with its arbiter.
        self.engine.counters.ended.add(self.ended.unwrap_or(DisconnectReason::ServerShutdown));
        self.engine.sessions.close(&self.id);
        if let Some(slot) = self.slot.take() {
            // Answers that the client has not read are still in memory, so the connection counts.
            self.outbox().drop_when_read(slot, ConnectionSlot::end);
        }
    }
}

fn open_packet(config: &Config, id: &SessionId, transport: Transport) -> Frame {
    let upgrades: &[&str] = match transport {
        Transport::Polling
            if config.allow_upgrades && config.transports.contains(&Transport::WebSocket) =>
        {
            &["websocket"]
        }
        _ => &[],
    };
    OpenPacket::new(
        id.reveal(),
        upgrades,
        config.ping_interval,
        config.ping_timeout,
        config.max_payload,
    )
    .frame()
}
