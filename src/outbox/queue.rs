//! The queue itself: its state under the lock, and the ways to push a frame.

use std::{collections::VecDeque, fmt, sync::Arc, task::Waker};

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};

use super::{
    attached_stream::AttachedStream, congestion::Congestion, reserved::ReservedBytes,
    write_buffer::WriteBuffer,
};
use crate::model::{MemoryShare, Quota, Transport};
use crate::protocol::Frame;

/// A report of an outbox to its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutboxEvent {
    /// The client reads too slowly: the queue reached its bound, and all queued frames are dropped.
    Overflow,
    /// The queue needs more memory than is left for all connections. All queued frames are dropped.
    OutOfMemory,
    /// The transport took the last frame of a finished outbox.
    Emptied,
    /// A WebSocket became the active transport.
    Upgraded,
}

/// The outcome of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// The frame waits for the transport, or is already written.
    Queued,
    /// The frame was dropped: the outbox is closed, or this frame made it overflow.
    Dropped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// The outbox accepts no more frames. Queued frames still go out.
    Finishing,
    Closed,
}

/// The order of the fields matters: what a write-through delivery reads is on one cache line,
/// together with the lock.
#[repr(C)]
pub(super) struct OutboxState {
    /// Set while a transport waits: it found nothing to take and has nothing else to write.
    pub(super) waker: Option<Waker>,
    /// The stream of the active WebSocket, if that WebSocket sends frames unchanged.
    pub(super) stream: Option<AttachedStream>,
    pub(super) phase: Phase,
    pub(super) active_transport: Transport,
    /// A WebSocket is trying to take over from polling.
    pub(super) probing: bool,
    /// A poll waits, or is about to wait.
    pub(super) polling: bool,
    /// The waiting poll is to return without frames.
    pub(super) release_poll: bool,
    /// The bytes that count for the bound: those of the queue, and the reserved ones.
    pub(super) bytes: usize,
    pub(super) frames: VecDeque<Frame>,
    /// Encoded packets that leave before `frames`.
    pub(super) write_buffer: WriteBuffer,
    /// The unwritten end of a write-through delivery. The client already has its beginning, so
    /// these bytes leave before anything else.
    pub(super) unfinished: Option<Bytes>,
    pub(super) reserved: ReservedBytes,
    /// The share of `bytes` in the memory of all connections.
    pub(super) memory: MemoryShare,
    pub(super) congestion: Congestion,
}

type Notify = Box<dyn Fn(OutboxEvent) + Send + Sync>;

/// The queue of one connection, bounded in bytes.
///
/// The lock is held to push, to take, and for each system call on the attached stream. Such a call
/// does not block and writes at most 64 KiB, which bounds the time that a push on another thread
/// waits for the lock.
#[repr(C, align(64))]
pub(crate) struct Outbox {
    pub(super) state: Mutex<OutboxState>,
    pub(super) max_bytes: usize,
    pub(super) notify: Notify,
    /// Counts the congested outboxes of the server.
    pub(super) congested: Quota,
}

/// The parts that an outbox shares with those of other connections.
#[derive(Default)]
pub(crate) struct OutboxShares {
    /// Its share of the memory of all connections.
    pub(crate) memory: MemoryShare,
    /// Counts the outboxes that are congested.
    pub(crate) congested: Quota,
}

#[cfg(test)]
impl From<Quota> for OutboxShares {
    fn from(congested: Quota) -> Self {
        Self { congested, ..Self::default() }
    }
}

impl Outbox {
    /// An outbox that shares nothing with others.
    #[cfg(any(test, fuzzing, feature = "internals"))]
    pub(crate) fn new(
        active_transport: Transport,
        max_bytes: usize,
        notify: impl Fn(OutboxEvent) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::sharing(active_transport, max_bytes, OutboxShares::default(), notify)
    }

