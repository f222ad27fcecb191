use std::sync::Arc;

use actix::{Actor, Context, Handler};
use actix_web::test::TestRequest;
use bytestring::ByteString;

use crate::{
    Channel, HandlerResult, IntoHandler, OnMessage, OnSubscribe, Parameters, PatternError, Route,
    config::Config,
    model::{
        ChannelRoutes, Handshake, HistoryRules, HttpRequestParts, MemoryShare, Namespace, SocketId,
        Transport,
    },
    outbox::{Outbox, SocketSender},
    protocol::{Args, PacketCodec, connect},
    registry::{AdapterFuture, ChangeSender, Sequencer, SequencerLimits, ServerEvent},
    routing::{Handlers, Router, Scope},
    socket::{
        ConnectionCommand, LocalAdapter, NamespaceState, ServerEventHandler, ServerView, Socket,
        SocketLookup, SocketOrigin, SocketParts,
    },
    stats::Counters,
};

/// The handlers of the main namespace, and a socket whose events they handle, without a connection
/// behind it.
#[derive(Debug)]
pub struct Routing {
    router: Arc<Router>,
    socket: Socket,
}

impl Routing {
    /// Makes a router with a handler of every message, and with routes. Call it in an actix system.
    ///
    /// # Errors
    /// [`PatternError`] if the pattern of a route is not valid.
    pub fn new<Via, H>(on_message: H, routes: Vec<Route>) -> Result<Self, PatternError>
    where
        H: IntoHandler<OnMessage, Via, Answer = ()>,
        H::Parameters: Parameters<OnMessage>,
    {
        let mut global = Handlers::default();
        global.register(on_message);
        let router = Router::new(global, routes, false, Config::default().handler_timeout)?;
        let socket = socket(router.channel_routes().clone());
        Ok(Self { router: Arc::new(router), socket })
    }

    /// Whether a route matches the channel.
    pub fn declares(&self, channel: &Channel) -> bool {
        self.router.channel_routes().matches(channel).is_declared()
    }

    /// Whether a route of the channel lets clients publish. The socket has to be in the channel.
    pub fn allows_publish(&self, channel: &Channel) -> bool {
        self.socket.matched_channel(channel).is_some_and(|matched| matched.options.allow_publish)
    }

    /// Subscribes the socket to the channel.
    pub fn join(&self, channel: &Channel) {
        // Refused only beyond `max_channels`, which benches do not exceed.
        let _ = self.socket.subscribe(channel);
    }

    /// Matches the channel, and calls its handlers of a request to subscribe.
    ///
    /// # Errors
    /// The refusal of a handler.
    pub async fn authorize_subscribe(&self, channel: &Channel) -> HandlerResult {
        let event =
            OnSubscribe { socket: self.socket.clone(), channel: channel.clone(), recovered: false };
        let matched = self.router.channel_routes().matches(channel);
        self.router.authorize(Scope::Channel(&matched), event).await
    }

    /// Calls the handlers of a message for the server.
    pub async fn notify_message(&self, name: ByteString, args: Args) {
        let event = OnMessage::new(self.socket.clone(), None, name, args, None);
        self.router.notify_message(&self.socket, event).await;
    }
}

fn socket(channel_routes: Arc<ChannelRoutes>) -> Socket {
    let (config, counters) = (Arc::new(Config::default()), Arc::<Counters>::default());
    let registry = Sequencer::start(
        ChangeSender::new(1),
        Arc::clone(&counters),
        SequencerLimits {
            max_publications: config.max_publications,
            max_outbox: config.max_outbox,
            history: None,
            is_shared: false,
        },
        None,
    );
    let outbox = Outbox::new(Transport::WebSocket, config.max_outbox, |_| {});
    let sender = SocketSender::new(outbox);
    sender.open(connect("/", ""), &[]);
    let request = HttpRequestParts::new(&TestRequest::default().to_http_request(), 0);
    let namespace = Namespace::default();
    let null = Arc::new(NullConnection);
    let server = ServerView {
        changes: ChangeSender::new(1),
        connections: Box::new(|| 1),
        max_ack_bytes: 0,
        max_event_depth: config.max_json_depth,
    };
    let (codec, sockets) = (PacketCodec::default(), Arc::clone(&null) as _);
    let adapter = LocalAdapter::new(registry, codec, sockets, None, null, server);
    Socket::attach(SocketParts {
        server: Arc::new(()),
        namespace: NamespaceState::new(
            namespace,
            Arc::clone(&config),
            counters,
            Arc::default(),
            Arc::clone(&adapter) as _,
            adapter,
            &HistoryRules::default(),
        ),
        config,
        channel_routes,
        members: None,
        handshake: Handshake::new(Arc::new(request), None),
        extensions: Arc::default(),
        sender,
        commands: Arc::new(NullConnection.start()),
        subscriptions: None,
        memory: MemoryShare::default(),
        origin: SocketOrigin::New(None),
        #[cfg(feature = "jwt")]
        identity: None,
        #[cfg(not(feature = "jwt"))]
        identity: crate::socket::Identity,
    })
}

