//! Takes the attachments of relayed arguments past serde to the encoder.
//!
//! Relayed arguments stay as they came: their JSON is copied, and only the placeholders in it get
//! new numbers. serde has no value that is JSON and bytes at once, and no text for a key with half
//! of a surrogate pair. So an argument is serialized as its JSON, and its attachments wait for the
//! encoder in the thread that serializes it.

use std::{cell::Cell, ops::Range};

use bytes::Bytes;

/// An attachment of an argument.
pub(super) struct RelayedPart {
    /// The position of its placeholder in the argument's JSON.
    pub(super) range: Range<usize>,
    pub(super) data: Bytes,
}

thread_local! {
    static PARTS: Cell<Vec<RelayedPart>> = const { Cell::new(Vec::new()) };
}

/// Forgets the attachments that no encoder has taken, also if a serializer panics.
struct Forget;

impl Drop for Forget {
    fn drop(&mut self) {
        PARTS.take();
    }
}

/// Serializes one argument, with its attachments for an encoder of ours. Another serializer does
/// not take them, and so writes the placeholders.
pub(super) fn with_attachments<T>(parts: Vec<RelayedPart>, serialize: impl FnOnce() -> T) -> T {
    PARTS.set(parts);
    let _forget = Forget;
    serialize()
}

/// Takes the attachments of the argument that is being serialized. The list is
/// empty if it is not relayed, or has none.
pub(super) fn take_attachments() -> Vec<RelayedPart> {
    PARTS.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Vec<RelayedPart> {
        vec![RelayedPart { range: 0..1, data: Bytes::new() }]
    }

    #[test]
    fn attachments_wait_for_one_argument_only() {
        assert_eq!(with_attachments(parts(), || take_attachments().len()), 1);
        with_attachments(parts(), || ());
        assert!(take_attachments().is_empty());
        let panics = std::panic::catch_unwind(|| with_attachments(parts(), || panic!("a test")));
        assert!(panics.is_err());
        assert!(take_attachments().is_empty());
    }
}
