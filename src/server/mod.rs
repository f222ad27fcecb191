//! What an application holds: the builder, the handle, the HTTP side.

mod build_error;
mod builder;
mod client;
mod compression;
mod cookie;
mod cors;
mod endpoint;
mod hooks;
mod io;
mod mount;
mod namespace;
mod parameters;
mod refusal;
mod serve;
mod settings;

pub use build_error::BuildError;
pub use builder::Builder;
pub use cookie::{Cookie, SameSite};
pub use cors::Cors;
pub use io::SocketIo;
pub use namespace::NamespaceBuilder;
pub use refusal::ConnectionError;
pub use serve::on_connect;
