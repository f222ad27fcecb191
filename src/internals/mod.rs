//! Thin wrappers of private items, for the benches in `benches`. Benches only see public items.
//!
//! The feature `internals` enables this module. It is for the benches of this repository, and not
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
