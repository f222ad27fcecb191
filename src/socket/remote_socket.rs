use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{NamespaceState, SendError, Target};
#[cfg(feature = "jwt")]
use crate::model::{is_user_channel, user_of_channel};
use crate::{
    model::{Channel, ChannelError, Handshake, Namespace, SocketId, ToChannel},
    registry::{Audience, SocketDescription},
};

/// A client of any server of the cluster, as it was when [`Target::fetch_sockets`] asked for it.
///
/// It is a copy, and its methods reach the client through the adapter. For a client of this server,
/// [`SocketIo::socket`](crate::SocketIo::socket) has the [`Socket`](crate::Socket) itself.
///
/// ```no_run
/// # async fn example(io: actix_socketio::SocketIo) -> Result<(), Box<dyn std::error::Error>> {
/// for socket in io.to("match-42").fetch_sockets().await? {
///     if socket.data().get("muted").is_some() {
///         socket.emit("notice", "you are muted")?;
///         socket.leave("match-42").await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RemoteSocket {
    namespace: Arc<NamespaceState>,
    description: SocketDescription,
    #[cfg(feature = "jwt")]
    user: Option<Channel>,
}

impl RemoteSocket {
    pub(super) fn new(namespace: Arc<NamespaceState>, description: SocketDescription) -> Self {
        #[cfg(feature = "jwt")]
        let (user, description) = {
            let mut description = description;
            let (users, channels): (Vec<_>, Vec<_>) =
                description.channels.into_iter().partition(|channel| is_user_channel(channel));
            description.channels = channels;
            (users.into_iter().next(), description)
        };
        Self {
            namespace,
            description,
            #[cfg(feature = "jwt")]
            user,
        }
    }

    /// The id of the client.
    pub fn id(&self) -> SocketId {
        self.description.id
    }

    /// The namespace of the client.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace.name
    }

    /// The request that opened the client's connection, and its `auth` payload.
    pub fn handshake(&self) -> &Handshake {
        &self.description.handshake
    }

    /// The channels that the client is subscribed to.
    pub fn channels(&self) -> &[Channel] {
        &self.description.channels
    }

    /// The user of the client, by its token. `None` for a guest.
    ///
    /// ```no_run
    /// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::ChannelError> {
    /// for socket in io.everyone().fetch_sockets().await? {
    ///     println!("{} is {}", socket.id(), socket.user().unwrap_or("a guest"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "jwt")]
    pub fn user(&self) -> Option<&str> {
        user_of_channel(self.user.as_ref()?)
    }

    /// The content of the client's [`Socket::context`](crate::Socket::context): Socket.IO's
    /// `socket.data`.
    pub fn data(&self) -> &Map<String, Value> {
        &self.description.data
    }

    /// Sends an event to the client, without waiting. A client that has gone does not receive it.
    ///
    /// # Errors
    /// [`SendError::Overloaded`], [`SendError::Reserved`], [`SendError::TooLarge`] or
    /// [`SendError::Serialize`].
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, data: &T) -> Result<(), SendError> {
        self.target().emit(event, data)
    }

    /// Subscribes the client to a channel, without calling a handler. A client that has gone, or is
    /// in the maximum number of channels, is left as it is.
    ///
    /// # Errors
    /// [`ChannelError`] if the name is invalid.
    pub async fn join(&self, channel: impl ToChannel) -> Result<(), ChannelError> {
        self.target().sockets_join(channel).await
    }

    /// Unsubscribes the client from a channel.
    ///
    /// # Errors
    /// [`ChannelError`] if the name is invalid.
    pub async fn leave(&self, channel: impl ToChannel) -> Result<(), ChannelError> {
        self.target().sockets_leave(channel).await
    }

    /// Disconnects the client from its namespace, or, with `close`, closes its connection.
    pub async fn disconnect(&self, close: bool) {
        self.namespace.adapter.disconnect(self.audience(), close).await;
    }

    fn audience(&self) -> Audience {
        Audience::sockets(self.namespace.name.clone(), vec![self.id()])
    }

    fn target(&self) -> Target {
        let config = &self.namespace.config;
        Target::for_audience(Arc::clone(&self.namespace), self.audience(), config)
    }
}

impl fmt::Debug for RemoteSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSocket")
            .field("id", &self.id())
            .field("namespace", self.namespace())
            .field("channels", &self.channels())
            .finish_non_exhaustive()
    }
}
