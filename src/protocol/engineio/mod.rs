//! Engine.IO v4, and v3 for clients of Socket.IO 2: packets, long-polling bodies, the open packet.

mod base64;
mod open;
mod packet;
pub mod payload;
pub mod v3;

pub use open::{OpenPacket, Version};
pub use packet::EnginePacket;
