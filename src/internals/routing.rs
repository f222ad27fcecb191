use std::sync::Arc;

use actix::{Actor, Context, Handler};
use actix_web::test::TestRequest;
use bytestring::ByteString;

use crate::{
    Channel, HandlerResult, IntoHandler, OnMessage, OnSubscribe, PatternError, Route,
    config::Config,
    model::{Handshake, HttpRequestParts, Namespace, SocketId, Transport},
    outbox::{Outbox, SocketSender},
    protocol::{Args, PacketCodec, connect},
    registry::{AdapterFuture, ChangeSender, Sequencer, ServerEvent},
    routing::{Handlers, Router, Scope},
    socket::{
        ConnectionCommand, LocalAdapter, NamespaceState, ServerEventHandler, Socket, SocketLookup,
        SocketParts,
    },
    stats::Counters,
};

/// The handlers of the main namespace, and a socket whose events they handle, without a connection
/// behind it.
#[derive(Debug)]
pub struct Routing {
    router: Router,
    socket: Socket,
}

impl Routing {
    /// With a handler that hears every message, and routes. An actix system has to run.
    ///
    /// # Errors
    /// If a route's pattern is none.
    pub fn new<Via>(
        on_message: impl IntoHandler<OnMessage, Via>,
        routes: Vec<Route>,
    ) -> Result<Self, PatternError> {
        let mut everywhere = Handlers::default();
        everywhere.add(on_message.into_handler());
        let router = Router::new(everywhere, routes, Config::default().handler_timeout)?;
        Ok(Self { router, socket: socket() })
    }

    /// Whether a route is there for the channel.
    pub fn declares(&self, channel: &Channel) -> bool {
        self.router.declares(channel)
    }

    /// Whether a route of the channel lets clients publish.
    pub fn allows_publish(&self, channel: &Channel) -> bool {
        self.router.allows_publish(channel)
    }

    /// The socket is in the channel from now on.
    pub fn join(&self, channel: &Channel) {
        // Refused only beyond the number of channels that a socket may have, which benches stay
        // below.
        let _ = self.socket.subscribe(channel);
    }

    /// Asks the channel's handlers whether the socket may subscribe.
    ///
    /// # Errors
    /// What a handler says.
    pub async fn ask_to_subscribe(&self, channel: &Channel) -> HandlerResult {
        let event = OnSubscribe { socket: self.socket.clone(), channel: channel.clone() };
        self.router.ask(Scope::Channel(channel), event).await
    }

    /// Tells who handles messages of the socket.
    pub async fn tell_message(&self, name: ByteString, args: Args) {
        let event = OnMessage::new(self.socket.clone(), None, name, args, None);
        self.router.tell(Scope::Socket(&self.socket), &self.socket, event).await;
    }
}

fn socket() -> Socket {
    let (config, counters) = (Arc::new(Config::default()), Arc::<Counters>::default());
    let registry =
        Sequencer::start(ChangeSender::new(1), Arc::clone(&counters), config.max_publications);
    let outbox = Outbox::new(Transport::WebSocket, config.max_outbox, |_| {});
    let sender = SocketSender::new(outbox, 0);
    sender.open(connect("/", ""));
    let request = HttpRequestParts::new(&TestRequest::default().to_http_request(), 0);
    let namespace = Namespace::default();
    let null = Arc::new(NullConnection);
    let adapter = LocalAdapter::new(registry, PacketCodec::default(), Arc::clone(&null) as _, null);
    Socket::attach(SocketParts {
        namespace: NamespaceState::new(
            namespace,
            Arc::clone(&config),
            counters,
            Arc::clone(&adapter) as _,
            adapter,
        ),
        config,
        handshake: Handshake::new(Arc::new(request), None),
        extensions: Arc::default(),
        sender,
        commands: Arc::new(NullConnection.start()),
        subscriptions: None,
    })
}

/// In the place of a connection.
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
