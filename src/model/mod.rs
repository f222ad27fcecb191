//! Plain data that all layers share: no actors, no I/O.

mod channel;
mod context;
mod extensions;
mod handshake;
mod id;
mod namespace;

pub use channel::{Channel, ChannelError, ToChannel};
pub use context::ContextMap;
pub use extensions::Extensions;
pub use handshake::Handshake;
pub(crate) use handshake::HttpRequestParts;
pub(crate) use id::SessionId;
pub use id::{InvalidSocketId, SocketId};
pub use namespace::Namespace;
