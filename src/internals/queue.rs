use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::{
    model::Transport,
    outbox::{Outbox, Pushed, TakenFrames},
    protocol::Frame,
};

/// An outbox, and the transport that takes from it. Waking that one is a call that does nothing.
#[derive(Debug)]
pub struct Queue(Arc<Outbox>);

impl Queue {
    /// Of a client with a WebSocket, with room for so many bytes.
    pub fn websocket(max_bytes: usize) -> Self {
        Self(Outbox::new(Transport::WebSocket, max_bytes, |_| {}))
    }

    /// Of a client that polls.
    pub fn polling(max_bytes: usize) -> Self {
        Self(Outbox::new(Transport::Polling, max_bytes, |_| {}))
    }

    pub(super) fn outbox(&self) -> &Arc<Outbox> {
        &self.0
    }

    /// Whether the frame was queued.
    pub fn push(&self, frame: Frame) -> bool {
        self.0.push(frame) == Pushed::Queued
    }

    /// Whether the frame was queued: only if the transport waits for it.
    pub fn push_volatile(&self, frame: &Frame) -> bool {
        self.0.push_volatile(frame) == Pushed::Queued
    }

    /// Takes all that waits, and waits if that is nothing; answers how many frames there were.
    pub fn take(&self) -> usize {
        count(self.0.poll_all(&mut Context::from_waker(Waker::noop())))
    }

    /// The same for one polling body.
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
