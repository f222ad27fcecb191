//! A client of the lowest level: it writes and reads bytes, in threads that block. It does not
//! check what the protocols allow.

mod attended;
mod frame;
mod http;
mod polling;
mod websocket;

pub(crate) use attended::AttendedWebSocket;
pub(crate) use frame::{frame, frame_head};
pub(crate) use http::{HttpConnection, Response, UPGRADE, ask, request};
pub(crate) use polling::PollingSession;
pub(crate) use websocket::{Received, WebSocket};
