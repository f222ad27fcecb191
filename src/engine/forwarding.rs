use std::{fmt, sync::Arc};

use crate::model::{NodeAddress, NodeDirectory};

/// The other servers of the cluster, for requests of clients whose sessions are there.
#[derive(Clone)]
pub(crate) struct Forwarding {
    pub(crate) directory: Arc<dyn NodeDirectory>,
    /// The address of this server.
    pub(crate) address: NodeAddress,
}

impl fmt::Debug for Forwarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forwarding").field("address", &self.address).finish_non_exhaustive()
    }
}