    /// `notify` is called without the lock, on the thread that causes the event.
    pub(crate) fn sharing(
        active_transport: Transport,
        max_bytes: usize,
        OutboxShares { memory, congested }: OutboxShares,
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
                unfinished: None,
                reserved: ReservedBytes::default(),
                memory,
                congestion: Congestion::new(max_bytes),
            }),
            max_bytes,
            notify: Box::new(notify),
            congested,
        })
    }

    /// Puts a frame at the end of the queue, and wakes the transport if it waits.
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
            let bytes = state.bytes + frame.cost();
            if !self.may_have(&mut state, bytes) {
                return self.overflow(state);
            }
            let fits = state.charge(frame.cost());
            state.frames.push_back(frame);
            if !fits {
                return self.cut_off(state, OutboxEvent::OutOfMemory);
            }
        }
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Pushed::Queued
    }

    /// Queues the unwritten end of a write-through delivery, and wakes the transport to write it.
    pub(super) fn push_unfinished(
        &self,
        mut state: MutexGuard<'_, OutboxState>,
        rest: Bytes,
    ) -> Pushed {
        let bytes = state.bytes + rest.len();
        if !self.may_have(&mut state, bytes) {
            return self.overflow(state);
        }
        let fits = state.charge(rest.len());
        state.unfinished = Some(rest);
        if !fits {
            return self.cut_off(state, OutboxEvent::OutOfMemory);
        }
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Pushed::Queued
    }

    /// Puts a frame at the end of the queue that is made under the lock, when it is known what
    /// stands before it.
    pub(super) fn push_with(&self, make: impl FnOnce() -> Frame) -> Pushed {
        let state = self.state.lock();
        if state.phase != Phase::Open {
            return Pushed::Dropped;
        }
        let frame = make();
        self.push_all(state, [frame])
    }

    /// Puts frames at the end of the queue that stay together.
    ///
    /// They are counted once, and not one by one: a client that comes back may get a thousand.
    pub(super) fn push_together(&self, frames: Vec<Frame>, note: impl FnOnce()) -> Pushed {
        let cost: usize = frames.iter().map(Frame::cost).sum();
        let mut state = self.state.lock();
        note();
        if state.phase != Phase::Open {
            return Pushed::Dropped;
        }
        let bytes = state.bytes + cost;
        if !self.may_have(&mut state, bytes) {
            return self.overflow(state);
        }
        let fits = state.charge(cost);
        state.frames.extend(frames);
        if !fits {
            return self.cut_off(state, OutboxEvent::OutOfMemory);
        }
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Pushed::Queued
    }

    /// Runs `note` in the order of pushes.
    pub(super) fn with_lock(&self, note: impl FnOnce()) {
        let _state = self.state.lock();
        note();
    }

    /// Drops all queued frames and closes the outbox, because the client can't know that a frame is
    /// lost.
    pub(super) fn lose(&self) -> Pushed {
        self.overflow(self.state.lock())
    }

    /// Drops all queued frames, closes the outbox and reports [`OutboxEvent::Overflow`].
    pub(super) fn overflow(&self, state: MutexGuard<'_, OutboxState>) -> Pushed {
        self.cut_off(state, OutboxEvent::Overflow)
    }

    /// Drops all queued frames, closes the outbox and reports why.
    pub(super) fn cut_off(
        &self,
        mut state: MutexGuard<'_, OutboxState>,
        why: OutboxEvent,
    ) -> Pushed {
        let dropped = state.abort();
        drop(state);
        drop(dropped);
        (self.notify)(why);
        Pushed::Dropped
    }

    /// Queues a frame only if the queue is empty and the transport waits. Otherwise drops it.
    pub(crate) fn push_volatile(&self, frame: &Frame) -> Pushed {
        self.push_volatile_with(|| frame.clone())
    }

    /// The same, for a frame that is made under the lock.
    pub(super) fn push_volatile_with(&self, make: impl FnOnce() -> Frame) -> Pushed {
        let mut state = self.state.lock();
        if state.phase != Phase::Open || !state.frames.is_empty() || state.waker.is_none() {
            return Pushed::Dropped;
        }
        let frame = make();
        let (cost, bytes) = (frame.cost(), state.bytes + frame.cost());
        if !self.may_have(&mut state, bytes) {
            return Pushed::Dropped;
        }
        let Some(waker) = state.waker.take() else { return Pushed::Dropped };
        let fits = state.charge(cost);
        state.frames.push_back(frame);
        if !fits {
            return self.cut_off(state, OutboxEvent::OutOfMemory);
        }
        drop(state);
        waker.wake();
        Pushed::Queued
    }

    /// The transport that may take frames.
    pub(crate) fn active_transport(&self) -> Transport {
        self.state.lock().active_transport
    }

    /// Reads what a push reads first, without the lock, so that it is in the cache when the push
    /// comes. The result has no meaning: it keeps the compiler from removing the read.
    pub(super) fn prefetch(&self) -> usize {
        usize::from(self.state.is_locked())
    }

    /// The number of queued frames and packets, and the bytes that count for the bound.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.frames.len() + state.write_buffer.packets(), state.bytes)
    }
}

impl OutboxState {
    /// Counts more bytes. Returns `false` if there is no memory for them.
    pub(super) fn charge(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.memory.set(self.bytes)
    }

    /// Counts fewer bytes.
    pub(super) fn release(&mut self, bytes: usize) {
        self.bytes -= bytes;
        let _less = self.memory.set(self.bytes);
        self.release_holds();
    }

    /// Whether the outbox is open and empty: what is written now is the next thing that the client
    /// receives.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Open
            && self.unfinished.is_none()
            && self.write_buffer.is_empty()
            && self.frames.is_empty()
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
            .field("active_transport", &state.active_transport)
            .finish_non_exhaustive()
    }
}
