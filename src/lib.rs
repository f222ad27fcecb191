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
//! Seven events make up the life of a client: [`OnConnect`], [`OnMessage`], [`OnSubscribe`],
//! [`OnUnsubscribe`], [`OnError`], [`OnDisconnect`] and [`OnFinish`]. Each is an actix message. Its
//! handler is an actor, a [`Recipient`](actix::Recipient), or an async function. Handlers on the
//! [`Builder`] receive the events of every client. Handlers on a [`Route`] receive the events of
//! the channels that match its pattern.
//!
//! ```
//! use std::collections::HashMap;
//!
//! use actix::prelude::*;
//! use actix_socketio::prelude::*;
//!
//! #[derive(Default)]
//! struct Scores {
//!     matches: HashMap<String, String>, // one mailbox, no lock
//! }
//!
//! impl Actor for Scores {
//!     type Context = Context<Self>;
//! }
//!
//! // The events that this actor receives. One without its `Handler` does not compile.
//! impl SocketHandler for Scores {
//!     type Events = (OnSubscribe, OnMessage);
//! }
//!
//! impl Handler<OnSubscribe> for Scores {
//!     type Result = HandlerResult;
//!
//!     fn handle(&mut self, event: OnSubscribe, _: &mut Self::Context) -> HandlerResult {
//!         let Some(score) = self.matches.get(event.channel.as_str()) else {
//!             return Err(HandlerError::reject("there is no such match")); // the client reads this
//!         };
//!         event.socket.subscribe(&event.channel)?; // first, so that the client misses no goal
//!         event.socket.emit("score", score)?; //      then the snapshot
//!         Ok(())
//!     }
//! }
//!
//! impl Handler<OnMessage> for Scores {
//!     type Result = HandlerResult;
//!
//!     fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> HandlerResult {
//!         if event.socket.handshake().header("x-referee").is_none() {
//!             return Err(HandlerError::reject("only a referee may"));
//!         }
//!         let score: String = event.json()?; // serde's error goes to `OnError`, not to the client
//!         for channel in event.socket.channels() {
//!             self.matches.insert(channel.to_string(), score.clone());
//!             event.socket.send_and_broadcast_channel(channel, &score)?;
//!         }
//!         event.ack("ok")?;
//!         Ok(())
//!     }
//! }
//!
//! # actix::System::new().block_on(async {
//! let scores = Scores::default().start();
//! let io = SocketIo::builder()
//!     .route(channel("^match-").to(&scores))
//!     .on_finish(async |event: OnFinish| {
//!         log::info!("{} has left", event.socket.id());
//!         Ok(())
//!     })
//!     .build();
//! # assert!(io.is_ok());
//! # });
//! ```
//!
//! Events of one client are handled one at a time, in the order in which they came. The next event
//! starts when the last handler of the event before has answered. A handler that wants to do
//! several things concurrently spawns a task, and returns. A handler that blocks (a database
//! driver, files) goes into a [`SyncArbiter`](actix::SyncArbiter), whose address is a handler, too.
//!
//! A closure's parameter needs its type written out, `async |event: OnMessage| …`. A named
//! `async fn` has it anyway.
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
//! If a client asks for an acknowledgement, [`OnMessage::ack`] answers it. The first call counts,
//! and it may come later, from a task. If the server wants one, it waits for
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
//! [`Builder::adapter`] makes the server one of a cluster. The [`adapter`] carries publications,
//! queries and the actions of a [`Target`] to the other servers. Without one, the server is a
//! cluster of one.
//!
//! [`SocketIo::server_side_emit`] sends an event to the other servers, for their
//! [`on_server_event`](Builder::on_server_event) handlers. No client receives it.
//!
//! # Engine.IO by itself
//!
//! [`EngineIo`] is the layer below Socket.IO, for a protocol of your own: messages of text or bytes
//! over a WebSocket, with HTTP long-polling as the fall-back. An [`EngineHandler`] receives them.
//!
//! # Data of a client
//!
//! [`Socket::context`] is a map of JSON values by name. [`Socket::extensions`] has Rust values by
//! type, and [`Builder::on_handshake`] is the place to fill it from the request: sessions,
//! identities, claims.
//!
//! # Errors
//!
//! A handler answers [`HandlerResult`]. For an event that can be refused, an `Err` refuses it. For
//! any other event, an `Err` raises [`OnError`]. With `?` any error becomes a [`HandlerError`],
//! which the client sees as `internal error`. [`HandlerError::reject`] is for text that the client
//! should read. A handler that panics has failed, and nothing more: the connection goes on. (An
//! *actor* that panics has stopped, though, and every later event for it is an [`OnError`]. Start
//! it anew, and register a [`Recipient`](actix::Recipient) that finds the new one.)
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
//! gives the same to a recorder of the [`metrics`] facade. [`SocketIo::changes`] reports each
//! channel that opens and closes, and the sockets that join and leave it.
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
mod transport;

pub use config::{Config, Setting};
pub use engine::EngineMessage;
pub use event::{
    DisconnectReason, HandlerError, HandlerResult, MessageError, OnConnect, OnDisconnect, OnError,
    OnFinish, OnMessage, OnPacket, OnServerEvent, OnSubscribe, OnUnsubscribe, OnUpgrade,
};
pub use http::{ConnectionError, Cookie, Cors, SameSite};
pub use model::Transport;
pub use model::{
    Channel, ChannelError, ContextMap, DataMap, Extensions, Handshake, InvalidSocketId, Namespace,
    Rate, SocketId, ToChannel,
};
pub use protocol::{ArgError, Args, Many};
pub use registry::{Change, Changes};
pub use routing::{
    Answer, AnyEvent, Auth, Call, ChannelEvent, ChannelEventSet, ChannelListed, ClientEvent, Data,
    Event, EventSet, FromEvent, IntoHandler, Later, Listed, Parameters, PatternError, Received,
    Rest, Route, SocketHandler, ViaActor, ViaFn, channel,
};
pub use server::{
    BuildError, Builder, EngineHandler, EngineIo, EngineIoBuilder, EngineSocket,
    HTTP_SHUTDOWN_TIMEOUT, NamespaceBuilder, SocketIo, SocketIoServerExt,
};
pub use socket::{
    AckError, BroadcastAcks, Outgoing, OutgoingEvent, Receipt, RemoteSocket, SendError, ServerAcks,
    Socket, SocketEmitter, SubscribeError, Target, Targets,
};
pub use stats::Stats;

/// The parts of a cluster: the trait that carries calls for more than one socket, and its plain
/// data.
///
/// You need this module only to write an adapter. [`Builder::adapter`] takes it.
pub mod adapter {
    pub use crate::{
        protocol::UnsealedPacket,
        registry::{
            Adapter, AdapterFuture, Audience, ClientAnswers, Publication, PublishError,
            ServerAnswers, ServerEvent, SocketDescription,
        },
    };
}

/// The names that most programs need: `use actix_socketio::prelude::*;`.
///
/// It has no name that `actix::prelude` or `actix_web` have too.
pub mod prelude {
    pub use crate::{
        DisconnectReason, HandlerError, HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish,
        OnMessage, OnSubscribe, OnUnsubscribe, Socket, SocketHandler, SocketIo, SocketIoServerExt,
        channel,
    };
}
