use std::{collections::HashMap, error, fmt, io, sync::Arc, time::Duration};

use actix::{Actor, Addr};
use actix_web::{Error, HttpRequest, http::header::HeaderMap};

use super::{ConnectionError, Cookie, Cors, NamespaceBuilder, SocketIo, hooks::Hooks, io::Inner};
use crate::{
    config::Config,
    connection::{Admits, Family, Namespaces, Predicate, Sessions, Shared, SpaceMaker},
    event::{OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, OnPacket, OnSubscribe, OnUnsubscribe, OnUpgrade},
    model::{Extensions, Handshake, Namespace},
    outbox::Transport,
    protocol::{Encoding, Parser, is_reserved},
    registry::{ChannelRegistry, RegistryHandle},
    routing::{IntoHandler, PatternError, Route, SocketHandler, anchored},
};

/// A check of the request that opens a connection.
pub(super) type HandshakeCheck = Arc<dyn Fn(&HttpRequest, &Extensions) -> Result<(), Error> + Send + Sync>;

/// Which names belong to a family of namespaces.
enum Names {
    Matching(String),
    If(Predicate),
}

/// A server in the making: handlers, routes, settings. Made by [`SocketIo::builder`].
///
/// Handlers registered here hear the events of every client in the main namespace, `/`; those of a [`Route`] hear what
/// concerns its channels; [`Builder::namespace`] has the same for another namespace. Handlers are asked one after the
/// other: the builder's first, then the routes', each in the order of registration.
#[must_use = "call `build`"]
pub struct Builder {
    config: Config,
    main: NamespaceBuilder,
    namespaces: Vec<(Namespace, NamespaceBuilder)>,
    families: Vec<(Names, NamespaceBuilder)>,
    on_handshake: Vec<HandshakeCheck>,
    cors: Option<Cors>,
    cookie: Option<Cookie>,
    hooks: Hooks,
    encoding: Encoding,
}

/// A setting with the name of a field of [`Config`], which describes it.
macro_rules! settings {
    ($($name:ident: $type:ty,)*) => {$(
        #[doc = concat!("Sets [`Config::", stringify!($name), "`].")]
        pub fn $name(mut self, $name: $type) -> Self {
            self.config.$name = $name;
            self
        }
    )*};
}

/// # Settings
impl Builder {
    settings! {
        allow_upgrades: bool,
        allow_eio3: bool,
        serve_client: bool,
        http_compression: bool,
        compression_threshold: usize,
        per_message_deflate: bool,
        deflate_threshold: usize,
        ping_interval: Duration,
        ping_timeout: Duration,
        connect_timeout: Duration,
        upgrade_timeout: Duration,
        body_timeout: Duration,
        close_timeout: Duration,
        handler_timeout: Duration,
        ack_timeout: Duration,
        shutdown_timeout: Duration,
        tcp_timeout: Duration,
        max_payload: usize,
        max_poll_packets: usize,
        max_outbox: usize,
        max_inbox: usize,
        max_publications: usize,
        max_channels: usize,
        max_channel_length: usize,
        max_namespaces: usize,
        max_pending_acks: usize,
        max_attachments: usize,
        max_json_depth: usize,
    }

