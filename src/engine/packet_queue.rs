use std::{collections::VecDeque, mem};

use smallvec::SmallVec;
use tokio::sync::oneshot;

use crate::{protocol::EnginePacket, transport::ReadCost};

/// The packets that transports have handed over and that are not processed yet.
///
/// While the queue has packets, the transports that handed them over get no answer, so they do not
/// read from the client.
#[derive(Debug, Default)]
pub(super) struct PacketQueue {
    packets: VecDeque<EnginePacket>,
    /// The cost of the input beside them.
    beside: ReadCost,
    /// The transports that wait for an answer. There is one, except while a POST and a WebSocket
    /// overlap.
    waiting: SmallVec<[oneshot::Sender<()>; 1]>,
    /// The number of batches received so far.
    received: usize,
}

impl PacketQueue {
    /// Adds a batch. `taken` is answered when the queue is empty.
    pub(super) fn push(
        &mut self,
        packets: Vec<EnginePacket>,
        beside: ReadCost,
        taken: Option<oneshot::Sender<()>>,
    ) {
        self.beside.add(beside);
        if self.packets.is_empty() {
            self.packets = packets.into();
        } else {
            self.packets.extend(packets);
        }
        self.waiting.extend(taken);
        self.received += 1;
    }

    /// Takes the next packet.
    pub(super) fn pop(&mut self) -> Option<EnginePacket> {
        self.packets.pop_front()
    }

    /// Takes the cost of what was read beside the packets so far.
    pub(super) fn take_beside(&mut self) -> ReadCost {
        mem::take(&mut self.beside)
    }

    /// Answers the transports that wait. The queue is empty.
    pub(super) fn answer(&mut self) {
        self.packets = VecDeque::new();
        for transport in self.waiting.drain(..) {
            // A transport that is gone needs no answer.
            let _ = transport.send(());
        }
    }

    /// Whether packets wait to be processed, or a transport waits for its answer and does not read
    /// until then.
    pub(super) fn is_held(&self) -> bool {
        !self.packets.is_empty() || !self.waiting.is_empty()
    }

    /// The number of batches received so far.
    pub(super) fn received(&self) -> usize {
        self.received
    }

    /// Drops the packets, and with them the transports' wait for an answer.
    pub(super) fn close(&mut self) {
        self.packets.clear();
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_held_until_they_are_taken_whether_a_transport_waits_or_not() {
        for waits in [false, true] {
            let mut queue = PacketQueue::default();
            let (sender, mut taken) = oneshot::channel();
            let beside = ReadCost { packets: 1, bytes: 2 };
            queue.push(vec![EnginePacket::Pong("".into())], beside, waits.then_some(sender));
            assert!(queue.is_held());
            assert_eq!(queue.pop(), Some(EnginePacket::Pong("".into())));
            assert_eq!(queue.is_held(), waits, "a transport waits for its answer");
            assert_eq!(queue.pop(), None);
            assert_eq!([(); 2].map(|()| queue.take_beside()), [beside, ReadCost::NONE]);
            queue.answer();
            assert!(!queue.is_held());
            assert_eq!(taken.try_recv().is_ok(), waits);
            assert_eq!(queue.received(), 1);
        }
    }

    #[test]
    fn a_closed_queue_is_empty_and_drops_the_answers() {
        let mut queue = PacketQueue::default();
        let (sender, mut taken) = oneshot::channel();
        queue.push(vec![EnginePacket::Noop], ReadCost::NONE, Some(sender));
        queue.close();
        assert!(!queue.is_held());
        assert_eq!(taken.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }
}
