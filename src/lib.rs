//! A Socket.IO server and channel broker made of actix actors.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod connection;
mod event;
mod model;
mod outbox;
pub mod protocol;
mod registry;
mod routing;
mod server;
mod socket;
mod transport;

pub use config::Config;
pub use event::{
    DisconnectReason, HandlerError, HandlerResult, MessageError, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage,
    OnSubscribe, OnUnsubscribe,
};
pub use model::{
    Channel, ChannelError, ContextMap, Extensions, Handshake, InvalidSocketId, Namespace, SocketId, ToChannel,
};
pub use outbox::Transport;
pub use protocol::{ArgError, Args};
pub use routing::{
    ChannelEvent, ChannelEventSet, Event, EventSet, IntoHandler, PatternError, Route, SocketHandler, ViaActor, ViaFn,
    channel,
};
pub use server::{BuildError, Builder, Cors, NamespaceBuilder, SocketIo, on_connect};
pub use socket::{AckError, Receipt, SendError, Socket, SubscribeError, Target};

/// What most programs want: `use actix_socketio::prelude::*;`.
///
/// It has no name that `actix::prelude` or `actix_web` have too.
pub mod prelude {
    pub use crate::{
        DisconnectReason, HandlerError, HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage,
        OnSubscribe, OnUnsubscribe, Socket, SocketHandler, SocketIo, channel,
    };
}
