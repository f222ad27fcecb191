//! A Socket.IO server and channel broker made of actix actors. An actix-web app embeds it in three
//! lines.
//!
//! ```no_run
//! use actix_socketio::{SocketIo, SocketIoServerExt, channel};
//! use actix_web::{App, HttpServer};
//!
//! #[actix_web::main]
//! async fn main() -> std::io::Result<()> {
//!     let io = SocketIo::builder().route(channel("^match-")).build()?; // 1
//!     let app = io.clone();
//!     HttpServer::new(move || App::new().configure(app.mount())) //       2
//!         .socketio(&io) //                                               3
//!         .bind(("127.0.0.1", 8080))?
//!         .run()
//!         .await
//! }
//! ```
//!
//! [`.socketio(&io)`](SocketIoServerExt::socketio) makes five settings of `HttpServer`. The server
//! notices a poll that is broken off. A WebSocket gets its connection to itself. Small messages
//! leave immediately. When the server stops, it notifies and closes every client, and waits for
//! seconds only.
//!
//! Any official Socket.IO client connects to it (browser, Node, Python, Java, Swift, …), over a
//! WebSocket or HTTP long-polling, and reconnects by itself:
//!
//! ```js
//! const socket = io("http://127.0.0.1:8080");
//! socket.on("message", (score) => console.log(score));
//! socket.emit("subscribe", "match-42", (refusal) => console.log(refusal ?? "subscribed"));
//! ```
//!
//! Any code that has the [`SocketIo`] handle, on any thread, sends to all subscribers of a channel:
//!
//! ```no_run
//! # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
//! io.broadcast_channel("match-42", "1:0")?;
//! # Ok(())
//! # }
//! ```
//!
//! It implements Engine.IO v4 and Socket.IO v5, the protocols of Socket.IO 3 and 4. Its channels,
//! verbs and seven events are those of Python's django-socketio.
//!
//! # Handlers
//!
//! A handler is an async function. Each of its parameters says by its type what it wants: the
//! [`Socket`] of the client, the server ([`SocketIo`]), a value of the application ([`Data`]), or
//! else the client's next argument. The value that it returns is the acknowledgement.
//!
//! ```
//! use std::{collections::HashMap, sync::Mutex};
//!
//! use actix_socketio::prelude::*;
//!
//! #[derive(Default)]
//! struct Scores(Mutex<HashMap<String, String>>); // by match
//!
//! // socket.emit("score", "match-42", (score) => …)
//! async fn score(scores: Data<Scores>, game: String) -> Result<String, HandlerError> {
//!     let scores = scores.0.lock().unwrap();
//!     let score = scores.get(&game).cloned();
//!     score.ok_or_else(|| HandlerError::reject("there is no such match")) // the client reads this
//! }
//!
//! // socket.emit("report", "match-42", "1:0", (refusal) => …)
//! async fn report(
//!     socket: Socket,
//!     scores: Data<Scores>,
//!     game: String,
//!     score: String,
//! ) -> HandlerResult {
//!     if socket.handshake().header("x-referee").is_none() {
//!         return Err(HandlerError::reject("only a referee may"));
//!     }
//!     socket.io().to(&game).emit("score", &Many((&game, &score)))?;
//!     scores.0.lock().unwrap().insert(game, score);
//!     Ok(())
//! }
//!
//! # actix::System::new().block_on(async {
//! let io = SocketIo::builder()
//!     .data(Scores::default())
//!     .on("score", score)
//!     .on("report", report)
//!     .on_disconnect(async |socket: Socket, reason: DisconnectReason| {
//!         log::info!("{} is gone: {reason}", socket.id());
//!         Ok(())
//!     })
//!     .route(channel("^match-"))
//!     .build();
//! # assert!(io.is_ok());
//! # });
//! ```
//!
//! An argument of another type is a refusal, and the client reads `argument 1: expected a string`.
//! [`FromEvent`] lists all parameters, and shows how to write your own. [`Builder::on`] has the
//! rules for answers. An event that no handler takes is for [`Builder::on_unknown`].
//!
//! Seven events make up the life of a client: [`OnConnect`], [`OnMessage`], [`OnSubscribe`],
//! [`OnUnsubscribe`], [`OnError`], [`OnDisconnect`] and [`OnFinish`]. Each has a method of the
//! [`Builder`], whose handlers receive the events of every client. Most have one of a [`Route`],
//! whose handlers receive the events of the channels that match its pattern.
//!
//! A handler may also be an actor, or a [`Recipient`](actix::Recipient). An actor lists its events.
//! Events of clients are types of your own there:
//!
//! ```
//! use std::collections::HashMap;
//!
//! use actix::prelude::*;
//! use actix_socketio::prelude::*;
//!
//! #[derive(serde::Deserialize)]
//! struct Report(Channel, String); // socket.emit("report", "match-42", "1:0", (reports) => …)
//!
//! impl ClientEvent for Report {
//!     const NAME: &'static str = "report";
//!     type Answer = usize;
//! }
//!
//! #[derive(Default)]
//! struct Scores {
//!     matches: HashMap<Channel, String>, // one mailbox, no lock
//! }
//!
//! impl Actor for Scores {
//!     type Context = Context<Self>;
//! }
//!
//! // The events that this actor receives. One without its `Handler` does not compile.
//! impl SocketHandler for Scores {
//!     type Events = (OnSubscribe, Received<Report>);
//! }
//!
//! impl Handler<OnSubscribe> for Scores {
//!     type Result = HandlerResult;
//!
//!     fn handle(&mut self, event: OnSubscribe, _: &mut Self::Context) -> HandlerResult {
//!         let Some(score) = self.matches.get(&event.channel) else {
//!             return Err(HandlerError::reject("there is no such match")); // the client reads this
//!         };
//!         event.socket.subscribe(&event.channel)?; // first, so that the client misses no goal
//!         event.socket.emit("score", score)?; //      then the snapshot
//!         Ok(())
//!     }
//! }
//!
//! impl Handler<Received<Report>> for Scores {
//!     type Result = Result<usize, HandlerError>;
//!
//!     fn handle(&mut self, event: Received<Report>, _: &mut Self::Context) -> Self::Result {
//!         let Received { socket, data: Report(game, score), .. } = event;
//!         socket.io().to(&game).emit("score", &score)?;
//!         self.matches.insert(game, score);
//!         Ok(self.matches.len())
//!     }
//! }
//!
//! # actix::System::new().block_on(async {
//! let scores = Scores::default().start();
//! let io = SocketIo::builder().to(&scores).route(channel("^match-")).build();
//! # assert!(io.is_ok());
//! # });
//! ```
//!
//! Events of one client are handled one at a time, in the order in which they came. The next event
//! starts when the last handler of the event before has answered. A handler that wants to do
//! several things concurrently spawns a task, and returns. A handler that blocks (a database
//! driver, files) goes into a [`SyncArbiter`](actix::SyncArbiter), whose address is a handler, too.
//!
//! A closure's parameters need their types written out, `async |event: OnMessage| …`. A named
//! `async fn` has them anyway.
//!
//! # Channels, and the rights of clients
//!
//! *Routes declare channels.* A client subscribes with the event `subscribe`. It may, if a route
//! matches and no handler of [`OnSubscribe`] objects. If no route matches, the client reads
//! `no such channel`. [`Builder::open_channels`] lets it choose any name, as django-socketio did. A
//! client publishes with the event `publish`, to channels that it is in and whose route has
//! [`Route::allow_publish`], unless a handler of [`OnMessage`] objects. The third event is
//! `unsubscribe`. All three have an error-first acknowledgement, so that every client can use them
//! without a plug-in:
//!
//! ```js
//! socket.emit("publish", "match-42", "cheer", { team: "home" }, (refusal) => …);
//! ```
//!
//! The server itself is trusted: [`Socket::subscribe`] runs no handler that could object.
//!
//! Patterns match from the start of a name, so `room-` does not match `private-room-1`. See
//! [`channel`].
//!
//! # Sending
//!
//! [`Socket`] and [`SocketIo`] have the verbs of django-socketio and of Socket.IO. The table is at
//! [`Socket`](Socket#sending). None of them waits. [`Target::publish`] waits until the message is
//! queued for each receiver, and returns their number.
//!
//! A message for several clients is one publication. It has one place in its channel's order, which
//! is the same for all subscribers, the sender included. A client that is in several of the
//! channels gets one copy.
//!
//! Data is anything that serde serializes. [`Bytes`](bytes::Bytes) in it travel as a binary
//! attachment, and [`OnMessage::json`] reads them as such. Put several arguments into [`Many`].
//!
//! The same choice of clients can be listed with [`Target::fetch_sockets`], and changed with
//! [`Target::sockets_join`] and the methods beside it.
//!
//! # Acknowledgements
//!
//! If a client asks for an acknowledgement, the value of a handler of [`Builder::on`] answers it. A
//! handler of [`OnMessage`] calls [`OnMessage::ack`]. The first call counts, and it may come later,
//! from a task: the handler of a name returns [`Later`] then. If the server wants one, it waits for
//! [`Socket::emit_with_ack`]. A handler may do so for the client whose event it handles, except in
//! [`OnConnect`].
//!
//! [`Target::emit_with_ack`] asks many clients, and reports those that have not answered.
//!
//! # Namespaces
//!
//! A connection may be in several namespaces. In each it is a socket of its own, with its own id,
//! context and channels. The methods of the builder are about the main namespace.
//! [`Builder::namespace`] adds another, and [`Builder::namespaces_matching`] adds a family of them.
//! [`SocketIo::of`] is the handle to one.
//!
//! # Several servers
//!
//! [`Builder::cluster`] makes the server one of a cluster, over Redis with the package
//! `actix-socketio-redis`. Publications, queries and the actions of a [`Target`] reach the clients
//! of all servers. [`guide::cluster`] has all of it, and the module [`adapter`] is for clusters of
//! your own.
//!
//! [`SocketIo::server_side_emit`] sends an event to the other servers, for their
//! [`on_server_event`](Builder::on_server_event) handlers. No client receives it.
//!
//! # Engine.IO by itself
//!
//! [`EngineIo`] is the layer below Socket.IO, for a protocol of your own: messages of text or bytes
//! over a WebSocket, with HTTP long-polling as the fall-back. An [`EngineHandler`] receives them.
//!
//! # HTTP API
//!
//! With the feature `api`, backends in other languages publish by HTTP, look at clients and act on
//! them: `SocketIo::api` mounts an `Api`, whose keys have names and rights. The guide is
//! [`guide::api`].
//!
//! # TLS
//!
//! With the feature `tls`, `SocketIo::serve_tls` and `TlsServer` do the TLS of a server, with a
//! `Certificate` that is replaced while clients are connected. [`guide::deploy`] has all of it.
//!
//! # Data of a client
//!
//! [`Socket::context`] is a map of JSON values by name. [`Socket::extensions`] has Rust values by
//! type, and [`Builder::on_handshake`] is the place to fill it from the request: sessions,
//! identities, claims.
//!
//! # Errors
//!
//! A handler returns a `Result` with a [`HandlerError`]. For an event that can be refused, an `Err`
//! refuses it. For any other event, an `Err` raises [`OnError`]. A client that waits for an
//! acknowledgement reads the `Err`, as `{message, data}`. With `?` any error becomes a
//! [`HandlerError`], which the client sees as `internal error`. [`HandlerError::reject`] is for
//! text that the client should read. A handler that panics has failed, and nothing more: the
//! connection goes on. (An *actor* that panics has stopped, though, and every later event for it is
//! an [`OnError`]. Start it anew, and register a [`Recipient`](actix::Recipient) that finds the new
//! one.)
//!
//! # Ending
//!
//! [`OnDisconnect`] comes with a [`DisconnectReason`], then [`OnUnsubscribe`] for each channel,
//! then [`OnFinish`]. Each client that was admitted has this end once, whatever happened. Channels
//! and context remain until the last handler has answered. [`SocketIo::shutdown`] ends all
//! connections in this way.
//!
//! # Settings from a file
//!
//! Serde reads a [`Config`] from TOML, JSON and other formats, and [`Builder::config`] takes it.
//! [`Config::SETTINGS`] lists each [`Setting`] with its documentation and default, for a file with
//! comments.
//!
//! # Limits
//!
//! Every queue, size, count and wait has a bound with a name in [`Config`], a default, and an
//! outcome. A client that reads too slowly is disconnected with [`DisconnectReason::SlowConsumer`].
//! A client that sends faster than it is served is held back by TCP, and still receives everything.
//! Neither costs other clients anything. Only the application knows how fast a client may send, and
//! how many connections may come from one address: [`Builder::event_rate`],
//! [`Builder::max_connections_per_address`].
//!
//! # Watching
//!
//! [`SocketIo::stats`] reports how the server is and what it has done. [`SocketIo::record_metrics`]
//! gives the same to a recorder of the [`metrics`] facade. With the feature `prometheus`,
//! `SocketIo::metrics` is a page for Prometheus. [`SocketIo::changes`] reports each channel that
//! opens and closes, and the sockets that join and leave it.
//!
//! With the feature `admin`, [Socket.IO's Admin UI](https://admin.socket.io) shows the server, and
//! disconnects clients, for users that log in: `Builder::admin`.
//!
//! # Testing
//!
//! With the feature `test`, `actix_socketio::test` has a server without a port and clients within
//! the test, events made by hand for handlers, and a clock that the test moves. The guide is
//! [`guide::testing`].
//!
//! # Threads
//!
//! A connection is an actor on the worker that took its handshake. Function handlers run there.
//! Each worker also has a `ChannelRegistry`, an actor that delivers publications, from whatever
//! thread, to the connections of its worker. Handler actors run where they were started.
//! [`Socket`], [`SocketIo`] and events can be sent to any thread.
//!
//! # Read on
//!
//! [`guide`] has the guides: deployment, security, limits, counters, reliability, the wire
//! protocol.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

