use std::{collections::HashMap, fmt, iter, sync::Arc};

use actix::Addr;
use actix_web::{Error, HttpRequest, http::header::HeaderMap};

use super::{
    BuildError, NamespaceBuilder, SocketIo,
    io::ServerInner,
    server_events::{ServerEventDispatcher, ServerEventTable},
};
use crate::{
    config::Config,
    connection::Connection,
    engine::EngineState,
    http::{ConnectionError, Endpoint, EndpointSettings},
    model::{Extensions, Handshake, Namespace, Quota},
    protocol::PacketCodec,
    registry::{Adapter, ChangeSender, Sequencer},
    routing::{Route, Router, SocketHandler, anchored, registrations},
    socket::LocalAdapter,
    state::{
        NamespaceFactory, NamespaceFamily, NamespaceMatcher, NamespacePredicate, Namespaces,
        ServerState, SocketTable,
    },
    stats::Counters,
};

/// Makes the adapter to use out of the local one.
type AdapterFactory = Box<dyn FnOnce(Arc<dyn Adapter>) -> Arc<dyn Adapter> + Send>;

/// Chooses the names that belong to a family of namespaces.
enum Names {
    Matching(String),
    If(NamespacePredicate),
}

/// Collects handlers, routes and settings, and builds a server from them.
///
/// [`SocketIo::builder`] makes one. Handlers that you register here receive the events of every
/// client in the main namespace, `/`. Handlers of a [`Route`] receive the events of its channels.
/// [`Builder::namespace`] adds another namespace, with handlers and routes of its own.
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
    main: NamespaceBuilder,
    namespaces: Vec<(Namespace, NamespaceBuilder)>,
    dynamic: Vec<(Names, NamespaceBuilder)>,
    pub(super) endpoint: EndpointSettings,
    pub(super) codec: PacketCodec,
    adapter: Option<AdapterFactory>,
}

/// # Handlers
impl Builder {
    /// Decides whether a request may open a connection: Socket.IO's `allowRequest`.
    ///
    /// The function runs on the thread of the worker that has the request, so it can read sessions
    /// and identities of actix-web. Put the values that handlers need later into the
    /// [`Extensions`]. An `Err` refuses the request with HTTP 403, or 400 for a WebSocket, and
    /// Engine.IO's code 4. The client reads the text of the error if it is a 4xx error.
    ///
    /// The server checks the parameters of the request first, except for the version of the
    /// protocol.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    /// use actix_web::error::ErrorUnauthorized;
    ///
    /// struct Token(String);
    ///
    /// let builder = SocketIo::builder().on_handshake(|request, extensions| {
    ///     let header = request.headers().get("authorization");
    ///     let token = header.and_then(|value| value.to_str().ok());
    ///     let token = token.ok_or_else(|| ErrorUnauthorized("log in first"))?;
    ///     extensions.insert(Token(token.to_owned()));
    ///     Ok(())
    /// });
    /// ```
    pub fn on_handshake<F>(mut self, check: F) -> Self
    where
        F: Fn(&HttpRequest, &Extensions) -> Result<(), Error> + Send + Sync + 'static,
    {
        self.endpoint.on_handshake.push(Arc::new(check));
        self
    }

    /// Changes the headers of the response to a handshake: Socket.IO's
    /// `io.engine.on("initial_headers", …)`.
    ///
    /// The handshake is a poll, or a WebSocket's (HTTP 101). The function runs on the worker's
    /// thread, and must not block. It runs after the server has set its own headers, except for
    /// those of [`Cors`](crate::Cors). Leave the headers alone that the protocols need:
    /// `content-encoding`, `upgrade`, `sec-websocket-accept`. If the function panics, the response
    /// is sent with the changes made so far. It does not run for requests that are refused:
    /// [`Builder::on_connection_error`] is for these.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    /// use actix_web::http::header::{HeaderValue, SET_COOKIE};
    ///
    /// let builder = SocketIo::builder().on_initial_headers(|headers, _request| {
    ///     headers.append(SET_COOKIE, HeaderValue::from_static("test=123"));
    /// });
    /// ```
    pub fn on_initial_headers<F>(mut self, change: F) -> Self
    where
        F: Fn(&mut HeaderMap, &HttpRequest) + Send + Sync + 'static,
    {
        self.endpoint.hooks.initial_headers.push(Arc::new(change));
        self
    }

    /// Changes the headers of each response to a session: Socket.IO's `io.engine.on("headers", …)`.
    ///
    /// These are the responses to the handshake, to each poll and POST, and to the WebSocket that
    /// the session upgrades to. The rules are those of [`Builder::on_initial_headers`], which runs
    /// before.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    /// use actix_web::http::header::{HeaderValue, SERVER};
    ///
    /// let builder = SocketIo::builder().on_headers(|headers, _request| {
    ///     headers.insert(SERVER, HeaderValue::from_static("scores"));
    /// });
    /// ```
    ///
    /// To change more than headers, use a middleware of actix-web. It wraps the app, or a scope
    /// that has only this endpoint:
    /// `App::new().service(web::scope("/live").wrap(middleware).configure(io.mount()))`. It sees
    /// WebSocket handshakes, too.
    pub fn on_headers<F>(mut self, change: F) -> Self
    where
        F: Fn(&mut HeaderMap, &HttpRequest) + Send + Sync + 'static,
    {
        self.endpoint.hooks.headers.push(Arc::new(change));
        self
    }