    /// Sets [`Config::path`].
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.config.path = path.into();
        self
    }

    /// Sets [`Config::transports`].
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.config.transports = transports.into_iter().collect();
        self
    }

    /// Sets [`Config::subscribe_event`].
    pub fn subscribe_event(mut self, event: impl Into<String>) -> Self {
        self.config.subscribe_event = event.into();
        self
    }

    /// Sets [`Config::unsubscribe_event`].
    pub fn unsubscribe_event(mut self, event: impl Into<String>) -> Self {
        self.config.unsubscribe_event = event.into();
        self
    }

    /// Sets [`Config::publish_event`].
    pub fn publish_event(mut self, event: impl Into<String>) -> Self {
        self.config.publish_event = event.into();
        self
    }

    /// Sets [`Config::open_channels`]: any client may subscribe to a channel of any name, unless a handler objects. That
    /// was django-socketio's rule; without it, routes say which channels there are.
    pub fn open_channels(mut self) -> Self {
        self.config.open_channels = true;
        self
    }

    /// Writes and reads packets in another way; clients must do so, too. Default: JSON with attachments, as Socket.IO's.
    pub fn parser(mut self, parser: impl Parser) -> Self {
        self.encoding = Encoding::new(parser);
        self
    }

    /// Lets pages of other origins poll.
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = Some(cors);
        self
    }

    /// Has the answer to a handshake by polling set a cookie with the session's id, for a load balancer which goes by it.
    /// Read at [`Cookie`] what comes with that. Default: no cookie.
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.cookie = Some(cookie);
        self
    }
}

