//! Plain data that all layers share: no actors, no I/O.

mod channel;
mod client_ip;
mod context;
mod extensions;
mod handshake;
mod headers;
mod id;
mod namespace;
mod rate;
mod reason;

pub use channel::{Channel, ChannelError, ToChannel};
pub(crate) use client_ip::neighbourhood;
pub use context::ContextMap;
pub use extensions::Extensions;
pub use handshake::Handshake;
pub(crate) use handshake::HttpRequestParts;
pub(crate) use id::{ById, SessionId};
pub use id::{InvalidSocketId, SocketId};
pub use namespace::Namespace;
pub(crate) use rate::Bucket;
pub use rate::Rate;
pub use reason::DisconnectReason;
