use std::sync::Arc;

use serde::Serialize;

use super::{SendError, Socket, send::check};
use crate::{
    config::Config,
    model::{Channel, ChannelError, Namespace, SocketId, ToChannel},
    protocol::{self, Frame},
    registry::{Overloaded, Publication, PublishError, RegistryHandle},
};

/// Whom a message is for: some channels, or everybody, less some.
///
/// Made by [`SocketIo::to`](crate::SocketIo::to) and [`Socket::to`]; a client in several of the channels gets one copy.
///
/// ```no_run
/// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
/// io.to("match-1").to("match-2").except("muted").emit("goal", "1:0")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a target is only whom to send to: call `emit` or `publish`"]
pub struct Target {
    registry: RegistryHandle,
    config: Arc<Config>,
    namespace: Namespace,
    to: Vec<Channel>,
    except: Vec<Channel>,
    except_sockets: Vec<SocketId>,
    including: Vec<SocketId>,
    /// The first name that was none; reported when it is sent.
    invalid: Option<ChannelError>,
}

/// What became of a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// For how many clients it was queued.
    pub delivered: usize,
}

impl Target {
    pub(crate) fn new(registry: RegistryHandle, config: Arc<Config>, namespace: Namespace) -> Self {
        Self {
            registry,
            config,
            namespace,
            to: Vec::new(),
            except: Vec::new(),
            except_sockets: Vec::new(),
            including: Vec::new(),
            invalid: None,
        }
    }

    /// The subscribers of this channel, too.
    pub fn to(mut self, channel: impl ToChannel) -> Self {
        let channel = self.channel(&channel);
        self.to.extend(channel);
        self
    }

    /// Not the subscribers of this channel.
    pub fn except(mut self, channel: impl ToChannel) -> Self {
        let channel = self.channel(&channel);
        self.except.extend(channel);
        self
    }

    /// Not this client.
    pub fn except_socket(mut self, id: SocketId) -> Self {
        self.except_sockets.push(id);
        self
    }

    /// This client in any case, subscribed or not, also if it was the one left out.
    pub fn including(mut self, socket: &Socket) -> Self {
        self.except_sockets.retain(|id| *id != socket.id());
        self.including.push(socket.id());
        self
    }

    /// Sends an event, without waiting.
    ///
    /// # Errors
    /// [`SendError::Channel`], [`SendError::Overloaded`], [`SendError::Reserved`] or [`SendError::Serialize`].
    pub fn emit<T: Serialize + ?Sized>(self, event: &str, data: &T) -> Result<(), SendError> {
        let (registry, publication) = self.publication(event, data)?;
        registry.publish(publication).map_err(|Overloaded| SendError::Overloaded)
    }

    /// Sends an event, and waits until it is queued for each of its receivers. Who publishes in a loop goes no faster
    /// than the server so.
    ///
    /// # Errors
    /// As [`Target::emit`]; and [`SendError::Closed`] if the server's arbiter has stopped.
    pub async fn publish<T: Serialize + ?Sized>(self, event: &str, data: &T) -> Result<Receipt, SendError> {
        let (registry, publication) = self.publication(event, data)?;
        match registry.publish_and_wait(publication).await {
            Ok(delivered) => Ok(Receipt { delivered }),
            Err(PublishError::Overloaded) => Err(SendError::Overloaded),
            Err(PublishError::Gone) => Err(SendError::Closed),
        }
    }

    /// Sends a frame which is encoded already.
    pub(crate) fn send_frame(self, frame: Frame) -> Result<(), SendError> {
        let (registry, publication) = self.with_frame(frame)?;
        registry.publish(publication).map_err(|Overloaded| SendError::Overloaded)
    }

    fn publication<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> Result<(RegistryHandle, Publication), SendError> {
        check(event)?;
        let frame = protocol::event(self.namespace.as_str(), None, event, data)?;
        self.with_frame(frame)
    }

    fn with_frame(self, frame: Frame) -> Result<(RegistryHandle, Publication), SendError> {
        let Self { registry, namespace, to, except, except_sockets, including, invalid, .. } = self;
        match invalid {
            Some(error) => Err(error.into()),
            None => Ok((registry, Publication { namespace, to, except, except_sockets, including, frame })),
        }
    }

    fn channel(&mut self, channel: &impl ToChannel) -> Option<Channel> {
        channel.to_channel(self.config.max_channel_length).map_err(|error| self.invalid.get_or_insert(error)).ok()
    }
}
