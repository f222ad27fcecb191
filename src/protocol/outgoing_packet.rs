use super::{Frame, frame_builder::FrameBuilder};

/// A packet for one client.
///
/// It becomes a [`Frame`] only if it has to wait. A packet that is written to the client's
/// WebSocket immediately does without.
pub(crate) enum OutgoingPacket {
    /// Written by this crate, on the page of its thread.
    FrameBuilder(FrameBuilder),
    /// Written by the application's own parser.
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

    /// As [`Frame::deflatable`], if the packet has at least this many bytes.
    pub(super) fn deflatable_from(self, bytes: usize) -> Self {
        match self {
            Self::FrameBuilder(frame_builder) => {
                Self::FrameBuilder(frame_builder.deflatable_from(bytes))
            }
            Self::Frame(frame) if frame.len() >= bytes => Self::Frame(frame.deflatable()),
            frame => frame,
        }
    }

    /// As [`Frame::websocket`], if the bytes exist without a frame.
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
