use tokio::sync::broadcast;

use crate::model::{Channel, Namespace, SocketId};

/// Something that has changed in who is where, for [`Changes`].
///
/// The first socket opens a namespace, the first subscriber a channel; the last one closes it. Each
/// change is told after the one that it needs: a channel opens before somebody joins it, and closes
/// after the last has left.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A namespace has its first socket: Socket.IO's `new_namespace`.
    #[doc(alias = "new_namespace")]
    NamespaceOpened {
        /// Which.
        namespace: Namespace,
    },
    /// The last socket of a namespace has gone.
    NamespaceClosed {
        /// Which.
        namespace: Namespace,
    },
    /// A channel has its first subscriber: Socket.IO's `create-room`.
    #[doc(alias = "create-room")]
    ChannelOpened {
        /// Where.
        namespace: Namespace,
        /// Which.
        channel: Channel,
    },
    /// The last subscriber of a channel has left: Socket.IO's `delete-room`.
    #[doc(alias = "delete-room")]
    ChannelClosed {
        /// Where.
        namespace: Namespace,
        /// Which.
        channel: Channel,
    },
    /// A socket is subscribed: Socket.IO's `join-room`.
    #[doc(alias = "join-room")]
    Joined {
        /// Where.
        namespace: Namespace,
        /// To what.
        channel: Channel,
        /// Who.
        socket: SocketId,
    },
    /// A socket is not subscribed any more, since it unsubscribed, or has gone: Socket.IO's
    /// `leave-room`.
    #[doc(alias = "leave-room")]
    Left {
        /// Where.
        namespace: Namespace,
        /// From what.
        channel: Channel,
        /// Who.
        socket: SocketId,
    },
    /// The listener did not keep up: so many changes are lost to it.
    Missed {
        /// How many.
        count: u64,
    },
}

/// Listens to every [`Change`], in the order in which they happen. Made by
/// [`SocketIo::changes`](crate::SocketIo::changes).
///
/// One that does not keep up costs nobody anything: when
/// [`Builder::max_changes`](crate::Builder::max_changes) wait for it, the oldest are dropped, and
/// it is told by [`Change::Missed`].
///
/// ```no_run
/// use actix_socketio::{Change, SocketIo};
///
/// async fn log_channels(io: SocketIo) {
///     let mut changes = io.changes();
///     while let Some(change) = changes.next().await {
///         if let Change::ChannelOpened { namespace, channel } = change {
///             log::info!("{namespace}: somebody is in {channel}");
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Changes(broadcast::Receiver<Change>);

impl Changes {
    /// The next change; `None` when the server is no more.
    pub async fn next(&mut self) -> Option<Change> {
        match self.0.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(count)) => Some(Change::Missed { count }),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// Where changes are told. Nothing is done for a change that nobody listens to.
#[derive(Debug, Clone)]
pub(crate) struct ChangeSender(broadcast::Sender<Change>);

impl ChangeSender {
    /// `capacity`: changes that wait for the slowest listener.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(broadcast::Sender::new(capacity))
    }

    pub(crate) fn listen(&self) -> Changes {
        Changes(self.0.subscribe())
    }

    pub(super) fn tell(&self, change: impl FnOnce() -> Change) {
        if self.0.receiver_count() > 0 {
            // The last listener may go just now.
            let _ = self.0.send(change());
        }
    }
}
