use std::{
    fmt::{self, Write},
    sync::{Arc, OnceLock},
};

use bytes::{Buf, Bytes};
use bytestring::ByteString;

use super::{
    AckId, Args, Frame, Packet, PacketKind, Parser,
    frame::{FIN_TEXT, MAX_HEADER, cost, header},
};

/// An encoded event that can still change before it is sealed into the frame for its receivers.
///
/// A [`Publication`](crate::adapter::Publication) carries one. It owns its memory, so that it can
/// wait for its place in the order of publications. A cluster reads from it what it sends to other
/// servers: [`args_json`](Self::args_json) and [`attachments`](Self::attachments).
///
/// `Debug` shows the length of the JSON and the number of attachments only.
#[derive(Clone)]
pub struct UnsealedPacket {
    form: PacketForm,
    /// Whether the frame may be sent compressed.
    deflatable: bool,
}

#[derive(Clone)]
enum PacketForm {
    Json(JsonPacket),
    Custom(Box<CustomPacket>),
}

/// A packet in the usual form: JSON with attachments.
#[derive(Clone)]
struct JsonPacket {
    /// Capacity for the header, then the text, then the WebSocket frames of the attachments.
    bytes: Vec<u8>,
    /// Where the text ends.
    text_end: usize,
    /// Where the JSON array begins. The acknowledgement id stands before it.
    args_start: usize,
    /// Digits of the acknowledgement id.
    id_length: usize,
    attachments: Vec<Bytes>,
}

/// A packet of the application's own parser. It is encoded before it is ordered, since no user code
/// may run under the lock that orders publications.
#[derive(Clone)]
struct CustomPacket {
    parser: Arc<dyn Parser>,
    packet: Packet,
    frame: Frame,
    /// Made when it is first read.
    args_json: OnceLock<String>,
}

impl UnsealedPacket {
    /// The most bytes by which an acknowledgement id makes a packet longer: 20 digits, and 8 bytes
    /// of a longer WebSocket header.
    pub(crate) const MAX_ACK_ID: usize = 20 + MAX_HEADER - 2;

    /// Takes a JSON packet. `bytes` has [`MAX_HEADER`] unused bytes, the text up to `text_end` and
    /// the frames of the attachments. Its capacity is its length, so that sealing copies nothing.
    pub(super) fn json(
        bytes: Vec<u8>,
        text_end: usize,
        args_start: usize,
        attachments: Vec<Bytes>,
    ) -> Self {
        let packet = JsonPacket { bytes, text_end, args_start, id_length: 0, attachments };
        Self { form: PacketForm::Json(packet), deflatable: false }
    }

    /// Encodes an event with the application's own parser.
    pub(super) fn custom(
        parser: &Arc<dyn Parser>,
        namespace: ByteString,
        name: ByteString,
        args: Args,
    ) -> Self {
        let packet = Packet { namespace, kind: PacketKind::Event { name, args, id: None } };
        let frame = parser.encode(&packet).into_frame();
        let parser = Arc::clone(parser);
        let packet = CustomPacket { parser, packet, frame, args_json: OnceLock::new() };
        Self { form: PacketForm::Custom(Box::new(packet)), deflatable: false }
    }

    /// Lets the frame be sent compressed if it has at least this many bytes.
    pub(super) fn deflatable_from(mut self, bytes: Option<usize>) -> Self {
        self.deflatable = bytes.is_some_and(|bytes| self.len() >= bytes);
        self
    }

    /// The event as a JSON array, `["name",…]`, with a placeholder for each attachment.
    pub fn args_json(&self) -> &str {
        match &self.form {
            // Written from `str`s and by serde_json, which writes UTF-8.
            PacketForm::Json(JsonPacket { bytes, args_start, text_end, .. }) => {
                std::str::from_utf8(&bytes[*args_start..*text_end]).unwrap_or_default()
            }
            PacketForm::Custom(packet) => packet.args_json(),
        }
    }

    /// The binary attachments, in the order of their placeholders.
    pub fn attachments(&self) -> &[Bytes] {
        match &self.form {
            PacketForm::Json(packet) => &packet.attachments,
            PacketForm::Custom(packet) => packet.args().map_or(&[], |(_, args)| args.attachments()),
        }
    }

