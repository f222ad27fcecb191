use std::{fmt, io, path::PathBuf, sync::Arc};

use actix::Addr;

use super::NamespaceBuilder;
#[cfg(feature = "admin")]
use super::{BuildError, SocketIo};
#[cfg(feature = "jwt")]
use crate::tokens::Tokens;
use crate::{
    config::Config,
    http::EndpointSettings,
    model::{DataMap, Handshake, History, Namespace, Recovery},
    protocol::PacketCodec,
    registry::{Adapter, ClusterOrder, JoinCluster},
    routing::{Route, SocketHandler, registrations},
    state::NamespacePredicate,
    store::HistoryStore,
};

/// Makes the adapter to use out of the local one.
pub(super) type AdapterFactory =
    Box<dyn FnOnce(Arc<dyn Adapter>) -> io::Result<Arc<dyn Adapter>> + Send>;

/// Gets the server once it is built.
#[cfg(feature = "admin")]
pub(super) type AfterBuild = Box<dyn FnOnce(&SocketIo) + Send>;

/// Chooses the names that belong to a family of namespaces.
pub(super) enum Names {
    Matching(String),
    If(NamespacePredicate),
}

/// Collects handlers, routes and settings, and builds a server from them.
///
/// [`SocketIo::builder`](crate::SocketIo::builder) makes one. Handlers that you register here
/// receive the events of every client in the main namespace, `/`. Handlers of a [`Route`] receive
/// the events of its channels. [`Builder::namespace`] adds another namespace, with handlers and
/// routes of its own.
///
/// Several handlers of one event run one after the other: first those of the builder, then those of
/// the routes, each in the order of registration.
///
/// ```
/// use std::time::Duration;
///
/// use actix_socketio::{OnConnect, SocketIo, channel};
///
/// # actix::System::new().block_on(async {
/// let io = SocketIo::builder()
///     .on_connect(async |event: OnConnect| {
///         event.socket.send("welcome")?;
///         Ok(())
///     })
///     .route(channel("^match-"))
///     .ping_interval(Duration::from_secs(10))
///     .build()
///     .unwrap();
/// # });
/// ```
#[must_use = "call `build`"]
pub struct Builder {
    pub(super) config: Config,
    pub(super) main: NamespaceBuilder,
    pub(super) namespaces: Vec<(Namespace, NamespaceBuilder)>,
    pub(super) dynamic: Vec<(Names, NamespaceBuilder)>,
    pub(super) endpoint: EndpointSettings,
    pub(super) codec: PacketCodec,
    pub(super) adapter: Option<AdapterFactory>,
    pub(super) cluster_order: ClusterOrder,
    pub(super) data: DataMap,
    pub(super) client_files: Option<PathBuf>,
    pub(super) store: Option<Arc<dyn HistoryStore>>,
    pub(super) recovery: Option<Recovery>,
    pub(super) node_address: Option<String>,
    /// A mistake that was found before `build`.
    #[cfg(feature = "admin")]
    pub(super) mistake: Option<BuildError>,
    #[cfg(feature = "admin")]
    pub(super) after_build: Vec<AfterBuild>,
    #[cfg(feature = "jwt")]
    pub(super) tokens: Option<Tokens>,
}

/// # Handlers
impl Builder {
    /// Adds a namespace beside the main one. Clients enter it with the URL `https://host/name`.
    ///
    /// ```
    /// use actix_socketio::{HandlerError, OnConnect, SocketIo};
    ///
    /// let builder = SocketIo::builder().namespace("/admin", |admin| {
    ///     admin.on_connect(async |event: OnConnect| {
    ///         match event.socket.handshake().header("x-admin") {
    ///             Some(_) => Ok(()),
    ///             None => Err(HandlerError::reject("admins only")),
    ///         }
    ///     })
    /// });
    /// ```
    #[doc(alias = "of")]
    pub fn namespace(
        mut self,
        name: &str,
        build: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder,
    ) -> Self {
        self.namespaces.push((Namespace::new(name), build(NamespaceBuilder::default())));
        self
    }

    /// Adds a family of namespaces: all whose names match a regular expression.
    ///
    /// A family has one set of handlers, routes and settings. Each name is a namespace of its own.
    /// The server makes it for its first client, and drops it after its last. The pattern matches
    /// from the start of the name, as that of a [`channel`](crate::channel) does.
    ///
    /// ```
    /// use actix_socketio::{SocketIo, channel};
    ///
    /// let builder = SocketIo::builder()
    ///     .namespaces_matching("^/tenant-[0-9]+$", |tenant| tenant.route(channel("news")));
    /// ```
    #[doc(alias("of", "cleanupEmptyChildNamespaces"))]
    pub fn namespaces_matching(
        mut self,
        pattern: impl Into<String>,
        build: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder,
    ) -> Self {
        self.dynamic.push((Names::Matching(pattern.into()), build(NamespaceBuilder::default())));
        self
    }

