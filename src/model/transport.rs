use std::fmt;

/// The transport that a client is connected over.
///
/// ```
/// # use actix_socketio::Transport;
/// assert_eq!(Transport::WebSocket.to_string(), "websocket");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// A WebSocket.
    WebSocket,
}

impl Transport {
    /// Returns Engine.IO's name of the transport: `polling` or `websocket`.
    ///
    /// ```
    /// # use actix_socketio::Transport;
    /// assert_eq!(Transport::Polling.as_str(), "polling");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
