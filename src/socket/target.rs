use std::{sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{AckError, NamespaceState, SendError, Socket, SubscribeError, send::check};
use crate::{
    config::Config,
    model::{Channel, ChannelError, SocketId, ToChannel},
    protocol::Frame,
    registry::{Audience, Overloaded, Publication, PublishError},
};

/// Whom a message is for: some channels, or everybody, less some.
///
/// Made by [`SocketIo::to`](crate::SocketIo::to) and [`Socket::to`]; a client in several of the
/// channels gets one copy. The same choice of clients can also be looked at
/// ([`fetch_sockets`](Self::fetch_sockets)) and acted upon ([`sockets_join`](Self::sockets_join),
/// [`sockets_leave`](Self::sockets_leave), [`disconnect_sockets`](Self::disconnect_sockets)).
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
    namespace: Arc<NamespaceState>,
    audience: Audience,
    volatile: bool,
    compress: bool,
    timeout: Duration,
    max_channel_length: usize,
    /// The first name that was none; reported when it is used.
    invalid: Option<ChannelError>,
}

/// What became of a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// For how many clients it was queued.
    pub delivered: usize,
}

/// The acknowledgements of a broadcast.
#[derive(Debug)]
#[non_exhaustive]
pub struct BroadcastAcks<R> {
    /// Who answered in time, and what; [`AckError::Reply`] is an answer that is not as expected.
    pub answers: Vec<(SocketId, Result<R, AckError>)>,
    /// Who got the event, and did not answer in time.
    pub missing: Vec<SocketId>,
}

/// # Whom
impl Target {
    pub(crate) fn new(namespace: Arc<NamespaceState>, config: &Config) -> Self {
        let audience = Audience::everyone(namespace.name.clone());
        let Config { ack_timeout: timeout, max_channel_length, .. } = *config;
        Self {
            namespace,
            audience,
            volatile: false,
            compress: true,
            timeout,
            max_channel_length,
            invalid: None,
        }
    }

    /// The subscribers of this channel, too.
    pub fn to(mut self, channel: impl ToChannel) -> Self {
        let channel = self.channel(&channel);
        self.audience.to.extend(channel);
        self
    }

    /// Not the subscribers of this channel.
    pub fn except(mut self, channel: impl ToChannel) -> Self {
        let channel = self.channel(&channel);
        self.audience.except.extend(channel);
        self
    }

    /// Not this client.
    pub fn except_socket(mut self, id: SocketId) -> Self {
        self.audience.except_sockets.push(id);
        self
    }

    /// This client in any case, subscribed or not, also if it was the one left out.
    pub fn including(mut self, socket: &Socket) -> Self {
        self.audience.except_sockets.retain(|id| *id != socket.id());
        if !self.audience.including.contains(&socket.id()) {
            self.audience.including.push(socket.id());
        }
        self
    }

    /// Clients of this server only. It is so in any case: there is no cluster to be left out yet.
    pub fn local(self) -> Self {
        self
    }
}

/// # How
impl Target {
    /// Leaves out each client whose transport does not wait for something to send. For what is out
    /// of date a moment later.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Whether what is sent may be compressed on its way, where
    /// [`Builder::per_message_deflate`](crate::Builder::per_message_deflate) and the client allow
    /// it. Default: yes.
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// How long [`Target::emit_with_ack`] waits. Default:
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
    /// [`SendError::Channel`], [`SendError::Overloaded`], [`SendError::Reserved`] or
    /// [`SendError::Serialize`].
    pub fn emit<T: Serialize + ?Sized>(self, event: &str, data: &T) -> Result<(), SendError> {
        let frame = self.encode(None, event, data)?;
        self.send_frame(frame)
    }

    /// Sends an event, and waits until it is queued for each of its receivers. Who publishes in a
    /// loop goes no faster than the server so.
    ///
    /// # Errors
    /// As [`Target::emit`]; and [`SendError::Closed`] if the server's arbiter has stopped.
    pub async fn publish<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> Result<Receipt, SendError> {
        let frame = self.encode(None, event, data)?;
        let (namespace, publication) = self.publication(frame)?;
        let delivered = namespace.sequencer.publish_and_wait(publication).await?;
        Ok(Receipt { delivered })
    }