    /// Adds a family of namespaces: all for which `matches` returns `true`.
    ///
    /// The function gets the name, and the handshake of the client that asks for it. It must not
    /// block. If the decision takes time, or if the client should read the reason of a refusal,
    /// decide in an [`OnConnect`](crate::OnConnect) handler.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    ///
    /// // Each host has one namespace, such as `/example.org`.
    /// let builder = SocketIo::builder().namespaces_if(
    ///     |name, handshake| handshake.header("host") == name.as_str().strip_prefix('/'),
    ///     |tenant| tenant.open_channels(),
    /// );
    /// ```
    #[doc(alias = "of")]
    pub fn namespaces_if(
        mut self,
        matches: impl Fn(&Namespace, &Handshake) -> bool + Send + Sync + 'static,
        build: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder,
    ) -> Self {
        self.dynamic.push((Names::If(Box::new(matches)), build(NamespaceBuilder::default())));
        self
    }

    /// Keeps the newest of what goes to all clients of the main namespace, such as
    /// [`SocketIo::emit`](crate::SocketIo::emit) sends, for clients that come back.
    ///
    /// Publications to channels are kept by [`Route::history`](crate::Route::history).
    ///
    /// ```
    /// use actix_socketio::{History, SocketIo};
    ///
    /// let builder = SocketIo::builder().history(History::last(50));
    /// ```
    pub fn history(self, history: History) -> Self {
        self.main(|main| main.history(history))
    }

