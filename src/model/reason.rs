use std::fmt;

/// Why a client is no longer there. [`DisconnectReason::as_str`] gives Socket.IO's text for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client left the namespace. `client namespace disconnect`.
    ClientDisconnect,
    /// The application put it out, by [`Socket::disconnect`](crate::Socket::disconnect) or
    /// [`Socket::close`](crate::Socket::close). `server namespace disconnect`.
    ServerDisconnect,
    /// The client closed its connection: a page that is left, say. `transport close`.
    TransportClose,
    /// The connection broke, or the client broke the rules of its transport. `transport error`.
    TransportError,
    /// The client did not answer a ping in time. `ping timeout`.
    PingTimeout,
    /// The client sent what is no packet, or none that is legal now. `parse error`.
    ParseError,
    /// More was waiting for the client than [`Builder::max_outbox`](crate::Builder::max_outbox).
    /// `slow consumer`; that one is ours alone.
    SlowConsumer,
    /// The server is going down. `server shutting down`.
    ServerShutdown,
}

impl DisconnectReason {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ClientDisconnect,
        Self::ServerDisconnect,
        Self::TransportClose,
        Self::TransportError,
        Self::PingTimeout,
        Self::ParseError,
        Self::SlowConsumer,
        Self::ServerShutdown,
    ];

    /// Socket.IO's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientDisconnect => "client namespace disconnect",
            Self::ServerDisconnect => "server namespace disconnect",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::SlowConsumer => "slow consumer",
            Self::ServerShutdown => "server shutting down",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
