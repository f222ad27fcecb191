//! The transport's side of the queue: how frames leave it.

use std::{
    mem,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use parking_lot::MutexGuard;

use super::{
    OutboxEvent,
    queue::{Outbox, OutboxState, Phase},
};
use crate::{model::Transport, protocol::Frame};

/// The frames that a transport takes from an outbox at one time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TakenFrames {
    /// One frame. It is the usual case, and needs no list.
    One(Frame),
    /// Bytes that a WebSocket writes unchanged before anything else: several frames in one piece,
    /// or the unwritten end of a frame of which the client has the beginning.
    Bytes(Bytes),
    /// Frames in order. More may follow.
    Frames(Vec<Frame>),
    /// The last frames, in order. The transport closes after them.
    Last(Vec<Frame>),
    /// No frames, but the poll is to return: it was released, or a WebSocket has taken over.
    Nothing,
    /// The connection was cut off. The transport ends without a close.
    Closed,
}

/// The largest capacity that an emptied queue keeps, in frames.
const KEPT_CAPACITY: usize = 8;

/// The most bytes that frames are joined to for one write of a WebSocket. Joined frames are a copy,
/// and their bytes are no longer shared with other clients. A larger frame is taken alone, and is
/// not copied.
///
/// It is as much as one system call writes, so more would save nothing.
pub(super) const MAX_CHUNK: usize = 64 * 1024;

impl Outbox {
    /// Takes the frames for one polling body: as many as fit into `max_bytes` and `max_packets`,
    /// and at least one.
    ///
    /// [`TakenFrames::Last`] comes without frames, in a body of its own: clients drop packets that
    /// share a body with a Close packet.
    pub(crate) fn poll_batch(
        &self,
        max_bytes: usize,
        max_packets: usize,
        cx: &mut Context<'_>,
    ) -> Poll<TakenFrames> {
        let mut state = self.state.lock();
        if mem::take(&mut state.release_poll) || state.active_transport == Transport::WebSocket {
            return Poll::Ready(TakenFrames::Nothing);
        }
        if let Some(frame) = state.take_single() {
            state.release(frame.cost());
            return Poll::Ready(TakenFrames::One(frame));
        }
        if state.frames.is_empty() {
            return self.finish_take(state, Vec::new(), Some(cx.waker()));
        }
        let (mut size, mut packets) = (0, 0);
        let fitting = state
            .frames
            .iter()
            .take_while(|frame| {
                size += frame.polling_len();
                packets += frame.packets();
                size <= max_bytes.saturating_add(1) && packets <= max_packets
            })
            .count();
        let count = fitting.max(1);
        let batch: Vec<_> = state.frames.drain(..count).collect();
        state.release(batch.iter().map(Frame::cost).sum());
        Poll::Ready(TakenFrames::Frames(batch))
    }

    /// Ends the transport's wait: it writes something else and takes no more. Returns the
    /// unwritten end of a frame, which the transport has to write first.
    pub(crate) fn stop_waiting(&self) -> Option<Bytes> {
        let mut state = self.state.lock();
        state.waker = None;
        let rest = state.unfinished.take()?;
        state.release(rest.len());
        Some(rest)
    }

    /// Takes the next chunk that is queued, and does not wait for one.
    ///
    /// The last chunk must be written by now: it no longer counts.
    pub(crate) fn take_chunk(&self) -> Option<TakenFrames> {
        match self.take_queued(self.state.lock(), None) {
            Poll::Ready(taken) => Some(taken),
            Poll::Pending => None,
        }
    }

    /// Takes the next chunk that is queued, or waits. It is at most [`MAX_CHUNK`] bytes, or one
    /// frame. The last chunk must be written by now: it no longer counts.
    ///
    /// A caller that waits must have nothing else to write: other threads may write to the attached
    /// stream until this is polled again.
    pub(crate) fn poll_chunk(&self, cx: &mut Context<'_>) -> Poll<TakenFrames> {
        self.take_queued(self.state.lock(), Some(cx.waker()))
    }

    fn take_queued(
        &self,
        mut state: MutexGuard<'_, OutboxState>,
        waker: Option<&Waker>,
    ) -> Poll<TakenFrames> {
        state.chunk_is_written();
        if let Some(rest) = state.unfinished.take() {
            state.chunk_is_taken(rest.len());
            return Poll::Ready(TakenFrames::Bytes(rest));
        }
        if let Some(frame) = state.take_single() {
            state.chunk_is_taken(frame.cost());
            return Poll::Ready(TakenFrames::One(frame));
        }
        if state.frames.is_empty() && state.write_buffer.is_empty() {
            return self.finish_take(state, Vec::new(), waker);
        }
        let write_buffer = mem::take(&mut state.write_buffer);
        let mut frames = state.take_frames(MAX_CHUNK.saturating_sub(write_buffer.len()));
        let cost = write_buffer.cost() + frames.iter().map(Frame::cost).sum::<usize>();
        state.chunk_is_taken(cost);
        if !write_buffer.is_empty() {
            drop(state);
            return Poll::Ready(TakenFrames::Bytes(write_buffer.followed_by(&frames)));
        }
        // A frame that leaves alone is not copied. The last one of all may end the outbox.
        if frames.len() == 1
            && !state.frames.is_empty()
            && let Some(frame) = frames.pop()
        {
            return Poll::Ready(TakenFrames::One(frame));
        }
        self.finish_take(state, frames, waker)
    }

    /// Returns the taken frames, or waits if the queue is empty. The last take of a finished outbox
    /// closes it.
    fn finish_take(
        &self,
        mut state: MutexGuard<'_, OutboxState>,
        frames: Vec<Frame>,
        waker: Option<&Waker>,
    ) -> Poll<TakenFrames> {
        match state.phase {
            Phase::Closed => Poll::Ready(TakenFrames::Closed),
            Phase::Finishing if state.frames.is_empty() => {
                state.phase = Phase::Closed;
                drop(state);
                (self.notify)(OutboxEvent::Emptied);
                Poll::Ready(TakenFrames::Last(frames))
            }
            _ if frames.is_empty() => {
                match (&mut state.waker, waker) {
                    (Some(own), Some(waker)) => own.clone_from(waker),
                    (own, waker) => *own = waker.cloned(),
                }
                Poll::Pending
            }
            _ => Poll::Ready(TakenFrames::Frames(frames)),
        }
    }
}

impl OutboxState {
    /// Takes the frames that fit into `max_bytes`, and at least one if it is a whole chunk.
    ///
    /// The queue keeps a small capacity, so that it does not allocate for each chunk. It gives up a
    /// large one, which it rarely needs again.
    fn take_frames(&mut self, max_bytes: usize) -> Vec<Frame> {
        let mut size = 0;
        let fitting = self.frames.iter().take_while(|frame| {
            size += frame.len();
            size <= max_bytes
        });
        let least = usize::from(max_bytes == MAX_CHUNK);
        let count = fitting.count().max(least).min(self.frames.len());
        if count == self.frames.len() && self.frames.capacity() > KEPT_CAPACITY {
            return mem::take(&mut self.frames).into();
        }
        self.frames.drain(..count).collect()
    }

    /// Takes the only queued frame, if the outbox is open and holds nothing else.
    fn take_single(&mut self) -> Option<Frame> {
        if self.frames.len() != 1 || self.phase != Phase::Open || !self.write_buffer.is_empty() {
            return None;
        }
        debug_assert!(self.unfinished.is_none(), "the end of a frame leaves before other frames");
        self.frames.pop_front()
    }
}
