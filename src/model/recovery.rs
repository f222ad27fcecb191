use std::time::Duration;

/// How clients that lost their connection get their sockets back: Socket.IO's connection state
/// recovery.
///
/// [`Builder::recovery`](crate::Builder::recovery) takes one. A client that comes back within the
/// [window](Self::window) has the same id, channels and context. It receives what it missed, before
/// what is new. If anything may be missing, it is a new socket, and both sides know: `recovered` is
/// false.
///
/// Publications to channels without a [`History`](crate::History) are not kept, so a client that
/// missed one of them is not recovered.
///
/// ```
/// use std::time::Duration;
///
/// use actix_socketio::{History, Recovery, SocketIo, channel};
///
/// let builder = SocketIo::builder()
///     .recovery(Recovery::new().window(Duration::from_secs(60)).for_everyone())
///     .route(channel("^match-").history(History::last(100)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    pub(crate) window: Duration,
    pub(crate) is_for_everyone: bool,
    pub(crate) keep_direct: usize,
}

impl Recovery {
    /// Recovery for clients that ask for positions with `auth: {offsets: true}`, with a window of
    /// 120 s, as in Node.
    pub const fn new() -> Self {
        Self { window: Duration::from_secs(120), is_for_everyone: false, keep_direct: 0 }
    }

    /// Sets how long a client may be away. Default: 120 s.
    ///
    /// Longer than zero, and a year at most.
    #[doc(alias = "max_disconnection_duration")]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Recovers all clients, as Node does: those that do not ask for positions, too.
    ///
    /// Each of their events then has one more argument at its end, a position. The clients of some
    /// languages do not expect it: a handler of python-socketio with one parameter fails.
    pub const fn for_everyone(mut self) -> Self {
        self.is_for_everyone = true;
        self
    }

    /// Keeps the newest events that go to one client alone, such as
    /// [`Socket::emit`](crate::Socket::emit) sends. Their bytes are bounded for each client.
    /// Default: 0.
    ///
    /// Without it, a client that missed one of them is not recovered. Events that your
    /// application sends while the client is away are not kept: they fail with
    /// [`SendError::Closed`](crate::SendError::Closed).
    pub const fn keep_direct(mut self, bytes: usize) -> Self {
        self.keep_direct = bytes;
        self
    }
}

impl Default for Recovery {
    fn default() -> Self {
        Self::new()
    }
}
