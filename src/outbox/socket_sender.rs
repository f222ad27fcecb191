//! One socket's way into its connection's outbox.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::mpsc;

use super::{
    Hold, MissedEvent, Outbox, PlacedFrame, PublicationBatch, Pushed, Stamps, WriteThroughTurn,
    held_frames::{HeldFrame, HeldFrames},
    observer::FrameObserver,
};
use crate::model::{Place, Point, Transport};
use crate::protocol::{Frame, OutgoingPacket};

/// The client is not admitted to the namespace yet. Frames are held back.
const PENDING: u8 = 0;
/// Frames go to the outbox.
const OPEN: u8 = 1;
/// Frames are dropped.
const CLOSED: u8 = 2;
/// As `OPEN`, and observers receive a copy of each frame.
const OBSERVED: u8 = 3;
/// As `OPEN`, and events bear their position.
const STAMPED: u8 = 4;

/// One socket's way into its connection's outbox. Any thread may push.
///
/// Frames are held back until the client is admitted to the namespace. They then follow the CONNECT
/// packet, or are dropped if the client is refused. After the socket's end, frames are dropped.
#[derive(Debug)]
#[repr(C)] // keeps the two fields that a push reads next to each other
pub(crate) struct SocketSender {
    outbox: Arc<Outbox>,
    state: AtomicU8,
    held: Mutex<HeldFrames>,
    /// For a client that asks for positions.
    stamps: Option<Box<Stamps>>,
}

impl SocketSender {
    #[cfg(any(test, feature = "internals"))]
    pub(crate) fn new(outbox: Arc<Outbox>) -> Arc<Self> {
        Self::with_stamps(outbox, None)
    }

    /// With `stamps`, events bear their position.
    pub(crate) fn with_stamps(outbox: Arc<Outbox>, stamps: Option<Stamps>) -> Arc<Self> {
        Arc::new(Self {
            outbox,
            state: AtomicU8::new(PENDING),
            held: Mutex::default(),
            stamps: stamps.map(Box::new),
        })
    }

