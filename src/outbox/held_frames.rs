use std::{mem, sync::Arc};

use super::{PlacedFrame, observer::FrameObserver};
use crate::{model::Place, protocol::Frame};

/// The frames that wait until a client is admitted, and the observers of its socket.
#[derive(Debug, Default)]
pub(super) struct HeldFrames {
    pub(super) frames: Vec<HeldFrame>,
    /// The last of `frames` is the socket's final frame: the sender closes once they are out.
    pub(super) has_final: bool,
    /// Receive a copy of each frame that goes out.
    pub(super) observers: Vec<FrameObserver>,
}

/// A frame on its way to one client, and what it is to a client that asks for positions.
#[derive(Debug, Clone)]
pub(super) enum HeldFrame {
    /// Bears no position: an answer, a question, or a DISCONNECT.
    Plain(Frame),
    /// An event for this client alone. It comes after all publications up to a place.
    Direct(Frame, Place),
    Publication(Arc<PlacedFrame>),
}

impl HeldFrame {
    pub(super) fn frame(&self) -> &Frame {
        match self {
            Self::Plain(frame) | Self::Direct(frame, _) => frame,
            Self::Publication(publication) => publication.frame(),
        }
    }
}

impl HeldFrame {
    /// Whether an event that the client has missed comes before it. One and the same publication
    /// does not.
    pub(super) fn follows(&self, missed: Place) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Direct(_, place) => missed <= *place,
            Self::Publication(publication) if publication.is_beside() => {
                missed <= publication.place()
            }
            Self::Publication(publication) => missed < publication.place(),
        }
    }
}

impl HeldFrames {
    /// Takes the frames, and the bytes that they count: the final one counts nothing.
    pub(super) fn take(&mut self) -> (Vec<HeldFrame>, usize) {
        let frames = mem::take(&mut self.frames);
        let counted = frames.len().saturating_sub(usize::from(self.has_final));
        let bytes = frames[..counted].iter().map(|held| held.frame().cost()).sum();
        (frames, bytes)
    }

    /// Sends a copy of the frame to each observer, and removes observers that are gone.
    pub(super) fn notify_observers(&mut self, frame: &Frame) {
        self.observers.retain(|observer| observer.notify(frame));
    }
}
