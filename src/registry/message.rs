use std::sync::Arc;

use actix::Message;

use super::{Audience, HubHandle, Publication, handle::Permit};
use crate::{
    model::{Channel, Namespace, SocketId},
    outbox::Lane,
};

/// A socket has come into being; it is subscribed to nothing.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Attach {
    pub(crate) hub: HubHandle,
    pub(crate) namespace: Namespace,
    pub(crate) id: SocketId,
    pub(crate) lane: Arc<Lane>,
}

/// A socket has ended: its subscriptions go with it.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Detach {
    pub(crate) hub: HubHandle,
    pub(crate) namespace: Namespace,
    pub(crate) id: SocketId,
    /// What it was subscribed to.
    pub(crate) channels: Vec<Channel>,
}

/// A socket is in a channel; it was not before.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Subscribe {
    pub(crate) hub: HubHandle,
    pub(crate) namespace: Namespace,
    pub(crate) id: SocketId,
    pub(crate) channel: Channel,
}

/// A socket is not in a channel any more; it was before.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Unsubscribe {
    pub(crate) hub: HubHandle,
    pub(crate) namespace: Namespace,
    pub(crate) id: SocketId,
    pub(crate) channel: Channel,
}

/// A publication on its way.
pub(crate) struct Order {
    pub(crate) publication: Publication,
    /// Given back when all hubs are done with it.
    pub(super) _permit: Permit,
}

/// A message for many.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Publish(pub(crate) Arc<Order>);

/// The same, answered with how many sockets it was put on the way to.
#[derive(Message)]
#[rtype(result = "usize")]
pub(crate) struct PublishAndCount(pub(crate) Arc<Order>);

/// The same, answered with which sockets they were.
#[derive(Message)]
#[rtype(result = "Vec<SocketId>")]
pub(crate) struct PublishAndName(pub(crate) Arc<Order>);

/// Who would get a message.
#[derive(Message)]
#[rtype(result = "Vec<SocketId>")]
pub(crate) struct Select(pub(crate) Audience);

/// The names of all channels of a namespace.
#[derive(Message)]
#[rtype(result = "Vec<Channel>")]
pub(crate) struct Channels(pub(crate) Namespace);

/// Nothing: its answer says that everything told before of a hub's sockets is done.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Fence(pub(crate) HubHandle);
