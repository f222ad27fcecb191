//! The past that the servers of a cluster share: one order, and the sessions of clients that are
//! away.

use std::{fmt, time::Duration};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{AdapterFuture, Audience};
use crate::model::{Channel, Namespace, Place, PrivateId, SocketId};

/// The order in which the clients of a cluster receive publications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterOrder {
    /// Each server orders what it delivers, and keeps its own histories and sessions.
    #[default]
    PerServer,
    /// All servers read one stream, whose entries are the places: [`Publication::place`]. So a
    /// position is the same on all servers, and each server knows what all have published.
    ///
    /// The adapter has a [`SharedPast`].
    ///
    /// [`Publication::place`]: super::Publication::place
    Stream,
}

/// A session whose client is away, as the servers of a cluster hand it on.
///
/// `Debug` shows the id and the channels only: the rest may hold secrets.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClusterSession {
    /// The secret by which the client comes back.
    pub pid: PrivateId,
    /// The id of its socket.
    pub id: SocketId,
    /// The namespace. `None`: the server that kept it does not say it, as Node's.
    pub namespace: Option<Namespace>,
    /// The channels that it is in, without the room of its own id.
    pub channels: Vec<Channel>,
    /// The content of its [`Socket::context`](crate::Socket::context): Socket.IO's `socket.data`.
    pub context: Map<String, Value>,
    /// The part that only servers of this crate know. `None`: another server has kept it.
    pub ours: Option<Bytes>,
}

impl ClusterSession {
    /// A session of a server of another kind: it is in no channel, and its context is empty.
    pub fn new(pid: PrivateId, id: SocketId) -> Self {
        let (channels, context) = (Vec::new(), Map::new());
        Self { pid, id, namespace: None, channels, context, ours: None }
    }
}

impl fmt::Debug for ClusterSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterSession")
            .field("id", &self.id)
            .field("channels", &self.channels)
            .finish_non_exhaustive()
    }
}

/// The outcome of [`SharedPast::take_session`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TakenSession {
    /// It is this server's now.
    Taken(Box<ClusterSession>),
    /// The cluster has no such session: it never had it, another server has taken it, or its time
    /// is over. Or it can't be read.
    Unknown,
    /// The cluster can't be asked.
    Away,
}

/// The past that the servers of a cluster share, as an adapter offers it to its server:
/// [`Adapter::shared_past`](super::Adapter::shared_past).
///
/// Methods take effect in the order in which they are called. None of them blocks.
pub trait SharedPast: Send + Sync {
    /// Waits until this server has read what the stream had when it joined. Clients are let in
    /// then. Bounded by the caller.
    fn started(&self) -> AdapterFuture<()>;

    /// Waits until this server has read the stream up to a place, and has handed on what it has
    /// read. Bounded by the caller.
    fn has_read(&self, place: Place) -> AdapterFuture<()>;

    /// Keeps a session for any server to take, for this time at most. It replaces an earlier one
    /// with the same secret.
    fn keep_session(&self, session: ClusterSession, rest: Duration);

    /// Drops a session that this server has kept.
    fn drop_session(&self, pid: &PrivateId);

    /// Takes a session. Of several servers, one gets it. The server that has kept it hears of it
    /// by [`PastReceiver::session_taken`].
    fn take_session(&self, pid: &PrivateId) -> AdapterFuture<TakenSession>;

    /// Asks the other servers to end the socket of this secret, whose client has come back here,
    /// and to keep its session: [`PastReceiver::put_aside`] of each. `true`: one had it, and has
    /// kept it by now. Bounded by the caller.
    fn end_elsewhere(&self, pid: &PrivateId) -> AdapterFuture<bool>;
}

/// The side of a server that receives the shared past:
/// [`Adapter::past_receiver`](super::Adapter::past_receiver) of its local adapter.
///
/// The adapter of the cluster calls it as it reads the stream, in the stream's order.
pub trait PastReceiver: Send + Sync {
    /// Does what an entry says, and waits until it is done. Sessions that were put aside before it
    /// and that another server has kept come under it, too.
    fn apply(&self, place: Place, change: MembershipChange) -> AdapterFuture<()>;

    /// Notes that what the stream had before a place is unknown to this server: it was trimmed, the
    /// stream has begun anew, or this server has missed a part of it. Clients with positions before
    /// the place are told.
    fn past_begins_at(&self, place: Place);

    /// Another server has taken a session that this one has kept.
    fn session_taken(&self, pid: &PrivateId);

    /// Ends the socket of a secret, whose client has come back to another server, and keeps its
    /// session. `true`: it was here, and [`SharedPast::keep_session`] was called.
    fn put_aside(&self, pid: &PrivateId) -> AdapterFuture<bool>;
}

/// A change of the sockets of an audience, which stands in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MembershipChange {
    /// They join a channel.
    Join {
        /// The sockets.
        audience: Audience,
        /// The channel.
        channel: Channel,
    },
    /// They leave a channel.
    Leave {
        /// The sockets.
        audience: Audience,
        /// The channel.
        channel: Channel,
    },
    /// They are disconnected.
    Disconnect {
        /// The sockets.
        audience: Audience,
        /// Whether their connections are closed.
        close: bool,
    },
}
