//! The parts of the load generator and the floor server: non-blocking sockets, and frames by hand.

mod stream;
mod streams;
pub(crate) mod wire;

use stream::Stream;
pub(crate) use streams::Streams;
