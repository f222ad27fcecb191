//! The publishers, and their pace.

use std::{
    mem,
    time::{Duration, Instant},
};

use super::{
    Fanout, Pace, TURN,
    audience::Audience,
    clients::Clients,
    payload::{Kind, Stamp},
};
use crate::{Fallible, net::wire};

/// How many publications go out between two reads.
const AT_ONCE: usize = 256;

pub(super) struct Publishers {
    fanout: Fanout,
    /// The publications of each stream.
    numbers: Vec<u32>,
    /// The publications of all streams since the start.
    pub(super) sent: u64,
    /// When the next publication is due, at a fixed rate.
    due: Instant,
    /// The bytes that each publisher is about to send.
    frames: Vec<Vec<u8>>,
    packet: Vec<u8>,
}

impl Publishers {
    pub(super) fn new(fanout: Fanout) -> Self {
        let (numbers, frames) = (vec![0; fanout.streams()], vec![Vec::new(); fanout.publishers]);
        Self { fanout, numbers, sent: 0, due: Instant::now(), frames, packet: Vec::new() }
    }

    /// Starts again after a pause, and does not make up for it.
    pub(super) fn resume(&mut self) {
        self.due = Instant::now();
    }

    /// Publishes a probe in each channel.
    pub(super) fn probe(&mut self, number: u32, clients: &mut Clients) -> Fallible {
        for channel in 0..self.fanout.channels {
            self.write(
                channel,
                Stamp { kind: Kind::Probe, stream: channel as u16, number, due: 0 },
            );
        }
        self.send(clients)
    }

    /// Publishes what the pace allows by now, and returns how long until the next publication.
    pub(super) fn publish(
        &mut self,
        audience: &Audience,
        clients: &mut Clients,
    ) -> Fallible<Duration> {
        let now = Instant::now();
        for _ in 0..AT_ONCE {
            let due = match self.fanout.pace {
                Pace::Window(window) => {
                    let delivered = audience.heard / self.fanout.subscribers as u64;
                    if self.sent >= delivered + window as u64 {
                        break;
                    }
                    now
                }
                Pace::Rate(per_second) => {
                    if self.due > now {
                        break;
                    }
                    let next = self.due + Duration::from_secs(1) / per_second;
                    mem::replace(&mut self.due, next)
                }
            };
            let stream = (self.sent % self.numbers.len() as u64) as usize;
            self.numbers[stream] += 1;
            let (number, due) = (self.numbers[stream], audience.time(due));
            self.write(stream, Stamp { kind: Kind::Message, stream: stream as u16, number, due });
            self.sent += 1;
        }
        self.send(clients)?;
        Ok(match self.fanout.pace {
            Pace::Window(_) => TURN,
            Pace::Rate(_) => self.due.saturating_duration_since(Instant::now()).min(TURN),
        })
    }

    fn write(&mut self, stream: usize, stamp: Stamp) {
        let channel = Fanout::channel(stream % self.fanout.channels);
        self.packet.clear();
        self.packet.extend_from_slice(br#"42["broadcast",""#);
        self.packet.extend_from_slice(channel.as_bytes());
        self.packet.extend_from_slice(br#"",""#);
        stamp.write(&mut self.packet, self.fanout.bytes);
        self.packet.extend_from_slice(br#""]"#);
        let frames = &mut self.frames[stream % self.fanout.publishers];
        wire::frame(frames, wire::From::Client, wire::TEXT, &self.packet);
    }

    fn send(&mut self, clients: &mut Clients) -> Fallible {
        for (publisher, frames) in self.frames.iter_mut().enumerate() {
            if !frames.is_empty() {
                clients.send_frames(self.fanout.audience() + publisher, frames)?;
                frames.clear();
            }
        }
        Ok(())
    }
}
