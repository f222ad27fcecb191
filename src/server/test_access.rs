//! The parts of a server that the helpers for tests look at.

use std::sync::Arc;

use super::SocketIo;
use crate::{model::SessionId, protocol::PacketCodec, transport::Session};

impl SocketIo {
    pub(crate) fn codec(&self) -> &PacketCodec {
        &self.state.codec
    }

    /// The session of a client, while it is open.
    pub(crate) fn session(&self, id: &SessionId) -> Option<Arc<Session>> {
        self.state.engine.sessions.get(id)
    }
}
