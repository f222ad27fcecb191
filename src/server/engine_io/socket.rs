use std::{fmt, sync::Arc};

use actix::Addr;

use super::connection::{CloseSession, EngineConnection};
use crate::{
    engine::{EngineMessage, EngineState},
    model::{Extensions, Handshake, Transport},
    outbox::{Outbox, Pushed},
    protocol::{EnginePacket, Frame},
    socket::SendError,
    stats::Flow,
};

/// A handle for one session of an [`EngineIo`](crate::EngineIo).
///
/// It is cheap to clone. You can use it from any thread, even after the session has ended.
///
/// ```
/// use actix_socketio::{EngineHandler, EngineMessage, EngineSocket};
///
/// struct Greeter;
///
/// impl EngineHandler for Greeter {
///     fn open(&self, socket: &EngineSocket) {
///         let address = socket.handshake().client_ip();
///         let _ = socket.send(format!("hello, {address:?}"));
///     }
///
///     fn message(&self, socket: &EngineSocket, _: EngineMessage) {
///         socket.close();
///     }
/// }
/// ```
#[derive(Clone)]
pub struct EngineSocket(Arc<EngineSocketInner>);

struct EngineSocketInner {
    engine: Arc<EngineState>,
    outbox: Arc<Outbox>,
    addr: Arc<Addr<EngineConnection>>,
    handshake: Handshake,
    extensions: Extensions,
}

impl EngineSocket {
    pub(super) fn new(
        engine: Arc<EngineState>,
        outbox: Arc<Outbox>,
        addr: Arc<Addr<EngineConnection>>,
        handshake: Handshake,
        extensions: Extensions,
    ) -> Self {
        Self(Arc::new(EngineSocketInner { engine, outbox, addr, handshake, extensions }))
    }

    /// Sends a message without waiting. Messages arrive in the order in which they are sent.
    ///
    /// ```no_run
    /// # fn example(socket: &actix_socketio::EngineSocket) -> Result<(), actix_socketio::SendError> {
    /// socket.send("text")?;
    /// socket.send(vec![1, 2, 3])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`SendError::Closed`] if the session has ended, or ends now because the client reads too
    ///   slowly.
    /// * [`SendError::TooLarge`] if the message alone is larger than
    ///   [`Config::max_outbox`](crate::Config::max_outbox).
    pub fn send(&self, message: impl Into<EngineMessage>) -> Result<(), SendError> {
        let frame = Frame::engine(&match message.into() {
            EngineMessage::Text(text) => EnginePacket::Message(text),
            EngineMessage::Binary(data) => EnginePacket::Binary(data),
        });
        let (cost, bytes, limit) = (frame.cost(), frame.len(), self.0.engine.config.max_outbox);
        if cost > limit {
            return Err(SendError::TooLarge { length: cost, limit });
        }
        match self.0.outbox.push(frame) {
            Pushed::Dropped => Err(SendError::Closed),
            Pushed::Queued => {
                self.0.engine.counters.traffic.add(Flow::Sent, 1, bytes);
                Ok(())
            }
        }
    }

    /// Ends the session. Messages that were sent before still go out.
    pub fn close(&self) {
        self.0.addr.do_send(CloseSession);
    }

    /// The request that opened the session. It has no `auth`, which belongs to Socket.IO.
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// The session's own values, one for each Rust type.
    /// [`EngineIoBuilder::on_handshake`](crate::EngineIoBuilder::on_handshake) can insert the
    /// first.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// The transport that sends to the client.
    pub fn transport(&self) -> Transport {
        self.0.outbox.active_transport()
    }
}

impl PartialEq for EngineSocket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for EngineSocket {}

impl fmt::Debug for EngineSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineSocket")
            .field("handshake", self.handshake())
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}
