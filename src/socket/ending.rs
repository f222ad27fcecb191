use super::{ConnectionCommand, Socket, SocketInner};
use crate::{
    model::{DisconnectReason, PresenceExit},
    outbox::Pushed,
};

/// # Disconnecting
impl Socket {
    /// Disconnects the client from its namespace. Other namespaces of the connection go on. The
    /// client still receives what you sent before.
    ///
    /// The client sees the reason `io server disconnect`, and does not reconnect by itself.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::SendError> {
    /// socket.emit("notice", "you are banned")?; // arrives first
    /// socket.disconnect();
    /// # Ok(())
    /// # }
    /// ```
    pub fn disconnect(&self) {
        self.set_forgotten();
        if self.send_disconnect() {
            self.inner.acks.close();
            self.inner.commands.send(ConnectionCommand::Disconnect(self.id()));
        }
    }

    /// Closes the whole connection, with all its namespaces. The client still receives what you
    /// sent before.
    pub fn close(&self) {
        self.set_forgotten();
        self.inner.commands.send(ConnectionCommand::Close);
    }

    /// Drops only the transport under the socket, with all namespaces of the connection. The client
    /// still receives what you sent before, and comes back by itself, as after a restart of the
    /// server. Socket.IO's `socket.conn.close()` does the same.
    ///
    /// The client sees the reason `transport close`, and your handlers see
    /// [`DisconnectReason::ForcedClose`]. It returns as a new socket with another id, in no
    /// channel, unless [`Builder::recovery`](crate::Builder::recovery) restores it. After
    /// [`Socket::close`] it would stay away.
    ///
    /// ```no_run
    /// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::ChannelError> {
    /// // Clients with an old token authenticate anew.
    /// for remote in io.to("tokens-of-yesterday").fetch_sockets().await? {
    ///     if let Some(socket) = io.socket(&remote.id()) {
    ///         socket.close_transport();
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn close_transport(&self) {
        self.inner.commands.send(ConnectionCommand::CloseTransport);
    }

    /// Sends the last packet, a DISCONNECT. `false`: the socket was closed already.
    pub(crate) fn send_disconnect(&self) -> bool {
        self.inner.sender.push_final(self.codec().disconnect(self.namespace().as_str()))
            == Pushed::Queued
    }

    /// Sends nothing more, and ends all waits for acknowledgements. The end of the socket waits for
    /// handlers, and these may wait for an acknowledgement.
    pub(crate) fn close_sender(&self) {
        self.inner.sender.close();
        self.inner.acks.close();
    }

    /// Ends the socket: it leaves its channels. `ended`: why, if it was admitted.
    pub(crate) fn detach(&self, exit: PresenceExit, ended: Option<DisconnectReason>) {
        self.close_sender();
        let SocketInner { membership, namespace, registry_id, id, .. } = &*self.inner;
        membership.close(namespace, *registry_id, *id, exit, ended);
    }

    /// Ends the connection, because the client has come back over another one.
    pub(crate) fn replace(&self) {
        self.inner.commands.send(ConnectionCommand::Replace);
    }
}
