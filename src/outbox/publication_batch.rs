use std::{cell::OnceCell, sync::Arc};

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use super::{PlacedFrame, Stamps};
use crate::{
    model::{Place, Point},
    protocol::Frame,
};

/// Consecutive publications for the same clients.
///
/// The batch also holds their frames as one piece of bytes. That piece is made once and shared by
/// all WebSockets that send frames unchanged. Clients that ask for positions have pieces of their
/// own.
#[derive(Debug)]
pub(crate) struct PublicationBatch {
    publications: Publications,
    /// The place of the last publication.
    last: Place,
    /// The point of the last publication that no history covers.
    last_uncovered: Option<Point>,
    plain: BatchFrames,
    stamped: OnceCell<BatchFrames>,
}

/// Most batches have one publication, and need no memory for a list.
pub(crate) type Publications = SmallVec<[Arc<PlacedFrame>; 1]>;

/// The frames of a batch in one form.
#[derive(Debug)]
pub(crate) struct BatchFrames {
    frames: SmallVec<[Frame; 1]>,
    bytes: Bytes,
}

impl BatchFrames {
    /// The frames of publications, each in the form that `frame` gives.
    fn of<'a>(
        publications: &'a [Arc<PlacedFrame>],
        frame: impl Fn(&'a PlacedFrame) -> &'a Frame,
    ) -> Self {
        if let [one] = publications {
            let frame = frame(one).clone();
            return Self { bytes: frame.websocket().clone(), frames: SmallVec::from_buf([frame]) };
        }
        let frames: SmallVec<[Frame; 1]> =
            publications.iter().map(|one| frame(one).clone()).collect();
        let mut bytes = BytesMut::with_capacity(frames.iter().map(Frame::len).sum());
        frames.iter().for_each(|frame| bytes.extend_from_slice(frame.websocket()));
        Self { frames, bytes: bytes.freeze() }
    }

    pub(crate) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// All frames as WebSocket frames, one after the other.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl PublicationBatch {
    pub(crate) fn new(publications: Publications) -> Self {
        // Worked out once, and not for each receiver.
        let last = publications.last().map_or(Place::default(), |one| one.place());
        let last_uncovered = publications.iter().rev().find_map(|one| one.uncovered());
        let plain = BatchFrames::of(&publications, PlacedFrame::frame);
        Self { publications, last, last_uncovered, plain, stamped: OnceCell::new() }
    }

    /// Frames that are in no order.
    #[cfg(any(test, feature = "internals"))]
    pub(crate) fn of(frames: Vec<Frame>) -> Self {
        let placed = |frame| Arc::new(PlacedFrame::new(frame, Place::default(), true, false));
        Self::new(frames.into_iter().map(placed).collect())
    }

    pub(crate) fn plain(&self) -> &BatchFrames {
        &self.plain
    }

    pub(super) fn publications(&self) -> &[Arc<PlacedFrame>] {
        &self.publications
    }

    /// The frames for clients that ask for positions.
    #[inline]
    pub(super) fn stamped(&self, stamps: &Stamps) -> &BatchFrames {
        match self.stamped.get() {
            Some(frames) => frames,
            None => self.make_stamped(stamps),
        }
    }

    /// Once for a batch.
    #[cold]
    fn make_stamped(&self, stamps: &Stamps) -> &BatchFrames {
        self.stamped.get_or_init(|| {
            BatchFrames::of(&self.publications, |one| {
                one.stamped(stamps.epoch(), stamps.namespace())
            })
        })
    }

    /// The place of the last publication.
    pub(crate) fn last(&self) -> Place {
        self.last
    }

    /// The point of the last publication that no history covers.
    pub(super) fn last_uncovered(&self) -> Option<Point> {
        self.last_uncovered
    }
}
