//! The HTTP endpoint of Engine.IO: what a request is, who may connect, what is answered.

pub(crate) mod browser_client;
pub(crate) mod cookie;
pub(crate) mod cors;
pub(crate) mod endpoint;
pub(crate) mod hooks;
mod parameters;
pub(crate) mod refusal;

pub use cookie::{Cookie, SameSite};
pub use cors::Cors;
pub use refusal::ConnectionError;
