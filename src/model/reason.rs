use std::fmt;

use super::PresenceExit;

/// Why a socket was disconnected, as [`OnDisconnect`](crate::OnDisconnect) reports it.
///
/// [`DisconnectReason::as_str`] returns Socket.IO's text for the reason, which is also its label in
/// [`Stats::disconnects`](crate::Stats::disconnects).
///
/// ```
/// # use actix_socketio::DisconnectReason;
/// assert_eq!(DisconnectReason::PingTimeout.to_string(), "ping timeout");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client left the namespace: `client namespace disconnect`.
    ClientDisconnect,
    /// The application called [`Socket::disconnect`](crate::Socket::disconnect) or
    /// [`Socket::close`](crate::Socket::close): `server namespace disconnect`.
    ServerDisconnect,
    /// The application called [`Socket::close_transport`](crate::Socket::close_transport):
    /// `forced close`.
    ForcedClose,
    /// The client closed its connection, for example by leaving the page: `transport close`.
    TransportClose,
    /// The connection broke, or the client violated the rules of its transport: `transport error`.
    TransportError,
    /// The client did not answer a ping in time: `ping timeout`.
    PingTimeout,
    /// The client sent an invalid packet, or one that is not allowed at this point: `parse error`.
    ParseError,
    /// More bytes waited for the client than [`Builder::max_outbox`](crate::Builder::max_outbox):
    /// `slow consumer`. Socket.IO itself does not have this reason.
    SlowConsumer,
    /// All connections together had [`Builder::max_memory`](crate::Builder::max_memory), and this
    /// one took more: `memory limit`. Socket.IO itself does not have this reason.
    MemoryLimit,
    /// The server shuts down: `server shutting down`.
    ServerShutdown,
    /// The client has come back over another connection, before the server noticed that this one is
    /// broken: `replaced`. Only with [`Builder::recovery`](crate::Builder::recovery). Socket.IO
    /// itself does not have this reason.
    Replaced,
}

impl DisconnectReason {
    /// Every reason, in the order of declaration.
    ///
    /// ```
    /// # use actix_socketio::DisconnectReason;
    /// assert!(DisconnectReason::ALL.contains(&DisconnectReason::SlowConsumer));
    /// ```
    pub const ALL: [Self; 11] = [
        Self::ClientDisconnect,
        Self::ServerDisconnect,
        Self::ForcedClose,
        Self::TransportClose,
        Self::TransportError,
        Self::PingTimeout,
        Self::ParseError,
        Self::SlowConsumer,
        Self::MemoryLimit,
        Self::ServerShutdown,
        Self::Replaced,
    ];

    /// Returns Socket.IO's text for the reason.
    ///
    /// ```
    /// # use actix_socketio::DisconnectReason;
    /// assert_eq!(DisconnectReason::TransportClose.as_str(), "transport close");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientDisconnect => "client namespace disconnect",
            Self::ServerDisconnect => "server namespace disconnect",
            Self::ForcedClose => "forced close",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::SlowConsumer => "slow consumer",
            Self::MemoryLimit => "memory limit",
            Self::ServerShutdown => "server shutting down",
            Self::Replaced => "replaced",
        }
    }
}

/// A member stays for a while whose client may come back by itself.
impl From<DisconnectReason> for PresenceExit {
    fn from(reason: DisconnectReason) -> Self {
        match reason {
            DisconnectReason::ClientDisconnect | DisconnectReason::ServerDisconnect => Self::AtOnce,
            DisconnectReason::ForcedClose
            | DisconnectReason::TransportClose
            | DisconnectReason::TransportError
            | DisconnectReason::PingTimeout
            | DisconnectReason::ParseError
            | DisconnectReason::SlowConsumer
            | DisconnectReason::MemoryLimit
            | DisconnectReason::Replaced
            | DisconnectReason::ServerShutdown => Self::AfterGrace,
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
