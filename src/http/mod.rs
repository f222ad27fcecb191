//! The HTTP endpoint of Engine.IO. It classifies requests, decides which clients may connect, and
//! sends the responses. It knows nothing of Socket.IO.

mod client_files;
mod cookie;
mod cookie_rules;
mod cors;
mod duplicate_server;
mod endpoint;
mod forward;
mod hooks;
mod live_cors;
mod origin;
mod parameters;
mod refusal;
mod service;
mod unread_body;
mod verify;

pub(crate) use client_files::{ClientFiles, FolderError};
pub use cookie::{Cookie, SameSite};
pub use cors::Cors;
pub(crate) use endpoint::{Endpoint, EndpointSettings};
pub(crate) use live_cors::LiveCors;
pub use refusal::ConnectionError;
pub(crate) use service::mount;
pub use unread_body::close_unread_bodies;
#[cfg(feature = "api")]
pub(crate) use unread_body::{close_if_asked_to_upgrade, keep_unread};
