use std::sync::Arc;

use super::{NamespaceState, Socket, SocketInner, SubscribeError};
#[cfg(feature = "jwt")]
use crate::model::is_user_channel;
use crate::{
    deadline::within,
    model::{Channel, ChannelMatch, JoiningMember, ToChannel},
    registry::{CatchUp, CatchUpAnswer, KeptChannels},
};

/// # Subscriptions
impl Socket {
    /// The channels that the client is subscribed to, the oldest subscription first. They are still
    /// there in `OnDisconnect`, `OnUnsubscribe` and `OnFinish`.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) -> Result<(), actix_socketio::SendError> {
    /// for channel in socket.channels() {
    ///     socket.to(channel).emit("left", &socket.id())?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "rooms")]
    pub fn channels(&self) -> Vec<Channel> {
        visible(self.all_channels(), |channel| channel)
    }

    /// Its channels with that of its user, which is the server's.
    pub(crate) fn all_channels(&self) -> Vec<Channel> {
        self.inner.membership.list(|channel, _| channel.clone())
    }

    /// Subscribes the client to a channel, without calling a handler. `false`: it was subscribed
    /// already.
    ///
    /// From here on it receives what is published, so a snapshot that you send after this call
    /// leaves no gap.
    ///
    /// ```no_run
    /// # fn example(socket: actix_socketio::Socket) -> Result<(), Box<dyn std::error::Error>> {
    /// socket.subscribe("match-42")?;
    /// socket.emit("score", "1:0")?; // then the snapshot
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It does not wait for the other servers of a cluster: [`subscribed`](Self::subscribed) does.
    ///
    /// # Errors
    /// [`SubscribeError`]: the name is invalid, the client is in too many channels, or it has gone.
    #[doc(alias = "join")]
    pub fn subscribe(&self, channel: impl ToChannel) -> Result<bool, SubscribeError> {
        let channel = channel.to_channel(self.config().max_channel_length)?;
        let routes = &self.inner.channel_routes;
        if self.inner.members.is_none() {
            return self.join(channel, |channel| routes.matches(channel), None);
        }
        // The application says which member the client is. It is not asked under the lock.
        if self.inner.membership.is_joined(&channel) {
            return Ok(false);
        }
        let matched = routes.matches(&channel);
        self.subscribe_matched(channel, matched)
    }

    /// Unsubscribes the client from a channel. `false`: it was not subscribed.
    ///
    /// A message that is on its way may still reach it.
    #[doc(alias = "leave")]
    pub fn unsubscribe(&self, channel: impl AsRef<str>) -> bool {
        self.leave(channel.as_ref(), false).is_some()
    }

    /// Whether the client is subscribed to the channel.
    pub fn is_subscribed(&self, channel: impl AsRef<str>) -> bool {
        self.inner.membership.contains(channel.as_ref())
    }

    /// Subscribes it to a channel whose routes are known.
    pub(crate) fn subscribe_matched(
        &self,
        channel: Channel,
        matched: Arc<ChannelMatch>,
    ) -> Result<bool, SubscribeError> {
        let joining = self.joining(&channel, &matched);
        self.join(channel, |_| matched, joining)
    }

    /// Waits until the events of all servers of a cluster reach the client in the channels that it
    /// is subscribed to. It takes at most
    /// [`handler_timeout`](crate::Builder::handler_timeout), and most adapters need no time at all.
    ///
    /// The server waits by itself before it answers a client: to a connection, for the channels of
    /// `OnConnect`, and to a subscription of the client's own.
    ///
    /// ```no_run
    /// # async fn example(socket: actix_socketio::Socket) -> Result<(), Box<dyn std::error::Error>> {
    /// socket.subscribe("match-42")?;
    /// socket.subscribed().await;
    /// // From here on, no event of another server is missed either.
    /// # Ok(())
    /// # }
    /// ```
    pub async fn subscribed(&self) {
        if let Some(receives) = self.inner.namespace.adapter.receives_channels() {
            // The adapter may wait for long, or for ever.
            let _ = within(self.config().handler_timeout, receives).await;
        }
    }

    /// Waits until publications of other servers to some channels come to this server, whether or
    /// not they are open yet. They come as long as the value is kept.
    pub(crate) async fn prepare_channels(&self, channels: &[Channel]) -> Option<KeptChannels> {
        let NamespaceState { adapter, name, .. } = &*self.inner.namespace;
        let prepared = adapter.prepare_channels(name, channels)?;
        within(self.config().handler_timeout, prepared).await
    }

