use std::{
    fmt,
    sync::{Arc, OnceLock, Weak},
};

use tokio::sync::broadcast;

use super::Adapter;
use crate::model::{Channel, DisconnectReason, Namespace, SocketId};

/// A change of the namespaces, sockets, channels and subscriptions of this server, or of its
/// cluster, for [`Changes`].
///
/// The first socket opens a namespace, and the first subscriber opens a channel. The last one
/// closes it. A channel opens before its first subscriber joins it, and closes after the last one
/// has left.
///
/// ```
/// use std::collections::HashMap;
///
/// use actix_socketio::{Change, Channel};
///
/// /// Keeps the number of subscribers of each channel, for a server with one namespace.
/// fn count(subscribers: &mut HashMap<Channel, usize>, change: Change) {
///     match change {
///         Change::Joined { channel, .. } => *subscribers.entry(channel).or_default() += 1,
///         Change::Left { channel, .. } => *subscribers.entry(channel).or_default() -= 1,
///         Change::ChannelClosed { channel, .. } => {
///             subscribers.remove(&channel);
///         }
///         Change::Missed { count } => log::warn!("{count} changes are missing: count again"),
///         _ => {}
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A namespace has its first socket: Socket.IO's `new_namespace`.
    #[doc(alias = "new_namespace")]
    NamespaceOpened {
        /// The namespace.
        namespace: Namespace,
    },
    /// The last socket of a namespace has gone.
    NamespaceClosed {
        /// The namespace.
        namespace: Namespace,
    },
    /// A client is admitted to a namespace, as a new socket or one that comes back: Socket.IO's
    /// `connection`. It has joined the channels before that an [`OnConnect`](crate::OnConnect)
    /// handler subscribes it to. One that comes back has joined its channels, and is then
    /// [`Returned`](Self::Returned).
    #[doc(alias = "connection")]
    SocketConnected {
        /// The namespace.
        namespace: Namespace,
        /// The socket. [`SocketIo::socket`](crate::SocketIo::socket) finds it.
        socket: SocketId,
    },
    /// An admitted socket has gone: Socket.IO's `disconnect`. The handlers of its end are done. It
    /// leaves its channels next, and then it may be [`Away`](Self::Away).
    #[doc(alias = "disconnect")]
    SocketDisconnected {
        /// The namespace.
        namespace: Namespace,
        /// The socket.
        socket: SocketId,
        /// Why it has gone. [`DisconnectReason::as_str`] has the word of Socket.IO.
        reason: DisconnectReason,
    },
    /// A channel has its first subscriber: Socket.IO's `create-room`.
    #[doc(alias = "create-room")]
    ChannelOpened {
        /// The namespace.
        namespace: Namespace,
        /// The channel.
        channel: Channel,
    },
    /// The last subscriber of a channel has left: Socket.IO's `delete-room`.
    #[doc(alias = "delete-room")]
    ChannelClosed {
        /// The namespace.
        namespace: Namespace,
        /// The channel.
        channel: Channel,
    },
    /// A socket has subscribed: Socket.IO's `join-room`.
    #[doc(alias = "join-room")]
    Joined {
        /// The namespace.
        namespace: Namespace,
        /// The channel.
        channel: Channel,
        /// The socket.
        socket: SocketId,
    },
    /// A socket is no longer subscribed, because it unsubscribed or has gone: Socket.IO's
    /// `leave-room`.
    #[doc(alias = "leave-room")]
    Left {
        /// The namespace.
        namespace: Namespace,
        /// The channel.
        channel: Channel,
        /// The socket.
        socket: SocketId,
    },
    /// A socket has lost its connection, and may come back: see
    /// [`Builder::recovery`](crate::Builder::recovery). It has left its channels before.
    Away {
        /// The namespace.
        namespace: Namespace,
        /// The socket.
        socket: SocketId,
    },
    /// A socket that was away has come back. It has joined its channels before.
    Returned {
        /// The namespace.
        namespace: Namespace,
        /// The socket.
        socket: SocketId,
    },
    /// A socket that was away does not come back any more: its time is over, it was put out, or
    /// something that it missed is lost.
    Expired {
        /// The namespace.
        namespace: Namespace,
        /// The socket.
        socket: SocketId,
    },
    /// A channel with [`Presence`](crate::Presence) has a new member, in a cluster on any server.
    /// Further sockets of a member change nothing.
    Came {
        /// The namespace.
        namespace: Namespace,
        /// The channel.
        channel: Channel,
        /// The member's id, as the application gave it to [`Presence::by`](crate::Presence::by).
        member: String,
    },
    /// The last socket of a member has left the channel, and has not come back in the time that
    /// [`Presence::grace`](crate::Presence::grace) gives it.
    Went {
        /// The namespace.
        namespace: Namespace,
        /// The channel.
        channel: Channel,
        /// The member's id.
        member: String,
    },
    /// The way to the other servers of the cluster is lost:
    /// [`ClusterHealth::is_connected`](crate::ClusterHealth::is_connected).
    ClusterAway,
    /// The way to the other servers is there again.
    ClusterBack {
        /// Publications of other servers may have passed by meanwhile.
        missed: bool,
    },
    /// Another server of the cluster is heard for the first time, or again after it was silent for
    /// too long.
    NodeJoined {
        /// Its id, as in [`SocketIo::nodes`](crate::SocketIo::nodes).
        node: String,
    },
    /// Another server of the cluster has left it, or is silent for too long. It comes once.
    NodeLeft {
        /// Its id.
        node: String,
    },
    /// The listener did not keep up, and has missed changes.
    Missed {
        /// The number of changes.
        count: u64,
    },
}

