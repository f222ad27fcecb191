use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::{
    model::Transport,
    outbox::{Outbox, Pushed, TakenFrames},
    protocol::Frame,
};

/// An outbox, with the methods that a transport takes frames with. The transport's waker does
/// nothing.
#[derive(Debug)]
pub struct Queue(Arc<Outbox>);

impl Queue {
    /// Makes the outbox of a WebSocket client, for at most `max_bytes` bytes.
    pub fn websocket(max_bytes: usize) -> Self {
        Self(Outbox::new(Transport::WebSocket, max_bytes, |_| {}))
    }

    /// Makes the outbox of a long-polling client, for at most `max_bytes` bytes.
    pub fn polling(max_bytes: usize) -> Self {
        Self(Outbox::new(Transport::Polling, max_bytes, |_| {}))
    }

    pub(super) fn outbox(&self) -> &Arc<Outbox> {
        &self.0
    }

    /// Pushes a frame. Returns whether it was queued.
    pub fn push(&self, frame: Frame) -> bool {
        self.0.push(frame) == Pushed::Queued
    }

    /// Pushes a frame only if the transport waits for one. Returns whether it was queued.
    pub fn push_volatile(&self, frame: &Frame) -> bool {
        self.0.push_volatile(frame) == Pushed::Queued
    }

    /// Takes all frames, or starts to wait if the queue is empty. Returns the number of frames.
    pub fn take(&self) -> usize {
        count(self.0.poll_chunk(&mut Context::from_waker(Waker::noop())))
    }

    /// Takes the frames of one long-polling body, in the same way as [`Queue::take`].
    pub fn take_body(&self, max_bytes: usize, max_packets: usize) -> usize {
        count(self.0.poll_batch(max_bytes, max_packets, &mut Context::from_waker(Waker::noop())))
    }
}

fn count(taken: Poll<TakenFrames>) -> usize {
    match taken {
        Poll::Ready(TakenFrames::One(_)) => 1,
        Poll::Ready(TakenFrames::Frames(frames) | TakenFrames::Last(frames)) => frames.len(),
        Poll::Ready(TakenFrames::Nothing | TakenFrames::Bytes(_) | TakenFrames::Closed)
        | Poll::Pending => 0,
    }
}
