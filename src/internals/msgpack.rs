use serde::Serialize;

use crate::protocol::{Encoding, Frame, MsgpackParser, Single};

/// How a server with [`MsgpackParser`] writes events: data to JSON, JSON to a packet, and that to
/// MessagePack.
#[derive(Debug)]
pub struct Msgpack(Encoding);

impl Default for Msgpack {
    fn default() -> Self {
        Self(Encoding::new(MsgpackParser))
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
        self.0.event("/", None, name, data).map(Single::into_frame)
    }
}
