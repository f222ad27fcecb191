use std::{
    collections::VecDeque,
    fmt, mem,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};

use super::{attached_stream::AttachedStream, write_buffer::WriteBuffer};
use crate::model::Transport;
use crate::protocol::Frame;

/// What an outbox tells its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutboxEvent {
    /// The client reads too slowly: the bound was reached, and everything that waited is gone.
    Overflow,
    /// The last frame of a finished outbox was taken.
    Drained,
    /// A WebSocket has taken over.
    Upgraded,
}

/// What became of a pushed frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits for the transport.
    Queued,
    /// It was dropped: the outbox is closed, or this frame made it overflow.
    Dropped,
}

/// What a transport gets when it asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TakenFrames {
    /// This one: what waits most of the time, and needs no list.
    One(Frame),
    /// Of a WebSocket that takes frames as they are, before anything else: several of them in one
    /// piece, or what is left of what it has got the beginning of.
    Bytes(Bytes),
    /// These, in order; there may be more.
    Frames(Vec<Frame>),
    /// The last ones: after them the transport says goodbye.
    Last(Vec<Frame>),
    /// Nothing, but the poll should return: another transport is about to take over, or has.
    Nothing,
    /// The connection was cut; there is no goodbye.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// No more frames come; those that wait still go out.
    Finishing,
    Closed,
}

/// In this order: what a write past the queue looks at is on one line of memory, with the lock.
#[repr(C)]
pub(super) struct OutboxState {
    /// A transport has found nothing, has nothing else to write, and waits.
    pub(super) waker: Option<Waker>,
    /// Of the WebSocket that takes, if it takes frames as they are.
    pub(super) stream: Option<AttachedStream>,
    pub(super) phase: Phase,
    pub(super) active_transport: Transport,
    /// A WebSocket is trying to take over.
    pub(super) probing: bool,
    /// A poll waits, or is about to.
    pub(super) polling: bool,
    /// The waiting poll should return with nothing.
    pub(super) release_poll: bool,
    pub(super) bytes: usize,
    pub(super) frames: VecDeque<Frame>,
    /// What leaves before the frames, as it is.
    pub(super) write_buffer: WriteBuffer,
    /// What was not written of what was written past the queue.
    rest: Option<Bytes>,
}

/// Frames that an empty queue has room for, at most.
const KEPT_CAPACITY: usize = 8;

type Notify = Box<dyn Fn(OutboxEvent) + Send + Sync>;

/// The queue of one connection, bounded in bytes. Its lock is held to push, to take, and for each
/// system call on the connection that is in it: no more than 64 KiB at a time, and without waiting.
#[repr(C, align(64))]
pub(crate) struct Outbox {
    pub(super) state: Mutex<OutboxState>,
    pub(super) max_bytes: usize,
    pub(super) notify: Notify,
}

