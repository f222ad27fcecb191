use std::{collections::HashMap, iter, sync::Arc, time::Duration};

use super::{
    BuildError, Builder, NamespaceBuilder, SocketIo,
    builder::Names,
    loading::{self, LoadedStore},
    presence_task,
    server_events::{ServerEventDispatcher, ServerEventTable},
    task_thread::on_task_thread,
};
use crate::{
    config::Config,
    engine::EngineState,
    http::ClientFiles,
    model::{DataMap, HistoryRules, NameRules, Namespace, Quota, Recovery, matches_some_name},
    protocol::PacketCodec,
    registry::{Adapter, ChangeSender, HistoryLimits, Sequencer, SequencerLimits},
    routing::{Router, anchored},
    socket::{LocalAdapter, SocketLookup},
    state::{
        NamespaceFactory, NamespaceFamily, NamespaceMatcher, Namespaces, RecoveryLimits,
        RecoveryState, ServerState, SocketTable,
    },
    stats::Counters,
};

/// # Building
impl Builder {
    /// Builds the server, and returns its handle.
    ///
    /// The first `ChannelRegistry` actor starts on the arbiter of this thread. In a program with
    /// `#[tokio::main]`, which has no arbiter, it starts on a thread of its own, `actix-socketio`.
    /// Nothing starts if an error is returned.
    ///
    /// Build a server once, before [`HttpServer::new`](actix_web::HttpServer::new), and mount
    /// clones of it. A server that is built in the closure of `HttpServer::new` is another one on
    /// each worker, and a client whose requests reach two workers loses its session. A line in the
    /// log says so.
    ///
    /// ```no_run
    /// use actix_socketio::SocketIo;
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let io = SocketIo::builder().open_channels().build()?;
    ///     io.serve("127.0.0.1:8080").await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`BuildError`]: a pattern is not a valid regular expression, a namespace was added twice, no
    /// server can work with the value of a setting, the folder of [`Builder::client_files`] has no
    /// client, or the system has no thread for the server.
    pub fn build(self) -> Result<SocketIo, BuildError> {
        let Self {
            config,
            main,
            namespaces,
            dynamic,
            endpoint,
            codec,
            adapter,
            data,
            client_files,
            store,
            recovery,
        } = self;
        let data = Arc::new(data);
        config.check()?;
        if config.allow_eio3 && codec.is_custom() {
            return Err(BuildError::Setting {
                setting: "allow_eio3",
                value: "true".to_owned(),
                expected: "it must be false with a \"parser\" other than Socket.IO's: clients of \
                           Socket.IO 2 read JSON with attachments only"
                    .to_owned(),
            });
        }
        if let Some(recovery) = &recovery {
            check_recovery(recovery, &codec)?;
        }
        endpoint.check()?;
        let client_files = match client_files {
            Some(folder) => ClientFiles::read(&folder)?,
            None => ClientFiles::own(),
        };
        if !codec.is_custom() {
            check_names(&namespaces)?;
        }
        let codec =
            codec.deflate_from(config.per_message_deflate.then_some(config.deflate_threshold));
        let config = Arc::new(config);
        let mut server_events = ServerEventTable::default();
        let named = compile_named(main, namespaces, &config, &data, &mut server_events)?;
        let dynamic = compile_dynamic(dynamic, &config, &data, &mut server_events)?;
        let rules = history_rules(&named, &dynamic);
        let is_recording =
            recovery.is_some() || rules.iter().any(|(_, rules)| rules.keeps_anything());
        let stored = loading::load(store, &config, &rules)?;
        let routers = named.values().map(|(router, _)| router);
        let mut routers = routers.chain(dynamic.iter().map(|family| &family.router));
        let has_presence = routers.any(|router| router.members().is_some());
        // Start nothing before all settings are known to be valid.
        let (changes, counters) =
            (ChangeSender::new(config.max_changes), Arc::<Counters>::default());
        let sockets = Arc::<SocketTable>::default();
        let lookup = Arc::clone(&sockets) as _;
        let returning = recovery.map(|recovery| (recovery, Arc::clone(&lookup)));
        let StartedTasks { sequencer, server_events, recovery } = start(
            &config,
            (&changes, &counters),
            server_events,
            &data,
            is_recording,
            stored,
            returning,
        )?;
        if has_presence {
            presence_task::start(&sequencer, &config, &codec)?;
        }
        let engine = EngineState::new(Arc::clone(&config), Arc::clone(&counters));
        let local = LocalAdapter::new(
            sequencer,
            codec.clone(),
            lookup,
            recovery.clone().map(|recovery| recovery as _),
            Arc::new(server_events),
            config.max_ack_bytes,
        );
        let used: Arc<dyn Adapter> = Arc::clone(&local) as _;
        let used = match adapter {
            Some(wrap) => wrap(used),
            None => used,
        };
        let factory = NamespaceFactory::new(config, counters, data, used, local);
        let namespaces = Namespaces::new(factory, named, dynamic);
        let endpoint = Arc::new(endpoint);
        let state = ServerState {
            engine,
            namespaces,
            sockets,
            codec,
            endpoint,
            changes,
            client_files,
            recovery,
        };
        Ok(SocketIo::new(Arc::new(state)))
    }
}

/// The histories of all namespaces. A family has the label of its names.
fn history_rules(
    named: &HashMap<Namespace, Compiled>,
    dynamic: &[NamespaceFamily],
) -> Vec<(String, HistoryRules)> {
    let named = named.iter().map(|(name, (router, _))| (name.to_string(), router));
    let dynamic = dynamic.iter().map(|family| (family.label.clone(), &family.router));
    named.chain(dynamic).map(|(name, router)| (name, router.history_rules())).collect()
}

