use super::{Frame, frame_builder::FrameBuilder};

/// A packet that may be for one client alone: what leaves by its WebSocket at once never has to be
/// a [`Frame`].
pub(crate) enum OutgoingPacket {
    /// By this crate, on a page of its thread's.
    FrameBuilder(FrameBuilder),
    /// By another parser.
    Frame(Frame),
}

impl OutgoingPacket {
    /// As [`Frame::len`].
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::FrameBuilder(frame_builder) => frame_builder.len(),
            Self::Frame(frame) => frame.len(),
        }
    }

    /// As [`Frame::cost`].
    pub(crate) fn cost(&self) -> usize {
        match self {
            Self::FrameBuilder(frame_builder) => frame_builder.cost(),
            Self::Frame(frame) => frame.cost(),
        }
    }

    /// As [`Frame::deflatable`], if it has so many bytes.
    pub(super) fn deflatable_from(self, bytes: usize) -> Self {
        match self {
            Self::FrameBuilder(frame_builder) => {
                Self::FrameBuilder(frame_builder.deflatable_from(bytes))
            }
            Self::Frame(frame) if frame.len() >= bytes => Self::Frame(frame.deflatable()),
            frame => frame,
        }
    }

    /// As [`Frame::websocket`], if that takes no frame.
    pub(crate) fn websocket(&mut self) -> Option<&[u8]> {
        match self {
            Self::FrameBuilder(frame_builder) => frame_builder.websocket(),
            Self::Frame(_) => None,
        }
    }

    pub(crate) fn into_frame(self) -> Frame {
        match self {
            Self::FrameBuilder(frame_builder) => frame_builder.into_frame(),
            Self::Frame(frame) => frame,
        }
    }
}
