//! Bytes that are not in the queue of an outbox, but still in memory: they count for its bound.

use std::{any::Any, mem, sync::Arc};

use super::{
    Pushed,
    queue::{Outbox, OutboxState, Phase},
};
use crate::protocol::Frame;

/// Bytes that count for the bound and are not in the queue.
#[derive(Default)]
pub(super) struct ReservedBytes {
    /// The last chunk that a WebSocket took. It takes the next one once this one is written.
    chunk: usize,
    /// The answers to polls that the HTTP connection has not taken. Over HTTP/2, there may be many.
    answers: usize,
    /// Frames for sockets that are not admitted yet.
    held_back: usize,
    /// Dropped with the last answer.
    until_read: Option<Box<dyn Any + Send>>,
}

impl ReservedBytes {
    pub(super) fn sum(&self) -> usize {
        self.chunk + self.answers + self.held_back
    }
}

impl OutboxState {
    /// Notes that the WebSocket has written what it took last.
    pub(super) fn chunk_is_written(&mut self) {
        let written = mem::take(&mut self.reserved.chunk);
        if written > 0 {
            self.release(written);
        }
    }

    /// Notes that the WebSocket takes a chunk whose cost is counted already.
    pub(super) fn chunk_is_taken(&mut self, cost: usize) {
        self.reserved.chunk = cost;
    }
}

impl Outbox {
    /// Counts a frame that is held back for a socket, until [`Outbox::release_held_back`]. Answers
    /// [`Pushed::Dropped`], and counts nothing, if there is no room for the frame.
    ///
    /// Half of the bound is for the queue, so that a client is not let in and then disconnected.
    pub(super) fn hold_back(&self, frame: &Frame) -> Pushed {
        let mut state = self.state.lock();
        let (bytes, held_back) =
            (state.bytes + frame.cost(), state.reserved.held_back + frame.cost());
        if state.phase != Phase::Open
            || held_back > self.max_bytes / 2
            || !self.may_have(&mut state, bytes)
        {
            return Pushed::Dropped;
        }
        if !state.charge(frame.cost()) {
            state.release(frame.cost());
            return Pushed::Dropped;
        }
        state.reserved.held_back += frame.cost();
        Pushed::Queued
    }

    /// Stops to count bytes of frames that were held back.
    pub(super) fn release_held_back(&self, bytes: usize) {
        if bytes > 0 {
            let mut state = self.state.lock();
            state.release(bytes);
            state.reserved.held_back -= bytes;
        }
    }
}

impl Outbox {
    /// Drops `guard` once no answer to a poll is unread. Mostly that is immediately. If it is not,
    /// `waits` is called first.
    pub(crate) fn drop_when_read<G: Any + Send>(&self, mut guard: G, waits: impl FnOnce(&mut G)) {
        let mut state = self.state.lock();
        if state.reserved.answers > 0 {
            waits(&mut guard);
            state.reserved.until_read = Some(Box::new(guard));
        } else {
            drop(state);
            drop(guard);
        }
    }
}

/// The answer to a poll, which counts for the outbox until it is dropped.
///
/// An answer is in memory until the HTTP connection has taken it. A client of HTTP/2 can ask for
/// many without reading one.
#[derive(Debug)]
pub(crate) struct UnreadAnswer {
    outbox: Arc<Outbox>,
    bytes: usize,
}

impl UnreadAnswer {
    /// The bytes of an answer beside its body, roughly: its head, and the parts of the request
    /// that the HTTP connection keeps.
    const HEAD: usize = 512;

    /// Counts an answer with a body of `length` bytes.
    pub(crate) fn new(outbox: &Arc<Outbox>, length: usize) -> Self {
        let bytes = length + Self::HEAD;
        let mut state = outbox.state.lock();
        // Without room or memory for it, the next push is refused.
        let sum = state.bytes + bytes;
        let _has_room = outbox.may_have(&mut state, sum);
        let _fits = state.charge(bytes);
        state.reserved.answers += bytes;
        drop(state);
        Self { outbox: Arc::clone(outbox), bytes }
    }
}

impl Drop for UnreadAnswer {
    fn drop(&mut self) {
        let mut state = self.outbox.state.lock();
        state.release(self.bytes);
        state.reserved.answers -= self.bytes;
        let is_last = state.reserved.answers == 0;
        let guard = state.reserved.until_read.take_if(|_| is_last);
        drop(state);
        drop(guard);
    }
}
