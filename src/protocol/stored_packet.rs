use std::fmt;

use bytes::Bytes;

use super::{EnginePacket, Frame, frame_builder::FrameBuilder};

/// The encoded packet of a publication, as a store keeps it. A clone copies no bytes.
///
/// ```
/// use actix_socketio::store::StoredPacket;
///
/// let packet = StoredPacket::new(r#"42["goal","1:0"]"#, Vec::new(), false);
/// assert_eq!(packet.text(), r#"42["goal","1:0"]"#);
/// assert!(packet.attachments().is_empty());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPacket(Frame);

impl StoredPacket {
    /// Makes a packet from what [`text`](Self::text), [`attachments`](Self::attachments) and
    /// [`is_compressible`](Self::is_compressible) returned when it was stored.
    pub fn new(text: &str, mut attachments: Vec<Bytes>, is_compressible: bool) -> Self {
        let frame = match attachments.len() {
            // MessagePack is one binary packet.
            1 if text.is_empty() => {
                Frame::engine(&EnginePacket::Binary(attachments.swap_remove(0)))
            }
            _ => {
                let mut frame_builder = FrameBuilder::new();
                frame_builder.text(text);
                frame_builder.attach(attachments);
                frame_builder.into_frame()
            }
        };
        Self(if is_compressible { frame.deflatable() } else { frame })
    }

    /// Wraps the frame that went to the receivers.
    pub(crate) fn of(frame: Frame) -> Self {
        Self(frame)
    }

    /// Returns the frame for receivers.
    pub(crate) fn into_frame(self) -> Frame {
        self.0
    }

    /// The text of the packet, such as `42["goal","1:0"]`. Empty for a packet of MessagePack.
    pub fn text(&self) -> &str {
        self.0.text()
    }

    /// The binary packets that follow the text, in order.
    pub fn attachments(&self) -> &[Bytes] {
        self.0.attachments()
    }

    /// Whether the packet may be sent compressed to clients that support it.
    pub fn is_compressible(&self) -> bool {
        self.0.is_deflatable()
    }

    /// Whether the packet asks its receivers for an acknowledgement, as far as its text says so.
    pub(crate) fn asks_ack(&self) -> bool {
        let Some((head, _)) = self.text().split_once('[') else { return false };
        // `42`, or `45` with the number of attachments; then the namespace, then the id.
        let rest = match head.split_once('-') {
            Some((count, rest)) if count.starts_with("45") => rest,
            _ => head.get(2..).unwrap_or_default(),
        };
        let id = match rest.split_once(',') {
            Some((namespace, id)) if namespace.starts_with('/') => id,
            _ => rest,
        };
        id.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Bytes of the text and the attachments.
    #[allow(clippy::len_without_is_empty)] // a packet is never empty
    pub fn len(&self) -> usize {
        self.text().len() + self.attachments().iter().map(Bytes::len).sum::<usize>()
    }
}

impl fmt::Debug for StoredPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredPacket")
            .field("text_length", &self.text().len())
            .field("attachments", &self.attachments().len())
            .field("is_compressible", &self.is_compressible())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_known_by_its_text() {
        let asks = |text| StoredPacket::new(text, Vec::new(), false).asks_ack();
        for text in [r#"427["a"]"#, r#"42/x-1,12["a"]"#, r#"452-3["a"]"#, r#"451-/x,3["a"]"#] {
            assert!(asks(text), "{text}");
        }
        for text in [r#"42["a",7]"#, r#"42/x-1,["a"]"#, r#"452-["a"]"#, r#"451-/1,["a"]"#, ""] {
            assert!(!asks(text), "{text}");
        }
    }

    #[test]
    fn a_packet_is_the_same_after_it_was_stored() {
        let binary = Bytes::from_static(&[1, 2, 3]);
        for (text, attachments) in [
            (r#"42["goal","1:0"]"#, vec![]),
            (
                r#"452-["a",{"_placeholder":true,"num":0}]"#,
                vec![binary.clone(), Bytes::from(vec![7; 70_000])],
            ),
            ("", vec![binary]),
        ] {
            for is_compressible in [false, true] {
                let packet = StoredPacket::new(text, attachments.clone(), is_compressible);
                assert_eq!((packet.text(), packet.attachments()), (text, &attachments[..]));
                assert_eq!(packet.is_compressible(), is_compressible);
                assert_eq!(StoredPacket::of(packet.clone().into_frame()), packet);
                let packets = usize::from(!text.is_empty()) + attachments.len();
                assert_eq!(packet.0.packets(), packets);
            }
        }
    }
}
