use super::SocketIo;
use crate::{
    model::{ChannelError, ToChannel},
    socket::{PresenceList, PresenceStats},
};

/// # Presence
///
/// Of channels whose route has a [`Presence`](crate::Presence). Any other channel is empty here. In
/// a cluster, it is about the clients of all servers.
impl SocketIo {
    /// Lists the members of a channel now.
    ///
    /// ```no_run
    /// # use actix_socketio::{ChannelError, SocketIo};
    /// # async fn example(io: SocketIo) -> Result<(), ChannelError> {
    /// let room = io.presence("room-1").await?;
    /// for member in room.members.unwrap_or_default() {
    ///     println!("{} with {} tabs: {}", member.id, member.sockets, member.info);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ChannelError`] if the name is invalid.
    pub async fn presence(&self, channel: impl ToChannel) -> Result<PresenceList, ChannelError> {
        let channel = channel.to_channel(self.namespace.config.max_channel_length)?;
        Ok(self.namespace.sequencer.presence(&self.namespace.name, &channel).into())
    }

    /// Counts the members of a channel now. It costs the same for any number.
    ///
    /// ```no_run
    /// # use actix_socketio::{ChannelError, SocketIo};
    /// # async fn example(io: SocketIo) -> Result<(), ChannelError> {
    /// println!("{} watch", io.presence_stats("match-42").await?.users);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ChannelError`] if the name is invalid.
    pub async fn presence_stats(
        &self,
        channel: impl ToChannel,
    ) -> Result<PresenceStats, ChannelError> {
        let channel = channel.to_channel(self.namespace.config.max_channel_length)?;
        Ok(self.namespace.sequencer.presence_counts(&self.namespace.name, &channel).into())
    }
}
