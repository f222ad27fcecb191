//! A client of the lowest level: it writes and reads bytes, in threads that block. It does not
//! check what the protocols allow.

mod attended;
mod frame;
mod http;
mod polling;
mod websocket;

#[allow(unused_imports, reason = "not every user needs all of it")]
pub(crate) use attended::AttendedWebSocket;
#[allow(unused_imports, reason = "not every user needs all of it")]
pub(crate) use frame::{frame, frame_head};
#[allow(unused_imports, reason = "not every user needs all of it")]
pub(crate) use http::{HttpConnection, Response, UPGRADE, ask, request};
#[allow(unused_imports, reason = "not every user needs all of it")]
pub(crate) use polling::PollingSession;
#[allow(unused_imports, reason = "not every user needs all of it")]
pub(crate) use websocket::{Received, WebSocket};