/// Takes the place of a connection.
struct NullConnection;

impl Actor for NullConnection {
    type Context = Context<Self>;
}

impl Handler<ConnectionCommand> for NullConnection {
    type Result = ();

    fn handle(&mut self, _: ConnectionCommand, _: &mut Self::Context) {}
}

impl ServerEventHandler for NullConnection {
    fn handle(&self, _: ServerEvent) -> AdapterFuture<Option<Args>> {
        Box::pin(std::future::ready(None))
    }
}

impl SocketLookup for NullConnection {
    fn socket(&self, _: &SocketId) -> Option<Socket> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HandlerError, OnDisconnect, OnUnsubscribe, channel, event::DisconnectReason};

    const CHANNELS: usize = 64;

    async fn allow(_: OnMessage) -> HandlerResult {
        Ok(())
    }

    /// A socket in many channels, each with two routes.
    fn joined() -> (Routing, Vec<Channel>) {
        let routes = vec![channel("room-").on_message(allow), channel("room").allow_publish()];
        let routing = Routing::new(allow, routes).unwrap();
        let name = |at| Channel::new(&format!("room-{at}"), 100).unwrap();
        let channels: Vec<_> = (0..CHANNELS).map(name).collect();
        channels.iter().for_each(|channel| routing.join(channel));
        (routing, channels)
    }

    #[actix_web::test]
    async fn a_channel_is_matched_once_when_a_socket_joins_it() {
        let (routing, channels) = joined();
        let searches = || routing.router.channel_routes().searches();
        assert_eq!(searches(), CHANNELS);
        channels.iter().for_each(|channel| routing.join(channel));
        assert_eq!(searches(), CHANNELS, "a second subscription needs no match");
    }

    #[actix_web::test]
    async fn no_event_of_a_subscribed_channel_runs_a_pattern() {
        let (routing, channels) = joined();
        let Routing { router, socket } = &routing;
        let before = router.channel_routes().searches();
        let message = |channel| {
            let args = Args::parse(r#"["hello"]"#.into(), 10).unwrap();
            OnMessage::new(socket.clone(), channel, ByteString::from_static("hi"), args, None)
        };
        assert!(router.notify_now(socket, message(None), ()).is_ok());
        router.notify_message(socket, message(None)).await;
        let first = &channels[0];
        let matched = socket.matched_channel(first).unwrap();
        let published = message(Some(first.clone()));
        assert!(matched.options.allow_publish && router.has_route_handler(&matched, &published));
        let scope = Scope::Channel(&matched);
        router.authorize(scope, published).await.unwrap();
        let matched = socket.unsubscribe_and_wait(first).await.unwrap();
        let unsubscribe = OnUnsubscribe { socket: socket.clone(), channel: first.clone() };
        router.notify(Scope::Channel(&matched), socket, unsubscribe).await;
        let reason = DisconnectReason::TransportClose;
        let disconnect = OnDisconnect { socket: socket.clone(), reason, returns: false };
        router.notify(Scope::Socket(socket), socket, disconnect).await;
        router.report(socket, HandlerError::reject("no")).await;
        assert_eq!(socket.listings(), 0, "no event costs time for each channel");
        assert_eq!(socket.matched_channels().len(), CHANNELS - 1);
        assert_eq!(router.channel_routes().searches(), before);
    }
}
