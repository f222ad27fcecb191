use super::{Frame, written::Written};

/// A packet that may be for one client alone: what leaves by its WebSocket at once never has to be
/// a [`Frame`].
pub(crate) enum Single {
    /// By this crate, on a page of its thread's.
    Written(Written),
    /// By another parser.
    Frame(Frame),
}

impl Single {
    /// As [`Frame::len`].
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Written(written) => written.len(),
            Self::Frame(frame) => frame.len(),
        }
    }

    /// As [`Frame::cost`].
    pub(crate) fn cost(&self) -> usize {
        match self {
            Self::Written(written) => written.cost(),
            Self::Frame(frame) => frame.cost(),
        }
    }

    /// As [`Frame::deflatable`], if it has so many bytes.
    pub(super) fn deflatable_from(self, bytes: usize) -> Self {
        match self {
            Self::Written(written) => Self::Written(written.deflatable_from(bytes)),
            Self::Frame(frame) if frame.len() >= bytes => Self::Frame(frame.deflatable()),
            frame => frame,
        }
    }

    /// As [`Frame::websocket`], if that takes no frame.
    pub(crate) fn websocket(&mut self) -> Option<&[u8]> {
        match self {
            Self::Written(written) => written.websocket(),
            Self::Frame(_) => None,
        }
    }

    pub(crate) fn into_frame(self) -> Frame {
        match self {
            Self::Written(written) => written.into_frame(),
            Self::Frame(frame) => frame,
        }
    }
}
