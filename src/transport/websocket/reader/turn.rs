//! How much a reader does at a time, and what the client owes for it.

use crate::{
    protocol::EnginePacket,
    transport::{ReadCost, Session, read_cost::charged_bytes},
};

/// The rest of a reader's turn. After it, the other tasks of the thread have theirs.
///
/// A turn also ends when packets are handed over. So these bounds are for a client whose frames
/// carry no packet: pings, pongs, fragments, and messages that never become complete.
pub(super) struct ReadTurn {
    frames: usize,
    reads: usize,
}

/// As many frames as a batch has packets. Some 10,000 fit into one read.
const FRAMES: usize = Session::BATCH;

/// Each has up to 64 KiB, which take about as long as the frames of a turn.
const READS: usize = 4;

impl Default for ReadTurn {
    fn default() -> Self {
        Self { frames: FRAMES, reads: READS }
    }
}

impl ReadTurn {
    /// Counts a frame. Returns `false` if the turn has had all its frames.
    pub(super) fn may_decode(&mut self) -> bool {
        take_one(&mut self.frames)
    }

    /// Counts a read. Returns `false` if the turn has had all its reads.
    pub(super) fn may_read(&mut self) -> bool {
        take_one(&mut self.reads)
    }
}

fn take_one(left: &mut usize) -> bool {
    let is_left = *left > 0;
    *left = left.saturating_sub(1);
    is_left
}

/// The input of a client since it was last charged.
#[derive(Default)]
pub(super) struct UnpaidInput {
    frames: usize,
    bytes: usize,
}

impl UnpaidInput {
    pub(super) fn read(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    pub(super) fn decoded_frame(&mut self) {
        self.frames += 1;
    }

    /// Whether frames were decoded.
    pub(super) fn has_frames(&self) -> bool {
        self.frames > 0
    }

    /// Takes the cost of everything but these packets, which are charged when they are processed,
    /// and `kept` bytes, which belong to later ones.
    pub(super) fn take(&mut self, packets: &[EnginePacket], kept: usize) -> ReadCost {
        let read = self.bytes.saturating_sub(kept);
        let cost = ReadCost {
            packets: self.frames.saturating_sub(packets.len()),
            bytes: read.saturating_sub(charged_bytes(packets)),
        };
        *self = Self { frames: 0, bytes: self.bytes - read };
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_has_a_number_of_frames_and_of_reads() {
        let mut turn = ReadTurn::default();
        assert_eq!((0..1000).filter(|_| turn.may_decode()).count(), FRAMES);
        assert_eq!((0..1000).filter(|_| turn.may_read()).count(), READS);
    }

    #[test]
    fn each_byte_is_charged_once_with_its_packet_or_beside_it() {
        let mut unpaid = UnpaidInput::default();
        let packets = [EnginePacket::Message("12345678".into())];
        unpaid.read(100);
        unpaid.decoded_frame();
        unpaid.decoded_frame();
        assert_eq!(unpaid.take(&packets, 30), ReadCost { packets: 1, bytes: 70 - 9 });
        assert!(!unpaid.has_frames());
        unpaid.read(10);
        unpaid.decoded_frame();
        assert_eq!(unpaid.take(&[], 0), ReadCost { packets: 1, bytes: 40 });
        unpaid.decoded_frame();
        assert_eq!(unpaid.take(&packets, 0), ReadCost::NONE, "it was inflated");
    }
}
