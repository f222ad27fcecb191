use std::{collections::HashMap, fmt, iter, sync::Arc};

use actix::{Addr, Arbiter};
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
        DynamicNamespace, NamespaceFactory, NamespaceMatcher, NamespacePredicate, Namespaces,
        ServerState, SocketTable,
    },
    stats::Counters,
};

/// Makes the adapter to use of the local one.
type AdapterFactory = Box<dyn FnOnce(Arc<dyn Adapter>) -> Arc<dyn Adapter> + Send>;

/// Which names belong to a family of namespaces.
enum Names {
    Matching(String),
    If(NamespacePredicate),
}

/// A server in the making: handlers, routes, settings. Made by [`SocketIo::builder`].
///
/// Handlers registered here hear the events of every client in the main namespace, `/`; those of a
/// [`Route`] hear what concerns its channels; [`Builder::namespace`] has the same for another
/// namespace. Handlers are asked one after the other: the builder's first, then the routes', each
/// in the order of registration.
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
    /// Checks the request which opens a connection, on its worker's thread, where sessions and
    /// identities are at hand: Socket.IO's `allowRequest`. What handlers will want of them goes
    /// into the [`Extensions`]. An `Err` is answered with HTTP 403 (a WebSocket with 400) and
    /// Engine.IO's code 4; its text is for the client if it is a 4xx error.
    ///
    /// Whatever a client says of itself is checked before, but for the version of its protocol.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    /// use actix_web::error::ErrorUnauthorized;
    ///
    /// struct Token(String);
    ///
    /// let builder = SocketIo::builder().on_handshake(|request, extensions| {
    ///     let token = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    ///     extensions.insert(Token(token.ok_or_else(|| ErrorUnauthorized("log in first"))?.to_owned()));
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

    /// Changes the headers of the response to a handshake, by polling or a WebSocket's (101):
    /// Socket.IO's `io.engine.on("initial_headers", …)`.
    ///
    /// It runs on the worker's thread, must not block, and has the last word, but for
    /// [`Cors`](crate::Cors). Leave alone what makes the response a response (`content-encoding`,
    /// `upgrade`, `sec-websocket-accept`). If it panics, the response is sent with what was done so
    /// far. Refusals are the business of [`Builder::on_connection_error`].
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

    /// Changes the headers of each response to a session: its handshake (after
    /// [`Builder::on_initial_headers`], which has the rules), each poll and POST, and the WebSocket
    /// it upgrades to. Socket.IO's `io.engine.on("headers", …)`.
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
    /// What needs more than headers is an actix-web middleware, around the app or around a scope
    /// that has this endpoint, and no other:
    /// `App::new().service(web::scope("/live").wrap(middleware).configure(io.mount()))`. It sees
    /// WebSocket handshakes, too.
    pub fn on_headers<F>(mut self, change: F) -> Self
    where
        F: Fn(&mut HeaderMap, &HttpRequest) + Send + Sync + 'static,
    {
        self.endpoint.hooks.headers.push(Arc::new(change));
        self
    }

    /// Hears of each request that is refused before there is a connection: Socket.IO's
    /// `io.engine.on("connection_error", …)`. It runs on the worker's thread, and must not block. A
    /// panic in it is logged, and changes nothing.
    ///
    /// Anybody can raise these, as often as they like: count them rather than keep them.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    ///
    /// let builder = SocketIo::builder().on_connection_error(|error| {
    ///     log::warn!("{error}"); // 10.0.0.1:4711: Transport unknown (code 0): transport "carrier pigeon"
    ///     if error.code() == 1 {
    ///         // metrics.lost_sessions.inc();
    ///     }
    /// });
    /// ```
    pub fn on_connection_error<F>(mut self, hear: F) -> Self
    where
        F: Fn(&ConnectionError<'_>) + Send + Sync + 'static,
    {
        self.endpoint.hooks.connection_error.push(Arc::new(hear));
        self
    }

    /// Adds a namespace beside the main one. Clients come into it by the URL `https://host/name`.
    ///
    /// ```
    /// use actix_socketio::{HandlerError, OnConnect, SocketIo};
    ///
    /// let builder = SocketIo::builder().namespace("/admin", |admin| {
    ///     admin.on_connect(async |event: OnConnect| match event.socket.handshake().header("x-admin") {
    ///         Some(_) => Ok(()),
    ///         None => Err(HandlerError::reject("admins only")),
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

    /// Adds a family of namespaces: all whose names match a pattern, from the start. Each is a
    /// namespace of its own, which comes into being with its first client and goes with its last.
    ///
    /// ```
    /// use actix_socketio::{SocketIo, channel};
    ///
    /// let builder = SocketIo::builder().namespaces_matching("^/tenant-[0-9]+$", |tenant| tenant.route(channel("news")));
    /// ```
    pub fn namespaces_matching(
        mut self,
        pattern: impl Into<String>,
        build: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder,
    ) -> Self {
        self.dynamic.push((Names::Matching(pattern.into()), build(NamespaceBuilder::default())));
        self
    }

    /// Adds a family of namespaces: all for which `admits` says so, seeing how the client comes. It
    /// must not block; what takes time to decide is decided by an
    /// [`OnConnect`](crate::OnConnect) handler, which can say why not.
    pub fn namespaces_if(
        mut self,
        matches: impl Fn(&Namespace, &Handshake) -> bool + Send + Sync + 'static,
        build: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder,
    ) -> Self {
        self.dynamic.push((Names::If(Box::new(matches)), build(NamespaceBuilder::default())));
        self
    }

    /// Adds a route: channels that exist, and who handles their events.
    pub fn route(self, route: Route) -> Self {
        self.main(|main| main.route(route))
    }

    /// Registers an actor for all events that it lists.
    pub fn to<A: SocketHandler>(self, addr: &Addr<A>) -> Self {
        self.main(|main| main.to(addr))
    }

    /// Makes the server one of a cluster: Socket.IO's `adapter` option.
    ///
    /// `wrap` runs once, when the server is built. It gets the local adapter, which acts on the
    /// sockets of this server, and returns the one to use. That one passes calls on to the local
    /// one and to other servers. What it receives from them, it hands to the local one.
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

    /// Starts the first hub of the server's registry on this thread's arbiter, and gives the
    /// handle.
    ///
    /// # Errors
    /// [`BuildError`]: a pattern is no regular expression, a namespace is there twice, or a setting
    /// makes no sense.
    ///
    /// # Panics
    /// Outside of an actix `System`. `#[actix_web::main]` and `#[actix::main]` make one;
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
        // Nothing is started before every setting is known to be right.
        let (changes, counters) =
            (ChangeSender::new(config.max_changes), Arc::<Counters>::default());
        let sequencer =
            Sequencer::start(changes.clone(), Arc::clone(&counters), config.max_publications);
        let engine = EngineState::new(Arc::clone(&config), Arc::clone(&counters));
        let sockets = Arc::<SocketTable>::default();
        let lookup = Arc::clone(&sockets) as _;
        let server_events = Arc::new(ServerEventDispatcher::new(server_events, Arbiter::current()));
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

/// What a namespace is compiled to: its handlers, and the settings that hold in it.
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
) -> Result<Vec<DynamicNamespace>, BuildError> {
    let mut dynamic = Vec::new();
    for (names, namespace) in namespaces {
        let (matches, label) = match names {
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
        dynamic.push(DynamicNamespace { label, matches, router, config, quota });
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
