//! The write buffer: encoded packets for one client, which need no frame and no place in the queue.

use bytes::{Bytes, BytesMut};

use super::{
    OutboxEvent, Pushed,
    queue::{Outbox, Phase, wake},
    take::MAX_CHUNK,
};
use crate::protocol::{Frame, OutgoingPacket};

/// The initial capacity holds several small packets, as a client that gets one often gets more. The
/// buffer lives only until the transport has taken it.
///
/// glibc serves this size without a search. From 1,024 bytes on, it first consolidates free memory.
const INITIAL_CAPACITY: usize = 1000;

/// The largest packet that the buffer takes, in bytes. Packets are copied into it under the lock. A
/// larger packet waits as a frame, which is not copied.
const MAX_PACKET: usize = 4 * 1024;

/// Encoded packets for a WebSocket that sends frames unchanged, one after the other. They leave
/// before the queued frames.
#[derive(Default)]
pub(super) struct WriteBuffer {
    bytes: BytesMut,
    packets: usize,
    cost: usize,
}

impl WriteBuffer {
    fn push(&mut self, websocket: &[u8], cost: usize) {
        if self.bytes.is_empty() {
            self.bytes.reserve(INITIAL_CAPACITY.max(websocket.len()));
        }
        self.bytes.extend_from_slice(websocket);
        self.packets += 1;
        self.cost += cost;
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The cost of its packets.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets == 0
    }

    pub(super) fn packets(&self) -> usize {
        self.packets
    }

    /// The buffered packets and then `frames`, in one piece.
    pub(super) fn followed_by(mut self, frames: &[Frame]) -> Bytes {
        self.bytes.reserve(frames.iter().map(Frame::len).sum());
        frames.iter().for_each(|frame| self.bytes.extend_from_slice(frame.websocket()));
        self.bytes.freeze()
    }
}

impl Outbox {
    /// As [`Outbox::push`], for a packet that goes to this client only.
    ///
    /// If the client's WebSocket sends frames unchanged and no frame is queued, the packet is
    /// appended to the write buffer and does not become a frame.
    pub(crate) fn push_packet(&self, mut packet: OutgoingPacket) -> Pushed {
        let cost = packet.cost();
        let Some(websocket) = packet.websocket().filter(|bytes| bytes.len() <= MAX_PACKET) else {
            return self.push(packet.into_frame());
        };
        let mut state = self.state.lock();
        if state.stream.is_none()
            || !state.frames.is_empty()
            || state.phase != Phase::Open
            || state.write_buffer.len() + websocket.len() > MAX_CHUNK
        {
            drop(state);
            return self.push(packet.into_frame());
        }
        // The packet counts as much as it would as a frame.
        let bytes = state.bytes + cost;
        if !self.may_have(&mut state, bytes) {
            return self.overflow(state);
        }
        let fits = state.charge(cost);
        state.write_buffer.push(websocket, cost);
        if !fits {
            return self.cut_off(state, OutboxEvent::OutOfMemory);
        }
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Pushed::Queued
    }
}

#[cfg(test)]
mod tests;
