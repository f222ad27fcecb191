use std::sync::Arc;

use super::PlacedFrame;
use crate::{model::Point, protocol::Frame};

/// An event that a client has missed, and gets when it comes back.
#[derive(Debug, Clone)]
pub(crate) enum MissedEvent {
    Publication(Arc<PlacedFrame>),
    /// An event for this client alone, with its position.
    Direct(Point, Frame),
}

impl MissedEvent {
    /// Where it stands among the events of the client.
    pub(crate) fn point(&self) -> Point {
        match self {
            Self::Publication(publication) => Point::of(publication.place()),
            Self::Direct(point, _) => *point,
        }
    }

    pub(crate) fn frame(&self) -> &Frame {
        match self {
            Self::Publication(publication) => publication.frame(),
            Self::Direct(_, frame) => frame,
        }
    }

    /// Puts the events of several channels in order. One that went to several of them is there
    /// once.
    pub(crate) fn in_order(mut all: Vec<Self>) -> Vec<Self> {
        all.sort_by_key(Self::point);
        all.dedup_by_key(|one| one.point());
        all
    }
}
