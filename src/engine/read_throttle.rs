use tokio::time::Instant;

use crate::{config::Config, model::TokenBucket, transport::ReadCost};

/// Limits how fast a client is read: `event_rate` and `byte_rate`. The clock is passed in.
///
/// Everything that is read is charged, whatever it is: messages, pongs, packets without content,
/// and the frames of the WebSocket's own. It is processed first and charged then, so the throttle
/// stops what comes after it.
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

    /// Charges what was read. Returns whether the client is now over its rate.
    pub(super) fn charge(&mut self, cost: ReadCost, now: impl FnOnce() -> Instant) -> bool {
        let Some(limits) = &mut self.0 else { return false };
        let now = now();
        let mut until = None;
        let ReadCost { packets, bytes } = cost;
        for (bucket, amount) in [(&mut limits.packets, packets), (&mut limits.bytes, bytes)] {
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
