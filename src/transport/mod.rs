//! Bytes to packets and frames to bytes: HTTP long-polling and WebSocket.
//!
//! A transport knows its session as a [`Session`]: what it reads goes to the connection as [`SessionEvent`]
//! messages, what it writes comes out of the [`Outbox`](crate::outbox::Outbox). It knows nothing of
//! namespaces, channels or handlers.

mod defer_once;
mod deflate;
pub(crate) mod polling;
mod read_credit;
mod request_guards;
mod session;
pub(crate) mod websocket;

pub(crate) use read_credit::ReadCredit;
pub(crate) use session::{Session, SessionEnd, SessionEvent};
