//! What the benches in `benches` measure that is private: thin wrappers, as the public items of a
//! crate can't be made of private ones.
//!
//! Behind the feature `internals`, which is for the benches of this repository. Nothing here is
//! part of the API.

mod msgpack;
mod queue;
mod routing;
mod subscribers;

pub use msgpack::Msgpack;
pub use queue::Queue;
pub use routing::Routing;
pub use subscribers::{BenchPublication, Subscribers};

pub use crate::protocol::{
    engineio::{EnginePacket, payload},
    frame::Frame,
    socketio::encode::{ack, event},
};