/// # Handlers
impl Builder {
    /// Checks the request which opens a connection, on its worker's thread, where sessions and identities are at hand:
    /// Socket.IO's `allowRequest`. What handlers will want of them goes into the [`Extensions`]. An `Err` is answered with
    /// HTTP 403 (a WebSocket with 400) and Engine.IO's code 4; its text is for the client if it is a 4xx error.
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
        self.on_handshake.push(Arc::new(check));
        self
    }

    /// Changes the headers of the response to a handshake, by polling or a WebSocket's (101): Socket.IO's
    /// `io.engine.on("initial_headers", …)`.
    ///
    /// It runs on the worker's thread, must not block, and has the last word, [`Cors`] apart: what makes the response a
    /// response (`content-encoding`, `upgrade`, `sec-websocket-accept`) is better left alone. If it panics, the response
    /// is sent with what was done so far. Refusals are the business of [`Builder::on_connection_error`].
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
        self.hooks.initial_headers.push(Arc::new(change));
        self
    }

    /// Changes the headers of each response to a session: its handshake (after [`Builder::on_initial_headers`], which has
    /// the rules), each poll and POST, and the WebSocket it upgrades to. Socket.IO's `io.engine.on("headers", …)`.
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
    /// What needs more than headers is an actix-web middleware, around the app or around a scope that has this endpoint,
    /// and no other: `App::new().service(web::scope("/live").wrap(middleware).configure(io.mount()))`. It sees
    /// WebSocket handshakes, too.
    pub fn on_headers<F>(mut self, change: F) -> Self
    where
        F: Fn(&mut HeaderMap, &HttpRequest) + Send + Sync + 'static,
    {
        self.hooks.headers.push(Arc::new(change));
        self
    }

    /// Hears of each request that is refused before there is a connection: Socket.IO's
    /// `io.engine.on("connection_error", …)`. It runs on the worker's thread, and must not block. A panic in it is
    /// logged, and changes nothing.
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
        self.hooks.connection_error.push(Arc::new(hear));
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
    pub fn namespace(mut self, name: &str, build: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder) -> Self {
        self.namespaces.push((Namespace::new(name), build(NamespaceBuilder::default())));
        self
    }

    /// Adds a family of namespaces: all whose names match a pattern, from the start. Each is a namespace of its own, which
    /// comes into being with its first client and goes with its last.
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
        self.families.push((Names::Matching(pattern.into()), build(NamespaceBuilder::default())));
        self
    }

    /// Adds a family of namespaces: all for which `admits` says so, seeing how the client comes. It must not block; what
    /// takes time to decide is decided by an [`OnConnect`] handler, which can say why not.
    pub fn namespaces_if(
        mut self,
        admits: impl Fn(&Namespace, &Handshake) -> bool + Send + Sync + 'static,
        build: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder,
    ) -> Self {
        self.families.push((Names::If(Box::new(admits)), build(NamespaceBuilder::default())));
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

    /// Decides who may come in.
    pub fn on_connect<Via>(self, handler: impl IntoHandler<OnConnect, Via>) -> Self {
        self.main(|main| main.on_connect(handler))
    }

    /// Handles what clients send.
    pub fn on_message<Via>(self, handler: impl IntoHandler<OnMessage, Via>) -> Self {
        self.main(|main| main.on_message(handler))
    }

    /// Decides who may subscribe, to any channel.
    pub fn on_subscribe<Via>(self, handler: impl IntoHandler<OnSubscribe, Via>) -> Self {
        self.main(|main| main.on_subscribe(handler))
    }

    /// Hears who has left any channel.
    pub fn on_unsubscribe<Via>(self, handler: impl IntoHandler<OnUnsubscribe, Via>) -> Self {
        self.main(|main| main.on_unsubscribe(handler))
    }

    /// Hears of every handler that failed.
    pub fn on_error<Via>(self, handler: impl IntoHandler<OnError, Via>) -> Self {
        self.main(|main| main.on_error(handler))
    }

    /// Hears that a client has gone, and why.
    pub fn on_disconnect<Via>(self, handler: impl IntoHandler<OnDisconnect, Via>) -> Self {
        self.main(|main| main.on_disconnect(handler))
    }

    /// Hears the last of each client.
    pub fn on_finish<Via>(self, handler: impl IntoHandler<OnFinish, Via>) -> Self {
        self.main(|main| main.on_finish(handler))
    }

    /// Looks at every event before anything is done with it, and may drop it: Socket.IO's `socket.use`.
    pub fn on_packet<Via>(self, handler: impl IntoHandler<OnPacket, Via>) -> Self {
        self.main(|main| main.on_packet(handler))
    }

    /// Hears that a client has moved from polling to a WebSocket.
    pub fn on_upgrade<Via>(self, handler: impl IntoHandler<OnUpgrade, Via>) -> Self {
        self.main(|main| main.on_upgrade(handler))
    }

    fn main(mut self, change: impl FnOnce(NamespaceBuilder) -> NamespaceBuilder) -> Self {
        self.main = change(self.main);
        self
    }
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            config: Config::default(),
            main: NamespaceBuilder::default(),
            namespaces: Vec::new(),
            families: Vec::new(),
            on_handshake: Vec::new(),
            cors: None,
            cookie: None,
            hooks: Hooks::default(),
            encoding: Encoding::default(),
        }
    }

    /// Starts the server's registry on this thread's arbiter, and gives the handle.
    ///
    /// # Errors
    /// [`BuildError`]: a pattern is no regular expression, a namespace is there twice, or a setting makes no sense.
    ///
    /// # Panics
    /// Outside of an actix `System`. `#[actix_web::main]` and `#[actix::main]` make one; `#[tokio::main]` does not.
    pub fn build(self) -> Result<SocketIo, BuildError> {
        let Self { config, main, namespaces, families, on_handshake, cors, cookie, hooks, encoding } = self;
        check(&config)?;
        if let Some(why) = cookie.as_ref().and_then(|cookie| cookie.check().err()) {
            return Err(BuildError::Setting { setting: "cookie", why });
        }
        let encoding = encoding.deflate_from(config.per_message_deflate.then_some(config.deflate_threshold));
        let config = Arc::new(config);
        let compile = |namespace: NamespaceBuilder| {
            namespace.compile(config.handler_timeout).map(Arc::new).map_err(BuildError::Pattern)
        };
        let mut named = HashMap::new();
        for (name, namespace) in std::iter::once((Namespace::default(), main)).chain(namespaces) {
            if named.insert(name.clone(), compile(namespace)?).is_some() {
                return Err(BuildError::NamespaceTwice(name));
            }
        }
        let mut kin = Vec::new();
        for (admits, namespace) in families {
            let admits = match admits {
                Names::Matching(pattern) => Admits::Pattern(anchored(&pattern).map_err(BuildError::Pattern)?),
                Names::If(function) => Admits::Function(function),
            };
            kin.push(Family { admits, router: compile(namespace)? });
        }
        // Nothing is started before everything is known to be right.
        let registry = RegistryHandle::new(ChannelRegistry::default().start(), config.max_publications);
        let sessions = Arc::<Sessions>::default();
        let directory = Arc::clone(&sessions) as _;
        let makes = SpaceMaker::new(Arc::clone(&config), registry.clone(), encoding.clone(), directory);
        let served = Namespaces::new(makes, named, kin);
        let shared = Arc::new(Shared { config, namespaces: served, encoding, sessions });
        Ok(SocketIo::new(Inner { shared, registry, on_handshake, cors, cookie, hooks }))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("config", &self.config).field("main", &self.main).finish_non_exhaustive()
    }
}

