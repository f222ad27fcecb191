use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use super::{AckError, SendError, Socket, send::check};
use crate::{
    deadline::within,
    protocol::{Args, OutgoingPacket},
};

/// Sends to one client with options.
///
/// [`Socket::volatile`], [`Socket::compress`] and [`Socket::timeout`] make one.
///
/// ```no_run
/// # use std::time::Duration;
/// # async fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::AckError> {
/// socket.volatile().emit("cursor", &[3, 4])?; // the next one follows soon
/// let patient = socket.timeout(Duration::from_secs(2));
/// let agreed: bool = patient.emit_with_ack("confirm", "Really?").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "this only sets options: call `emit` or `emit_with_ack`"]
pub struct SocketEmitter<'a> {
    socket: &'a Socket,
    volatile: bool,
    compress: bool,
    timeout: Duration,
}

impl<'a> SocketEmitter<'a> {
    pub(super) fn new(socket: &'a Socket) -> Self {
        Self { socket, volatile: false, compress: true, timeout: socket.config().ack_timeout }
    }

    /// Drops the event if the client's transport does not wait for something to send: because an
    /// earlier packet is still on its way, or because a polling client is between two polls. Use it
    /// for data that is out of date a moment later.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Sets whether the event may be sent compressed, if
    /// [`Builder::per_message_deflate`](crate::Builder::per_message_deflate) and the client allow
    /// it. Default: yes.
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// Sets how long to wait for an acknowledgement. Default:
    /// [`Builder::ack_timeout`](crate::Builder::ack_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends an event. A volatile event that is dropped is not an error.
    ///
    /// # Errors
    /// [`SendError::Closed`], [`SendError::Reserved`], [`SendError::TooLarge`] or
    /// [`SendError::Serialize`].
    pub fn emit<T: Serialize + ?Sized>(self, event: &str, data: &T) -> Result<(), SendError> {
        let packet = self.encode(None, event, data)?;
        if !self.volatile {
            return self.socket.push_event(packet);
        }
        self.socket.push_volatile(&packet.into_frame());
        if self.socket.is_connected() { Ok(()) } else { Err(SendError::Closed) }
    }

    /// Sends an event, and waits for its acknowledgement.
    ///
    /// # Errors
    /// [`AckError`] is the reason why there is no answer of the expected type. A volatile event
    /// that is dropped ends in [`AckError::Timeout`].
    #[doc(alias = "emitWithAck")]
    pub async fn emit_with_ack<T, R>(self, event: &str, data: &T) -> Result<R, AckError>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        self.emit_with_ack_args(event, data).await?.get(0).map_err(AckError::Reply)
    }

    /// Sends an event, and waits for an acknowledgement of several arguments. Returns all of them
    /// as they came.
    ///
    /// # Errors
    /// [`AckError`], except for [`AckError::Reply`].
    #[doc(alias = "emitWithAck")]
    pub async fn emit_with_ack_args<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> Result<Args, AckError> {
        let mut pending =
            self.socket.inner.acks.ask(|| self.socket.inner.namespace.acks.next_id())?;
        let packet = self.encode(Some(pending.id()), event, data)?;
        if self.volatile {
            self.socket.push_volatile(&packet.into_frame());
        } else {
            self.socket.push(packet)?;
        }
        within(self.timeout, pending.answer()).await.ok_or(AckError::Timeout)?
    }

    fn encode<T: Serialize + ?Sized>(
        &self,
        id: Option<u64>,
        event: &str,
        data: &T,
    ) -> Result<OutgoingPacket, SendError> {
        check(event)?;
        let codec = self.socket.codec();
        let packet = codec.event(self.socket.namespace().as_str(), id, event, data)?;
        Ok(if self.compress { codec.compressible(packet) } else { packet })
    }
}
