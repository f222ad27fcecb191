//! Frames on their way to one client: the queue between whoever has something to say and the
//! transport that says it.
//!
//! Each connection has one [`Outbox`], whatever transport it is on. Sockets and the registry push
//! encoded frames, from any thread; the transport that is current takes what is there. Moving from
//! polling to a WebSocket is no more than the right to take changing hands, so that an upgrade can
//! neither lose nor double nor reorder a frame. A [`Lane`] is one socket's way into the outbox,
//! closed until the client is admitted to its namespace.

mod ahead;
mod burst;
mod direct;
mod handover;
mod lane;
mod port;
mod queue;
mod transport;

pub(crate) use burst::Burst;
pub(crate) use direct::Turn;
pub(crate) use lane::Lane;
pub(crate) use queue::{Outbox, OutboxEvent, Pushed, Taken};
pub use transport::Transport;
