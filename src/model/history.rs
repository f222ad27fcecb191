use std::time::Duration;

/// How much a channel keeps of what is published to it: for clients that come back.
///
/// [`Route::history`](crate::Route::history) takes one. There is no default for the number of
/// publications. Without [`within`](Self::within) they are kept however old they become. The bytes
/// of all histories together are bounded by
/// [`max_history_bytes`](crate::Builder::max_history_bytes).
///
/// ```
/// use std::time::Duration;
///
/// use actix_socketio::{History, SocketIo, channel};
///
/// let history = History::last(100).within(Duration::from_secs(300));
/// let builder = SocketIo::builder().route(channel("^match-").history(history));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    pub(crate) last: usize,
    pub(crate) within: Option<Duration>,
}

impl History {
    /// Keeps the newest publications of each channel, this number at most.
    pub const fn last(count: usize) -> Self {
        Self { last: count, within: None }
    }

    /// Drops publications when they are this old. The age is measured with a monotonic clock.
    pub const fn within(mut self, age: Duration) -> Self {
        self.within = Some(age);
        self
    }

    /// Joins the histories of two routes that match the same channel: the more of each.
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            last: self.last.max(other.last),
            // Without an age there is no limit.
            within: self.within.zip(other.within).map(|(one, other)| one.max(other)),
        }
    }
}
