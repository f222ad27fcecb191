use std::time::Instant;

use crate::{config::Config, model::TokenBucket, protocol::EnginePacket};

/// Limits how fast a client is read: `event_rate` and `byte_rate`. The clock is passed in.
///
/// A packet is processed first and charged then, so the throttle stops the packets after it.
/// Without limits it takes the size of one pointer.
#[derive(Debug)]
pub(super) struct ReadThrottle(Option<Box<ThrottleBuckets>>);

#[derive(Debug)]
struct ThrottleBuckets {
    packets: Option<TokenBucket>,
    bytes: Option<TokenBucket>,
    /// The time until which nothing is read.
    until: Option<Instant>,
}

impl ReadThrottle {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        if config.event_rate.is_none() && config.byte_rate.is_none() {
            return Self(None);
        }
        let bucket = |rate: Option<_>| rate.map(|rate| TokenBucket::new(rate, now));
        let limits = ThrottleBuckets {
            packets: bucket(config.event_rate),
            bytes: bucket(config.byte_rate),
            until: None,
        };
        Self(Some(Box::new(limits)))
    }

    /// Charges a packet that was read. Returns whether the client is now over its rate.
    pub(super) fn charge(&mut self, bytes: usize, now: impl FnOnce() -> Instant) -> bool {
        let Some(limits) = &mut self.0 else { return false };
        let now = now();
        let mut until = None;
        for (bucket, amount) in [(&mut limits.packets, 1), (&mut limits.bytes, bytes)] {
            if let Some(bucket) = bucket {
                bucket.charge(amount, now);
                until = until.max(bucket.wait(now).map(|wait| now + wait));
            }
        }
        limits.until = until;
        until.is_some()
    }

    /// The time until which nothing is read.
    pub(super) fn until(&self) -> Option<Instant> {
        self.0.as_ref()?.until
    }

    /// Returns whether that time has just passed, so that reading continues.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        let over = self.0.as_mut().and_then(|limits| limits.until.take_if(|until| now >= *until));
        over.is_some()
    }
}

/// The bytes that a packet is charged for, or `None` for packets that are not charged.
pub(super) fn bytes(packet: &EnginePacket) -> Option<usize> {
    match packet {
        EnginePacket::Message(text) => Some(text.len()),
        EnginePacket::Binary(data) => Some(data.len()),
        _ => None,
    }
}
