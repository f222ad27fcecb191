//! The parts of a server that have tasks of their own.

use std::sync::Arc;

use super::{
    BuildError,
    loading::{self, LoadedStore},
    server_events::{ServerEventDispatcher, ServerEventTable},
    task_thread::on_task_thread,
};
use crate::{
    config::Config,
    model::{DataMap, Recovery},
    registry::{ChangeSender, ClusterOrder, HistoryLimits, Sequencer, SequencerLimits},
    socket::SocketLookup,
    state::{RecoveryLimits, RecoveryState, RouteFamily},
    stats::Counters,
};

/// The parts of a server that its tasks need.
pub(super) struct TaskParts {
    pub(super) config: Arc<Config>,
    pub(super) changes: ChangeSender,
    pub(super) counters: Arc<Counters>,
    pub(super) server_events: ServerEventTable,
    pub(super) data: Arc<DataMap>,
    /// Whether publications are kept, or noted for clients that come back.
    pub(super) is_recording: bool,
    pub(super) cluster_order: ClusterOrder,
    pub(super) stored: Option<LoadedStore>,
    pub(super) recovery: Option<Recovery>,
    pub(super) families: Vec<RouteFamily>,
    pub(super) sockets: Arc<dyn SocketLookup>,
}

/// The parts of a server that have tasks of their own.
pub(super) struct StartedTasks {
    pub(super) sequencer: Sequencer,
    pub(super) server_events: ServerEventDispatcher,
    pub(super) recovery: Option<Arc<RecoveryState>>,
}

impl StartedTasks {
    /// Starts the tasks of the server that belong to no client.
    ///
    /// # Errors
    /// [`BuildError::Thread`]: the system has no thread for them.
    pub(super) fn start(parts: TaskParts) -> Result<Self, BuildError> {
        let started = on_task_thread(move || Self::start_here(parts));
        started.map_err(|error| BuildError::Thread(error.kind()))
    }

    fn start_here(parts: TaskParts) -> Self {
        let TaskParts { config, changes, counters, server_events, data, .. } = parts;
        let TaskParts { is_recording, stored, recovery, families, sockets, .. } = parts;
        let TaskParts { cluster_order, .. } = parts;
        let Config { max_publications, max_outbox, max_server_events, .. } = *config;
        let limits = SequencerLimits {
            max_publications,
            max_outbox,
            history: is_recording.then(|| HistoryLimits {
                max_bytes: config.max_history_bytes,
                max_channels: config.max_history_channels,
                max_recovered: config.max_recovered,
                max_recovered_bytes: max_outbox / 2,
            }),
            is_shared: cluster_order == ClusterOrder::Stream,
        };
        let (stored, sessions) = loading::take_sessions(stored);
        let sequencer = Sequencer::start(changes.clone(), Arc::clone(&counters), limits, stored);
        if is_recording {
            sequencer.start_sweeping();
        }
        let recovery = recovery.map(|recovery| {
            let limits = RecoveryLimits {
                max_away: config.max_sessions_away,
                max_away_bytes: config.max_sessions_away_bytes,
                max_replay_bytes: config.max_replay_bytes,
                takeover_timeout: config.takeover_timeout,
                max_notices: config.max_cluster_notices,
                max_searches: config.max_session_searches,
            };
            let (sequencer, counters) = (sequencer.clone(), Arc::clone(&counters));
            let state = RecoveryState::new(
                recovery, &limits, families, sockets, sequencer, changes, counters,
            );
            loading::take_up(&state, &sessions);
            drop(actix::spawn(RecoveryState::start_timer(&state)));
            state
        });
        let server_events =
            ServerEventDispatcher::start(server_events, max_server_events, counters, data);
        Self { sequencer, server_events, recovery }
    }
}
