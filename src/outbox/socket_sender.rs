//! One socket's way into its connection's outbox.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{Hold, Outbox, PublicationBatch, Pushed, WriteThroughTurn};
use crate::model::Transport;
use crate::protocol::{Frame, OutgoingPacket};

/// The client is not admitted to the namespace yet. Frames are held back.
const PENDING: u8 = 0;
/// Frames go to the outbox.
const OPEN: u8 = 1;
/// Frames are dropped.
const CLOSED: u8 = 2;
/// As `OPEN`, and observers receive a copy of each frame.
const OBSERVED: u8 = 3;

/// One socket's way into its connection's outbox. Any thread may push.
///
/// Frames are held back until the client is admitted to the namespace. They then follow the CONNECT
/// packet, or are dropped if the client is refused. After the socket's end, frames are dropped.
#[derive(Debug)]
#[repr(C)] // keeps the two fields that a push reads next to each other
pub(crate) struct SocketSender {
    outbox: Arc<Outbox>,
    state: AtomicU8,
    pending: Mutex<PendingFrames>,
}

#[derive(Debug, Default)]
struct PendingFrames {
    frames: Vec<Frame>,
    /// The last of `frames` is the socket's final frame: the sender closes once they are out.
    has_final: bool,
    /// Receive a copy of each frame that goes out.
    observers: Vec<mpsc::Sender<Frame>>,
}

impl PendingFrames {
    /// Sends a copy of the frame to each observer, and removes observers that are gone.
    fn notify_observers(&mut self, frame: &Frame) {
        self.observers.retain(|observer| {
            !matches!(observer.try_send(frame.clone()), Err(mpsc::error::TrySendError::Closed(_)))
        });
    }
}

impl SocketSender {
    pub(crate) fn new(outbox: Arc<Outbox>) -> Arc<Self> {
        Arc::new(Self { outbox, state: AtomicU8::new(PENDING), pending: Mutex::default() })
    }

