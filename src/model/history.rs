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
    pub(crate) after_commit: bool,
}

impl History {
    /// Keeps the newest publications of each channel, this number at most.
    pub const fn last(count: usize) -> Self {
        Self { last: count, within: None, after_commit: false }
    }

    /// Drops publications when they are this old. The age is measured with a monotonic clock.
    pub const fn within(mut self, age: Duration) -> Self {
        self.within = Some(age);
        self
    }

    /// Delivers publications when the store has committed them: some 50 ms later with
    /// `actix-socketio-disk`.
    ///
    /// Then clients miss none even if the server is killed, as it has delivered nothing that it
    /// does not have afterwards. A publication that can't be committed is not delivered, and
    /// [`Target::publish`](crate::Target::publish) returns
    /// [`SendError::NotStored`](crate::SendError::NotStored). The order is that of the deliveries.
    ///
    /// It needs [`Builder::store`](crate::Builder::store).
    ///
    /// ```
    /// use actix_socketio::{History, channel};
    ///
    /// let route = channel("^orders-").history(History::last(100).after_commit());
    /// ```
    pub const fn after_commit(mut self) -> Self {
        self.after_commit = true;
        self
    }

    /// Joins the histories of two routes that match the same channel: the more of each.
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            last: self.last.max(other.last),
            // Without an age there is no limit.
            within: self.within.zip(other.within).map(|(one, other)| one.max(other)),
            after_commit: self.after_commit || other.after_commit,
        }
    }
}
