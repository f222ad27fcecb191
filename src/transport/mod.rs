//! Bytes to packets and frames to bytes: HTTP long-polling and WebSocket.
//!
//! A transport knows its session as a [`Link`]: what it reads goes to the connection as [`Inbound`]
//! messages, what it writes comes out of the [`Outbox`](crate::outbox::Outbox). It knows nothing of
//! namespaces, channels or handlers.

mod deflate;
mod link;
mod look_again;
pub(crate) mod polling;
mod room;
pub(crate) mod websocket;

pub(crate) use link::{Ending, Inbound, Link};
pub(crate) use room::Room;