    pub(crate) fn transport(&self) -> Transport {
        self.outbox.active_transport()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) == CLOSED
    }

    /// Reads what a push reads first, without a lock. The result has no meaning: it keeps the
    /// compiler from removing the reads.
    ///
    /// Call this for several senders before you push into them: their cache misses then overlap,
    /// where each push would wait for its own.
    pub(crate) fn prefetch(&self) -> usize {
        usize::from(self.state.load(Ordering::Relaxed)) + self.outbox.prefetch()
    }

    /// Pushes a frame into the outbox, or holds it back while the client is not admitted.
    pub(crate) fn push(&self, frame: Frame) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.push(frame),
            CLOSED => Pushed::Dropped,
            OBSERVED => {
                self.notify_observers(&frame);
                self.outbox.push(frame)
            }
            _ => self.hold_back(frame, false),
        }
    }

    /// As [`SocketSender::push`], for a packet that goes to this client only. The packet becomes a
    /// frame only if it has to wait as one.
    pub(crate) fn push_packet(&self, packet: OutgoingPacket) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.push_packet(packet),
            _ => self.push(packet.into_frame()),
        }
    }

    /// As [`SocketSender::push`], for each frame of a batch. In a registry's turn, the frames may
    /// be written directly (see [`Outbox::deliver`]). If one frame is dropped, the answer is
    /// [`Pushed::Dropped`].
    pub(crate) fn deliver(
        &self,
        batch: &PublicationBatch,
        turn: Option<WriteThroughTurn>,
    ) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.deliver(batch, turn),
            CLOSED => Pushed::Dropped,
            OBSERVED => {
                batch.frames().iter().for_each(|frame| self.notify_observers(frame));
                self.outbox.deliver(batch, turn)
            }
            _ => batch.frames().iter().fold(Pushed::Queued, |all, frame| {
                match self.hold_back(frame.clone(), false) {
                    Pushed::Queued => all,
                    Pushed::Dropped => Pushed::Dropped,
                }
            }),
        }
    }

    /// Whether a publication of a client that takes `cost` bytes has to wait for this socket, whose
    /// outbox then keeps `hold` until it has drained.
    ///
    /// A socket that is closed receives nothing, so nothing waits for it.
    pub(crate) fn hold(&self, cost: usize, hold: &Hold) -> bool {
        !self.is_closed() && self.outbox.hold(cost, hold)
    }

    /// Sends a copy of each frame that goes out from now on to `observer`. An observer misses
    /// frames while its channel is full.
    pub(crate) fn observe(&self, observer: mpsc::Sender<Frame>) {
        let mut pending = self.pending.lock();
        if self.is_closed() {
            return; // dropping the observer closes its channel
        }
        pending.observers.push(observer);
        // A pending sender becomes `OBSERVED` when it opens.
        let _ = self.state.compare_exchange(OPEN, OBSERVED, Ordering::AcqRel, Ordering::Acquire);
    }

    fn notify_observers(&self, frame: &Frame) {
        self.pending.lock().notify_observers(frame);
    }

    /// Pushes a frame only if the outbox is empty and its transport waits. Otherwise drops the
    /// frame.
    pub(crate) fn push_volatile(&self, frame: &Frame) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.push_volatile(frame),
            OBSERVED => {
                self.notify_observers(frame);
                self.outbox.push_volatile(frame)
            }
            _ => Pushed::Dropped,
        }
    }

    /// Pushes the final frame and closes the sender: frames that are pushed later are dropped. A
    /// push that another thread has already begun may still follow.
    pub(crate) fn push_final(&self, frame: Frame) -> Pushed {
        // Only one thread can swap an open state for `CLOSED`, and that thread pushes the frame.
        let close = |state| matches!(state, OPEN | OBSERVED).then_some(CLOSED);
        match self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, close) {
            Ok(_) => self.outbox.push(frame),
            Err(CLOSED) => Pushed::Dropped,
            Err(_) => self.hold_back(frame, true),
        }
    }

    /// Admits the client: pushes `connect`, then the frames that were held back. Later frames go
    /// straight to the outbox.
    pub(crate) fn open(&self, connect: Frame) {
        let mut pending = self.pending.lock();
        if self.state.load(Ordering::Acquire) != PENDING {
            return;
        }
        self.outbox.push(connect);
        let frames = std::mem::take(&mut pending.frames);
        self.outbox.release_held_back(counted(&frames, pending.has_final));
        for frame in frames {
            pending.notify_observers(&frame);
            self.outbox.push(frame);
        }
        let state = match pending.has_final {
            true => CLOSED,
            false if pending.observers.is_empty() => OPEN,
            false => OBSERVED,
        };
        self.state.store(state, Ordering::Release);
    }

    /// Closes the sender. Frames that were held back are dropped, and so are later ones.
    pub(crate) fn close(&self) {
        let mut pending = self.pending.lock();
        self.state.store(CLOSED, Ordering::Release);
        let PendingFrames { frames, has_final, .. } = std::mem::take(&mut *pending);
        self.outbox.release_held_back(counted(&frames, has_final));
    }

    fn hold_back(&self, frame: Frame, is_final: bool) -> Pushed {
        let mut pending = self.pending.lock();
        match self.state.load(Ordering::Acquire) {
            // Another thread opened the sender while this one waited for the lock.
            OPEN | OBSERVED => {
                drop(pending);
                return if is_final { self.push_final(frame) } else { self.push(frame) };
            }
            CLOSED => return Pushed::Dropped,
            _ => {}
        }
        if pending.has_final {
            return Pushed::Dropped;
        }
        // The final frame does not count: it is small, and must not be lost.
        if !is_final && self.outbox.hold_back(&frame) == Pushed::Dropped {
            return Pushed::Dropped;
        }
        pending.frames.push(frame);
        pending.has_final = is_final;
        Pushed::Queued
    }
}

/// The frames that count while they are held back: all but the final one.
fn counted(frames: &[Frame], has_final: bool) -> &[Frame] {
    &frames[..frames.len().saturating_sub(usize::from(has_final))]
}

#[cfg(test)]
mod tests;
