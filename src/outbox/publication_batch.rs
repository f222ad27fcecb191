use bytes::{Bytes, BytesMut};

use crate::protocol::Frame;

/// Consecutive frames for the same clients.
///
/// The batch also holds them as one piece of bytes. That piece is made once and shared by all
/// WebSockets that send frames unchanged.
#[derive(Debug)]
pub(crate) struct PublicationBatch {
    frames: Vec<Frame>,
    bytes: Bytes,
}

impl PublicationBatch {
    pub(crate) fn new(frames: Vec<Frame>) -> Self {
        let bytes = match &frames[..] {
            [frame] => frame.websocket().clone(),
            frames => {
                let mut bytes = BytesMut::with_capacity(frames.iter().map(Frame::len).sum());
                frames.iter().for_each(|frame| bytes.extend_from_slice(frame.websocket()));
                bytes.freeze()
            }
        };
        Self { frames, bytes }
    }

    pub(crate) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// All frames as WebSocket frames, one after the other.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}
