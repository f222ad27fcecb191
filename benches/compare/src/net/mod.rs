//! What the load generator and the floor server are made of: sockets that never block, and frames
//! by hand.

mod stream;
mod streams;
pub(crate) mod wire;

use stream::Stream;
pub(crate) use streams::Streams;
