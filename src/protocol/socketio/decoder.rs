use bytes::Bytes;
use bytestring::ByteString;

use crate::protocol::{DecodeError, Packet, PacketKind};

/// The limits of what one client may send in one packet.
///
/// A decoder that reaches a limit returns an error, and the server closes the session.
///
/// ```
/// # use actix_socketio::protocol::DecodeLimits;
/// let mut limits = DecodeLimits::default();
/// limits.attachments = 1;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DecodeLimits {
    /// The most levels of nested arrays and objects in a payload. Default: 100.
    pub depth: usize,
    /// The most attachments of one packet. Default: 10.
    pub attachments: usize,
    /// The most bytes of all attachments of one packet together. Default: 1,000,000.
    pub attachment_bytes: usize,
}

impl DecodeLimits {
    /// Makes limits from their three values.
    ///
    /// ```
    /// # use actix_socketio::protocol::DecodeLimits;
    /// let limits = DecodeLimits::new(20, 2, 64 * 1024);
    /// ```
    pub fn new(depth: usize, attachments: usize, attachment_bytes: usize) -> Self {
        Self { depth, attachments, attachment_bytes }
    }
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self::new(100, 10, 1_000_000)
    }
}

/// Decodes the Socket.IO packets of one connection in the default JSON format.
///
/// A packet arrives as a text message. If it announces attachments, each follows as a binary
/// message, and the last one completes the packet.
///
/// ```
/// use actix_socketio::protocol::{DecodeLimits, Decoder, PacketKind};
///
/// let mut decoder = Decoder::new(DecodeLimits::default());
/// let text = r#"51-/admin,7["goal",{"_placeholder":true,"num":0}]"#;
/// assert_eq!(decoder.text(text.into())?, None);
/// let packet = decoder.binary((&[1, 2, 3][..]).into())?.unwrap();
/// assert_eq!(packet.namespace, "/admin");
/// let PacketKind::Event { name, args, id } = packet.kind else { unreachable!() };
/// assert_eq!((&*name, id.unwrap().as_str()), ("goal", "7"));
/// assert_eq!(args.binary(0).unwrap(), [1, 2, 3][..]);
/// # Ok::<(), actix_socketio::protocol::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    limits: DecodeLimits,
    partial: Option<Box<Partial>>,
}

/// A packet that waits for attachments.
#[derive(Debug)]
struct Partial {
    packet: Packet,
    /// The number of attachments that the packet announces.
    due: usize,
    attachments: Vec<Bytes>,
    /// The size of `attachments` together, in bytes.
    bytes: usize,
}

impl Decoder {
    /// Makes a decoder for a new connection.
    ///
    /// ```
    /// # use actix_socketio::protocol::{DecodeLimits, Decoder};
    /// let decoder = Decoder::new(DecodeLimits::default());
    /// ```
    pub fn new(limits: DecodeLimits) -> Self {
        Self { limits, partial: None }
    }

    /// Decodes a text message. Returns the packet, or `None` if it announces attachments.
    ///
    /// ```
    /// # use actix_socketio::protocol::{DecodeLimits, Decoder};
    /// let mut decoder = Decoder::new(DecodeLimits::default());
    /// assert!(decoder.text(r#"2["goal","Pelé"]"#.into())?.is_some());
    /// # Ok::<(), actix_socketio::protocol::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// [`DecodeError`] if the packet is not valid. Socket.IO then closes the connection with the
    /// reason `parse error`.
    pub fn text(&mut self, text: ByteString) -> Result<Option<Packet>, DecodeError> {
        if let Some(partial) = &self.partial {
            return Err(DecodeError::AttachmentsDue {
                due: partial.due - partial.attachments.len(),
            });
        }
        // A packet that waits for attachments does not keep the buffer that it was read into.
        let text = if text.starts_with(['5', '6']) { ByteString::from(&*text) } else { text };
        let (packet, due) = Packet::decode(text, &self.limits)?;
        if due == 0 {
            return Ok(Some(packet));
        }
        self.partial = Some(Box::new(Partial { packet, due, attachments: Vec::new(), bytes: 0 }));
        Ok(None)
    }

