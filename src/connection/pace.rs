use std::time::Instant;

use crate::{config::Config, model::Bucket, protocol::EnginePacket};

/// How fast a client is read, with the clock passed in. What it has sent is taken whole, and paid for afterwards.
#[derive(Debug)]
pub(super) struct Pace {
    packets: Option<Bucket>,
    bytes: Option<Bucket>,
    /// Until then it is read no further.
    until: Option<Instant>,
}

impl Pace {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let bucket = |rate: Option<_>| rate.map(|rate| Bucket::new(rate, now));
        Self { packets: bucket(config.event_rate), bytes: bucket(config.byte_rate), until: None }
    }

    /// A packet has been read. Whether it was one too many, for now.
    pub(super) fn charge(&mut self, bytes: usize, now: impl FnOnce() -> Instant) -> bool {
        if self.packets.is_none() && self.bytes.is_none() {
            return false;
        }
        let now = now();
        let mut until = None;
        for (bucket, amount) in [(&mut self.packets, 1), (&mut self.bytes, bytes)] {
            if let Some(bucket) = bucket {
                bucket.charge(amount, now);
                until = until.max(bucket.wait(now).map(|wait| now + wait));
            }
        }
        self.until = until;
        until.is_some()
    }

    /// Until when nothing is read.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Whether that time has come; if so, it is over.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        let is_over = self.until.is_some_and(|until| now >= until);
        if is_over {
            self.until = None;
        }
        is_over
    }
}

/// What a packet counts for: pings and pongs for nothing.
pub(super) fn bytes(packet: &EnginePacket) -> Option<usize> {
    match packet {
        EnginePacket::Message(text) => Some(text.len()),
        EnginePacket::Binary(data) => Some(data.len()),
        _ => None,
    }
}
