use std::{error, fmt};

use super::backpressure::Reservation;
use crate::{
    model::{Channel, Namespace, Place, Position, SocketId},
    protocol::UnsealedPacket,
    store::StoreError,
};

/// The sockets that a publication or a query is for, as plain data.
///
/// ```
/// use actix_socketio::{Channel, Namespace, adapter::Audience};
///
/// let mut audience = Audience::everyone(Namespace::default());
/// audience.to.push(Channel::new("match-42", 100)?);
/// assert!(!audience.local);
/// # Ok::<(), actix_socketio::ChannelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audience {
    /// The namespace of all of them.
    pub namespace: Namespace,
    /// Subscribers of any of these channels, each once. Empty: all sockets of the namespace, unless
    /// [`only_named`](Self::only_named).
    pub to: Vec<Channel>,
    /// Leaves out the subscribers of any of these channels.
    pub except: Vec<Channel>,
    /// Leaves out these sockets.
    pub except_sockets: Vec<SocketId>,
    /// Adds these sockets, unless they are left out: Socket.IO's room of a single socket.
    pub sockets: Vec<SocketId>,
    /// Only what is named: an empty [`to`](Self::to) adds none.
    pub only_named: bool,
    /// Adds these sockets, even if they are left out.
    pub including: Vec<SocketId>,
    /// Only sockets of this server.
    pub local: bool,
}

impl Audience {
    /// All sockets of a namespace.
    pub fn everyone(namespace: Namespace) -> Self {
        Self {
            namespace,
            to: Vec::new(),
            except: Vec::new(),
            except_sockets: Vec::new(),
            sockets: Vec::new(),
            only_named: false,
            including: Vec::new(),
            local: false,
        }
    }

    /// These sockets of a namespace.
    ///
    /// ```
    /// # fn example(id: actix_socketio::SocketId) {
    /// use actix_socketio::{Namespace, adapter::Audience};
    ///
    /// let audience = Audience::sockets(Namespace::default(), vec![id]);
    /// assert_eq!(audience.sockets, [id]);
    /// # }
    /// ```
    pub fn sockets(namespace: Namespace, ids: Vec<SocketId>) -> Self {
        Self { sockets: ids, only_named: true, ..Self::everyone(namespace) }
    }

    /// Whether it is every socket of the namespace, less those that are left out.
    pub(crate) fn is_everyone(&self) -> bool {
        self.to.is_empty() && !self.only_named
    }

    /// The one list that contains the whole audience, with at most one socket to leave out. This is
    /// the common case, in which no socket has to be marked as visited.
    pub(super) fn list(&self) -> Option<AudienceList<'_>> {
        let Self { to, except, except_sockets, sockets, only_named, including, .. } = self;
        match &to[..] {
            _ if !except.is_empty() || !including.is_empty() || except_sockets.len() > 1 => None,
            _ if *only_named || !sockets.is_empty() => None,
            [] => Some(AudienceList::Everyone),
            [channel] => Some(AudienceList::Channel(channel)),
            _ => None,
        }
    }
}

/// Sockets that a table lists together.
pub(super) enum AudienceList<'a> {
    Everyone,
    Channel(&'a Channel),
}

/// A message for an audience, as plain data. Its packet is sealed when it has its place in the
/// order of publications.
///
/// ```
/// use std::sync::Arc;
///
/// use actix_socketio::{
///     Args,
///     adapter::{Adapter, Audience, Publication, PublishError},
/// };
///
/// /// Publishes an event of another server to the sockets of this one.
/// fn receive(
///     local: &Arc<dyn Adapter>,
///     audience: Audience,
///     event: &str,
///     args: &Args,
/// ) -> Result<(), PublishError> {
///     let packet = local.encode(&audience.namespace, event, args, true);
///     local.publish(Publication::new(audience, packet))
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Publication {
    /// The sockets that receive it.
    pub audience: Audience,
    /// The encoded event.
    pub packet: UnsealedPacket,
    /// Only for clients whose transport waits for something to send.
    pub volatile: bool,
    /// No history keeps it, and a client that comes back does not hear that it is missing.
    pub skip_history: bool,
    /// [`Adapter::publish_and_count`](super::Adapter::publish_and_count) waits until the store has
    /// committed it.
    pub durable: bool,
    /// It is published even if the maximum number of publications is in flight: another server has
    /// accepted it already.
    pub is_accepted: bool,
    /// Its place, if a cluster orders what its servers publish: that of its entry in the stream.
    /// `None`: it is not in the stream, so a client that misses it is told.
    pub place: Option<Place>,
    /// It is from before this server joined the cluster: histories keep it, and no client receives
    /// it now.
    pub is_past: bool,
    /// Room for it in the outboxes of its receivers, if it is a publication of a client.
    pub(super) reservation: Option<Reservation>,
}

impl Publication {
    /// A publication that waits for clients whose transport is busy.
    pub fn new(audience: Audience, packet: UnsealedPacket) -> Self {
        Self {
            audience,
            packet,
            volatile: false,
            skip_history: false,
            durable: false,
            is_accepted: false,
            place: None,
            is_past: false,
            reservation: None,
        }
    }

    /// Whether a client that missed it wants it.
    pub(super) fn is_kept(&self) -> bool {
        !self.volatile && !self.skip_history
    }
}

/// The outcome of a publication.
///
/// ```no_run
/// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
/// let receipt = io.to("match-42").publish("goal", "1:0").await?;
/// println!("queued for {} clients", receipt.delivered);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The number of clients that it was queued for.
    pub delivered: usize,
    /// Its position: what a client has that has received it, and everything before.
    pub position: Position,
    /// The number of servers that the cluster has handed it to, this one included. `Some(0)`: none,
    /// because the cluster can't be reached. `None`: without a cluster, or if each server fetches
    /// it by itself.
    pub servers: Option<usize>,
}

/// The reason why a publication did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishError {
    /// The maximum number of publications is in flight:
    /// [`Builder::max_publications`](crate::Builder::max_publications).
    Overloaded,
    /// The publication takes more bytes than
    /// [`Builder::max_outbox`](crate::Builder::max_outbox). No client could receive it.
    TooLarge {
        /// Its bytes, with its attachments.
        length: usize,
        /// The bytes of an outbox.
        limit: usize,
    },
    /// The server has stopped.
    Closed,
    /// No store has committed it. If its route delivers
    /// [after the commit](crate::History::after_commit), it was not delivered. Otherwise it was,
    /// and may be lost in a crash.
    NotStored,
    /// The cluster can't be reached: no client has received it. If the connection was lost while it
    /// was on its way, all servers may deliver it when the cluster is back.
    ClusterAway,
}

impl From<StoreError> for PublishError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Overloaded,
            _ => Self::NotStored,
        }
    }
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overloaded => f.write_str("too many publications are waiting: try again later"),
            Self::TooLarge { length, limit } => write!(
                f,
                "a publication that takes {length} bytes is larger than max_outbox, {limit}: send \
                 less, or set a larger outbox"
            ),
            Self::Closed => f.write_str("the server has stopped"),
            Self::NotStored => f.write_str("no store has committed the publication"),
            Self::ClusterAway => {
                f.write_str("the cluster can't be reached, and no client has received it")
            }
        }
    }
}

impl error::Error for PublishError {}
