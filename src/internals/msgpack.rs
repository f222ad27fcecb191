use serde::Serialize;

use crate::protocol::{Frame, MsgpackParser, OutgoingPacket, PacketCodec};

/// Encodes events as a server with [`MsgpackParser`] does: data to JSON, JSON to a packet, and the
/// packet to MessagePack.
#[derive(Debug)]
pub struct Msgpack(PacketCodec);

impl Default for Msgpack {
    fn default() -> Self {
        Self(PacketCodec::new(MsgpackParser))
    }
}

impl Msgpack {
    /// Encodes an event of the main namespace.
    ///
    /// # Errors
    /// The error of `data`'s `Serialize`.
    pub fn event<T: Serialize + ?Sized>(
        &self,
        name: &str,
        data: &T,
    ) -> Result<Frame, serde_json::Error> {
        self.0.event("/", None, name, data).map(OutgoingPacket::into_frame)
    }
}
