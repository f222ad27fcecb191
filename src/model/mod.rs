//! Plain data that all layers share, without actors and I/O.

mod channel;
mod channel_routes;
mod client_ip;
mod cluster;
mod context;
#[cfg(feature = "admin")]
mod context_tap;
mod data_map;
mod extensions;
mod handshake;
mod headers;
mod history;
mod history_rules;
mod id;
mod memory_budget;
mod namespace;
mod node;
mod path_health;
mod pattern;
mod pattern_reach;
mod position;
mod presence;
mod quota;
mod rate;
mod reason;
mod recovery;
mod transport;
#[cfg(feature = "jwt")]
mod user;

pub use channel::{Channel, ChannelError, ToChannel};
#[cfg(feature = "jwt")]
pub(crate) use channel_routes::Access;
pub(crate) use channel_routes::{ChannelMatch, ChannelOptions, ChannelRoutes};
pub(crate) use client_ip::ip_network;
pub use cluster::{ClusterHealth, NodeStatus};
pub use context::ContextMap;
#[cfg(feature = "admin")]
pub(crate) use context_tap::ContextTap;
pub use data_map::DataMap;
pub use extensions::Extensions;
pub use handshake::Handshake;
pub(crate) use handshake::HttpRequestParts;
pub use history::History;
pub(crate) use history_rules::HistoryRules;
pub(crate) use id::{IdMap, SessionId};
pub use id::{InvalidSocketId, PrivateId, SocketId};
pub(crate) use memory_budget::{MemoryBudget, MemoryShare};
pub use namespace::Namespace;
pub use node::{FoundNode, InvalidNodeAddress, InvalidNodeId, NodeAddress, NodeDirectory, NodeId};
pub use path_health::{PathHealth, PathOutcome};
pub use pattern::PatternError;
pub(crate) use pattern::anchored;
pub(crate) use pattern_reach::{NameRules, matches_some_name};
pub(crate) use position::Point;
pub use position::{Epoch, InvalidPosition, Place, Position};
pub(crate) use presence::{JoiningMember, Member, PresenceExit, PresenceOptions};
pub(crate) use quota::{Quota, Slot};
pub use rate::Rate;
pub(crate) use rate::TokenBucket;
pub use reason::DisconnectReason;
pub use recovery::Recovery;
pub use transport::Transport;
#[cfg(feature = "jwt")]
pub(crate) use user::{KnownUser, is_user_channel, user_channel, user_of_channel};