    /// Whether the packet may be sent compressed to clients that support it.
    pub fn is_compressible(&self) -> bool {
        self.deflatable
    }

    /// Bytes of the packet on a WebSocket.
    #[allow(clippy::len_without_is_empty)] // a packet is never empty
    pub fn len(&self) -> usize {
        match &self.form {
            PacketForm::Json(packet) => {
                packet.bytes.len() - MAX_HEADER + header(FIN_TEXT, packet.text_length()).1
            }
            PacketForm::Custom(packet) => packet.frame.len(),
        }
    }

    /// As [`Frame::cost`].
    pub(crate) fn cost(&self) -> usize {
        match &self.form {
            PacketForm::Json(packet) => cost(self.len(), &packet.attachments),
            PacketForm::Custom(packet) => packet.frame.cost(),
        }
    }

    /// Asks the receivers for an acknowledgement with this id, in place of any id that was set
    /// before.
    ///
    /// This copies the packet, or encodes it again with the application's own parser.
    pub(crate) fn set_ack_id(&mut self, id: u64) {
        match &mut self.form {
            PacketForm::Json(packet) => packet.set_ack_id(&id.to_string()),
            PacketForm::Custom(packet) => packet.set_ack_id(id),
        }
    }

    /// Whether it asks its receivers for an acknowledgement.
    pub(crate) fn asks_ack(&self) -> bool {
        match &self.form {
            PacketForm::Json(packet) => packet.id_length > 0,
            PacketForm::Custom(packet) => {
                matches!(packet.packet.kind, PacketKind::Event { id: Some(_), .. })
            }
        }
    }

    /// The frame for all receivers. The usual form is not copied.
    pub(crate) fn seal(self) -> Frame {
        let frame = match self.form {
            PacketForm::Json(packet) => packet.seal(),
            PacketForm::Custom(packet) => packet.frame,
        };
        if self.deflatable { frame.deflatable() } else { frame }
    }
}

impl JsonPacket {
    fn text_length(&self) -> usize {
        self.text_end - MAX_HEADER
    }

    fn set_ack_id(&mut self, digits: &str) {
        let Self { bytes, args_start, id_length, text_end, .. } = self;
        let (before, args) = (&bytes[..*args_start - *id_length], &bytes[*args_start..]);
        // A vector whose capacity is its length becomes `Bytes` without an allocation.
        let with_id = [before, digits.as_bytes(), args].concat();
        *args_start = before.len() + digits.len();
        *text_end = *text_end + digits.len() - *id_length;
        *id_length = digits.len();
        *bytes = with_id;
    }

    fn seal(mut self) -> Frame {
        let (header, size) = header(FIN_TEXT, self.text_length());
        let start = MAX_HEADER - size;
        self.bytes[start..MAX_HEADER].copy_from_slice(&header[..size]);
        let mut websocket = Bytes::from(self.bytes);
        websocket.advance(start);
        Frame::sealed(websocket, size as u8, self.text_end - start, self.attachments)
    }
}

impl CustomPacket {
    fn args(&self) -> Option<(&str, &Args)> {
        match &self.packet.kind {
            PacketKind::Event { name, args, .. } => Some((name, args)),
            _ => None,
        }
    }

    fn args_json(&self) -> &str {
        self.args_json.get_or_init(|| {
            let Some((name, args)) = self.args() else { return String::new() };
            // A string is always valid JSON, and writing to a `String` never fails.
            let mut json = format!("[{}", serde_json::to_string(name).unwrap_or_default());
            for arg in args.iter() {
                let _ = write!(json, ",{arg}");
            }
            json.push(']');
            json
        })
    }

    fn set_ack_id(&mut self, ack_id: u64) {
        if let PacketKind::Event { id, .. } = &mut self.packet.kind {
            *id = Some(AckId::from(ack_id));
        }
        self.frame = self.parser.encode(&self.packet).into_frame();
    }
}

impl fmt::Debug for UnsealedPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsealedPacket")
            .field("json_length", &self.args_json().len())
            .field("attachments", &self.attachments().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