/// What no server can work with.
fn check(config: &Config) -> Result<(), BuildError> {
    let no = |setting, why| Err(BuildError::Setting { setting, why });
    if !config.path.starts_with('/') {
        return no("path", "it starts with a slash");
    }
    if config.path.contains(['{', '}', '?', '#']) {
        return no("path", "it is a plain path, without patterns, query or fragment");
    }
    if config.transports.is_empty() {
        return no("transports", "there must be at least one");
    }
    let times = [
        ("ping_interval", config.ping_interval),
        ("ping_timeout", config.ping_timeout),
        ("connect_timeout", config.connect_timeout),
        ("upgrade_timeout", config.upgrade_timeout),
        ("body_timeout", config.body_timeout),
        ("handler_timeout", config.handler_timeout),
        ("ack_timeout", config.ack_timeout),
    ];
    if let Some((setting, _)) = times.iter().find(|(_, time)| time.is_zero()) {
        return no(setting, "it must be longer than nothing");
    }
    // Who waits for nobody at the end, may.
    let last = [("close_timeout", config.close_timeout), ("shutdown_timeout", config.shutdown_timeout)];
    for (setting, time) in times.into_iter().chain(last) {
        if time > Duration::from_secs(86_400 * 365) {
            return no(setting, "it must be shorter than a year");
        }
    }
    for (setting, bound) in [
        ("max_payload", config.max_payload),
        ("max_poll_packets", config.max_poll_packets),
        ("max_outbox", config.max_outbox),
        ("max_inbox", config.max_inbox),
        ("max_publications", config.max_publications),
        ("max_channel_length", config.max_channel_length),
        ("max_namespaces", config.max_namespaces),
        ("max_json_depth", config.max_json_depth),
    ] {
        if bound == 0 {
            return no(setting, "it must be at least 1");
        }
    }
    let events = [
        ("subscribe_event", &config.subscribe_event),
        ("unsubscribe_event", &config.unsubscribe_event),
        ("publish_event", &config.publish_event),
    ];
    for (at, (setting, event)) in events.iter().enumerate() {
        if event.is_empty() || is_reserved(event) {
            return no(setting, "it needs a name which Socket.IO does not keep for itself");
        }
        if events[..at].iter().any(|(_, other)| other == event) {
            return no(setting, "the three events need different names");
        }
    }
    Ok(())
}

/// Why a server can't be built. The application is to blame.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BuildError {
    /// A route's pattern is no regular expression.
    Pattern(PatternError),
    /// A namespace was added twice.
    NamespaceTwice(Namespace),
    /// A setting makes no sense.
    Setting {
        /// Its name in [`Config`].
        setting: &'static str,
        /// What it must be.
        why: &'static str,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(error) => error.fmt(f),
            Self::NamespaceTwice(name) => write!(f, "the namespace {name} was added twice: put its routes together"),
            Self::Setting { setting, why } => write!(f, "the setting {setting} makes no sense: {why}"),
        }
    }
}

impl error::Error for BuildError {}

/// So that `build()?` fits a `main` that returns [`io::Result`], as actix-web's do.
impl From<BuildError> for io::Error {
    fn from(error: BuildError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
