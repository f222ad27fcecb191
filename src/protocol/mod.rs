//! The wire: strings and bytes in, values out.
//!
//! Two protocols, one on top of the other. **Engine.IO v4** ([`EnginePacket`], [`payload`], [`Open`]) carries text
//! over HTTP long-polling or a WebSocket; **Socket.IO v5** ([`Packet`], [`Args`]) puts namespaces, events and
//! acknowledgements into that text. [`Frame`] is a packet ready to be sent, encoded once for any number of receivers.
//!
//! Nothing here knows of actix, of tasks or of time, so it serves a test client or a proxy as well as the server.

mod args;
mod depth;
mod encode;
mod engine;
mod error;
mod frame;
mod open;
mod packet;
pub mod payload;

pub use args::{ArgError, Args};
pub use encode::{ack, connect, connect_error, disconnect, event, is_reserved, raw_event};
pub use engine::EnginePacket;
pub use error::DecodeError;
pub use frame::Frame;
pub use open::Open;
pub use packet::{AckId, DecodeLimits, Packet, PacketKind};
