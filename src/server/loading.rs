//! The store of a server: loading it at the start, and closing it at the end.

use std::{mem, sync::Arc, time::Duration};

use bytes::Bytes;

use super::BuildError;
use crate::{
    config::Config,
    log_text::log_line,
    model::Epoch,
    registry::Sequencer,
    state::{RecoveryState, RouteFamily},
    store::{HistoryStore, Loaded, StoreError, StoreParams},
};

/// How long a stop waits for the store. A disk that is alive needs a fraction of it.
const CLOSING: Duration = Duration::from_secs(10);

/// A store with its content.
pub(super) type LoadedStore = (Arc<dyn HistoryStore>, Loaded);

/// Loads a store for a server with these namespaces.
pub(super) fn load(
    store: Option<Arc<dyn HistoryStore>>,
    config: &Config,
    families: &[RouteFamily],
) -> Result<Option<LoadedStore>, BuildError> {
    let committed_first = families.iter().flat_map(|RouteFamily { name, rules, .. }| {
        rules.committed_first().map(move |pattern| format!("{name}\n{pattern}\n"))
    });
    let mut setup: Vec<_> = committed_first.collect();
    setup.sort();
    let Some(store) = store else {
        return match setup.first() {
            None => Ok(None),
            Some(_) => Err(BuildError::Store(StoreError::Open(
                "a history delivers after the commit, and there is no store: call Builder::store"
                    .to_owned(),
            ))),
        };
    };
    let mut params = StoreParams::new(Epoch::random(), config.max_store_queue);
    params.setup = setup.concat().into();
    let loaded = store.load(&params).map_err(BuildError::Store)?;
    Ok(Some((store, loaded)))
}

/// Separates the sessions from the rest. A crash leaves no sessions.
pub(super) fn take_sessions(stored: Option<LoadedStore>) -> (Option<LoadedStore>, Vec<Bytes>) {
    let Some((store, mut loaded)) = stored else { return (None, Vec::new()) };
    let sessions = mem::take(&mut loaded.sessions);
    let sessions = if loaded.is_clean { sessions } else { Vec::new() };
    (Some((store, loaded)), sessions)
}

/// Takes the sessions that the previous run has left behind.
pub(super) fn take_up(recovery: &RecoveryState, sessions: &[Bytes]) {
    let refused = recovery.take_up(sessions);
    if refused > 0 {
        log_line!(
            log::Level::Warn,
            "{} sessions of the previous run end: their routes have changed, or they are damaged",
            refused
        );
    }
}

/// Stores what is left, when all connections have ended.
pub(super) async fn close(sequencer: &Sequencer, recovery: Option<&Arc<RecoveryState>>) {
    let recovery = recovery.map(Arc::clone);
    let sessions = move || recovery.map(|recovery| recovery.leave_behind()).unwrap_or_default();
    let Some(closed) = sequencer.close_store(sessions) else { return };
    let closed = tokio::time::timeout(CLOSING, closed).await;
    match closed.unwrap_or_else(|_| Err(StoreError::late(CLOSING))) {
        // It was closed by an earlier stop.
        Ok(()) | Err(StoreError::Closed) => {}
        Err(error) => {
            log_line!(log::Level::Error, "histories have no clean end: {}"; error);
        }
    }
}
