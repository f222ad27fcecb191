use std::{cell::Cell, mem};

use bytes::Bytes;

use super::{
    Frame,
    frame::{FIN_BINARY, FIN_TEXT, MAX_HEADER, cost, header},
};

/// Room that a thread keeps to write frames in.
const SCRATCH: usize = 16 * 1024;

thread_local! {
    /// Where this thread writes its frames. One that is done is a copy of just its size.
    static PAGE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A packet that is being written, or is: its text behind room for the header, whose size is known
/// only at the end. It becomes a [`Frame`] of its own where it has to wait as one.
pub(crate) struct FrameBuilder {
    bytes: Vec<u8>,
    attachments: Vec<Bytes>,
    deflatable: bool,
}

impl FrameBuilder {
    pub(super) fn new() -> Self {
        // Empty, if somebody's `Serialize` makes a frame within a frame.
        let mut bytes = PAGE.take();
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

    /// What is binary in it, in order.
    pub(super) fn attach(&mut self, attachments: Vec<Bytes>) {
        self.attachments = attachments;
    }

    /// It may be sent compressed, if it has so many bytes as a frame.
    pub(super) fn deflatable_from(mut self, bytes: usize) -> Self {
        self.deflatable = self.len() >= bytes;
        self
    }

    /// As [`Frame::len`].
    pub(crate) fn len(&self) -> usize {
        let framed = |length| header(FIN_BINARY, length).1 + length;
        let attached: usize = self.attachments.iter().map(|data| framed(data.len())).sum();
        framed(self.bytes.len() - MAX_HEADER) + attached
    }

    /// As [`Frame::cost`].
    pub(crate) fn cost(&self) -> usize {
        cost(self.len(), &self.attachments)
    }

    /// The WebSocket frame, if it is one.
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

    /// Writes the header, and says where it begins.
    fn begin(&mut self) -> usize {
        let (header, size) = header(FIN_TEXT, self.bytes.len() - MAX_HEADER);
        let start = MAX_HEADER - size;
        self.bytes[start..MAX_HEADER].copy_from_slice(&header[..size]);
        start
    }
}

impl Drop for FrameBuilder {
    fn drop(&mut self) {
        if self.bytes.capacity() <= SCRATCH {
            PAGE.set(mem::take(&mut self.bytes));
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
    fn it_is_what_its_frame_is() {
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
    fn with_attachments_it_is_several_frames() {
        let attachments: [&[u8]; 2] = [&[1; 10], &[2; 200]];
        let frame = frame_builder("x", &attachments).into_frame();
        let mut frame_builder = frame_builder("x", &attachments);
        assert_eq!((frame_builder.len(), frame_builder.cost()), (frame.len(), frame.cost()));
        assert_eq!(frame_builder.websocket(), None);
        assert_eq!(frame_builder.into_frame(), frame);
    }

    #[test]
    fn one_within_another_has_a_page_of_its_own() {
        let mut outer = frame_builder("outer", &[]);
        let inner = frame_builder("inner", &[]).into_frame();
        outer.text("more");
        assert_eq!((outer.into_frame().text(), inner.text()), ("outermore", "inner"));
    }
}
