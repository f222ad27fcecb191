//! What an application holds: the builder and the handle.

mod build_error;
mod builder;
mod http_server;
mod io;
mod mount;
mod namespace;
mod serve;
mod settings;

pub use build_error::BuildError;
pub use builder::Builder;
pub use http_server::SocketIoServerExt;
pub use io::SocketIo;
pub use namespace::NamespaceBuilder;
