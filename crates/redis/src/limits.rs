/// The most levels that a message adds around the arguments of an event.
const ENVELOPE_DEPTH: usize = 4;

/// Bounds for the messages of other servers and emitters. A message beyond one of them is ignored,
/// and counted as unreadable.
///
/// Node's servers have no such bounds, and servers of this package do not check what they send. So
/// all servers of a cluster need bounds that fit what any of them sends.
///
/// ```
/// use actix_socketio_redis::WireLimits;
///
/// let mut limits = WireLimits::default();
/// limits.rooms = 100;
/// assert_eq!(limits.depth, 100);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WireLimits {
    /// The most bytes of one message, of one entry of a stream, or of the session of a client that
    /// is away. An answer with many sockets is one message. Default: 8 MiB.
    pub message_bytes: usize,
    /// The most levels of nested arrays and objects in the arguments of an event. Default: 100.
    ///
    /// It is not below [`max_json_depth`](actix_socketio::Builder::max_json_depth): a server is not
    /// built whose clients may send more than the other servers read.
    pub depth: usize,
    /// The most rooms that a message names, for each of its lists, or that a session has. Default:
    /// 10,000.
    pub rooms: usize,
    /// The most sockets or rooms in one answer. Default: 100,000.
    pub answer_entries: usize,
    /// The most binary values in one message. Default: 1,000.
    pub attachments: usize,
}

impl WireLimits {
    /// The most levels of a whole message.
    pub(crate) fn message_depth(&self) -> usize {
        self.depth.saturating_add(ENVELOPE_DEPTH)
    }
}

impl Default for WireLimits {
    fn default() -> Self {
        Self {
            message_bytes: 8 * 1024 * 1024,
            depth: 100,
            rooms: 10_000,
            answer_entries: 100_000,
            attachments: 1000,
        }
    }
}
