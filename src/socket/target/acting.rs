//! Looking at the clients of a target, and acting on them.

use std::sync::Arc;

use super::{
    super::{FetchedSockets, RemoteSocket},
    Target,
};
use crate::model::{ChannelError, ToChannel};

/// # Querying and acting
///
/// These wait for the registry, so that they see what this task did before. For one client of this
/// server, [`SocketIo::socket`](crate::SocketIo::socket) has its [`Socket`](crate::Socket).
impl Target {
    /// The clients that a message would reach, of all servers that answer in time.
    ///
    /// ```no_run
    /// # use actix_socketio::{ChannelError, SocketIo};
    /// # async fn example(io: SocketIo) -> Result<(), ChannelError> {
    /// for socket in io.to("match-42").fetch_sockets().await? {
    ///     println!("{} from {:?}", socket.id(), socket.handshake().client_ip());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ChannelError`] if a channel name is invalid.
    #[doc(alias = "fetchSockets")]
    pub async fn fetch_sockets(self) -> Result<FetchedSockets, ChannelError> {
        let (namespace, audience) = self.audience()?;
        let found = namespace.adapter.fetch(audience).await;
        let remote = |description| RemoteSocket::new(Arc::clone(&namespace), description);
        let sockets = found.sockets.into_iter().map(remote).collect();
        Ok(FetchedSockets { sockets, missing_servers: found.missing })
    }

    /// Subscribes the clients to a channel, without calling a handler. A client that has gone, or
    /// is in the maximum number of channels, is left as it is.
    ///
    /// ```no_run
    /// # use actix_socketio::{ChannelError, SocketIo};
    /// # async fn example(io: SocketIo) -> Result<(), ChannelError> {
    /// io.to("waiting").sockets_join("match-42").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ChannelError`] if a channel name is invalid.
    #[doc(alias = "socketsJoin")]
    pub async fn sockets_join(mut self, channel: impl ToChannel) -> Result<(), ChannelError> {
        let channel = self.channel(&channel);
        let (namespace, audience) = self.audience()?;
        if let Some(channel) = channel {
            namespace.adapter.join(audience, channel).await;
        }
        Ok(())
    }

    /// Unsubscribes the clients from a channel.
    ///
    /// ```no_run
    /// # use actix_socketio::{ChannelError, SocketIo};
    /// # async fn example(io: SocketIo) -> Result<(), ChannelError> {
    /// // The match is over.
    /// io.to("match-42").sockets_leave("match-42").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ChannelError`] if a channel name is invalid.
    #[doc(alias = "socketsLeave")]
    pub async fn sockets_leave(mut self, channel: impl ToChannel) -> Result<(), ChannelError> {
        let channel = self.channel(&channel);
        let (namespace, audience) = self.audience()?;
        if let Some(channel) = channel {
            namespace.adapter.leave(audience, channel).await;
        }
        Ok(())
    }

    /// Disconnects the clients from the namespace, or, with `close`, closes their connections.
    ///
    /// ```no_run
    /// # use actix_socketio::{ChannelError, SocketIo};
    /// # async fn example(io: SocketIo) -> Result<(), ChannelError> {
    /// io.to("user-7").disconnect_sockets(true).await?; // logged out
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ChannelError`] if a channel name is invalid.
    #[doc(alias = "disconnectSockets")]
    pub async fn disconnect_sockets(self, close: bool) -> Result<(), ChannelError> {
        let (namespace, audience) = self.audience()?;
        namespace.adapter.disconnect(audience, close).await;
        Ok(())
    }
}