    /// Gives clients that lost their connection their sockets back: Socket.IO's connection state
    /// recovery. Without this call, each connection has new sockets.
    ///
    /// The official JavaScript clients come back by themselves. [`Recovery`] has an example.
    ///
    /// A parser of your own has no place for positions, so you cannot combine it with
    /// [`Builder::parser`](crate::Builder::parser), except for
    /// [`MsgpackParser`](crate::protocol::MsgpackParser).
    #[doc(alias = "connectionStateRecovery")]
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = Some(recovery);
        self
    }

    /// Adds a route to the main namespace: it declares channels and the handlers of their events.
    ///
    /// ```
    /// use actix_socketio::{SocketIo, channel};
    ///
    /// let builder =
    ///     SocketIo::builder().route(channel("^match-")).route(channel("^chat-").allow_publish());
    /// ```
    pub fn route(self, route: Route) -> Self {
        self.main(|main| main.route(route))
    }

    /// Lets only the first of several routes count that match a channel of the main namespace, in
    /// the order of registration. Otherwise the handlers of all of them run, and their options are
    /// merged.
    ///
    /// ```
    /// use actix_socketio::{SocketIo, channel};
    ///
    /// let builder = SocketIo::builder()
    ///     .first_route_only()
    ///     .route(channel("^official-")) // no publications of clients here
    ///     .route(channel("").allow_publish());
    /// ```
    pub fn first_route_only(self) -> Self {
        self.main(NamespaceBuilder::first_route_only)
    }

    /// Registers an actor for all events that its [`SocketHandler`] lists.
    ///
    /// ```
    /// use actix::prelude::*;
    /// use actix_socketio::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct Population(usize);
    ///
    /// impl Actor for Population {
    ///     type Context = Context<Self>;
    /// }
    ///
    /// impl SocketHandler for Population {
    ///     type Events = (OnConnect, OnFinish);
    /// }
    ///
    /// impl Handler<OnConnect> for Population {
    ///     type Result = HandlerResult;
    ///
    ///     fn handle(&mut self, _: OnConnect, _: &mut Self::Context) -> HandlerResult {
    ///         self.0 += 1;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// impl Handler<OnFinish> for Population {
    ///     type Result = HandlerResult;
    ///
    ///     fn handle(&mut self, _: OnFinish, _: &mut Self::Context) -> HandlerResult {
    ///         self.0 -= 1;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # actix::System::new().block_on(async {
    /// let builder = SocketIo::builder().to(&Population::default().start());
    /// # });
    /// ```
    pub fn to<A: SocketHandler>(self, addr: &Addr<A>) -> Self {
        self.main(|main| main.to(addr))
    }

    /// Gives the handlers a value of the application, at most one of each type. A handler gets it
    /// as a parameter [`Data<T>`](crate::Data), and other code by [`SocketIo::data`].
    ///
    /// A value that is shared already may be given as an `Arc<T>` or as actix-web's `web::Data<T>`.
    /// It is a `Data<T>` for handlers, too.
    ///
    /// ```
    /// use std::sync::Mutex;
    ///
    /// use actix_socketio::{Data, SocketIo};
    ///
    /// #[derive(Default)]
    /// struct Log(Mutex<Vec<String>>);
    ///
    /// let builder = SocketIo::builder().data(Log::default()).on(
    ///     "say",
    ///     async |log: Data<Log>, text: String| {
    ///         let mut log = log.0.lock().unwrap();
    ///         log.push(text);
    ///         Ok(log.len())
    ///     },
    /// );
    /// ```
    ///
    /// [`SocketIo::data`]: crate::SocketIo::data
    pub fn data<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.data.insert(value);
        self
    }

    /// Makes the server one of a cluster: Socket.IO's `adapter` option.
    ///
    /// `wrap` runs once, when the server is built. It gets the local adapter, which acts on the
    /// sockets of this server, and returns the one to use. That adapter passes calls
    /// on to the local one and to other servers. It hands calls that it receives from them to the
    /// local one.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    ///
    /// // An adapter for a cluster of one.
    /// let builder = SocketIo::builder().adapter(|local| local);
    /// ```
    pub fn adapter<F>(mut self, wrap: F) -> Self
    where
        F: FnOnce(Arc<dyn Adapter>) -> Arc<dyn Adapter> + Send + 'static,
    {
        self.cluster_order = ClusterOrder::PerServer;
        self.adapter = Some(Box::new(|local| Ok(wrap(local))));
        self
    }

    /// Makes the server one of a cluster, so that its broadcasts, channels and acknowledgements
    /// reach the clients of all servers. `actix-socketio-redis` has clusters over Redis, with
    /// Node's Socket.IO servers in them.
    ///
    /// ```no_run
    /// use actix_socketio::{SocketIo, adapter::JoinCluster};
    ///
    /// # fn example(cluster: impl JoinCluster) {
    /// // `Cluster::redis("redis://127.0.0.1")?`, for example.
    /// let builder = SocketIo::builder().cluster(cluster);
    /// # }
    /// ```
    ///
    /// It takes the place of [`Builder::adapter`], which is the same for adapters of your own.
    pub fn cluster(mut self, cluster: impl JoinCluster) -> Self {
        self.cluster_order = cluster.order();
        let cluster = Box::new(cluster);
        self.adapter = Some(Box::new(|local| cluster.join(local)));
        self
    }

    /// The address by which the other servers of the [`cluster`](Self::cluster) reach this one, such
    /// as `http://10.0.0.3:8081`. Then clients that poll need no sticky sessions: a server that
    /// gets the request of another server's session passes it on to this address.
    ///
    /// It is an `http://` URL with a host and a port, and leads to this server alone, and not to a
    /// load balancer. Give each server of the cluster its own. Without it, the server does not know
    /// others, and is not known to them.
    ///
    /// ```no_run
    /// use actix_socketio::{SocketIo, adapter::JoinCluster};
    ///
    /// # fn example(cluster: impl JoinCluster) {
    /// let builder =
    ///     SocketIo::builder().cluster(cluster).node_address("http://10.0.0.3:8081");
    /// # }
    /// ```
    ///
    /// [`build`](Self::build) fails if it is not an address, or if there is no cluster that can do
    /// it. [`max_forwarded`](Self::max_forwarded) and [`forward_timeout`](Self::forward_timeout)
    /// bound the requests that are passed on.
    pub fn node_address(mut self, address: impl Into<String>) -> Self {
        self.node_address = Some(address.into());
        self
    }

    /// Keeps the histories of channels, their positions and the server's epoch in a store, so that
    /// clients can come back after a restart of the server.
    ///
    /// `actix-socketio-disk` has one that writes to a file. [`build`](Self::build) reads it, and
    /// [`SocketIo::shutdown`](crate::SocketIo::shutdown) ends its use clean. After a crash, clients
    /// get the publications that were stored, and are told that some may be missing, with the
    /// reason `crash`. With [`recovery`](Self::recovery), a clean stop also keeps the sockets of
    /// clients, which come back to the next server. Without a
    /// [`history`](crate::Route::history) and recovery, a store has nothing to keep.
    ///
    /// ```no_run
    /// use actix_socketio::{History, SocketIo, channel, store::HistoryStore};
    ///
    /// # fn example(store: impl HistoryStore) {
    /// // `DiskStore::open("history.redb")?`, for example.
    /// let builder = SocketIo::builder()
    ///     .store(store)
    ///     .route(channel("^match-").history(History::last(100)));
    /// # }
    /// ```
    pub fn store(mut self, store: impl HistoryStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    fn main(mut self, change: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder) -> Self {
        self.main = change(self.main);
        self
    }
}

registrations! {
    namespace Builder, |builder| builder.main.handlers,
    "SocketIo", "let builder = SocketIo::builder()", ""
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            config: Config::default(),
            main: NamespaceBuilder::default(),
            namespaces: Vec::new(),
            dynamic: Vec::new(),
            endpoint: EndpointSettings::default(),
            codec: PacketCodec::default(),
            adapter: None,
            cluster_order: ClusterOrder::PerServer,
            data: DataMap::default(),
            client_files: None,
            store: None,
            recovery: None,
            node_address: None,
            #[cfg(feature = "admin")]
            mistake: None,
            #[cfg(feature = "admin")]
            after_build: Vec::new(),
            #[cfg(feature = "jwt")]
            tokens: None,
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .field("main", &self.main)
            .finish_non_exhaustive()
    }
}