impl Outbox {
    /// `notify` is called without the lock, on the thread which caused the event.
    pub(crate) fn new(
        active_transport: Transport,
        max_bytes: usize,
        notify: impl Fn(OutboxEvent) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(OutboxState {
                // Most clients take each frame before the next one comes.
                frames: VecDeque::with_capacity(1),
                bytes: 0,
                phase: Phase::Open,
                active_transport,
                probing: false,
                polling: false,
                release_poll: false,
                waker: None,
                stream: None,
                write_buffer: WriteBuffer::default(),
                rest: None,
            }),
            max_bytes,
            notify: Box::new(notify),
        })
    }

    /// Puts a frame at the end of the queue, and wakes the transport if it slept.
    pub(crate) fn push(&self, frame: Frame) -> Pushed {
        self.push_all(self.state.lock(), [frame])
    }

    pub(super) fn push_all(
        &self,
        mut state: MutexGuard<'_, OutboxState>,
        frames: impl IntoIterator<Item = Frame>,
    ) -> Pushed {
        if state.phase != Phase::Open {
            return Pushed::Dropped;
        }
        for frame in frames {
            if state.bytes + frame.cost() > self.max_bytes {
                return self.overflow(state);
            }
            state.bytes += frame.cost();
            state.frames.push_back(frame);
        }
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Pushed::Queued
    }

    /// The transport waited, and has got the beginning of this.
    pub(super) fn push_rest(&self, mut state: MutexGuard<'_, OutboxState>, rest: Bytes) -> Pushed {
        if rest.len() > self.max_bytes {
            return self.overflow(state);
        }
        state.bytes += rest.len();
        state.rest = Some(rest);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Pushed::Queued
    }

    pub(super) fn overflow(&self, mut state: MutexGuard<'_, OutboxState>) -> Pushed {
        let waste = state.abort();
        drop(state);
        drop(waste);
        (self.notify)(OutboxEvent::Overflow);
        Pushed::Dropped
    }

    /// Puts a frame in an empty queue whose transport waits for it; otherwise it is dropped.
    pub(crate) fn push_volatile(&self, frame: &Frame) -> Pushed {
        let mut state = self.state.lock();
        if state.phase != Phase::Open || !state.frames.is_empty() || frame.cost() > self.max_bytes {
            return Pushed::Dropped;
        }
        let Some(waker) = state.waker.take() else { return Pushed::Dropped };
        state.bytes += frame.cost();
        state.frames.push_back(frame.clone());
        drop(state);
        waker.wake();
        Pushed::Queued
    }

    /// Takes no more frames; those which wait still go out, and then the transport says goodbye.
    pub(crate) fn finish(&self) {
        let mut state = self.state.lock();
        if state.phase != Phase::Open {
            return;
        }
        state.phase = Phase::Finishing;
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }

    /// As [`Outbox::finish`], but what waits is dropped.
    pub(crate) fn finish_discarding(&self) {
        let mut state = self.state.lock();
        // Without the rest of a frame that was begun, what is said last would be a part of it.
        state.bytes = state.rest.as_ref().map_or(0, Bytes::len);
        let waste = (mem::take(&mut state.frames), mem::take(&mut state.write_buffer));
        drop(state);
        drop(waste);
        self.finish();
    }

    /// Drops everything and tells the transport to go, without a goodbye.
    pub(crate) fn abort(&self) {
        let waste = self.state.lock().abort();
        drop(waste);
    }

    /// The transport that may take.
    pub(crate) fn active_transport(&self) -> Transport {
        self.state.lock().active_transport
    }

    /// Has its first look at it, so that it is near when a frame is pushed.
    pub(super) fn prefetch(&self) -> usize {
        usize::from(self.state.is_locked())
    }

    /// Frames that wait, and their bytes.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.frames.len() + state.write_buffer.packets(), state.bytes)
    }

    /// Whether nothing will ever come out of it again.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().phase == Phase::Closed
    }

    /// Takes as many frames as fit into one polling body of `max_bytes` and `max_packets`, and one
    /// at least.
    ///
    /// The goodbye comes by itself: clients drop what comes with it.
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
        if let Some(frame) = state.take_only() {
            return Poll::Ready(TakenFrames::One(frame));
        }
        if state.frames.is_empty() {
            return self.taken(state, Vec::new(), Some(cx.waker()));
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
        state.bytes -= batch.iter().map(Frame::cost).sum::<usize>();
        Poll::Ready(TakenFrames::Frames(batch))
    }

    /// The transport writes something else, and takes no more. What is left of a frame that it has
    /// begun comes first.
    pub(crate) fn stop_waiting(&self) -> Option<Bytes> {
        let mut state = self.state.lock();
        state.waker = None;
        let rest = state.rest.take()?;
        state.bytes -= rest.len();
        Some(rest)
    }

    /// Takes everything that waits, and does not wait for more.
    pub(crate) fn take_all(&self) -> Option<TakenFrames> {
        match self.all(self.state.lock(), None) {
            Poll::Ready(taken) => Some(taken),
            Poll::Pending => None,
        }
    }

    /// Takes everything that waits. Pending: there is nothing, and whoever takes has nothing else
    /// to write either.
    pub(crate) fn poll_all(&self, cx: &mut Context<'_>) -> Poll<TakenFrames> {
        self.all(self.state.lock(), Some(cx.waker()))
    }

    pub(super) fn all(
        &self,
        mut state: MutexGuard<'_, OutboxState>,
        waker: Option<&Waker>,
    ) -> Poll<TakenFrames> {
        if let Some(rest) = state.rest.take() {
            state.bytes -= rest.len();
            return Poll::Ready(TakenFrames::Bytes(rest));
        }
        if let Some(frame) = state.take_only() {
            return Poll::Ready(TakenFrames::One(frame));
        }
        state.bytes = 0;
        // The queue keeps its room, so that it does not grow anew for each batch; but not that of a
        // crowd.
        let all = if state.frames.is_empty() {
            Vec::new()
        } else if state.frames.capacity() > KEPT_CAPACITY {
            mem::take(&mut state.frames).into()
        } else {
            state.frames.drain(..).collect()
        };
        if !state.write_buffer.is_empty() {
            let write_buffer = mem::take(&mut state.write_buffer);
            drop(state);
            return Poll::Ready(TakenFrames::Bytes(write_buffer.followed_by(&all)));
        }
        self.taken(state, all, waker)
    }

    fn taken(
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
                (self.notify)(OutboxEvent::Drained);
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
    /// Returns what was dropped, to be freed without the lock.
    fn abort(&mut self) -> impl Sized + use<> {
        self.phase = Phase::Closed;
        self.bytes = 0;
        wake(self.waker.take());
        (mem::take(&mut self.frames), mem::take(&mut self.write_buffer), self.rest.take())
    }

    /// Open, and nothing waits: what is written now comes next.
    pub(super) fn has_nothing(&self) -> bool {
        self.phase == Phase::Open
            && self.rest.is_none()
            && self.write_buffer.is_empty()
            && self.frames.is_empty()
    }

    /// The frame that waits, if it is all there is and more may come.
    fn take_only(&mut self) -> Option<Frame> {
        if self.frames.len() != 1 || self.phase != Phase::Open || !self.write_buffer.is_empty() {
            return None;
        }
        debug_assert!(self.rest.is_none(), "what was begun comes first");
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.cost();
        Some(frame)
    }

    pub(super) fn release_poll(&mut self) {
        self.release_poll = self.polling;
        wake(self.waker.take());
    }
}

pub(super) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Outbox")
            .field("frames", &(state.frames.len() + state.write_buffer.packets()))
            .field("bytes", &state.bytes)
            .field("phase", &state.phase)
            .field("holder", &state.active_transport)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
