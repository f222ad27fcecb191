use std::time::Duration;

use bytestring::ByteString;

use super::Target;

/// How a link behaves. Each bound has its default here.
#[derive(Debug, Clone)]
pub(crate) struct LinkOptions {
    pub(crate) target: Target,
    /// Begins the names of the keys and channels that are the link's own.
    pub(crate) prefix: ByteString,
    /// How Redis lists the connections of this link: `CLIENT LIST`.
    pub(crate) client_name: String,
    /// The streams to read and to append to. Without any, the link only publishes.
    pub(crate) streams: Vec<ByteString>,
    /// Read what is in the streams already, before the link is ready.
    pub(crate) reads_past: bool,
    /// The entries that a stream keeps, about. The smallest value of all servers decides.
    pub(crate) max_len: u64,
    /// The entries that are read at once. Default: 100.
    pub(crate) read_count: u64,
    /// The bytes of messages that wait for Redis. Default: 4 MiB.
    pub(crate) max_hold: usize,
    /// The bytes of values for keys that wait for Redis. Default: 16 MiB.
    pub(crate) max_key_bytes: usize,
    /// How long a message waits for Redis. Default: 5 s.
    pub(crate) patience: Duration,
    /// The time in which something comes by each way. A way by which nothing comes is probed a
    /// little later, and made anew after twice this time.
    /// Default: 5 s.
    pub(crate) heartbeat: Duration,
    /// The time for Redis to answer. Default: 1 s.
    pub(crate) response_timeout: Duration,
    /// The time to connect. Default: 1 s.
    pub(crate) connect_timeout: Duration,
    /// After Redis was away, publications wait until other servers have subscribed again, and at
    /// most this long. Default: 2 s.
    pub(crate) gathering: Duration,
    /// The questions that wait for an answer of Redis. Default: 1,000.
    pub(crate) max_questions: usize,
}

impl LinkOptions {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            prefix: ByteString::from_static("socket.io"),
            client_name: String::from("actix-socketio"),
            streams: Vec::new(),
            reads_past: false,
            max_len: 10_000,
            read_count: 100,
            max_hold: 4 << 20,
            max_key_bytes: 16 << 20,
            patience: Duration::from_secs(5),
            heartbeat: Duration::from_secs(5),
            response_timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(1),
            gathering: Duration::from_secs(2),
            max_questions: 1_000,
        }
    }
}
