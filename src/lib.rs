//! A Socket.IO server and channel broker made of actix actors, which an actix-web app embeds in
//! three lines.
//!
//! ```no_run
//! use actix_socketio::{SocketIo, channel};
//! use actix_web::{App, HttpServer};
//!
//! #[actix_web::main]
//! async fn main() -> std::io::Result<()> {
//!     let io = SocketIo::builder().route(channel("^match-")).build()?; // 1
//!     HttpServer::new(move || App::new().configure(io.mount())) //        2
//!         .bind(("127.0.0.1", 8080))? //                                  3
//!         .run()
//!         .await
//! }
//! ```
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
//! and whoever has the [`SocketIo`] handle, on any thread, tells everybody who listens:
//!
//! ```no_run
//! # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
//! io.broadcast_channel("match-42", "1:0")?;
//! # Ok(())
//! # }
//! ```
//!
//! It speaks Engine.IO v4 and Socket.IO v5, the protocols of Socket.IO 3 and 4. Its channels, verbs
//! and seven events are those of Python's django-socketio.
//!
//! # Handlers
//!
//! Seven events make up the life of a client: [`OnConnect`], [`OnMessage`], [`OnSubscribe`],
//! [`OnUnsubscribe`], [`OnError`], [`OnDisconnect`] and [`OnFinish`]. Each is an actix message; who
//! handles it is an actor, a [`Recipient`](actix::Recipient), or an async function. Handlers on the
//! [`Builder`] hear the events of every client; those on a [`Route`] hear what concerns the
//! channels that match its pattern.
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
//! // Which events it takes. Listed without its `Handler`, an event does not compile.
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
//!         event.socket.subscribe(&event.channel)?; // first, so that no goal falls in between
//!         event.socket.emit("score", score)?; //      the snapshot, and the subscription
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
//!         let score: String = event.json()?; // an error of serde's goes to `OnError`, and no further
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
//!         log::info!("{} has gone", event.socket.id());
//!         Ok(())
//!     })
//!     .build();
//! # assert!(io.is_ok());
//! # });
//! ```
//!
//! Events of one client are handled one at a time, in the order in which they came: the next starts
//! when the last handler of the one before has answered. A handler that wants to do several at once
//! spawns a task, and returns. A handler which blocks (a database driver, files) goes into a
//! [`SyncArbiter`](actix::SyncArbiter), whose address is a handler, too.
//!
//! A closure's parameter needs its type written out, `async |event: OnMessage| …`; a named `async
//! fn` has it anyway.
//!
//! # Channels, and who may do what
//!
//! *Routes declare channels.* A client subscribes with the event `subscribe`, and may where a route
//! matches and no handler of [`OnSubscribe`] objects; elsewhere it is told `no such channel`.
//! [`Builder::open_channels`] lets it choose any name, as django-socketio did. It publishes with
//! the event `publish`, to channels that it is in and whose route says [`Route::allow_publish`],
//! unless a handler of [`OnMessage`] objects. All three events, `unsubscribe` is the third, have an
//! error-first acknowledgement, so that every client can use them without a plug-in:
//!
//! ```js
//! socket.emit("publish", "match-42", "cheer", { team: "home" }, (refusal) => …);
//! ```
//!
//! The server itself is trusted: [`Socket::subscribe`] asks nobody.
//!
//! Patterns match from the start of a name, so that `room-` does not let anybody into
//! `private-room-1`. See [`channel`].
//!
//! # Sending
//!
//! [`Socket`] and [`SocketIo`] have the verbs of both lineages; the table is at
//! [`Socket`](Socket#sending). None of them waits. [`Target::publish`] does, until the message is
//! queued for each receiver, and tells how many they are.
//!
//! What goes to several clients is one publication with one place in its channel's order, which is
//! the same for all subscribers, the sender included. A client that is in several of the channels
//! gets one copy.
//!
//! Data is anything that serde serializes. What is [`Bytes`](bytes::Bytes) in it travels as a
//! binary attachment, and is read as such by [`OnMessage::json`]; several arguments are put into
//! [`Many`].
//!
//! You can also look at these clients, with [`Target::fetch_sockets`], and act on them, with
//! [`Target::sockets_join`] and the methods after it.
//!
//! # Acknowledgements
//!
//! A client that asks is answered by [`OnMessage::ack`]; the first call counts, and it may come
//! later, from a task. A server that asks waits for [`Socket::emit_with_ack`], also within the
//! handler of that client's own event, but for [`OnConnect`].
//!
//! [`Target::emit_with_ack`] asks many, and tells who has not answered.
//!
//! # Namespaces
//!
//! A connection may be in several namespaces, as a socket of its own in each, with its own id,
//! context and channels. The methods of the builder are about the main one; [`Builder::namespace`]
//! adds another, and [`Builder::namespaces_matching`] a family of them. [`SocketIo::of`] is the
//! handle to one.
//!
//! # What is remembered of a client
//!
//! [`Socket::context`] is a map of JSON values by name; [`Socket::extensions`] has Rust values by
//! type, and [`Builder::on_handshake`] is the place to fill it from the request: sessions,
//! identities, claims.
//!
//! # Errors
//!
//! A handler answers [`HandlerResult`]. An `Err` refuses, where there is something to refuse, and
//! raises [`OnError`] elsewhere. With `?` any error becomes a [`HandlerError`], which the client
//! sees as `internal error`; [`HandlerError::reject`] is for what it should read. A handler that
//! panics has failed, and nothing more: the connection goes on. (An *actor* that panics has
//! stopped, though; every later event of its is an [`OnError`]. Start it anew, and register a
//! [`Recipient`](actix::Recipient) that knows the way to it.)
//!
//! # Ending
//!
//! [`OnDisconnect`] with a [`DisconnectReason`], then [`OnUnsubscribe`] for each channel, then
//! [`OnFinish`]: once for each client that was let in, whatever happened. Channels and context are
//! there until the last handler has answered. [`SocketIo::shutdown`] ends all connections so.
//!
//! # Limits
//!
//! Every queue, size, count and wait has a bound with a name in [`Config`], a default, and an
//! outcome. A client that reads too slowly is let go with [`DisconnectReason::SlowConsumer`]; one
//! which sends faster than it is served is held back by TCP, and still hears what is said. Neither
//! costs anybody else anything. How fast a client may send, and how many may come from one address,
//! is for the application to say: [`Builder::event_rate`],
//! [`Builder::max_connections_per_address`].
//!
//! # Watching
//!
//! [`SocketIo::stats`] says how the server is and what it has done; [`SocketIo::record_metrics`]
//! gives the same to a recorder of the [`metrics`] facade. [`SocketIo::changes`] tells of each
//! channel that comes and goes, and who is in it.
//!
//! # Threads
//!
//! A connection is an actor on the worker that took its handshake; function handlers run there. So
//! is the hub of each worker, an actor which sends to its connections what is published, from
//! whatever thread. Handler actors run where they were started. [`Socket`], [`SocketIo`] and events
//! go anywhere.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod config;
mod connection;
mod event;
#[doc(hidden)]
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod http;
#[doc(hidden)]
#[cfg(feature = "internals")]
pub mod internals;
mod message_sink;
mod model;
mod outbox;
pub mod protocol;
mod registry;
mod routing;
mod server;
mod socket;
mod state;
mod stats;
mod transport;

