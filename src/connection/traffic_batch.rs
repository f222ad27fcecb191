use std::time::Instant;

use crate::stats::{Counters, Flow};

/// What one turn of a connection adds to the counters, which all connections share: they are told
/// once for all of it.
#[derive(Debug, Default)]
pub(super) struct TrafficBatch {
    packets: usize,
    bytes: usize,
    handled: usize,
    /// When the first of its handlers was asked.
    began: Option<Instant>,
}

impl TrafficBatch {
    /// A packet of so many bytes has come.
    pub(super) fn received(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes;
    }

    /// A handler is asked.
    pub(super) fn begin(&mut self, now: impl FnOnce() -> Instant) {
        self.began.get_or_insert_with(now);
    }

    /// Handlers are done with an event.
    pub(super) fn handled(&mut self) {
        self.handled += 1;
    }

    /// The turn is over.
    pub(super) fn end(&mut self, counters: &Counters, now: impl FnOnce() -> Instant) {
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
    fn a_turn_is_told_once() {
        let (counters, start) = (Counters::default(), Instant::now());
        let mut traffic = TrafficBatch::default();
        traffic.received(10);
        traffic.received(20);
        traffic.begin(|| start);
        traffic.handled();
        traffic.begin(|| unreachable!("it has begun"));
        traffic.handled();
        for _ in 0..2 {
            traffic.end(&counters, || start + Duration::from_millis(3));
        }
        let stats = Stats::new(&counters, Gauges::default());
        assert_eq!((stats.messages_received, stats.bytes_received), (2, 30));
        assert_eq!((stats.events_handled, stats.handler_time), (2, Duration::from_millis(3)));
    }
}
