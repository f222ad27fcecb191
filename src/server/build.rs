use std::{sync::Arc, time::Duration};

use super::{
    BuildError, Builder, NamespaceBuilder, SocketIo,
    builder::AdapterFactory,
    compiled::{CompiledNamespaces, Given},
    joining, loading, presence_task,
    starting::{StartedTasks, TaskParts},
};
#[cfg(feature = "jwt")]
use crate::tokens::TokenGate;
use crate::{
    config::Config,
    engine::{EngineState, Forwarding},
    http::ClientFiles,
    model::{Namespace, NodeAddress, Recovery},
    protocol::PacketCodec,
    registry::{Adapter, ChangeSender, ClusterOrder},
    socket::{LocalAdapter, ServerView},
    state::{NamespaceFactory, Namespaces, PathMonitor, ServerState, SocketTable},
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
        let Self { config, main, namespaces, dynamic, endpoint, codec, .. } = self;
        let Self { adapter, cluster_order, data, client_files, store, .. } = self;
        let Self { recovery, node_address, .. } = self;
        #[cfg(feature = "admin")]
        let (mistake, after_build) = (self.mistake, self.after_build);
        #[cfg(feature = "admin")]
        if let Some(mistake) = mistake {
            return Err(mistake);
        }
        #[cfg(feature = "jwt")]
        let tokens = self.tokens;
        let data = Arc::new(data);
        check(&config, &codec, recovery.as_ref(), &namespaces)?;
        let node_address =
            node_address.map(|text| read_address(&text, adapter.is_some())).transpose()?;
        endpoint.check()?;
        let client_files = client_files
            .map_or_else(|| Ok(ClientFiles::own()), |folder| ClientFiles::read(&folder))?;
        let codec =
            codec.deflate_from(config.per_message_deflate.then_some(config.deflate_threshold));
        let config = Arc::new(config);
        #[cfg(feature = "jwt")]
        let has_tokens = tokens.is_some();
        #[cfg(not(feature = "jwt"))]
        let has_tokens = false;
        let given = Given { data: &data, has_tokens };
        let compiled = CompiledNamespaces::compile(main, namespaces, dynamic, &config, given)?;
        let (families, has_presence) = (compiled.families(), compiled.have_presence());
        let is_recording =
            recovery.is_some() || families.iter().any(|family| family.rules.keeps_anything());
        joining::check(cluster_order, store.is_some())?;
        let stored = loading::load(store, &config, &families)?;
        let CompiledNamespaces { named, dynamic, server_events } = compiled;
        // Start nothing before all settings are known to be valid.
        let (changes, counters) =
            (ChangeSender::new(config.max_changes), Arc::<Counters>::default());
        let sockets = Arc::<SocketTable>::default();
        let StartedTasks { sequencer, server_events, recovery } = StartedTasks::start(TaskParts {
            config: Arc::clone(&config),
            changes: changes.clone(),
            counters: Arc::clone(&counters),
            server_events,
            data: Arc::clone(&data),
            is_recording,
            cluster_order,
            stored,
            recovery,
            families,
            sockets: Arc::clone(&sockets) as _,
        })?;
        if has_presence {
            presence_task::start(&sequencer, &config, &codec)?;
        }
        let engine = EngineState::new(Arc::clone(&config), Arc::clone(&counters));
        let connected = Arc::clone(&engine);
        let server = ServerView {
            changes: changes.clone(),
            connections: Box::new(move || connected.sessions.count()),
            max_ack_bytes: config.max_ack_bytes,
            max_event_depth: config.max_json_depth,
        };
        if cluster_order == ClusterOrder::Stream {
            // Before the cluster is joined: its past is read at once.
            for (name, (router, _)) in &named {
                sequencer.set_history_rules(name, &router.history_rules());
            }
        }
        let local = LocalAdapter::new(
            sequencer,
            codec.clone(),
            Arc::clone(&sockets) as _,
            recovery.clone().map(|recovery| recovery as _),
            Arc::new(server_events),
            server,
        );
        let used = used_adapter(adapter, Arc::clone(&local) as _)?;
        let start_gate = joining::join(cluster_order, &used, recovery.as_ref())?;
        if used.wants_changes() {
            changes.report_to(&used);
        }
        if let Some(address) = node_address {
            // The engine is new, so it is set for the first time.
            let _ = engine.forwarding.set(announce(&used, address)?);
        }
        #[cfg(feature = "jwt")]
        let max_revoked = config.max_revoked_tokens;
        let factory = NamespaceFactory::new(config, counters, data, used, local);
        let state = ServerState {
            engine,
            namespaces: Namespaces::new(factory, named, dynamic),
            sockets,
            codec,
            endpoint: Arc::new(endpoint),
            changes,
            client_files,
            recovery,
            #[cfg(any(feature = "admin", feature = "api"))]
            built: std::time::Instant::now(),
            start_gate,
            path: PathMonitor::default(),
            #[cfg(feature = "jwt")]
            tokens: tokens.map(|tokens| Arc::new(TokenGate::new(tokens, max_revoked))),
            #[cfg(feature = "admin")]
            taps: crate::socket::Taps::default(),
        };
        let io = SocketIo::new(Arc::new(state));
        #[cfg(feature = "admin")]
        for call in after_build {
            call(&io);
        }
        Ok(io)
    }
}

/// The adapter of the application around the local one.
fn used_adapter(
    wrap: Option<AdapterFactory>,
    local: Arc<dyn Adapter>,
) -> Result<Arc<dyn Adapter>, BuildError> {
    match wrap {
        Some(wrap) => wrap(local).map_err(|error| BuildError::Cluster(Arc::new(error))),
        None => Ok(local),
    }
}

/// Reads the address of [`Builder::node_address`].
fn read_address(text: &str, is_in_cluster: bool) -> Result<NodeAddress, BuildError> {
    let address = text.parse::<NodeAddress>();
    let address = address.map_err(|error| wrong_address(format!("{text:?}"), error.to_string()))?;
    if is_in_cluster { Ok(address) } else { Err(no_directory(&address)) }
}

/// Tells the cluster the address of the server.
fn announce(adapter: &Arc<dyn Adapter>, address: NodeAddress) -> Result<Forwarding, BuildError> {
    let directory = adapter.announce(&address).ok_or_else(|| no_directory(&address))?;
    Ok(Forwarding { directory, address })
}

fn no_directory(address: &NodeAddress) -> BuildError {
    let expected = "it must be with Builder::cluster, and a cluster whose servers find each other: \
                    Cluster of actix-socketio-redis is one";
    wrong_address(format!("\"{address}\""), expected.to_owned())
}

fn wrong_address(value: String, expected: String) -> BuildError {
    BuildError::Setting { setting: "node_address", value, expected }
}

/// Finds settings that no server can work with.
fn check(
    config: &Config,
    codec: &PacketCodec,
    recovery: Option<&Recovery>,
    namespaces: &[(Namespace, NamespaceBuilder)],
) -> Result<(), BuildError> {
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
    if let Some(recovery) = recovery {
        check_recovery(recovery, codec)?;
    }
    if codec.is_custom() { Ok(()) } else { check_names(namespaces) }
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
