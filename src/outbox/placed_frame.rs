use std::sync::OnceLock;

use crate::{
    model::{Epoch, Place, Point, Position},
    protocol::{Frame, stamped},
};

/// The frame of a publication that has its place in the order.
#[derive(Debug)]
pub(crate) struct PlacedFrame {
    frame: Frame,
    place: Place,
    is_covered: bool,
    is_question: bool,
    /// It is not in the stream that gives the places: it comes after the publication of its place.
    is_beside: bool,
    /// The frame with its position, made for the first client that asks for positions.
    stamped: OnceLock<Frame>,
}

impl PlacedFrame {
    /// `is_covered`: a client that misses it can get it from the histories, or does not need it.
    /// `is_question`: it asks for an acknowledgement, so that it bears no position.
    pub(crate) fn new(frame: Frame, place: Place, is_covered: bool, is_question: bool) -> Self {
        let (is_beside, stamped) = (false, OnceLock::new());
        Self { frame, place, is_covered, is_question, is_beside, stamped }
    }

    /// The same, if it has no place of its own.
    pub(crate) fn beside(self) -> Self {
        Self { is_beside: true, ..self }
    }

    /// A place to put a frame, for a publication that is not sealed yet.
    pub(crate) fn empty() -> Self {
        Self::new(Frame::NOOP, Place::default(), true, true)
    }

    pub(crate) fn frame(&self) -> &Frame {
        &self.frame
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn is_beside(&self) -> bool {
        self.is_beside
    }

    /// The point of a publication that no history covers. A client with an earlier one may have
    /// lost it. With the point of its place alone, it may have lost what came after that.
    pub(super) fn uncovered(&self) -> Option<Point> {
        let directs = if self.is_beside { u32::MAX } else { 0 };
        (!self.is_covered).then_some(Point { place: self.place, directs })
    }

    /// The frame for clients that ask for positions. All of them share it.
    pub(crate) fn stamped(&self, epoch: Epoch, namespace: &str) -> &Frame {
        if self.is_question {
            return &self.frame;
        }
        self.stamped.get_or_init(|| {
            let position = Position::new(epoch, Point::of(self.place));
            stamped(&self.frame, namespace, position.token().as_str())
        })
    }
}
