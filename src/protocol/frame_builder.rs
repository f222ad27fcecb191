use std::{cell::Cell, mem};

use bytes::Bytes;

use super::{
    Frame, UnsealedPacket,
    frame::{FIN_BINARY, FIN_TEXT, MAX_HEADER, cost, header},
};

/// Capacity that a thread keeps to write frames in.
const SCRATCH: usize = 16 * 1024;

thread_local! {
    /// Where this thread writes its frames. One that is done is a copy of just its size.
    static SCRATCH_BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A packet that is being written.
///
/// The text stands behind unused bytes for the header, whose size is known only at the end. The
/// packet becomes a [`Frame`] of its own only where it has to wait.
pub(crate) struct FrameBuilder {
    bytes: Vec<u8>,
    attachments: Vec<Bytes>,
    deflatable: bool,
}

impl FrameBuilder {
    pub(super) fn new() -> Self {
        // Empty if a `Serialize` implementation makes a frame within a frame.
        let mut bytes = SCRATCH_BUFFER.take();
        bytes.clear();
        bytes.resize(MAX_HEADER, 0);
        Self { bytes, attachments: Vec::new(), deflatable: false }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// For serde_json, which writes valid UTF-8 only.
    pub(super) fn json(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Puts text after the first `position` bytes of the text so far.
    pub(super) fn insert(&mut self, position: usize, text: &str) {
        let position = MAX_HEADER + position;
        self.bytes.splice(position..position, text.bytes());
    }

    /// The text so far, to change.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[MAX_HEADER..]
    }

    /// Sets the binary attachments, in order.
    pub(super) fn attach(&mut self, attachments: Vec<Bytes>) {
        self.attachments = attachments;
    }

    /// Attachments so far.
    pub(super) fn attachment_count(&self) -> usize {
        self.attachments.len()
    }

    /// Lets the frame be sent compressed if it has at least this many bytes.
    pub(super) fn deflatable_from(mut self, bytes: usize) -> Self {
        self.deflatable = self.len() >= bytes;
        self
    }

    /// As [`Frame::len`].
    pub(crate) fn len(&self) -> usize {
        let text = self.bytes.len() - MAX_HEADER;
        header(FIN_TEXT, text).1 + text + framed_length(&self.attachments)
    }

    /// As [`Frame::cost`].
    pub(crate) fn cost(&self) -> usize {
        cost(self.len(), &self.attachments)
    }

    /// The WebSocket frame, if the packet has no attachments and so is a single one.
    pub(crate) fn websocket(&mut self) -> Option<&[u8]> {
        if !self.attachments.is_empty() {
            return None;
        }
        let start = self.begin();
        Some(&self.bytes[start..])
    }

    pub(crate) fn into_frame(mut self) -> Frame {
        let start = self.begin();
        let text = Bytes::copy_from_slice(&self.bytes[start..]);
        let frame = Frame::new(text, (MAX_HEADER - start) as u8, mem::take(&mut self.attachments));
        if self.deflatable { frame.deflatable() } else { frame }
    }

    /// The packet in memory of its own, to be sealed later. Its JSON array begins after the first
    /// `args_start` bytes of the text.
    pub(super) fn into_unsealed(mut self, args_start: usize) -> UnsealedPacket {
        let attachments = mem::take(&mut self.attachments);
        let text_end = self.bytes.len();
        // No spare capacity, so that sealing does not allocate.
        let mut bytes = Vec::with_capacity(text_end + framed_length(&attachments));
        bytes.extend_from_slice(&self.bytes);
        for attachment in &attachments {
            let (header, size) = header(FIN_BINARY, attachment.len());
            bytes.extend_from_slice(&header[..size]);
            bytes.extend_from_slice(attachment);
        }
        UnsealedPacket::json(bytes, text_end, MAX_HEADER + args_start, attachments)
    }

    /// Writes the header, and returns where it begins.
    fn begin(&mut self) -> usize {
        let (header, size) = header(FIN_TEXT, self.bytes.len() - MAX_HEADER);
        let start = MAX_HEADER - size;
        self.bytes[start..MAX_HEADER].copy_from_slice(&header[..size]);
        start
    }
}

/// Bytes of the WebSocket frames of attachments.
fn framed_length(attachments: &[Bytes]) -> usize {
    attachments.iter().map(|data| header(FIN_BINARY, data.len()).1 + data.len()).sum()
}

impl Drop for FrameBuilder {
    fn drop(&mut self) {
        if self.bytes.capacity() <= SCRATCH {
            SCRATCH_BUFFER.set(mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame_builder(text: &str, attachments: &[&'static [u8]]) -> FrameBuilder {
        let mut frame_builder = FrameBuilder::new();
        frame_builder.text(text);
        frame_builder.attach(attachments.iter().copied().map(Bytes::from_static).collect());
        frame_builder
    }

    #[test]
    fn the_written_bytes_are_those_of_the_frame() {
        for length in [0, 125, 126, 70_000] {
            let text = "x".repeat(length);
            let frame = frame_builder(&text, &[]).into_frame();
            let mut frame_builder = frame_builder(&text, &[]);
            assert_eq!((frame_builder.len(), frame_builder.cost()), (frame.len(), frame.cost()));
            assert_eq!(frame_builder.websocket(), Some(&frame.websocket()[..]));
            assert_eq!(
                frame_builder.websocket(),
                Some(&frame.websocket()[..]),
                "as often as it is asked for"
            );
            assert_eq!(frame_builder.into_frame(), frame);
        }
    }

    #[test]
    fn a_packet_with_attachments_is_several_frames() {
        let attachments: [&[u8]; 2] = [&[1; 10], &[2; 200]];
        let frame = frame_builder("x", &attachments).into_frame();
        let mut frame_builder = frame_builder("x", &attachments);
        assert_eq!((frame_builder.len(), frame_builder.cost()), (frame.len(), frame.cost()));
        assert_eq!(frame_builder.websocket(), None);
        assert_eq!(frame_builder.into_frame(), frame);
    }

    #[test]
    fn a_packet_within_another_has_a_page_of_its_own() {
        let mut outer = frame_builder("outer", &[]);
        let inner = frame_builder("inner", &[]).into_frame();
        outer.text("more");
        assert_eq!((outer.into_frame().text(), inner.text()), ("outermore", "inner"));
    }
}
