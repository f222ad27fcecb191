mod acting;
#[cfg(any(feature = "admin", feature = "api"))]
mod by_api;

use std::{sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::{BroadcastAcks, NamespaceState, SendError, Socket, send::check};
use crate::{
    config::Config,
    model::{Channel, ChannelError, SocketId, ToChannel},
    protocol::UnsealedPacket,
    registry::{Audience, Publication, Receipt},
};

/// The clients that a message is for: the subscribers of some channels, or all clients, less some.
///
/// [`SocketIo::to`](crate::SocketIo::to) and [`Socket::to`] make one. A client in several of the
/// channels gets one copy. You can also look at the clients
/// ([`fetch_sockets`](Self::fetch_sockets)) and act on them ([`sockets_join`](Self::sockets_join),
/// [`sockets_leave`](Self::sockets_leave), [`disconnect_sockets`](Self::disconnect_sockets)).
///
/// With an [adapter](crate::Builder::adapter) for a cluster, these are the clients of all servers.
///
/// ```no_run
/// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
/// io.to("match-1").to("match-2").except("muted").emit("goal", "1:0")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a target only chooses receivers: call `emit` or `publish`"]
pub struct Target {
    namespace: Arc<NamespaceState>,
    audience: Audience,
    volatile: bool,
    skip_history: bool,
    durable: bool,
    compress: bool,
    timeout: Duration,
    max_channel_length: usize,
    /// The first invalid channel name, reported when the target is used.
    invalid: Option<ChannelError>,
}

/// # Receivers
impl Target {
    pub(crate) fn new(namespace: Arc<NamespaceState>, config: &Config) -> Self {
        let audience = Audience::everyone(namespace.name.clone());
        Self::for_audience(namespace, audience, config)
    }

    pub(super) fn for_audience(
        namespace: Arc<NamespaceState>,
        audience: Audience,
        config: &Config,
    ) -> Self {
        let Config { ack_timeout: timeout, max_channel_length, .. } = *config;
        Self {
            namespace,
            audience,
            volatile: false,
            skip_history: false,
            durable: false,
            compress: true,
            timeout,
            max_channel_length,
            invalid: None,
        }
    }

    /// Adds the subscribers of this channel.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.to("match-1").to("match-2").emit("goal", "1:0")?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "in")]
    pub fn to(mut self, channel: impl ToChannel) -> Self {
        let channel = self.channel(&channel);
        self.audience.to.extend(channel);
        self
    }

    /// Leaves out the subscribers of this channel.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.to("match-1").except("muted").emit("goal", "1:0")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn except(mut self, channel: impl ToChannel) -> Self {
        let channel = self.channel(&channel);
        self.audience.except.extend(channel);
        self
    }

    /// Leaves out this client.
    pub fn except_socket(mut self, id: SocketId) -> Self {
        self.audience.except_sockets.push(id);
        self
    }

    /// Adds this client, whether it is subscribed or not, and even if it was left out before.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::SendError> {
    /// // The sender reads its own message in the same order as all others.
    /// socket.to("chat-1").including(&socket).emit("chat", "hello")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn including(mut self, socket: &Socket) -> Self {
        self.audience.except_sockets.retain(|id| *id != socket.id());
        if !self.audience.including.contains(&socket.id()) {
            self.audience.including.push(socket.id());
        }
        self
    }

    /// Leaves out the clients of other servers: Socket.IO's `local` flag.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.everyone().local().emit("notice", "this server restarts at ten")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn local(mut self) -> Self {
        self.audience.local = true;
        self
    }
}

/// # Options
impl Target {
    /// Leaves out each client whose transport does not wait for something to send. Use it for data
    /// that is out of date a moment later.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.to("map-1").volatile().emit("position", &[3, 4])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Keeps the event in no history. A client that was away does not get it, and is not told that
    /// it is missing: for what is of no use later, such as "ada is typing".
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::SendError> {
    /// socket.to("chat-1").skip_history().emit("typing", &socket.id())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn skip_history(mut self) -> Self {
        self.skip_history = true;
        self
    }

    /// Lets [`Target::publish`] wait until the store has committed the message, so that it is there
    /// after a crash. Its clients receive it meanwhile, unless its route delivers
    /// [after the commit](crate::History::after_commit).
    ///
    /// ```no_run
    /// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.to("orders-7").durable().publish("paid", &true).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It fails with [`SendError::NotStored`] if no [store](crate::Builder::store) has it: also if
    /// one of the channels has no history. All other calls ignore it.
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// Sets whether the message may be sent compressed, if
    /// [`Builder::per_message_deflate`](crate::Builder::per_message_deflate) and the client allow
    /// it. Default: yes.
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// Sets how long [`Target::emit_with_ack`] waits. Default:
    /// [`Builder::ack_timeout`](crate::Builder::ack_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// # Sending
impl Target {
    /// Sends an event, without waiting.
    ///
    /// # Errors
    /// [`SendError::Channel`], [`SendError::Overloaded`], [`SendError::Reserved`],
    /// [`SendError::TooLarge`] or [`SendError::Serialize`].
    pub fn emit<T: Serialize + ?Sized>(self, event: &str, data: &T) -> Result<(), SendError> {
        let packet = self.encode(event, data)?;
        self.send_packet(packet)
    }

