use bytes::{Bytes, BytesMut};

use crate::protocol::Frame;

/// Frames for the same clients, one behind the other. Those who get them as they are, get them in
/// one piece, which is made once for all.
#[derive(Debug)]
pub(crate) struct FrameBatch {
    frames: Vec<Frame>,
    bytes: Bytes,
}

impl FrameBatch {
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

    /// All of them on a WebSocket.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}