pub use config::Config;
pub use event::{
    DisconnectReason, HandlerError, HandlerResult, MessageError, OnConnect, OnDisconnect, OnError,
    OnFinish, OnMessage, OnPacket, OnServerEvent, OnSubscribe, OnUnsubscribe, OnUpgrade,
};
pub use http::{ConnectionError, Cookie, Cors, SameSite};
pub use model::Transport;
pub use model::{
    Channel, ChannelError, ContextMap, Extensions, Handshake, InvalidSocketId, Namespace, Rate,
    SocketId, ToChannel,
};
pub use protocol::{ArgError, Args, Many};
pub use registry::{Change, Changes};
pub use routing::{
    ChannelEvent, ChannelEventSet, Event, EventSet, IntoHandler, PatternError, Route,
    SocketHandler, ViaActor, ViaFn, channel,
};
pub use server::{BuildError, Builder, NamespaceBuilder, SocketIo, on_connect};
pub use socket::{
    AckError, BroadcastAcks, Outgoing, OutgoingEvent, Receipt, RemoteSocket, SendError, ServerAcks,
    Socket, SocketEmitter, SubscribeError, Target, Targets,
};
pub use stats::Stats;

/// What a cluster is made of: the trait that carries what concerns more than one socket, and its
/// plain data.
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

/// What most programs want: `use actix_socketio::prelude::*;`.
///
/// It has no name that `actix::prelude` or `actix_web` have too.
pub mod prelude {
    pub use crate::{
        DisconnectReason, HandlerError, HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish,
        OnMessage, OnSubscribe, OnUnsubscribe, Socket, SocketHandler, SocketIo, channel,
    };
}

/// The examples of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../docs/security.md")]
struct Security;

#[cfg(doctest)]
#[doc = include_str!("../docs/observability.md")]
struct Observability;
