//! The subscribers, and their checks.

use std::time::{Duration, Instant};

use super::{
    Fanout,
    clients::Listener,
    payload::{Kind, Stamp},
};
use crate::Fallible;

const START: &[u8] = br#"42["message",""#;
const END: &[u8] = br#""]"#;
/// Between the payload and the position.
const BETWEEN: &[u8] = br#"",""#;
/// The characters of a position.
const POSITION: usize = 16;

pub(super) struct Audience {
    fanout: Fanout,
    /// The start of all times in stamps.
    clock: Instant,
    /// The number received last, by subscriber and by stream of its channel.
    last: Vec<u32>,
    /// A hash of all that each subscriber has received, in its order.
    order: Vec<u64>,
    /// The number of the last probe that each subscriber has received.
    probed: Vec<u32>,
    /// How many have received the current probe, which has this number.
    present: usize,
    probe: u32,
    /// How many publications all subscribers together have received.
    pub(super) heard: u64,
    /// The latency of each publication, if it is measured.
    latencies: Option<Vec<u64>>,
}

impl Audience {
    pub(super) fn new(fanout: Fanout) -> Self {
        let all = fanout.audience();
        let (last, order, probed) =
            (vec![0; all * fanout.streams_of_a_channel()], vec![0; all], vec![0; all]);
        let clock = Instant::now();
        Self { fanout, clock, last, order, probed, present: 0, probe: 0, heard: 0, latencies: None }
    }

    /// The time as it is in stamps.
    pub(super) fn time(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.clock).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Expects the next probe, and returns its number.
    pub(super) fn expect_probe(&mut self) -> u32 {
        self.probe += 1;
        self.present = 0;
        self.probe
    }

    pub(super) fn absent(&self) -> usize {
        self.probed.len() - self.present
    }

    pub(super) fn measure_latencies(&mut self) {
        self.latencies = Some(Vec::new());
    }

    /// A percentile of the latencies.
    pub(super) fn percentile(&mut self, percent: usize) -> Option<f64> {
        let latencies = self.latencies.as_mut()?;
        latencies.sort_unstable();
        let at = latencies.len().checked_sub(1)? * percent / 100;
        Some(Duration::from_nanos(latencies[at]).as_secs_f64() * 1e6)
    }

    /// Checks that all subscribers of a channel have received the same in the same order, also from
    /// several publishers.
    pub(super) fn agrees(&self) -> Fallible {
        let channels = self.order.chunks(self.fanout.subscribers).enumerate();
        let torn = channels.filter(|(_, orders)| orders.iter().any(|order| *order != orders[0]));
        match torn.map(|(channel, _)| channel).next() {
            Some(channel) => {
                Err(format!("the subscribers of channel {channel} do not agree on the order")
                    .into())
            }
            None => Ok(()),
        }
    }

    fn message(&mut self, subscriber: usize, stamp: Stamp) -> Fallible {
        let stream = usize::from(stamp.stream);
        if stream % self.fanout.channels != subscriber / self.fanout.subscribers {
            return Err(format!("heard stream {stream}, which is in another channel").into());
        }
        let slot = subscriber * self.fanout.streams_of_a_channel() + stream / self.fanout.channels;
        let last = &mut self.last[slot];
        if stamp.number != *last + 1 {
            let what = if stamp.number > *last {
                "lost some, or disordered"
            } else {
                "doubled, or disordered"
            };
            return Err(
                format!("heard {} after {last} of stream {stream}: {what}", stamp.number).into()
            );
        }
        *last = stamp.number;
        let order = &mut self.order[subscriber];
        *order = (order.rotate_left(5) ^ (u64::from(stamp.stream) << 32 | u64::from(stamp.number)))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.heard += 1;
        if let Some(latencies) = &mut self.latencies {
            let now = u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX);
            latencies.push(now.saturating_sub(stamp.due));
        }
        Ok(())
    }
}

impl Listener for Audience {
    fn hear(&mut self, client: usize, packet: &[u8], _: &mut Vec<u8>) -> Fallible {
        let args = packet.strip_prefix(START).and_then(|rest| rest.strip_suffix(END));
        let payload = args.map(|args| match self.fanout.asks_positions {
            true => without_position(args),
            false => args,
        });
        let stamp = payload.and_then(|payload| Stamp::read(payload, self.fanout.bytes));
        match stamp {
            _ if client >= self.fanout.audience() => {
                Err("a publisher hears what it is not subscribed to".into())
            }
            Some(stamp) if stamp.kind == Kind::Message => self.message(client, stamp),
            Some(stamp) => {
                if stamp.number == self.probe && self.probed[client] != self.probe {
                    self.probed[client] = self.probe;
                    self.present += 1;
                }
                Ok(())
            }
            None => {
                Err(format!("heard what nobody published: {:?}", String::from_utf8_lossy(packet))
                    .into())
            }
        }
    }
}

/// The arguments without the position at their end, if there is one.
fn without_position(args: &[u8]) -> &[u8] {
    let at = args.len().saturating_sub(POSITION);
    args[..at].strip_suffix(BETWEEN).unwrap_or(args)
}
