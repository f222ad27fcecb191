//! Plain data that all layers share, without actors and I/O.

mod channel;
mod channel_routes;
mod client_ip;
mod context;
mod extensions;
mod handshake;
mod headers;
mod id;
mod memory_budget;
mod namespace;
mod pattern;
mod pattern_reach;
mod quota;
mod rate;
mod reason;
mod transport;

pub use channel::{Channel, ChannelError, ToChannel};
pub(crate) use channel_routes::{ChannelMatch, ChannelOptions, ChannelRoutes};
pub(crate) use client_ip::ip_network;
pub use context::ContextMap;
pub use extensions::Extensions;
pub use handshake::Handshake;
pub(crate) use handshake::HttpRequestParts;
pub(crate) use id::{IdMap, SessionId};
pub use id::{InvalidSocketId, SocketId};
pub(crate) use memory_budget::{MemoryBudget, MemoryShare};
pub use namespace::Namespace;
pub use pattern::PatternError;
pub(crate) use pattern::anchored;
pub(crate) use pattern_reach::{NameRules, matches_some_name};
pub(crate) use quota::{Quota, Slot};
pub use rate::Rate;
pub(crate) use rate::TokenBucket;
pub use reason::DisconnectReason;
pub use transport::Transport;