#[cfg(feature = "admin")]
mod admin;
#[cfg(feature = "api")]
mod api;
mod config;
mod connection;
mod deadline;
mod engine;
mod event;
#[doc(hidden)]
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(any(doc, doctest))]
pub mod guide;
mod http;
#[doc(hidden)]
#[cfg(feature = "internals")]
pub mod internals;
mod log_text;
mod message_sink;
mod model;
mod outbox;
mod panic_guard;
pub mod protocol;
mod registry;
mod routing;
mod server;
mod socket;
mod state;
mod stats;
pub mod store;
#[cfg(feature = "test")]
pub mod test;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "jwt")]
mod tokens;
mod transport;

#[cfg(feature = "admin")]
pub use admin::{Admin, AdminMode, AdminUser, InvalidPassword};
#[cfg(feature = "api")]
pub use api::{Api, ApiBuilder, ApiError, ApiKey, ApiMethod};
pub use config::{Config, Setting};
pub use engine::EngineMessage;
pub use event::{
    DisconnectReason, HandlerError, HandlerResult, MessageError, OnConnect, OnDisconnect, OnError,
    OnFinish, OnMessage, OnPacket, OnServerEvent, OnSubscribe, OnUnsubscribe, OnUpgrade,
};
pub use http::{ConnectionError, Cookie, Cors, SameSite, close_unread_bodies};
pub use model::Transport;
pub use model::{
    Channel, ChannelError, ClusterHealth, ContextMap, DataMap, Extensions, Handshake, History,
    InvalidPosition, InvalidSocketId, Namespace, NodeStatus, PathHealth, PathOutcome, Position,
    Rate, Recovery, SocketId, ToChannel,
};
pub use protocol::{ArgError, Args, Many};
pub use registry::{Change, Changes, Receipt};
pub use routing::{
    Answer, AnyEvent, Auth, Call, ChannelEvent, ChannelEventSet, ChannelListed, ClientEvent, Data,
    Event, EventSet, FromEvent, IntoHandler, Later, Listed, MemberId, Parameters, PatternError,
    Presence, Received, Rest, Route, SocketHandler, ViaActor, ViaFn, channel,
};
#[cfg(feature = "prometheus")]
pub use server::Metrics;
#[cfg(feature = "jwt")]
pub use server::RevokeError;
#[cfg(feature = "tls")]
pub use server::TlsServer;
pub use server::{
    BuildError, Builder, EngineHandler, EngineIo, EngineIoBuilder, EngineSocket,
    HTTP_SHUTDOWN_TIMEOUT, HistoryReader, NamespaceBuilder, Past, PastMessage, SocketIo,
    SocketIoServerExt,
};
pub use socket::{
    AckError, BroadcastAcks, ClusterChannels, FetchedSockets, Outgoing, OutgoingEvent,
    PresenceList, PresenceStats, PresentMember, RemoteSocket, SendError, ServerAcks, Socket,
    SocketEmitter, SubscribeError, Target, Targets,
};
pub use stats::Stats;
#[cfg(feature = "api")]
pub use stats::TimeHistogram;
#[cfg(feature = "tls")]
pub use tls::{Certificate, CertificateError};
#[cfg(feature = "jwt")]
pub use tokens::{Claims, KeyError, TokenError, Tokens};

