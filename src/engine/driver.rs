use std::{sync::Arc, time::Instant};

use actix::{Actor, Addr, Context, Handler};
use tokio::sync::oneshot;

use super::{
    ConnectionSlot, EngineMessage, EngineState,
    heartbeat::{Beat, Heartbeat},
    packet_queue::PacketQueue,
    read_throttle::{self, ReadThrottle},
    traffic_batch::TrafficBatch,
};
use crate::{
    config::Config,
    log_text::LogText,
    model::{DisconnectReason, Extensions, HttpRequestParts, SessionId, Transport},
    outbox::{Outbox, OutboxEvent},
    protocol::{DecodeError, EnginePacket, Frame, OpenPacket, Version},
    transport::{Session, SessionEnd, SessionEvent},
};

/// A request that may open a session: it has passed all checks.
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

/// Why a session ends because of what its client sent.
#[derive(Debug)]
pub(crate) enum Violation {
    /// A packet can't be decoded.
    Malformed(DecodeError),
    /// A packet is not allowed here; this is the rule that it breaks.
    Rule(&'static str),
    /// The client closes the session, as it may.
    Closed,
}

impl From<DecodeError> for Violation {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// Which deadline of a session has passed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// The client did not answer a ping in time.
    PingTimeout,
    /// The client did not fetch what was sent last in time.
    CloseTimeout,
}

/// The half of a session that its actor owns.
pub(crate) struct SessionDriver {
    id: SessionId,
    engine: Arc<EngineState>,
    session: Arc<Session>,
    request: Arc<HttpRequestParts>,
    heartbeat: Heartbeat,
    throttle: ReadThrottle,
    packets: PacketQueue,
    traffic: TrafficBatch,
    /// Until then the client may fetch what was sent last. No other deadline counts any more.
    linger_until: Option<Instant>,
    /// The session ends as soon as the handlers that run are done.
    draining: bool,
    ended: Option<DisconnectReason>,
    /// Counted as long as the actor lives.
    _slot: ConnectionSlot,
}

impl SessionDriver {
    /// Opens a session for the actor with this address, which must run on this thread. The open
    /// packet is the first frame in its outbox.
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
        let (id, config, now) = (SessionId::random(), &engine.config, Instant::now());
        let notices = Arc::clone(addr);
        let outbox = Outbox::new(transport, config.max_outbox, move |event| {
            notices.do_send(OutboxNotice(event));
        });
        let session = Session::new(addr.clone(), outbox, version, Arc::clone(config));
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
            linger_until: None,
            draining: false,
            ended: None,
            _slot: slot,
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

/// # Receiving
impl SessionDriver {
    /// Queues packets from a transport. `taken` is answered when the last of them is taken from
    /// the queue.
    pub(crate) fn queue(&mut self, packets: Vec<EnginePacket>, taken: Option<oneshot::Sender<()>>) {
        self.packets.push(packets, taken);
    }

    /// Takes the next packet, unless the client is over its rate. While a session drains its rate
    /// does not count, since nothing new is begun.
    pub(crate) fn next_packet(&mut self) -> Option<EnginePacket> {
        if self.throttle.until().is_some() && !self.draining { None } else { self.packets.pop() }
    }

    /// Whether the server holds back what the client sends.
    pub(crate) fn is_held(&self) -> bool {
        self.packets.is_held()
    }

    /// Processes one packet. A message is returned for the protocol on top.
    ///
    /// # Errors
    /// [`Violation`]: the session has to end.
    pub(crate) fn receive(
        &mut self,
        packet: EnginePacket,
    ) -> Result<Option<EngineMessage>, Violation> {
        if let Some(bytes) = read_throttle::bytes(&packet) {
            self.traffic.received(bytes);
            if self.throttle.charge(bytes, Instant::now) {
                self.engine.counters.throttled.add(1);
            }
        }
        match packet {
            EnginePacket::Message(text) => return Ok(Some(EngineMessage::Text(text))),
            EnginePacket::Binary(data) => return Ok(Some(EngineMessage::Binary(data))),
            EnginePacket::Pong(_) => self.heartbeat.pong(Instant::now()),
            EnginePacket::Close => return Err(Violation::Closed),
            EnginePacket::Ping(data) if self.version() == Version::V3 => {
                self.heartbeat.ping(Instant::now());
                self.outbox().push(Frame::engine(&EnginePacket::Pong(data)));
            }
            EnginePacket::Ping(_) => return Err(Violation::Rule("only the server sends pings")),
            EnginePacket::Open(_) | EnginePacket::Upgrade | EnginePacket::Noop => {}
        }
        Ok(None)
    }

    /// Lets transports hand over more without asking, if every packet so far is processed.
    pub(crate) fn release_credit(&self) {
        if !self.packets.is_held() {
            self.session.read_credit.is_free_after(self.packets.received());
        }
    }
}

/// # Counting
impl SessionDriver {
    /// Notes that handlers are called for what the client sent.
    pub(crate) fn begin_handling(&mut self, now: impl FnOnce() -> Instant) {
        self.traffic.begin(now);
    }

    /// Counts one event whose handlers are done.
    pub(crate) fn handled(&mut self) {
        self.traffic.handled();
    }

    /// Adds what was counted since the last call to the server's counters.
    pub(crate) fn flush_traffic(&mut self) {
        self.traffic.flush(&self.engine.counters, Instant::now);
    }
}

/// # Deadlines
impl SessionDriver {
    /// When [`SessionDriver::tick`] is to be called.
    pub(crate) fn next_deadline(&self) -> Instant {
        let next = self.linger_until.unwrap_or_else(|| self.heartbeat.next());
        self.throttle.until().map_or(next, |until| until.min(next))
    }

