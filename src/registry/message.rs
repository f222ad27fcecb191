use std::sync::Arc;

use actix::Message;

use super::{Publication, handle::Permit};
use crate::{
    model::{Channel, Namespace, SocketId},
    outbox::Lane,
};

/// A socket has come into being; it is subscribed to nothing.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Attach {
    pub(crate) namespace: Namespace,
    pub(crate) id: SocketId,
    pub(crate) lane: Arc<Lane>,
}

/// A socket has ended: its subscriptions go with it.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Detach {
    pub(crate) namespace: Namespace,
    pub(crate) id: SocketId,
}

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Subscribe {
    pub(crate) namespace: Namespace,
    pub(crate) id: SocketId,
    pub(crate) channel: Channel,
}

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Unsubscribe {
    pub(crate) namespace: Namespace,
    pub(crate) id: SocketId,
    pub(crate) channel: Channel,
}

/// A message for many; answered with how many sockets it was put on the way to.
#[derive(Message)]
#[rtype(result = "usize")]
pub(crate) struct Publish {
    pub(crate) publication: Publication,
    /// Given back when the message is handled.
    pub(super) _permit: Permit,
}

/// The sockets in a channel.
#[derive(Message)]
#[rtype(result = "Vec<SocketId>")]
pub(crate) struct Subscribers {
    pub(crate) namespace: Namespace,
    pub(crate) channel: Channel,
}

/// Nothing: its answer says that everything told before is done.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Fence;
