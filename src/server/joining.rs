//! Joining a cluster whose servers share a past.

use std::{sync::Arc, time::Duration};

use super::{BuildError, task_thread::on_task_thread};
use crate::{
    log_text::log_line,
    registry::{Adapter, ClusterOrder},
    state::{RecoveryState, StartGate},
};

/// How long clients wait for the past of a cluster when the server starts. Then they are let in,
/// and those that come back are told that something may be missing.
const STARTING: Duration = Duration::from_secs(10);

/// Finds a store in a cluster that has a past of its own.
pub(super) fn check(order: ClusterOrder, has_store: bool) -> Result<(), BuildError> {
    if order == ClusterOrder::PerServer || !has_store {
        return Ok(());
    }
    Err(BuildError::Setting {
        setting: "store",
        value: "on".to_owned(),
        expected: "it must not be there in a cluster of streams, which keeps histories and \
                   sessions itself: leave the store out"
            .to_owned(),
    })
}

/// Gives the sessions of a server to its cluster. The gate opens when the server has read what the
/// cluster has published.
pub(super) fn join(
    order: ClusterOrder,
    adapter: &Arc<dyn Adapter>,
    recovery: Option<&Arc<RecoveryState>>,
) -> Result<StartGate, BuildError> {
    let Some(past) = adapter.shared_past().filter(|_| order == ClusterOrder::Stream) else {
        return Ok(StartGate::default());
    };
    if let Some(recovery) = recovery {
        recovery.join_cluster(adapter);
    }
    let (gate, opener) = StartGate::closed();
    let started = past.started();
    let open = async move {
        if tokio::time::timeout(STARTING, started).await.is_err() {
            log_line!(log::Level::Warn, "the past of the cluster is not read yet: clients come in");
        }
        // No client may wait for it.
        let _ = opener.send(true);
    };
    let spawned = on_task_thread(move || drop(actix::spawn(open)));
    spawned.map_err(|error| BuildError::Thread(error.kind()))?;
    Ok(gate)
}
