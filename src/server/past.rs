use std::sync::Arc;

use super::SocketIo;
use crate::{
    model::{Channel, ChannelError, Position, ToChannel},
    protocol::Args,
    socket::{NamespaceState, read_event},
};

/// Reads what a channel has kept: [`SocketIo::history`].
///
/// ```no_run
/// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::ChannelError> {
/// let past = io.history("match-42")?.limit(10).read();
/// for message in past.messages {
///     println!("{} {:?}", message.event, message.args);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "call `read`"]
pub struct HistoryReader {
    namespace: Arc<NamespaceState>,
    channel: Option<Channel>,
    since: Option<Position>,
    limit: usize,
    is_reversed: bool,
}

/// The publications that a channel has kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Past {
    /// The publications, the oldest first, or the newest with [`HistoryReader::reverse`].
    pub messages: Vec<PastMessage>,
    /// The position up to which this is: give it to a client with what you render, and its
    /// `since` leaves no gap.
    pub position: Position,
    /// Whether nothing is missing after the position that was asked for, or since the channel
    /// exists.
    pub is_whole: bool,
}

/// A publication that was kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PastMessage {
    /// The name of the event.
    pub event: String,
    /// The arguments.
    pub args: Args,
    /// Its position in the order of everything that the server publishes.
    pub position: Position,
}

/// # History
impl SocketIo {
    /// The position of everything that this server has published so far, in all channels and
    /// namespaces.
    ///
    /// Put it into a page that you render: a client that gives it as `since` when it subscribes
    /// gets what was published in between.
    ///
    /// ```
    /// # actix::System::new().block_on(async {
    /// let io = actix_socketio::SocketIo::builder().build().unwrap();
    /// println!("<body data-position=\"{}\">", io.position());
    /// # });
    /// ```
    pub fn position(&self) -> Position {
        let sequencer = &self.namespace.sequencer;
        sequencer.position(sequencer.place())
    }

    /// Reads what a channel has kept, if its route has a
    /// [`history`](crate::Route::history).
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), Box<dyn std::error::Error>> {
    /// let seen = "k3Xa-----0F2----".parse()?;
    /// let past = io.history("match-42")?.since(seen).limit(100).read();
    /// assert!(past.messages.len() <= 100);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ChannelError`]: the name is invalid.
    pub fn history(&self, channel: impl ToChannel) -> Result<HistoryReader, ChannelError> {
        let channel = channel.to_channel(self.config().max_channel_length)?;
        Ok(self.read_history(Some(channel)))
    }

    /// Reads what was kept of what goes to all clients of the namespace, if it has a
    /// [`history`](crate::Builder::history).
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) {
    /// let news = io.history_of_everyone().limit(10).read().messages;
    /// # }
    /// ```
    pub fn history_of_everyone(&self) -> HistoryReader {
        self.read_history(None)
    }

    fn read_history(&self, channel: Option<Channel>) -> HistoryReader {
        let namespace = Arc::clone(&self.namespace);
        HistoryReader { namespace, channel, since: None, limit: usize::MAX, is_reversed: false }
    }

    /// Drops what a channel of this server has kept. A client that has missed some of it is told
    /// that it can't have it, and not that there was nothing.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::ChannelError> {
    /// // The match is over.
    /// io.remove_history("match-42")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ChannelError`]: the name is invalid.
    pub fn remove_history(&self, channel: impl ToChannel) -> Result<(), ChannelError> {
        let channel = channel.to_channel(self.config().max_channel_length)?;
        self.namespace.sequencer.remove_history(&self.namespace.name, Some(&channel));
        Ok(())
    }
}

impl HistoryReader {
    /// Only what came after a position. After a position of another server, or of one that has
    /// lost its history since, everything.
    pub fn since(mut self, position: Position) -> Self {
        self.since = Some(position);
        self
    }

    /// At most this number, the oldest, or the newest with [`reverse`](Self::reverse). Default: all.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The newest first, which is what a page shows that is scrolled back.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::ChannelError> {
    /// let newest = io.history("match-42")?.reverse().limit(1).read().messages.pop();
    /// # Ok(())
    /// # }
    /// ```
    pub fn reverse(mut self) -> Self {
        self.is_reversed = true;
        self
    }

    /// Reads it. This takes no I/O.
    pub fn read(self) -> Past {
        let Self { namespace, channel, since, limit, is_reversed } = self;
        let sequencer = &namespace.sequencer;
        let known = since.filter(|since| since.epoch() == sequencer.epoch());
        let from = known.map(|since| since.point().place);
        // The newest are known when all are.
        let oldest = if is_reversed { usize::MAX } else { limit };
        let mut past = sequencer.past(&namespace.name, channel.as_ref(), from, oldest);
        if is_reversed {
            past.publications.reverse();
            past.is_whole &= past.publications.len() <= limit;
            past.publications.truncate(limit);
        }
        let messages = past.publications.iter().filter_map(|one| {
            let event = read_event(one.frame(), &namespace.codec)?;
            let position = sequencer.position(one.place());
            Some(PastMessage { event: event.name, args: event.args, position })
        });
        Past {
            messages: messages.collect(),
            position: sequencer.position(past.place),
            is_whole: past.is_whole && (since.is_none() || known.is_some()),
        }
    }
}
