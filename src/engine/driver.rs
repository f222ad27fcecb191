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

/// Why a session ends because of what its client sent.
#[derive(Debug)]
pub(crate) enum Violation {
    /// A packet can't be decoded.
    Malformed(DecodeError),
    /// A packet breaks a rule, which the text names.
    Rule(&'static str),
    /// The client closes the session, which it may do at any time.
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
    /// The client did not fetch the last packets in time.
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
    /// The time until which the client may fetch the last packets. Once it is set, all other
    /// deadlines are void.
    linger_until: Option<Instant>,
    /// The session ends as soon as the handlers that run are done.
    draining: bool,
    ended: Option<DisconnectReason>,
    /// Counts the connection as long as the actor is alive.
    _slot: ConnectionSlot,
}

impl SessionDriver {
    /// Opens a session for the actor with this address, which must run on this thread. The open
    /// packet becomes the first frame in the outbox.
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

    /// Takes the next packet, unless the client is over its rate. While a session drains, the rate
    /// is ignored, since no handlers are called.
    pub(crate) fn next_packet(&mut self) -> Option<EnginePacket> {
        if self.throttle.until().is_some() && !self.draining { None } else { self.packets.pop() }
    }

    /// Whether the server does not read from the client for now.
    pub(crate) fn is_held(&self) -> bool {
        self.packets.is_held()
    }

    /// Processes one packet. Returns a message, if it is one, to the protocol on top.
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

    /// Lets transports hand over packets without waiting, if all packets so far are processed.
    pub(crate) fn release_credit(&self) {
        if !self.packets.is_held() {
            self.session.read_credit.report_done(self.packets.received());
        }
    }
}

/// # Counting
impl SessionDriver {
    /// Notes that handlers are called for a message of the client.
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
    /// The time at which [`SessionDriver::tick`] must be called.
    pub(crate) fn next_deadline(&self) -> Instant {
        let next = self.linger_until.unwrap_or_else(|| self.heartbeat.next());
        self.throttle.until().map_or(next, |until| until.min(next))
    }

    /// Returns whether the client was over its rate and may be read again.
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
                // The outbox reports an overflow if it is full.
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

    /// Stops the processing of new messages. Returns `false` if the session drains already.
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
            // Closed before any request is answered, so that the client's next request does not
            // find the session.
            self.engine.sessions.close(&self.id);
        }
        self.packets.close();
        true
    }

    /// Ends the outbox. The frames in it are still sent, unless the client is gone.
    pub(crate) fn close_outbox(&self, reason: DisconnectReason) {
        match reason {
            DisconnectReason::PingTimeout
            | DisconnectReason::TransportClose
            | DisconnectReason::TransportError => self.outbox().finish_discarding(),
            _ => self.outbox().finish(),
        }
    }

    /// Logs a violation, and returns the reason with which the session ends.
    pub(crate) fn violated(&self, violation: &Violation) -> DisconnectReason {
        match violation {
            Violation::Closed => {
                // The waiting poll can end without an answer, since the client has closed.
                self.engine.sessions.close(&self.id);
                self.outbox().release();
                return DisconnectReason::TransportClose;
            }
            Violation::Malformed(error) => log::info!("{}: {}", self.peer(), LogText(error)),
            Violation::Rule(rule) => log::info!("{}: {rule}", self.peer()),
        }
        DisconnectReason::ParseError
    }

    /// Logs why a transport or the server ends the session, and returns the reason.
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

    /// Logs and counts an upgrade to a WebSocket.
    pub(crate) fn upgraded(&self) {
        log::debug!("{}: upgrade to websocket", self.peer());
        self.engine.counters.upgraded.add(1);
    }

    /// Removes the session, so that no request finds it. The transport has taken the last frame.
    pub(crate) fn drained(&self) {
        self.engine.sessions.close(&self.id);
    }

    /// Stops waiting for the client's last poll. Returns `false` if the session does not wait.
    pub(crate) fn give_up_client(&self) -> bool {
        if self.is_lingering() {
            self.outbox().abort();
            self.drained();
        }
        self.is_lingering()
    }

    /// Whether all frames are sent, so that the actor may stop.
    pub(crate) fn may_stop(&self) -> bool {
        !self.is_lingering() || self.outbox().is_closed()
    }

    /// Whether the client has not received the end yet, and will fetch the last packets by another
    /// poll.
    fn polls_again(&self, reason: DisconnectReason) -> bool {
        let outbox = self.outbox();
        if outbox.active_transport() != Transport::Polling || outbox.is_closed() {
            return false;
        }
        match reason {
            // The waiting poll returns with the first packet. The close packet comes with the next
            // poll.
            DisconnectReason::ServerDisconnect => true,
            DisconnectReason::ParseError | DisconnectReason::ServerShutdown => !outbox.is_polled(),
            _ => false,
        }
    }
}

impl Drop for SessionDriver {
    /// Whatever ends the actor, no transport waits for it and no request finds it afterwards.
    fn drop(&mut self) {
        self.outbox().finish();
        // A session without a reason was dropped together with its arbiter.
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