    /// Whether the time has passed for which the client was over its rate.
    pub(crate) fn resumes_reading(&mut self, now: Instant) -> bool {
        self.throttle.is_over(now)
    }

    /// Sends a ping if one is due, and returns which deadline has passed.
    pub(crate) fn tick(&mut self, now: Instant) -> Due {
        if let Some(until) = self.linger_until {
            return if now >= until { Due::CloseTimeout } else { Due::Nothing };
        }
        match self.heartbeat.beat(now, self.packets.is_held()) {
            Beat::Nothing => Due::Nothing,
            Beat::Ping => {
                // If the outbox is full, that is reported as an overflow.
                self.outbox().push(Frame::PING);
                Due::Nothing
            }
            Beat::Dead => Due::PingTimeout,
        }
    }

    /// Gives the client the whole ping timeout again, after the server held back its packets.
    pub(crate) fn reading_resumed(&mut self) {
        self.heartbeat.read_on(Instant::now());
    }

    /// Whether the session has ended and waits for its client's last poll.
    pub(crate) fn is_lingering(&self) -> bool {
        self.linger_until.is_some()
    }
}

/// # Ending
impl SessionDriver {
    pub(crate) fn is_draining(&self) -> bool {
        self.draining
    }

    /// Processes nothing new from here on. Returns `false` if the session drains already.
    pub(crate) fn drain(&mut self) -> bool {
        !std::mem::replace(&mut self.draining, true)
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Starts to end the session: nothing more is received. The protocol on top then sends its
    /// last packets and calls [`SessionDriver::close_outbox`]. Returns `false` if the session has
    /// ended already.
    pub(crate) fn end(&mut self, reason: DisconnectReason) -> bool {
        if self.ended.is_some() {
            return false;
        }
        self.ended = Some(reason);
        if self.polls_again(reason) {
            let Config { close_timeout, shutdown_timeout, .. } = *self.engine.config;
            // A server that shuts down has less time for clients that never poll again.
            let is_shutdown = reason == DisconnectReason::ServerShutdown;
            let patience =
                if is_shutdown { close_timeout.min(shutdown_timeout / 4) } else { close_timeout };
            self.linger_until = Some(Instant::now() + patience);
        } else {
            // Before any request is answered: the client's next request finds no session.
            self.engine.sessions.close(&self.id);
        }
        self.packets.close();
        true
    }

    /// Ends the outbox: what waits is still sent, unless the client is gone.
    pub(crate) fn close_outbox(&self, reason: DisconnectReason) {
        match reason {
            DisconnectReason::PingTimeout
            | DisconnectReason::TransportClose
            | DisconnectReason::TransportError => self.outbox().finish_discarding(),
            _ => self.outbox().finish(),
        }
    }

    /// Returns the reason with which a session ends after a violation, and logs it.
    pub(crate) fn violated(&self, violation: &Violation) -> DisconnectReason {
        match violation {
            Violation::Closed => {
                // The client needs no answer to the poll that waits.
                self.engine.sessions.close(&self.id);
                self.outbox().release();
                return DisconnectReason::TransportClose;
            }
            Violation::Malformed(error) => log::info!("{}: {}", self.peer(), LogText(error)),
            Violation::Rule(rule) => log::info!("{}: {rule}", self.peer()),
        }
        DisconnectReason::ParseError
    }

    /// Returns the reason with which a session ends that a transport or the server ends, and logs
    /// it.
    pub(crate) fn end_reason(&self, end: &SessionEnd) -> DisconnectReason {
        match end {
            SessionEnd::Closed => DisconnectReason::TransportClose,
            SessionEnd::Shutdown => DisconnectReason::ServerShutdown,
            SessionEnd::Broken(why) => {
                log::info!("{}: {why}", self.peer());
                DisconnectReason::TransportError
            }
            SessionEnd::Malformed(error) => {
                log::info!("{}: {}", self.peer(), LogText(error));
                DisconnectReason::ParseError
            }
        }
    }

    /// The client is on a WebSocket now.
    pub(crate) fn upgraded(&self) {
        log::debug!("{}: upgrade to websocket", self.peer());
        self.engine.counters.upgraded.add(1);
    }

    /// The transport has taken the last frame: no request finds the session any more.
    pub(crate) fn drained(&self) {
        self.engine.sessions.close(&self.id);
    }

    /// No longer waits for the client's last poll. Returns `false` if the session does not wait.
    pub(crate) fn give_up_client(&self) -> bool {
        if self.is_lingering() {
            self.outbox().abort();
            self.drained();
        }
        self.is_lingering()
    }

    /// Whether nothing is left to be sent, so that the actor may stop.
    pub(crate) fn may_stop(&self) -> bool {
        !self.is_lingering() || self.outbox().is_closed()
    }

    /// Whether the client does not know of the end yet, and its next poll fetches what was sent
    /// last.
    fn polls_again(&self, reason: DisconnectReason) -> bool {
        let outbox = self.outbox();
        if outbox.active_transport() != Transport::Polling || outbox.is_closed() {
            return false;
        }
        match reason {
            // The poll that waits returns with the first packet, and the close packet is a second.
            DisconnectReason::ServerDisconnect => true,
            DisconnectReason::ParseError | DisconnectReason::ServerShutdown => !outbox.is_polled(),
            _ => false,
        }
    }
}

impl Drop for SessionDriver {
    /// However the actor ends, no transport waits for it any more and no request finds it.
    fn drop(&mut self) {
        self.outbox().finish();
        // Without a reason it was dropped together with its arbiter.
        self.engine.counters.ended.add(self.ended.unwrap_or(DisconnectReason::ServerShutdown));
        self.engine.sessions.close(&self.id);
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
