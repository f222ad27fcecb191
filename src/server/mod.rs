//! The face of the crate to applications: the builder and the handle of a server.

#[cfg(any(feature = "admin", feature = "api"))]
mod access;
#[cfg(feature = "admin")]
mod admin_access;
#[cfg(feature = "api")]
mod api_access;
mod build;
mod build_error;
mod builder;
mod cluster;
mod compiled;
mod engine_io;
mod hooks;
mod http_server;
mod io;
mod io_of_socket;
mod joining;
mod loading;
#[cfg(feature = "prometheus")]
mod metrics;
mod mistakes;
mod mount;
mod namespace;
mod namespace_overrides;
mod operation;
mod past;
mod path_health;
mod presence;
mod presence_task;
#[cfg(feature = "prometheus")]
mod process_metrics;
mod response_errors;
mod serve;
mod server_events;
mod settings;
mod starting;
#[cfg(feature = "admin")]
mod tap_access;
mod task_thread;
#[cfg(feature = "test")]
mod test_access;
#[cfg(feature = "tls")]
mod tls_accept;
#[cfg(feature = "tls")]
mod tls_server;
#[cfg(feature = "jwt")]
mod tokens;

#[cfg(feature = "admin")]
pub(crate) use admin_access::WeakSocketIo;
pub use build_error::BuildError;
pub use builder::Builder;
pub use engine_io::{EngineHandler, EngineIo, EngineIoBuilder, EngineSocket};
pub use http_server::{HTTP_SHUTDOWN_TIMEOUT, SocketIoServerExt};
pub use io::SocketIo;
#[cfg(feature = "prometheus")]
pub use metrics::Metrics;
pub use namespace::NamespaceBuilder;
pub use past::{HistoryReader, Past, PastMessage};
#[cfg(feature = "tls")]
pub use tls_server::TlsServer;
#[cfg(feature = "jwt")]
pub use tokens::RevokeError;
