use crate::{config::Config, protocol::EnginePacket};

/// The input that is read beside the packets that are handed over with it: WebSocket
/// control frames, fragments, frame headers, separators, and base64 that is longer than its data.
///
/// A packet itself is charged when it is processed. So a client is charged for every byte that is
/// read from it, and for the larger one of a compressed message and its inflated form.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadCost {
    /// Frames, and requests, that carry no packet.
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
}

impl ReadCost {
    pub(crate) const NONE: Self = Self { packets: 0, bytes: 0 };

    /// Whether anything is charged: without rates, what is read is not counted.
    pub(super) fn is_charged(config: &Config) -> bool {
        config.event_rate.is_some() || config.byte_rate.is_some()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// The bytes that the packets are charged for when they are processed.
pub(super) fn charged_bytes(packets: &[EnginePacket]) -> usize {
    packets.iter().map(EnginePacket::len).sum()
}
