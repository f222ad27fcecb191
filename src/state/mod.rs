//! What the connections of a server share: namespaces, and who is there.

mod namespaces;
mod sessions;

use std::sync::Arc;

pub(crate) use namespaces::{
    DynamicNamespace, NamespaceEntry, NamespaceFactory, NamespaceMatcher, NamespacePredicate,
    Namespaces,
};
pub(crate) use sessions::{ConnectionSlot, QuotaExceeded, Sessions};

use crate::{config::Config, protocol::PacketCodec, stats::Counters};

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) config: Arc<Config>,
    pub(crate) namespaces: Namespaces,
    pub(crate) codec: PacketCodec,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) counters: Arc<Counters>,
}