    /// Finds the member behind the socket, for a channel that it joins. It asks the application, so
    /// no lock may be held.
    fn joining(&self, channel: &Channel, matched: &ChannelMatch) -> Option<JoiningMember> {
        let members = self.inner.members.as_ref()?;
        if self.inner.membership.is_joined(channel) {
            return None;
        }
        members.joining(self, matched)
    }

    fn join(
        &self,
        channel: Channel,
        find: impl FnOnce(&Channel) -> Arc<ChannelMatch>,
        joining: Option<JoiningMember>,
    ) -> Result<bool, SubscribeError> {
        let SocketInner { membership, namespace, registry_id, config, id, sender, .. } =
            &*self.inner;
        let socket = (&**namespace, *registry_id, *id);
        membership.join(channel, find, joining, config.max_channels, socket, sender)
    }

    /// Subscribes it to channels, and sends an answer and what it has missed of them. `answer`
    /// gets those that are refused.
    pub(crate) fn subscribe_and_catch_up(
        &self,
        wanted: Vec<(Channel, Arc<ChannelMatch>)>,
        catch_up: CatchUp,
        answer: impl FnOnce(Vec<(Channel, SubscribeError)>) -> CatchUpAnswer,
    ) -> Result<(), SubscribeError> {
        let SocketInner { membership, namespace, registry_id, config, id, .. } = &*self.inner;
        let with_member = |(channel, matched): (Channel, Arc<ChannelMatch>)| {
            let joining = self.joining(&channel, &matched);
            (channel, matched, joining)
        };
        let wanted = wanted.into_iter().map(with_member).collect();
        let socket = (&**namespace, *registry_id, *id);
        membership.join_and_catch_up(wanted, config.max_channels, socket, catch_up, answer)
    }

    fn leave(&self, channel: &str, is_wanted: bool) -> Option<Arc<ChannelMatch>> {
        let SocketInner { membership, namespace, registry_id, id, .. } = &*self.inner;
        membership.leave(channel, is_wanted, (namespace, *registry_id, *id))
    }

    /// Its channels that it was in before it came back, the oldest subscription first.
    pub(crate) fn returning_channels(&self) -> Vec<(Channel, Arc<ChannelMatch>)> {
        let mut channels = self.matched_channels();
        channels.retain(|(channel, _)| self.inner.membership.was_in(channel));
        channels
    }

    /// Takes it out of a channel to which it may not come back.
    pub(crate) fn refuse_channel(&self, channel: &Channel) {
        self.leave(channel, true);
    }

    /// The routes of a channel that it is subscribed to.
    pub(crate) fn matched_channel(&self, channel: &str) -> Option<Arc<ChannelMatch>> {
        self.inner.membership.matched(channel)
    }

    /// Its channels with their routes, the oldest subscription first.
    pub(crate) fn matched_channels(&self) -> Vec<(Channel, Arc<ChannelMatch>)> {
        let pair = |channel: &Channel, matched: &_| (channel.clone(), Arc::clone(matched));
        visible(self.inner.membership.list(pair), |(channel, _)| channel)
    }

    /// Passes on the routes that match any of its channels, each once, in the order of
    /// registration. `read` runs under the lock of its channels.
    pub(crate) fn read_routes<T>(&self, read: impl FnOnce(&[usize]) -> T) -> T {
        self.inner.membership.read_routes(read)
    }

    /// How often its channels were listed.
    #[cfg(test)]
    pub(crate) fn listings(&self) -> usize {
        self.inner.membership.listings()
    }

    pub(crate) fn channel_count(&self) -> usize {
        self.inner.membership.len()
    }

    /// Unsubscribes the socket from a channel, and waits until no message of the channel can come
    /// any more. Returns the routes of the channel, or `None` if the socket was not subscribed.
    pub(crate) async fn unsubscribe_and_wait(
        &self,
        channel: &Channel,
    ) -> Option<Arc<ChannelMatch>> {
        let left = self.leave(channel, true);
        self.inner.namespace.sequencer.barrier(self.inner.registry_id).await;
        left
    }
}

/// Leaves the channel of the client's user out.
#[cfg(feature = "jwt")]
fn visible<T>(mut listed: Vec<T>, channel: impl Fn(&T) -> &Channel) -> Vec<T> {
    listed.retain(|one| !is_user_channel(channel(one)));
    listed
}

#[cfg(not(feature = "jwt"))]
fn visible<T>(listed: Vec<T>, _: impl Fn(&T) -> &Channel) -> Vec<T> {
    listed
}