    /// Sends an event, and collects the acknowledgements of all who get it, until each has answered
    /// or [`Target::timeout`] is over. What has come by then is there.
    ///
    /// ```no_run
    /// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// let acks = io.to("match-42").emit_with_ack::<_, u32>("how many goals?", &()).await?;
    /// println!("{} have answered, {} have not", acks.answers.len(), acks.missing.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Target::publish`].
    pub async fn emit_with_ack<T, R>(
        self,
        event: &str,
        data: &T,
    ) -> Result<BroadcastAcks<R>, SendError>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        let id = self.namespace.ack_id();
        let frame = self.encode(Some(id), event, data)?;
        let limit = self.timeout;
        let (namespace, publication) = self.publication(frame)?;
        let collecting = namespace.ack_collectors.open(id);
        collecting.asked(namespace.sequencer.publish_to_known(publication).await?);
        // Who has not answered by then is among the missing.
        let _ = timeout(limit, collecting.complete()).await;
        let (answers, missing) = collecting.finish();
        let answers =
            answers.into_iter().map(|(id, args)| (id, args.get(0).map_err(AckError::Reply)));
        Ok(BroadcastAcks { answers: answers.collect(), missing })
    }

    /// Sends a frame which is encoded already.
    pub(crate) fn send_frame(self, frame: Frame) -> Result<(), SendError> {
        let (namespace, publication) = self.publication(frame)?;
        namespace.sequencer.publish(publication).map_err(|Overloaded| SendError::Overloaded)
    }
}

/// # Looking and acting
///
/// These wait for the registry, so that what this task did before is seen.
impl Target {
    /// The clients that a message would reach.
    ///
    /// # Errors
    /// [`ChannelError`] if a channel's name is none.
    pub async fn fetch_sockets(self) -> Result<Vec<Socket>, ChannelError> {
        let Self { namespace, audience, invalid, .. } = self;
        if let Some(error) = invalid {
            return Err(error);
        }
        let ids = namespace.sequencer.select(audience).await;
        Ok(ids.iter().filter_map(|id| namespace.sockets.socket(id)).collect())
    }

    /// Subscribes them all to a channel, without asking a handler. How many were not in it before.
    ///
    /// # Errors
    /// [`SubscribeError::Channel`] if a name is none. A client that has gone meanwhile, or is in
    /// too many channels, is left as it is.
    pub async fn sockets_join(self, channel: impl ToChannel) -> Result<usize, SubscribeError> {
        let channel = channel.to_channel(self.max_channel_length)?;
        let sockets = self.fetch_sockets().await?;
        Ok(sockets.iter().filter(|socket| socket.subscribe(&channel) == Ok(true)).count())
    }

    /// Takes them all out of a channel. How many were in it.
    ///
    /// # Errors
    /// [`ChannelError`] if the name of a channel that chooses them is none.
    pub async fn sockets_leave(self, channel: impl AsRef<str>) -> Result<usize, ChannelError> {
        let sockets = self.fetch_sockets().await?;
        Ok(sockets.iter().filter(|socket| socket.unsubscribe(channel.as_ref())).count())
    }

    /// Puts them all out of the namespace, or with `close` ends their connections. How many there
    /// were.
    ///
    /// # Errors
    /// [`ChannelError`] if a channel's name is none.
    pub async fn disconnect_sockets(self, close: bool) -> Result<usize, ChannelError> {
        let sockets = self.fetch_sockets().await?;
        for socket in &sockets {
            if close {
                socket.close();
            } else {
                socket.disconnect();
            }
        }
        Ok(sockets.len())
    }
}

impl Target {
    fn encode<T: Serialize + ?Sized>(
        &self,
        id: Option<u64>,
        event: &str,
        data: &T,
    ) -> Result<Frame, SendError> {
        check(event)?;
        let codec = &self.namespace.codec;
        let packet = codec.event(self.namespace.name.as_str(), id, event, data)?;
        Ok(if self.compress { codec.compressible(packet) } else { packet }.into_frame())
    }

    fn publication(self, frame: Frame) -> Result<(Arc<NamespaceState>, Publication), SendError> {
        self.namespace.check_size(frame.cost())?;
        let Self { namespace, audience, volatile, invalid, .. } = self;
        match invalid {
            Some(error) => Err(error.into()),
            None => Ok((namespace, Publication { audience, frame, volatile })),
        }
    }

    fn channel(&mut self, channel: &impl ToChannel) -> Option<Channel> {
        channel
            .to_channel(self.max_channel_length)
            .map_err(|error| self.invalid.get_or_insert(error))
            .ok()
    }
}

impl From<PublishError> for SendError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Overloaded => Self::Overloaded,
            PublishError::Gone => Self::Closed,
        }
    }
}
