use serde::Serialize;

use crate::protocol::{Frame, MsgpackParser, OutgoingPacket, PacketCodec};

/// How a server with [`MsgpackParser`] writes events: data to JSON, JSON to a packet, and that to
/// MessagePack.
#[derive(Debug)]
pub struct Msgpack(PacketCodec);

impl Default for Msgpack {
    fn default() -> Self {
        Self(PacketCodec::new(MsgpackParser))
    }
}

impl Msgpack {
    /// An event of the main namespace.
    ///
    /// # Errors
    /// What `data`'s `Serialize` reports.
    pub fn event<T: Serialize + ?Sized>(
        &self,
        name: &str,
        data: &T,
    ) -> Result<Frame, serde_json::Error> {
        self.0.event("/", None, name, data).map(OutgoingPacket::into_frame)
    }
}
