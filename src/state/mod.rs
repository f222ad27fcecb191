//! The state that the connections of a server share: its namespaces and its sockets.

mod namespace_factory;
mod namespace_family;
mod namespaces;
mod path_monitor;
mod recovery;
mod sockets;
mod start_gate;

use std::{fmt, sync::Arc};

pub(crate) use namespace_factory::NamespaceFactory;
pub(crate) use namespace_family::{NamespaceFamily, NamespaceMatcher, NamespacePredicate};
pub(crate) use namespaces::{NamespaceEntry, Namespaces};
pub(crate) use path_monitor::PathMonitor;
pub(crate) use recovery::{
    ClaimedSession, RecoveryLimits, RecoveryState, ReplayPermit, ReturnRequest, RouteFamily,
};
pub(crate) use sockets::SocketTable;
pub(crate) use start_gate::StartGate;

#[cfg(feature = "jwt")]
use crate::tokens::TokenGate;
use crate::{
    config::Config,
    engine::EngineState,
    http::{ClientFiles, EndpointSettings},
    protocol::PacketCodec,
    registry::ChangeSender,
};

/// The state of a server, which its handles and all its connections share.
pub(crate) struct ServerState {
    pub(crate) engine: Arc<EngineState>,
    pub(crate) namespaces: Namespaces,
    pub(crate) sockets: Arc<SocketTable>,
    pub(crate) codec: PacketCodec,
    pub(crate) endpoint: Arc<EndpointSettings>,
    pub(crate) changes: ChangeSender,
    pub(crate) client_files: ClientFiles,
    /// `None`: no socket comes back.
    pub(crate) recovery: Option<Arc<RecoveryState>>,
    #[cfg(any(feature = "admin", feature = "api"))]
    pub(crate) built: std::time::Instant,
    pub(crate) start_gate: StartGate,
    pub(crate) path: PathMonitor,
    /// `None`: all clients are guests.
    #[cfg(feature = "jwt")]
    pub(crate) tokens: Option<Arc<TokenGate>>,
    #[cfg(feature = "admin")]
    pub(crate) taps: crate::socket::Taps,
}

impl ServerState {
    pub(crate) fn config(&self) -> &Config {
        &self.engine.config
    }
}

impl fmt::Debug for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerState").field("namespaces", &self.namespaces).finish_non_exhaustive()
    }
}
