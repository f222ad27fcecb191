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
                let packets = usize::from(!text.is_empty()) + attachments.len();
                assert_eq!(packet.0.packets(), packets);
            }
        }
    }
}