    /// Adds an attachment. Returns the packet if this is its last attachment, and `None` otherwise.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedBinary`] if no attachment is due,
    /// [`DecodeError::AttachmentsTooLarge`] beyond the limit of bytes, and
    /// [`DecodeError::Payload`] if the placeholders in the packet do not match the attachments.
    pub fn binary(&mut self, data: Bytes) -> Result<Option<Packet>, DecodeError> {
        let partial = self.partial.as_mut().ok_or(DecodeError::UnexpectedBinary)?;
        partial.bytes = partial.bytes.saturating_add(data.len());
        if partial.bytes > self.limits.attachment_bytes {
            return Err(DecodeError::AttachmentsTooLarge { limit: self.limits.attachment_bytes });
        }
        if partial.attachments.len() + 1 < partial.due {
            partial.attachments.push(Bytes::copy_from_slice(&data)); // it waits, as the text does
            return Ok(None);
        }
        partial.attachments.push(data);
        let Some(partial) = self.partial.take() else { return Ok(None) };
        let Partial { packet, attachments, .. } = *partial;
        let Packet { namespace, kind } = packet;
        let kind = match kind {
            PacketKind::Event { name, args, id } => {
                PacketKind::Event { name, args: args.attach(attachments)?, id }
            }
            PacketKind::Ack { id, args } => PacketKind::Ack { id, args: args.attach(attachments)? },
            other => other,
        };
        Ok(Some(Packet { namespace, kind }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoder() -> Decoder {
        Decoder::new(DecodeLimits::default())
    }

    #[test]
    fn attachments_may_stand_in_any_order() {
        let mut decoder = decoder();
        let json = r#"52-["e",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#;
        assert_eq!(decoder.text(json.into()), Ok(None));
        assert_eq!(decoder.binary(Bytes::from_static(&[0])), Ok(None));
        let packet = decoder.binary(Bytes::from_static(&[1])).unwrap().unwrap();
        let PacketKind::Event { args, .. } = packet.kind else { panic!() };
        assert_eq!((args.binary(0).unwrap()[0], args.binary(1).unwrap()[0]), (1, 0));
        assert!(
            decoder.text(r#"2["e"]"#.into()).unwrap().is_some(),
            "the decoder is ready for the next packet"
        );
    }

    #[test]
    fn a_binary_packet_without_attachments_is_whole() {
        let mut decoder = decoder();
        assert!(decoder.text(r#"50-["e"]"#.into()).unwrap().is_some());
        assert!(decoder.text(r#"60-7[]"#.into()).unwrap().is_some());
    }

    #[test]
    fn unexpected_messages_are_refused() {
        assert_eq!(decoder().binary(Bytes::new()), Err(DecodeError::UnexpectedBinary));
        let mut waiting = decoder();
        waiting.text(r#"52-["e"]"#.into()).unwrap();
        waiting.binary(Bytes::new()).unwrap();
        assert_eq!(waiting.text(r#"2["e"]"#.into()), Err(DecodeError::AttachmentsDue { due: 1 }));
        assert_eq!(
            decoder().text(r#"511-["e"]"#.into()),
            Err(DecodeError::TooManyAttachments { limit: 10 })
        );
        for text in
            [r#"5["e"]"#, r#"51["e"]"#, "5-[]", r#"5x-["e"]"#, r#"599999999999999999999-["e"]"#]
        {
            assert!(decoder().text(text.into()).is_err(), "{text}");
        }
        let mut large = Decoder::new(DecodeLimits::new(9, 2, 5));
        large.text(r#"52-["e"]"#.into()).unwrap();
        assert_eq!(large.binary(Bytes::from_static(&[0; 3])), Ok(None));
        assert_eq!(
            large.binary(Bytes::from_static(&[0; 3])),
            Err(DecodeError::AttachmentsTooLarge { limit: 5 })
        );
        let mut wrong = decoder();
        wrong.text(r#"51-["e",{"_placeholder":true,"num":1}]"#.into()).unwrap();
        assert!(matches!(wrong.binary(Bytes::new()), Err(DecodeError::Payload(_))));
    }
}
