//! Frames on their way to one client: the queue between whoever has something to say and the
//! transport that says it.
//!
//! Each connection has one [`Outbox`], whatever transport it is on. Sockets and the registry push
//! encoded frames, from any thread; the transport that is current takes what is there. Moving from
//! polling to a WebSocket is no more than the right to take changing hands, so that an upgrade can
//! neither lose nor double nor reorder a frame. A [`SocketSender`] is one socket's way into the outbox,
//! closed until the client is admitted to its namespace.

mod attached_stream;
mod frame_batch;
mod queue;
mod socket_sender;
mod upgrade;
mod write_buffer;
mod write_through;

pub(crate) use frame_batch::FrameBatch;
pub(crate) use queue::{Outbox, OutboxEvent, Pushed, TakenFrames};
pub(crate) use socket_sender::SocketSender;
pub(crate) use write_through::FlushPass;
