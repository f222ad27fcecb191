//! The server that a configuration describes.

use std::{error::Error, fmt};

use actix_socketio::{
    Api, ApiError, BuildError, Builder, NamespaceBuilder, SocketIo, Tokens, channel,
};
use actix_socketio_redis::{Cluster, SubscriptionMode};

use crate::{
    config::{ApiSettings, ClusterKind, ClusterSettings, NamespaceName, Settings},
    endpoints::InternalListener,
    memory, origins,
    rules::{Rules, SharedRules},
};

/// A server, and the rules that a reload may replace.
#[derive(Debug)]
pub(crate) struct BuiltServer {
    pub(crate) io: SocketIo,
    /// Those of the main namespace, and those of the other namespaces in their order.
    pub(crate) rules: Vec<SharedRules>,
    /// `None`: there is no `[api]`.
    pub(crate) api: Option<Api>,
    /// `None`: there is no `[jwt]`.
    pub(crate) tokens: Option<Tokens>,
}

/// The reason why a server was not built from a configuration that can be read.
#[derive(Debug)]
pub(crate) enum BuildFailure {
    Build(BuildError),
    Api(ApiError),
    Patterns(regex::Error),
    Cluster(actix_socketio_redis::InvalidRedisUrl),
    #[cfg(feature = "disk")]
    Store(actix_socketio::store::StoreError),
}

impl fmt::Display for BuildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::Api(error) => write!(f, "api: {error}"),
            Self::Patterns(error) => write!(f, "the patterns of all channels together: {error}"),
            Self::Cluster(error) => write!(f, "cluster.redis: {error}"),
            #[cfg(feature = "disk")]
            Self::Store(error) => write!(f, "store.path: {error}"),
        }
    }
}

impl Error for BuildFailure {}

impl From<BuildError> for BuildFailure {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

/// The server without a configuration: clients choose their channels.
pub(crate) fn open_server() -> Result<SocketIo, BuildError> {
    // The empty pattern matches all names. The broker has no handler that a name could mean
    // something to.
    let builder = origins::warn_without_cors(with_memory(SocketIo::builder()));
    builder.open_channels().route(channel("").allow_publish()).build()
}

/// The server of a configuration.
pub(crate) fn server_of(settings: &Settings) -> Result<BuiltServer, BuildFailure> {
    let main = rules_of(&settings.channels, settings)?;
    let mut builder = SocketIo::builder().config(settings.config.clone());
    if !settings.has_max_memory {
        builder = with_memory(builder);
    }
    builder = main
        .routes(&settings.channels, settings.jwt.is_some())
        .into_iter()
        .fold(builder.first_route_only(), Builder::route);
    let mut rules = vec![main];
    for namespace in &settings.namespaces {
        let own = rules_of(&namespace.channels, settings)?;
        let routes = own.routes(&namespace.channels, settings.jwt.is_some());
        let add = |namespace: NamespaceBuilder| {
            routes.into_iter().fold(namespace.first_route_only(), NamespaceBuilder::route)
        };
        builder = match &namespace.name {
            NamespaceName::Name(name) => builder.namespace(name, add),
            NamespaceName::Pattern(pattern) => builder.namespaces_matching(pattern, add),
        };
        rules.push(own);
    }
    builder = match &settings.cors {
        Some(cors) => origins::warn_with_cors(builder.cors(cors.cors.clone())),
        None => origins::warn_without_cors(builder),
    };
    let tokens = settings.jwt.as_ref().map(|jwt| jwt.tokens.clone());
    if let Some(tokens) = &tokens {
        builder = builder.tokens(tokens.clone());
    }
    if let Some(recovery) = settings.recovery {
        builder = builder.recovery(recovery);
    }
    builder = with_store(builder, settings)?;
    if let Some(cluster) = &settings.cluster {
        builder = builder.cluster(cluster_of(cluster)?);
        if let Some(address) = &cluster.node_address {
            builder = builder.node_address(address);
        }
    }
    if let Some(admin) = &settings.admin {
        builder = builder.admin(admin.build());
        if admin.is_internal {
            builder = builder.on_handshake(|request, extensions| {
                if let Some(internal) = request.app_data::<InternalListener>() {
                    extensions.insert(*internal);
                }
                Ok(())
            });
        }
    }
    let api = settings.api.as_ref().map(ApiSettings::build).transpose();
    let api = api.map_err(BuildFailure::Api)?;
    Ok(BuiltServer { io: builder.build()?, rules, api, tokens })
}

fn with_memory(builder: Builder) -> Builder {
    match memory::for_clients() {
        Some(bytes) => builder.max_memory(bytes),
        None => builder,
    }
}

fn rules_of(
    rules: &[crate::config::ChannelRule],
    settings: &Settings,
) -> Result<SharedRules, BuildFailure> {
    Rules::new(rules, &settings.config).map(SharedRules::new).map_err(BuildFailure::Patterns)
}

#[cfg(feature = "disk")]
fn with_store(builder: Builder, settings: &Settings) -> Result<Builder, BuildFailure> {
    let Some(store) = &settings.store else { return Ok(builder) };
    let mut options = actix_socketio_disk::DiskStore::options();
    if let Some(group_interval) = store.group_interval {
        options = options.group_interval(group_interval);
    }
    if let Some(cache_bytes) = store.cache_bytes {
        options = options.cache_bytes(cache_bytes);
    }
    Ok(builder.store(options.open(&store.path).map_err(BuildFailure::Store)?))
}

/// A configuration with a store is a mistake without the feature.
#[cfg(not(feature = "disk"))]
fn with_store(builder: Builder, _: &Settings) -> Result<Builder, BuildFailure> {
    Ok(builder)
}

fn cluster_of(settings: &ClusterSettings) -> Result<Cluster, BuildFailure> {
    let mut cluster = settings.redis.connect().map_err(BuildFailure::Cluster)?;
    cluster = match settings.kind {
        ClusterKind::Streams => cluster,
        ClusterKind::Classic => cluster.classic(),
        ClusterKind::Sharded => cluster.sharded(SubscriptionMode::default()),
    };
    /// Calls the method with the name of each setting that is there.
    macro_rules! set {
        ($($name:ident),+) => { $(
            if let Some(value) = settings.$name.clone() {
                cluster = cluster.$name(value);
            }
        )+ };
    }
    set!(prefix, stream_count, max_len, max_hold, patience, heartbeat);
    set!(request_timeout, max_requests, max_answer_bytes, max_received);
    set!(max_nodes, max_held_sessions, session_key_prefix);
    Ok(cluster)
}
