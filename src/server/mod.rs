//! What an application holds: the builder, the handle, the HTTP side.

mod builder;
mod client;
mod cors;
mod io;
mod mount;
mod namespace;
mod refusal;
mod serve;

pub use builder::{BuildError, Builder};
pub use cors::Cors;
pub use io::SocketIo;
pub use namespace::NamespaceBuilder;
pub use serve::on_connect;