    /// The positions that the client has been sent, if its events bear them.
    pub(crate) fn stamps(&self) -> Option<&Stamps> {
        self.stamps.as_deref()
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
            OPEN | STAMPED => self.outbox.push(frame),
            CLOSED => Pushed::Dropped,
            OBSERVED => {
                self.notify_observers(&frame);
                self.outbox.push(frame)
            }
            _ => self.hold_back(HeldFrame::Plain(frame), false),
        }
    }

    /// As [`SocketSender::push`], for a packet that goes to this client only. The packet becomes a
    /// frame only if it has to wait as one.
    pub(crate) fn push_packet(&self, packet: OutgoingPacket) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN | STAMPED => self.outbox.push_packet(packet),
            _ => self.push(packet.into_frame()),
        }
    }

    /// As [`SocketSender::push_packet`], for an event that asks for no acknowledgement.
    pub(crate) fn push_event(&self, packet: OutgoingPacket) -> Pushed {
        let Some(stamps) = &self.stamps else { return self.push_packet(packet) };
        let frame = packet.into_frame();
        match self.state.load(Ordering::Acquire) {
            STAMPED => self.outbox.push_with(|| stamps.direct(&frame, false)),
            CLOSED => Pushed::Dropped,
            OBSERVED => {
                self.notify_observers(&frame);
                self.outbox.push_with(|| stamps.direct(&frame, false))
            }
            _ => self.hold_back(HeldFrame::Direct(frame, stamps.last()), false),
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
        let stamps = match self.state.load(Ordering::Acquire) {
            OPEN => None,
            STAMPED => self.stamps.as_deref(),
            state => match self.divert(state, batch) {
                Some(outcome) => return outcome,
                None => self.stamps.as_deref(),
            },
        };
        self.outbox.deliver(batch, turn, stamps)
    }

    /// Shows a batch to the observers, holds it back or drops it. `None`: it is to be delivered.
    #[cold]
    fn divert(&self, state: u8, batch: &PublicationBatch) -> Option<Pushed> {
        match state {
            OPEN | STAMPED => None,
            CLOSED => Some(Pushed::Dropped),
            OBSERVED => {
                batch.plain().frames().iter().for_each(|frame| self.notify_observers(frame));
                None
            }
            _ => Some(batch.publications().iter().fold(Pushed::Queued, |all, publication| {
                match self.hold_back(HeldFrame::Publication(Arc::clone(publication)), false) {
                    Pushed::Queued => all,
                    Pushed::Dropped => Pushed::Dropped,
                }
            })),
        }
    }

    /// Notes that no history covers a publication for this socket: it is in none of the channels.
    pub(crate) fn uncover(&self, place: Place) {
        if let Some(stamps) = &self.stamps {
            self.outbox.with_lock(|| stamps.uncover(place));
        }
    }

    /// Pushes `first`, and then what the client has missed since `from`, without anything between.
    pub(crate) fn replay(&self, first: Option<Frame>, missed: &[Arc<PlacedFrame>], from: Place) {
        let state = self.state.load(Ordering::Acquire);
        if !matches!(state, OPEN | STAMPED | OBSERVED) {
            let frames = first.map(HeldFrame::Plain).into_iter();
            let missed = missed.iter().map(|one| HeldFrame::Publication(Arc::clone(one)));
            for held in frames.chain(missed) {
                let _ = self.hold_back(held, false);
            }
            return;
        }
        if state == OBSERVED {
            missed.iter().for_each(|one| self.notify_observers(one.frame()));
        }
        let frames = first.into_iter().chain(missed.iter().map(|one| self.frame_of(one).clone()));
        let _ = self.outbox.push_together(frames.collect(), || {
            // Older positions come now. One of them would not say that the client has what came to
            // its other channels.
            if let Some(newest) = self.stamps.as_ref().and_then(|stamps| stamps.newest())
                && newest > from
                && !missed.is_empty()
            {
                self.stamps.iter().for_each(|stamps| stamps.uncover(newest));
            }
        });
    }

    /// A publication's frame in the form for this client.
    fn frame_of<'a>(&self, publication: &'a PlacedFrame) -> &'a Frame {
        match &self.stamps {
            Some(stamps) => publication.stamped(stamps.epoch(), stamps.namespace()),
            None => publication.frame(),
        }
    }

    /// Whether a publication of a client that takes `cost` bytes has to wait for this socket, whose
    /// outbox then keeps `hold` until it has drained.
    ///
    /// A socket that is closed receives nothing, so nothing waits for it.
    pub(crate) fn hold(&self, cost: usize, hold: &Hold) -> bool {
        !self.is_closed() && self.outbox.hold(cost, hold)
    }

    /// Keeps `hold` until almost everything in the outbox has been sent, or the outbox is closed.
    pub(crate) fn hold_until_sent(&self, hold: Hold) {
        self.outbox.hold_until_sent(hold);
    }

    /// Sends a copy of each frame that goes out from now on to `observer`. An observer misses
    /// frames while its channel is full.
    pub(crate) fn observe(&self, listener: mpsc::Sender<Frame>) {
        let held = self.held.lock();
        self.add_observer(held, FrameObserver::Listener(listener));
    }

    /// Whether the client was admitted and has not gone.
    #[cfg(feature = "admin")]
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), OPEN | STAMPED | OBSERVED)
    }

    /// Bytes that wait in the outbox of the connection.
    #[cfg(feature = "admin")]
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.outbox.depth().1
    }

    /// Shows each frame that goes out from now on to `tap`, in the place of an earlier tap.
    #[cfg(feature = "admin")]
    pub(crate) fn tap(&self, tap: Arc<dyn super::FrameTap>) {
        let mut held = self.held.lock();
        held.observers.retain(|observer| !observer.is_tap());
        self.add_observer(held, FrameObserver::Tap(tap));
    }

    /// Removes the tap. Without other observers, frames take the short way again.
    #[cfg(feature = "admin")]
    pub(crate) fn untap(&self) {
        let mut held = self.held.lock();
        held.observers.retain(|observer| !observer.is_tap());
        if held.observers.is_empty() {
            let open = if self.stamps.is_some() { STAMPED } else { OPEN };
            let unobserved = |state| (state == OBSERVED).then_some(open);
            let _ = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, unobserved);
        }
    }

    fn add_observer(&self, mut held: MutexGuard<'_, HeldFrames>, observer: FrameObserver) {
        if self.is_closed() {
            return; // dropping a listener closes its channel
        }
        held.observers.push(observer);
        // A pending sender becomes `OBSERVED` when it opens.
        let observed = |state| matches!(state, OPEN | STAMPED).then_some(OBSERVED);
        let _ = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, observed);
    }

    fn notify_observers(&self, frame: &Frame) {
        self.held.lock().notify_observers(frame);
    }

    /// Pushes an event for this client alone, only if the outbox is empty and its transport waits.
    /// Otherwise drops it.
    pub(crate) fn push_volatile(&self, frame: &Frame) -> Pushed {
        self.push_volatile_with(frame, |stamps| stamps.direct(frame, true))
    }

    /// The same, for a publication.
    pub(crate) fn deliver_volatile(&self, publication: &PlacedFrame) -> Pushed {
        self.push_volatile_with(publication.frame(), |stamps| {
            stamps.published(publication.place(), None);
            publication.stamped(stamps.epoch(), stamps.namespace()).clone()
        })
    }

    fn push_volatile_with(&self, frame: &Frame, stamp: impl FnOnce(&Stamps) -> Frame) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN | STAMPED => {}
            OBSERVED => self.notify_observers(frame),
            _ => return Pushed::Dropped,
        }
        match &self.stamps {
            Some(stamps) => self.outbox.push_volatile_with(|| stamp(stamps)),
            None => self.outbox.push_volatile(frame),
        }
    }

    /// Pushes the final frame and closes the sender: frames that are pushed later are dropped. A
    /// push that another thread has already begun may still follow.
    pub(crate) fn push_final(&self, frame: Frame) -> Pushed {
        // Only one thread can swap an open state for `CLOSED`, and that thread pushes the frame.
        let close = |state| matches!(state, OPEN | STAMPED | OBSERVED).then_some(CLOSED);
        match self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, close) {
            Ok(_) => self.outbox.push(frame),
            Err(CLOSED) => Pushed::Dropped,
            Err(_) => self.hold_back(HeldFrame::Plain(frame), true),
        }
    }

    /// Admits the client: pushes `connect`, what it has missed, and the frames that were held back,
    /// in one order. Later frames go straight to the outbox.
    pub(crate) fn open(&self, connect: Frame, missed: &[MissedEvent]) {
        let mut held = self.held.lock();
        if self.state.load(Ordering::Acquire) != PENDING {
            return;
        }
        self.outbox.push(connect);
        let (frames, bytes) = held.take();
        self.outbox.release_held_back(bytes);
        // A direct event bears what is pushed before it, and not what was known meanwhile.
        let known = self.stamps.as_ref().map(|stamps| stamps.rewind());
        let mut missed = missed;
        for frame in frames {
            let follows = |one: &&MissedEvent| frame.follows(one.point().place);
            let (earlier, rest) = missed.split_at(missed.iter().take_while(follows).count());
            self.push_missed(earlier, &mut held);
            missed = rest;
            if let HeldFrame::Publication(publication) = &frame
                && let [first, rest @ ..] = missed
                && first.point() == Point::of(publication.place())
                && !publication.is_beside()
            {
                // It was held, too.
                missed = rest;
            }
            held.notify_observers(frame.frame());
            self.push_held(frame);
        }
        self.push_missed(missed, &mut held);
        if let (Some(stamps), Some(known)) = (&self.stamps, known) {
            stamps.advance(known);
        }
        let state = match held.has_final {
            true => CLOSED,
            false if !held.observers.is_empty() => OBSERVED,
            false if self.stamps.is_some() => STAMPED,
            false => OPEN,
        };
        self.state.store(state, Ordering::Release);
    }

    fn push_missed(&self, missed: &[MissedEvent], held: &mut HeldFrames) {
        let Some(last) = missed.last() else { return };
        missed.iter().for_each(|one| held.notify_observers(one.frame()));
        let frames = missed.iter().map(|one| match one {
            MissedEvent::Publication(publication) => self.frame_of(publication).clone(),
            MissedEvent::Direct(_, frame) => frame.clone(),
        });
        let _ = self.outbox.push_together(frames.collect(), || {
            self.stamps.iter().for_each(|stamps| stamps.advance(last.point().place));
        });
    }

    fn push_held(&self, held: HeldFrame) -> Pushed {
        match (held, &self.stamps) {
            (HeldFrame::Plain(frame) | HeldFrame::Direct(frame, _), None)
            | (HeldFrame::Plain(frame), Some(_)) => self.outbox.push(frame),
            (HeldFrame::Direct(frame, place), Some(stamps)) => self.outbox.push_with(|| {
                stamps.advance(place);
                stamps.direct(&frame, false)
            }),
            (HeldFrame::Publication(publication), None) => {
                self.outbox.push(publication.frame().clone())
            }
            (HeldFrame::Publication(publication), Some(stamps)) => self.outbox.push_with(|| {
                let place = publication.place();
                stamps.published(place, publication.uncovered());
                publication.stamped(stamps.epoch(), stamps.namespace()).clone()
            }),
        }
    }

    /// Closes the sender. Frames that were held back are dropped, and so are later ones.
    pub(crate) fn close(&self) {
        let mut held = self.held.lock();
        self.state.store(CLOSED, Ordering::Release);
        let (frames, bytes) = std::mem::take(&mut *held).take();
        drop(frames);
        self.outbox.release_held_back(bytes);
    }

    fn hold_back(&self, frame: HeldFrame, is_final: bool) -> Pushed {
        let mut held = self.held.lock();
        match self.state.load(Ordering::Acquire) {
            PENDING => {}
            CLOSED => return Pushed::Dropped,
            // Another thread opened the sender while this one waited for the lock.
            _ => {
                drop(held);
                return match frame {
                    HeldFrame::Plain(frame) if is_final => self.push_final(frame),
                    frame => self.push_held(frame),
                };
            }
        }
        if held.has_final {
            return Pushed::Dropped;
        }
        // The final frame does not count: it is small, and must not be lost.
        if !is_final && self.outbox.hold_back(frame.frame()) == Pushed::Dropped {
            // A client with positions would not know that it has missed something.
            return if self.stamps.is_some() { self.outbox.lose() } else { Pushed::Dropped };
        }
        held.frames.push(frame);
        held.has_final = is_final;
        Pushed::Queued
    }
}

#[cfg(test)]
mod tests;