    /// Sends an event, and waits until it is queued for each of its receivers. A loop that
    /// publishes this way goes no faster than the server.
    ///
    /// ```no_run
    /// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// for minute in 1..=90 {
    ///     let receipt = io.to("match-42").publish("minute", &minute).await?;
    ///     log::debug!("{} clients", receipt.delivered);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Target::emit`], and [`SendError::Closed`] if the server's arbiter has stopped.
    pub async fn publish<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> Result<Receipt, SendError> {
        let packet = self.encode(event, data)?;
        let durable = self.durable;
        let (namespace, mut publication) = self.publication(packet)?;
        publication.durable = durable;
        Ok(namespace.adapter.publish_and_count(publication).await?)
    }

    /// Sends an event that a client has caused, once none of its receivers is so far behind that it
    /// would be disconnected. Use it in handlers that forward what clients send.
    ///
    /// A handler that waits for it holds its client back: the client's next events wait, and then
    /// TCP makes it send no faster than the others read. So a client that floods a channel
    /// disconnects no subscriber. Routes with [`allow_publish`](crate::Route::allow_publish) relay
    /// publications in the same way.
    ///
    /// A receiver that reads nothing is waited for once, for
    /// [`Builder::slow_consumer_timeout`](crate::Builder::slow_consumer_timeout). Receivers of other
    /// servers are not waited for. An event that is [`volatile`](Self::volatile) does not wait.
    ///
    /// ```no_run
    /// use actix_socketio::{HandlerResult, OnMessage};
    ///
    /// async fn forward(event: OnMessage) -> HandlerResult {
    ///     let text: String = event.json()?;
    ///     event.socket.to("chat").relay("chat", &text).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`Target::emit`].
    pub async fn relay<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> Result<(), SendError> {
        let packet = self.encode(event, data)?;
        self.relay_packet(packet).await
    }

    /// Sends an event, and collects the acknowledgements of all receivers, until each has answered
    /// or [`Target::timeout`] is over. [`BroadcastAcks`] has an example.
    ///
    /// # Errors
    /// As [`Target::publish`].
    #[doc(alias = "emitWithAck")]
    pub async fn emit_with_ack<T, R>(
        self,
        event: &str,
        data: &T,
    ) -> Result<BroadcastAcks<R>, SendError>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        let (packet, limit) = (self.encode(event, data)?, self.timeout);
        // The adapter adds the id. A packet that had no capacity for it would disconnect its
        // receivers.
        self.namespace.check_size(packet.cost() + UnsealedPacket::MAX_ACK_ID)?;
        let (namespace, publication) = self.publication(packet)?;
        let answers = namespace.adapter.publish_with_acks(publication, limit).await?;
        Ok(BroadcastAcks::new(answers))
    }

    /// Sends a packet that is encoded already.
    pub(crate) fn send_packet(self, packet: UnsealedPacket) -> Result<(), SendError> {
        let (namespace, publication) = self.publication(packet)?;
        Ok(namespace.adapter.publish(publication)?)
    }

    /// Sends a packet of a client, once none of its receivers is so far behind that it would
    /// disconnect them.
    pub(crate) async fn relay_packet(self, packet: UnsealedPacket) -> Result<(), SendError> {
        let (namespace, publication) = self.publication(packet)?;
        let limit = namespace.config.slow_consumer_timeout;
        // A volatile one is never queued behind another.
        let publication = match publication.volatile {
            true => publication,
            false => namespace.sequencer.reserve(publication, limit).await,
        };
        Ok(namespace.adapter.publish(publication)?)
    }
}

impl Target {
    fn encode<T: Serialize + ?Sized>(
        &self,
        event: &str,
        data: &T,
    ) -> Result<UnsealedPacket, SendError> {
        check(event)?;
        let NamespaceState { codec, name, .. } = &*self.namespace;
        Ok(codec.publication(name.as_str(), event, data, self.compress)?)
    }

    fn publication(
        self,
        packet: UnsealedPacket,
    ) -> Result<(Arc<NamespaceState>, Publication), SendError> {
        self.namespace.check_size(packet.cost())?;
        let (volatile, skip_history) = (self.volatile, self.skip_history);
        let (namespace, audience) = self.audience()?;
        let mut publication = Publication::new(audience, packet);
        publication.volatile = volatile;
        publication.skip_history = skip_history;
        Ok((namespace, publication))
    }

    fn audience(self) -> Result<(Arc<NamespaceState>, Audience), ChannelError> {
        match self.invalid {
            Some(error) => Err(error),
            None => Ok((self.namespace, self.audience)),
        }
    }

    fn channel(&mut self, channel: &impl ToChannel) -> Option<Channel> {
        channel
            .to_channel(self.max_channel_length)
            .map_err(|error| self.invalid.get_or_insert(error))
            .ok()
    }
}
