//! Frames on their way to one client: the queue between senders and the client's transport.
//!
//! Each connection has one [`Outbox`], whatever its transport is. Sockets and channel registries
//! push encoded frames from any thread. The active transport takes them in the order of the pushes.
//!
//! An upgrade from polling to a WebSocket changes only which transport may take. The frames stay
//! where they are, so an upgrade cannot lose, duplicate or reorder one.
//!
//! A [`SocketSender`] is one socket's way into the outbox. It holds frames back until the client is
//! admitted to the socket's namespace.

mod attached_stream;
mod close;
mod congestion;
mod held_frames;
mod kept_directs;
mod missed_event;
mod observer;
mod placed_frame;
mod publication_batch;
mod queue;
mod reserved;
mod socket_sender;
mod stamps;
mod take;
mod upgrade;
mod write_buffer;
mod write_through;

#[cfg(test)]
mod tests;

pub(crate) use congestion::{Hold, WaterMarks};
pub(crate) use kept_directs::KeptDirects;
pub(crate) use missed_event::MissedEvent;
#[cfg(feature = "admin")]
pub(crate) use observer::FrameTap;
pub(crate) use placed_frame::PlacedFrame;
pub(crate) use publication_batch::{PublicationBatch, Publications};
pub(crate) use queue::{Outbox, OutboxEvent, OutboxShares, Pushed};
pub(crate) use reserved::UnreadAnswer;
pub(crate) use socket_sender::SocketSender;
pub(crate) use stamps::Stamps;
pub(crate) use take::TakenFrames;
pub(crate) use write_through::WriteThroughTurn;
