use std::sync::Arc;

use actix::Message;

use super::{Audience, Publication, handle::Permit};
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

/// The same, answered with which sockets they were.
#[derive(Message)]
#[rtype(result = "Vec<SocketId>")]
pub(crate) struct PublishToKnown {
    pub(crate) publication: Publication,
    pub(super) _permit: Permit,
}

/// Who would get a message.
#[derive(Message)]
#[rtype(result = "Vec<SocketId>")]
pub(crate) struct Select(pub(crate) Audience);

/// The names of all channels of a namespace.
#[derive(Message)]
#[rtype(result = "Vec<Channel>")]
pub(crate) struct Channels(pub(crate) Namespace);

/// Nothing: its answer says that everything told before is done.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Fence;