/// The parts of a cluster: the trait that carries calls for more than one socket, and its plain
/// data.
///
/// You need this module only to write an adapter. [`Builder::adapter`] takes it.
pub mod adapter {
    pub use crate::{
        model::{
            FoundNode, InvalidNodeAddress, InvalidNodeId, NodeAddress, NodeDirectory, NodeId,
            Place, PrivateId,
        },
        protocol::UnsealedPacket,
        registry::{
            AckRelay, Adapter, AdapterFuture, Audience, ChannelMembers, ClientAnswers,
            ClusterOrder, ClusterPresence, ClusterSession, FoundChannels, FoundSockets,
            JoinCluster, KeptChannels, MembershipChange, PastReceiver, Publication, PublishError,
            RelayedAck, ServerAnswers, ServerEvent, ServerMember, SharedPast, SocketDescription,
            TakenSession,
        },
    };

    /// MessagePack, in which servers of a cluster write messages to each other.
    pub mod msgpack {
        pub use crate::protocol::msgpack::{from_json, to_json};
    }
}

/// The names that most programs need: `use actix_socketio::prelude::*;`.
///
/// It has no name that `actix::prelude` or `actix_web` have too. Hence it lacks [`SendError`].
pub mod prelude {
    pub use crate::{
        AckError, Args, Auth, BuildError, Builder, Call, Channel, ChannelError, ClientEvent, Cors,
        Data, DisconnectReason, Event, FromEvent, HandlerError, HandlerResult, History, Later,
        Many, MessageError, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, OnSubscribe,
        OnUnsubscribe, Presence, Received, Recovery, Rest, Socket, SocketHandler, SocketId,
        SocketIo, SocketIoServerExt, SubscribeError, channel,
    };
    #[doc(no_inline)]
    pub use bytes::Bytes;
}
