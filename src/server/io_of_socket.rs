//! From a handler to the server.

use std::sync::Arc;

use super::SocketIo;
use crate::{
    event::HandlerError,
    routing::{Call, Event, FromEvent},
    socket::Socket,
};

impl Socket {
    /// The handle of the server, in the client's namespace: from a handler to all other clients.
    ///
    /// A handler may also have a parameter `io: SocketIo`.
    ///
    /// ```
    /// use actix_socketio::{HandlerError, HandlerResult, Many, Socket, SocketId};
    ///
    /// async fn private(socket: Socket, to: SocketId, text: String) -> HandlerResult {
    ///     let other = socket.io().socket(&to).ok_or_else(|| HandlerError::reject("gone"))?;
    ///     other.emit("private", &Many((socket.id(), text)))?;
    ///     Ok(())
    /// }
    /// ```
    #[expect(clippy::missing_panics_doc, reason = "it never panics, see the comment")]
    pub fn io(&self) -> SocketIo {
        // Connections alone make sockets, and each gives them the state of its server.
        let state = self.server().downcast().expect("the state of the server");
        SocketIo { state, namespace: Arc::clone(self.namespace_state()) }
    }
}

/// The server, in the client's namespace.
impl<E: Event> FromEvent<E> for SocketIo {
    fn from_event(call: &mut Call<'_, E>) -> Result<Self, HandlerError> {
        Ok(call.socket().io())
    }
}
