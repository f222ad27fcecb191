use tokio::time::Instant;

use crate::stats::{Counters, Flow};

/// Traffic of one session that is not yet in the server's counters.
///
/// All connections share the counters, so a session adds to them only once for a batch of packets.
#[derive(Debug, Default)]
pub(super) struct TrafficBatch {
    packets: usize,
    bytes: usize,
    handled: usize,
    /// The time at which the first handler of the batch was called.
    began: Option<Instant>,
}

impl TrafficBatch {
    /// Counts a packet of `bytes` bytes.
    pub(super) fn received(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes;
    }

    /// Notes that a handler is called. The first call starts the clock.
    pub(super) fn begin(&mut self, now: impl FnOnce() -> Instant) {
        self.began.get_or_insert_with(now);
    }

    /// Counts an event whose handlers are done.
    pub(super) fn handled(&mut self) {
        self.handled += 1;
    }

    /// Adds the batch to the counters and starts a new one.
    pub(super) fn flush(&mut self, counters: &Counters, now: impl FnOnce() -> Instant) {
        let Self { packets, bytes, handled, began } = std::mem::take(self);
        if packets > 0 {
            counters.traffic.add(Flow::Received, packets, bytes);
        }
        if let Some(began) = began {
            counters.traffic.add(Flow::Handled, handled, (now() - began).as_micros() as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::stats::{Gauges, Stats};

    #[test]
    fn a_batch_is_counted_once() {
        let (counters, start) = (Counters::default(), Instant::now());
        let mut traffic = TrafficBatch::default();
        traffic.received(10);
        traffic.received(20);
        traffic.begin(|| start);
        traffic.handled();
        traffic.begin(|| unreachable!("the clock runs already"));
        traffic.handled();
        for _ in 0..2 {
            traffic.flush(&counters, || start + Duration::from_millis(3));
        }
        let stats = Stats::new(&counters, Gauges::default());
        assert_eq!((stats.messages_received, stats.bytes_received), (2, 30));
        assert_eq!((stats.events_handled, stats.handler_time), (2, Duration::from_millis(3)));
    }
}
