use std::fmt;

/// A method of the HTTP API.
///
/// Its name is the last part of the URL, and a member of a batch's commands.
///
/// ```
/// use actix_socketio::ApiMethod;
///
/// assert_eq!(ApiMethod::PresenceStats.as_str(), "presence_stats");
/// assert_eq!(ApiMethod::from_name("publish"), Some(ApiMethod::Publish));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiMethod {
    /// Publishes to a channel.
    Publish,
    /// Publishes to several channels, once to each client.
    Broadcast,
    /// Does several commands in one request. It needs no right of its own: each command needs that
    /// of its method.
    Batch,
    /// Sends an event of several arguments to a socket, a channel, or all clients.
    Emit,
    /// Subscribes sockets to a channel.
    Subscribe,
    /// Unsubscribes sockets from a channel.
    Unsubscribe,
    /// Disconnects sockets.
    Disconnect,
    /// Lists the members of a channel.
    Presence,
    /// Counts the members of a channel.
    PresenceStats,
    /// Reads what a channel has kept.
    History,
    /// Drops what a channel has kept.
    HistoryRemove,
    /// Lists the channels that have subscribers.
    Channels,
    /// Lists sockets.
    Sockets,
    /// Tells the version, and what the server has counted.
    Info,
    /// Believes a token no more: the feature `jwt`.
    #[cfg(feature = "jwt")]
    Revoke,
}

/// The number of methods.
const METHODS: usize = if cfg!(feature = "jwt") { 15 } else { 14 };

impl ApiMethod {
    /// All methods.
    pub const ALL: [Self; METHODS] = [
        Self::Publish,
        Self::Broadcast,
        Self::Batch,
        Self::Emit,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Disconnect,
        Self::Presence,
        Self::PresenceStats,
        Self::History,
        Self::HistoryRemove,
        Self::Channels,
        Self::Sockets,
        Self::Info,
        #[cfg(feature = "jwt")]
        Self::Revoke,
    ];

    /// The name of the method in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Broadcast => "broadcast",
            Self::Batch => "batch",
            Self::Emit => "emit",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Disconnect => "disconnect",
            Self::Presence => "presence",
            Self::PresenceStats => "presence_stats",
            Self::History => "history",
            Self::HistoryRemove => "history_remove",
            Self::Channels => "channels",
            Self::Sockets => "sockets",
            Self::Info => "info",
            #[cfg(feature = "jwt")]
            Self::Revoke => "revoke",
        }
    }

    /// The method of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

impl fmt::Display for ApiMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
