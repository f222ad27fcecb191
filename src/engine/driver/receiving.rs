use tokio::{sync::oneshot, time::Instant};

use super::{super::EngineMessage, SessionDriver};
use crate::{
    protocol::{DecodeError, EnginePacket, Frame, Version},
    transport::ReadCost,
};

/// Why a session ends because of what its client sent.
#[derive(Debug)]
pub(crate) enum ClientEnd {
    /// A packet can't be decoded.
    Malformed(DecodeError),
    /// A packet breaks a rule, which the text names.
    BrokeRule(&'static str),
    /// There is no memory for what it sends.
    OutOfMemory,
    /// The client closes the session, which it may do at any time.
    Closed,
}

impl From<DecodeError> for ClientEnd {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// # Receiving
impl SessionDriver {
    /// Queues packets from a transport. `taken` is answered when all of them are processed, and
    /// what was read beside them is paid for.
    pub(super) fn queue(
        &mut self,
        packets: Vec<EnginePacket>,
        beside: ReadCost,
        taken: Option<oneshot::Sender<()>>,
    ) {
        self.packets.push(packets, beside, taken);
    }

    /// Takes the next packet, unless the client is over its rate. If no packet is left, lets the
    /// transports read on. While a session drains, the rate is ignored, since no handlers are
    /// called.
    pub(crate) fn next_packet(&mut self) -> Option<EnginePacket> {
        if self.is_throttled() {
            return None;
        }
        let packet = self.packets.pop();
        if packet.is_none() {
            let beside = self.packets.take_beside();
            if beside != ReadCost::NONE {
                self.charge(beside);
            }
            if !self.is_throttled() {
                self.packets.answer();
            }
        }
        packet
    }

    fn is_throttled(&self) -> bool {
        self.throttle.until().is_some() && !self.draining
    }

    /// Charges what was read, whatever it was.
    fn charge(&mut self, cost: ReadCost) {
        if self.throttle.charge(cost, Instant::now) {
            self.engine.counters.throttled.add(1);
        }
    }

    /// Whether the server does not read from the client for now.
    pub(crate) fn is_held(&self) -> bool {
        self.packets.is_held()
    }

    /// Processes one packet. Returns a message, if it is one, to the protocol on top.
    ///
    /// # Errors
    /// [`ClientEnd`]: the session has to end.
    pub(crate) fn receive(
        &mut self,
        packet: EnginePacket,
    ) -> Result<Option<EngineMessage>, ClientEnd> {
        self.charge(ReadCost { packets: 1, bytes: packet.len() });
        match packet {
            EnginePacket::Message(text) => {
                self.traffic.received(text.len());
                return Ok(Some(EngineMessage::Text(text)));
            }
            EnginePacket::Binary(data) => {
                self.traffic.received(data.len());
                return Ok(Some(EngineMessage::Binary(data)));
            }
            EnginePacket::Pong(_) => {
                self.heartbeat.pong(Instant::now());
                self.note_pong_deadline();
            }
            EnginePacket::Close => return Err(ClientEnd::Closed),
            EnginePacket::Ping(data) if self.version() == Version::V3 => {
                self.heartbeat.ping(Instant::now());
                self.note_pong_deadline();
                self.outbox().push(Frame::engine(&EnginePacket::Pong(data)));
            }
            EnginePacket::Ping(_) => {
                self.is_unreadable = true;
                return Err(ClientEnd::BrokeRule("only the server sends pings"));
            }
            EnginePacket::Open(_) | EnginePacket::Upgrade | EnginePacket::Noop => {}
        }
        Ok(None)
    }

    /// Lets transports hand over packets without waiting, if all packets so far are processed.
    pub(crate) fn report_progress(&self) {
        if !self.packets.is_held() {
            self.session.input_progress.report_done(self.packets.received());
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