/// Receives every [`Change`] in the order in which they happen.
///
/// [`SocketIo::changes`](crate::SocketIo::changes) makes one. A listener that does not keep up does
/// not slow the server down: when [`Builder::max_changes`](crate::Builder::max_changes) changes wait for it,
/// the oldest are dropped, and it receives [`Change::Missed`].
///
/// ```no_run
/// use actix_socketio::{Change, SocketIo};
///
/// async fn log_channels(io: SocketIo) {
///     let mut changes = io.changes();
///     while let Some(change) = changes.next().await {
///         if let Change::ChannelOpened { namespace, channel } = change {
///             log::info!("{namespace:?}: {channel:?} has a subscriber");
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Changes(broadcast::Receiver<Change>);

impl Changes {
    /// Waits for the next change. `None`: the server has been dropped.
    pub async fn next(&mut self) -> Option<Change> {
        match self.0.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(count)) => Some(Change::Missed { count }),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// Sends changes to the listeners. A change without a listener is not even made.
#[derive(Debug, Clone)]
pub(crate) struct ChangeSender {
    listeners: broadcast::Sender<Change>,
    adapter: Arc<ChangeHook>,
}

/// An adapter that wants to know of every change.
#[derive(Default)]
struct ChangeHook(OnceLock<Weak<dyn Adapter>>);

impl fmt::Debug for ChangeHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChangeHook").field(&self.0.get().is_some()).finish()
    }
}

impl ChangeSender {
    /// `capacity`: the number of changes that may wait for the slowest listener.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { listeners: broadcast::Sender::new(capacity), adapter: Arc::default() }
    }

    pub(crate) fn listen(&self) -> Changes {
        Changes(self.listeners.subscribe())
    }

    /// Reports every change to an adapter, too.
    pub(crate) fn report_to(&self, adapter: &Arc<dyn Adapter>) {
        // There is one adapter, and it is set before the first client comes.
        let _ = self.adapter.0.set(Arc::downgrade(adapter));
    }

    pub(crate) fn send(&self, change: impl FnOnce() -> Change) {
        let adapter = self.adapter.0.get().and_then(Weak::upgrade);
        let has_listeners = self.listeners.receiver_count() > 0;
        if adapter.is_none() && !has_listeners {
            return;
        }
        let change = change();
        if let Some(adapter) = adapter {
            adapter.changed(&change);
        }
        if has_listeners {
            // The last listener may be dropped at this moment.
            let _ = self.listeners.send(change);
        }
    }
}