    /// Observes each request that is refused before it becomes a connection: Socket.IO's
    /// `io.engine.on("connection_error", …)`.
    ///
    /// The function runs on the worker's thread, and must not block. A panic in it is logged, and
    /// has no other effect.
    ///
    /// Every peer can cause these errors, at any rate: count them rather than keep them.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    ///
    /// let builder = SocketIo::builder().on_connection_error(|error| {
    ///     // 10.0.0.1:4711: Transport unknown (code 0): transport "carrier pigeon"
    ///     log::warn!("{error}");
    ///     if error.code() == 1 {
    ///         // metrics.lost_sessions.inc();
    ///     }
    /// });
    /// ```
    pub fn on_connection_error<F>(mut self, observe: F) -> Self
    where
        F: Fn(&ConnectionError<'_>) + Send + Sync + 'static,
    {
        self.endpoint.hooks.connection_error.push(Arc::new(observe));
        self
    }

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
    pub fn namespaces_if(
        mut self,
        matches: impl Fn(&Namespace, &Handshake) -> bool + Send + Sync + 'static,
        build: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder,
    ) -> Self {
        self.dynamic.push((Names::If(Box::new(matches)), build(NamespaceBuilder::default())));
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
        self.adapter = Some(Box::new(wrap));
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
        }
    }

    /// Builds the server, and returns its handle.
    ///
    /// The first `ChannelRegistry` actor starts on the arbiter of this thread. Nothing starts if an
    /// error is returned.
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
    /// [`BuildError`]: a pattern is not a valid regular expression, a namespace was added twice, or
    /// no server can work with the value of a setting.
    ///
    /// # Panics
    /// Outside of an actix `System`. `#[actix_web::main]` and `#[actix::main]` make one.
    /// `#[tokio::main]` does not.
    pub fn build(self) -> Result<SocketIo, BuildError> {
        let Self { config, main, namespaces, dynamic, endpoint, codec, adapter } = self;
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
        if let Some(cookie) = &endpoint.cookie
            && let Err(expected) = cookie.check()
        {
            let (value, expected) = (format!("{cookie:?}"), expected.to_owned());
            return Err(BuildError::Setting { setting: "cookie", value, expected });
        }
        let codec =
            codec.deflate_from(config.per_message_deflate.then_some(config.deflate_threshold));
        let config = Arc::new(config);
        let mut server_events = ServerEventTable::default();
        let named = compile_named(main, namespaces, &config, &mut server_events)?;
        let dynamic = compile_dynamic(dynamic, &config, &mut server_events)?;
        // Start nothing before all settings are known to be valid.
        let (changes, counters) =
            (ChangeSender::new(config.max_changes), Arc::<Counters>::default());
        let sequencer = Sequencer::start(
            changes.clone(),
            Arc::clone(&counters),
            config.max_publications,
            config.max_outbox,
        );
        let engine = EngineState::new(Arc::clone(&config), Arc::clone(&counters));
        let sockets = Arc::<SocketTable>::default();
        let lookup = Arc::clone(&sockets) as _;
        let server_events = Arc::new(ServerEventDispatcher::start(
            server_events,
            config.max_server_events,
            Arc::clone(&counters),
        ));
        let local = LocalAdapter::new(sequencer, codec.clone(), lookup, server_events);
        let used: Arc<dyn Adapter> = Arc::clone(&local) as _;
        let used = match adapter {
            Some(wrap) => wrap(used),
            None => used,
        };
        let factory = NamespaceFactory::new(config, counters, used, local);
        let namespaces = Namespaces::new(factory, named, dynamic);
        let state =
            Arc::new(ServerState { engine: Arc::clone(&engine), namespaces, sockets, codec });
        let shared = Arc::clone(&state);
        let open = Box::new(move |request| Connection::open(&shared, request));
        let endpoint = Arc::new(Endpoint { engine, open, settings: endpoint });
        Ok(SocketIo::new(ServerInner { state, endpoint, changes }))
    }
}

/// A namespace in compiled form: its handlers, and the settings that hold in it.
type Compiled = (Arc<Router>, Arc<Config>);

fn compile_named(
    main: NamespaceBuilder,
    namespaces: Vec<(Namespace, NamespaceBuilder)>,
    config: &Arc<Config>,
    server_events: &mut ServerEventTable,
) -> Result<HashMap<Namespace, Compiled>, BuildError> {
    let mut named = HashMap::new();
    for (name, namespace) in iter::once((Namespace::default(), main)).chain(namespaces) {
        server_events.add(name.clone(), namespace.server_event_handlers(config));
        if named.insert(name.clone(), namespace.compile(config)?).is_some() {
            return Err(BuildError::NamespaceTwice(name));
        }
    }
    Ok(named)
}

fn compile_dynamic(
    namespaces: Vec<(Names, NamespaceBuilder)>,
    config: &Arc<Config>,
    server_events: &mut ServerEventTable,
) -> Result<Vec<NamespaceFamily>, BuildError> {
    let mut dynamic = Vec::new();
    for (names, namespace) in namespaces {
        let (matcher, label) = match names {
            Names::Matching(pattern) => {
                let regex = anchored(&pattern).map_err(BuildError::Pattern)?;
                let handlers = namespace.server_event_handlers(config);
                server_events.add_dynamic(regex.clone(), handlers);
                (NamespaceMatcher::Pattern(regex), pattern)
            }
            Names::If(function) => (NamespaceMatcher::Function(function), "function".to_owned()),
        };
        let (router, config) = namespace.compile(config)?;
        let quota = Quota::default();
        dynamic.push(NamespaceFamily { label, matcher, router, config, quota });
    }
    Ok(dynamic)
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .field("main", &self.main)
            .finish_non_exhaustive()
    }
}
