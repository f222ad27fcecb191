//! What an application holds: the builder and the handle.

mod build_error;
mod builder;
mod io;
mod mount;
mod namespace;
mod serve;
mod server_events;
mod settings;

pub use build_error::BuildError;
pub use builder::Builder;
pub(crate) use io::ServerInner;
pub use io::SocketIo;
pub use namespace::NamespaceBuilder;
pub use serve::on_connect;
