//! The transports: HTTP long-polling and WebSocket. They turn bytes into packets, and frames into
//! bytes.
//!
//! A transport knows its session as a [`Session`]. It sends the packets that it reads to the
//! connection, as [`SessionEvent`] messages. It writes the frames that it takes from the
//! [`Outbox`](crate::outbox::Outbox). It does not know namespaces, channels or handlers.

mod defer_once;
mod deflate;
mod input_progress;
mod poll_gap;
pub(crate) mod polling;
mod pong_deadline;
mod post_turns;
mod read_cost;
mod request_guards;
mod session;
pub(crate) mod websocket;

pub(crate) use input_progress::InputProgress;
pub(crate) use read_cost::ReadCost;
pub(crate) use session::{Session, SessionEnd, SessionEvent};
