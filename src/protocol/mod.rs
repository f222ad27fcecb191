//! The wire: strings and bytes in, values out.
//!
//! Two protocols, one on top of the other. **Engine.IO v4** ([`EnginePacket`], [`payload`],
//! [`Open`]) carries text over HTTP long-polling or a WebSocket; **Socket.IO v5** ([`Packet`],
//! [`Args`]) puts namespaces, events and acknowledgements into that text. [`Frame`] is a packet
//! ready to be sent, encoded once for any number of receivers.
//!
//! Nothing here knows of actix, of tasks or of time, so it serves a test client or a proxy as well
//! as the server.

mod arg_error;
mod args;
mod attachments;
mod decoder;
mod depth;
mod encode;
mod engine;
mod error;
mod frame;
mod json;
mod many;
mod msgpack;
mod open;
mod packet;
mod parser;
pub mod payload;
mod single;
pub mod v3;
mod written;

pub use arg_error::ArgError;
pub use args::Args;
pub use decoder::{DecodeLimits, Decoder};
pub use encode::{
    ack, connect, connect_error, connect_v3, disconnect, event, forward, is_reserved,
};
pub use engine::EnginePacket;
pub use error::DecodeError;
pub use frame::Frame;
pub use many::Many;
pub use open::{Open, Version};
pub use packet::{AckId, Packet, PacketKind};
pub(crate) use parser::Encoding;
pub use parser::{Encoded, MsgpackParser, PacketDecoder, Parser};
pub(crate) use single::Single;