/// A window that no timer can have, or a parser that has no place for positions.
fn check_recovery(recovery: &Recovery, codec: &PacketCodec) -> Result<(), BuildError> {
    const YEAR: Duration = Duration::from_secs(86_400 * 365);
    let (value, expected) = if !codec.takes_positions() {
        let expected = "it must not be there with a \"parser\" of your own, which has no place for \
                        positions: MsgpackParser has";
        ("on".to_owned(), expected)
    } else if recovery.window.is_zero() || recovery.window > YEAR {
        let expected = "its window must be longer than zero, and a year at most (8760 h)";
        (format!("{:?}", recovery.window), expected)
    } else {
        return Ok(());
    };
    Err(BuildError::Setting { setting: "recovery", value, expected: expected.to_owned() })
}

/// The parts of a server that have tasks of their own.
struct StartedTasks {
    sequencer: Sequencer,
    server_events: ServerEventDispatcher,
    recovery: Option<Arc<RecoveryState>>,
}

/// Starts the tasks of the server that belong to no client.
fn start(
    config: &Arc<Config>,
    (changes, counters): (&ChangeSender, &Arc<Counters>),
    server_events: ServerEventTable,
    data: &Arc<DataMap>,
    is_recording: bool,
    stored: Option<LoadedStore>,
    returning: Option<(Recovery, Arc<dyn SocketLookup>)>,
) -> Result<StartedTasks, BuildError> {
    let (config, changes, counters) = (Arc::clone(config), changes.clone(), Arc::clone(counters));
    let data = Arc::clone(data);
    let started = on_task_thread(move || {
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
        };
        let sequencer = Sequencer::start(changes.clone(), Arc::clone(&counters), limits, stored);
        if is_recording {
            sequencer.start_sweeping();
        }
        let recovery = returning.map(|(recovery, sockets)| {
            let limits = RecoveryLimits {
                max_away: config.max_sessions_away,
                max_away_bytes: config.max_sessions_away_bytes,
                max_replay_bytes: config.max_replay_bytes,
                takeover_timeout: config.takeover_timeout,
            };
            let (sequencer, counters) = (sequencer.clone(), Arc::clone(&counters));
            let state =
                RecoveryState::new(recovery, &limits, sockets, sequencer, changes, counters);
            drop(actix::spawn(RecoveryState::start_timer(&state)));
            state
        });
        let server_events =
            ServerEventDispatcher::start(server_events, max_server_events, counters, data);
        StartedTasks { sequencer, server_events, recovery }
    });
    started.map_err(|error| BuildError::Thread(error.kind()))
}

/// A namespace in compiled form: its handlers, and the settings that hold in it.
type Compiled = (Arc<Router>, Arc<Config>);

fn compile_named(
    main: NamespaceBuilder,
    namespaces: Vec<(Namespace, NamespaceBuilder)>,
    config: &Arc<Config>,
    data: &DataMap,
    server_events: &mut ServerEventTable,
) -> Result<HashMap<Namespace, Compiled>, BuildError> {
    let mut named = HashMap::new();
    for (name, namespace) in iter::once((Namespace::default(), main)).chain(namespaces) {
        server_events.add(name.clone(), namespace.server_event_handlers(config));
        if named.insert(name.clone(), namespace.compile(config, data)?).is_some() {
            return Err(BuildError::NamespaceTwice(name));
        }
    }
    Ok(named)
}

fn compile_dynamic(
    namespaces: Vec<(Names, NamespaceBuilder)>,
    config: &Arc<Config>,
    data: &DataMap,
    server_events: &mut ServerEventTable,
) -> Result<Vec<NamespaceFamily>, BuildError> {
    let mut dynamic = Vec::new();
    for (names, namespace) in namespaces {
        let (matcher, label) = match names {
            Names::Matching(pattern) => {
                let regex = anchored(&pattern).map_err(BuildError::Pattern)?;
                check_family(&pattern, &dynamic)?;
                let handlers = namespace.server_event_handlers(config);
                server_events.add_dynamic(regex.clone(), handlers);
                (NamespaceMatcher::Pattern(regex), pattern)
            }
            Names::If(function) => (NamespaceMatcher::Function(function), "function".to_owned()),
        };
        let (router, config) = namespace.compile(config, data)?;
        let quota = Quota::default();
        dynamic.push(NamespaceFamily { label, matcher, router, config, quota });
    }
    Ok(dynamic)
}

/// Finds a family that no client can enter. The pattern is valid.
fn check_family(pattern: &str, earlier: &[NamespaceFamily]) -> Result<(), BuildError> {
    let max_length = usize::MAX;
    let rules = NameRules { prefix: "/", min_rest: 1, max_length, has_controls: true };
    let is_same = |family: &NamespaceFamily| {
        matches!(family.matcher, NamespaceMatcher::Pattern(_)) && family.label == pattern
    };
    let expected = if !matches_some_name(pattern, rules) {
        "it must match some namespace beside \"/\", and all names start with a slash"
    } else if earlier.iter().any(is_same) {
        "it must be added once: clients enter the first family that matches"
    } else {
        return Ok(());
    };
    Err(BuildError::Setting {
        setting: "namespaces_matching",
        value: format!("{pattern:?}"),
        expected: expected.to_owned(),
    })
}

/// Finds a namespace that no packet can name: a comma ends the name in the text of a packet.
fn check_names(namespaces: &[(Namespace, NamespaceBuilder)]) -> Result<(), BuildError> {
    match namespaces.iter().find(|(name, _)| name.as_str().contains(',')) {
        None => Ok(()),
        Some((name, _)) => Err(BuildError::Setting {
            setting: "namespace",
            value: format!("{:?}", name.as_str()),
            expected: "it must have no comma, which ends a namespace in Socket.IO's packets"
                .to_owned(),
        }),
    }
}
