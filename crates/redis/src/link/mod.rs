//! The connection to Redis: a thread with an event loop of its own, which connects again for ever.
//!
//! Messages that are to be sent wait in a bounded [`Hold`](hold::Hold). Three connections carry a link: one
//! publishes, one listens to channels, and one reads the streams. They come and go together: if one
//! of them is lost, all three are made anew.
//!
//! Nothing here knows what the messages say.

mod back_off;
mod broken;
mod connecting;
mod entry;
mod epoch;
mod finding;
mod health;
mod hold;
mod keys;
mod listening;
mod nodes;
mod options;
mod positions;
mod publishing;
mod pulse;
mod questions;
mod reading;
mod session;
mod shared;
mod slots;
mod subscriptions;
mod target;
mod ticket;
mod value;

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use bytestring::ByteString;
use redis::{Cmd, Value};
use tokio::sync::oneshot;

#[allow(unused_imports)] // until the adapter uses all of it
pub(crate) use self::{
    entry::{Entry, EntryId},
    health::LinkHealth,
    hold::{GivenUp, HoldFull, Sent},
    options::LinkOptions,
    questions::QuestionFailed,
    target::{InvalidAddress, Target},
    ticket::Ticket,
};
use self::{questions::Question, session::Session, shared::Shared};
use crate::wire::{Outgoing, Subscription};

/// Is told what a link receives, on the link's thread. Redis waits for it.
pub(crate) trait Listener: Send + Sync + 'static {
    /// Something came on a channel: of `SUBSCRIBE`, `SSUBSCRIBE`, or of `PSUBSCRIBE` with this
    /// pattern. It comes once for each pattern that matches.
    ///
    /// A listener that is too slow makes Redis end the connection, by its bound
    /// `client-output-buffer-limit`. Then [`LinkStatus::Back`] says that something may be missing.
    fn on_message(&self, channel: &Bytes, pattern: Option<&Bytes>, payload: Bytes);

    /// Entries of a stream, each of them once and in the stream's order. No further ones are read
    /// before the future ends.
    fn on_entries<'a>(
        &'a self,
        stream: &'a ByteString,
        entries: Vec<Entry>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

    /// A message will not be sent.
    fn on_given_up(&self, ticket: Ticket, reason: GivenUp);

    fn on_status(&self, status: LinkStatus);
}

/// Whether a link works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkStatus {
    /// It works for the first time. All channels are subscribed to, and the past is read, if asked
    /// for.
    Ready {
        /// The life of the streams: another one means that their past is another one.
        /// `None` without streams.
        epoch: Option<ByteString>,
    },
    /// It does not work. The reason shows no user and no password.
    Away { reason: String },
    /// It works again.
    Back { missed: Missed, epoch: Option<ByteString> },
    /// Entries of before this one may be missing here: the streams are shorter, or Redis has lost
    /// its data. It comes before the entries that are read then, and before the first one of all.
    PastBegins { at: EntryId },
    /// Entries may have left a stream before they were read here: this server is too slow, or the
    /// stream too short.
    FellBehind { stream: ByteString },
    /// A shard channel has moved to another server of the cluster. Messages on it may be lost until
    /// the link has subscribed there.
    ShardMoved,
}

/// The loss while a link was away: of its streams, or of its channels if it has no streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Missed {
    /// Nothing of the streams. Messages on channels in the meantime are lost in any case.
    Nothing,
    /// Entries may have left the stream unread, or publications were not heard.
    Maybe,
    /// Redis has lost entries that were read here. The stream goes on from another past.
    Past,
}

/// The link is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkClosed;

impl fmt::Display for LinkClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection to Redis is closed")
    }
}

impl std::error::Error for LinkClosed {}

/// A handle for the connection to Redis. When the last one is dropped, the link ends.
#[derive(Debug, Clone)]
pub(crate) struct Link(Arc<Handle>);

#[derive(Debug)]
struct Handle(Arc<Shared>, tokio::runtime::Handle);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Link {
    /// Starts a thread that connects. It never waits for Redis.
    ///
    /// # Errors
    /// The system gives no thread or no event loop, or the options ask for streams on a cluster,
    /// whose servers do not keep one order.
    pub(crate) fn start(options: LinkOptions, listener: Arc<dyn Listener>) -> io::Result<Self> {
        if matches!(options.target, Target::Cluster(_)) && !options.streams.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a cluster has no streams here",
            ));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (shared, questions) = Shared::new(options);
        let shared = Arc::new(shared);
        let session = Session::new(shared.clone(), listener, questions);
        let name = String::from("socketio-redis");
        let handle = runtime.handle().clone();
        thread::Builder::new().name(name).spawn(move || runtime.block_on(session.run()))?;
        Ok(Self(Arc::new(Handle(shared, handle))))
    }

    /// Runs a task on the link's thread, until it ends or the link does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.1.spawn(task));
    }

    /// Sends a command about one key behind those before, and gives the answer.
    ///
    /// # Errors
    /// [`QuestionFailed`], without waiting while Redis is away.
    pub(crate) fn ask(
        &self,
        key: &str,
        command: Cmd,
    ) -> impl Future<Output = Result<Value, QuestionFailed>> + Send + 'static {
        let asked = self.0.0.ask(command, Some(ByteString::from(key)));
        async move { asked.await?.pop().ok_or(QuestionFailed::Refused) }
    }

    /// Whether [`send`](Self::send) takes a message now.
    pub(crate) fn has_room(&self, outgoing: &Outgoing) -> bool {
        self.0.0.hold.lock().has_room(outgoing)
    }

    /// Sends a message, behind all that were sent before. It may be called on any thread.
    ///
    /// # Errors
    /// [`HoldFull`]: too much waits for Redis, or the link is closed.
    pub(crate) fn send(&self, outgoing: Outgoing) -> Result<Ticket, HoldFull> {
        self.0.0.send(outgoing, None)
    }

    /// As [`send`](Self::send), and the future ends when Redis has the message, or when it is given
    /// up.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub(crate) fn send_confirmed(
        &self,
        outgoing: Outgoing,
    ) -> Result<(Ticket, impl Future<Output = Result<Sent, GivenUp>> + Send + use<>), HoldFull>
    {
        let (sender, receiver) = oneshot::channel();
        let ticket = self.0.0.send(outgoing, Some(sender))?;
        Ok((ticket, async move { receiver.await.unwrap_or(Err(GivenUp::Closed)) }))
    }

    /// Listens to more channels, over all times that Redis is away. The future ends when Redis has
    /// confirmed all of them. It need not be awaited.
    pub(crate) fn subscribe(
        &self,
        subscriptions: Vec<Subscription>,
    ) -> impl Future<Output = Result<(), LinkClosed>> + Send + 'static {
        let confirmed = self.0.0.change_subscriptions(|wanted| wanted.add(subscriptions));
        async move { confirmed.await.map_err(|_| LinkClosed) }
    }

    /// As [`subscribe`](Self::subscribe). The first channel is the one whose subscribers other
    /// servers count, and Redis hears of it last.
    pub(crate) fn subscribe_counted(
        &self,
        subscriptions: Vec<Subscription>,
    ) -> impl Future<Output = Result<(), LinkClosed>> + Send + 'static {
        let confirmed = self.0.0.change_subscriptions(|wanted| wanted.add_counted(subscriptions));
        async move { confirmed.await.map_err(|_| LinkClosed) }
    }

    /// Listens to channels no more. As [`subscribe`](Self::subscribe).
    pub(crate) fn unsubscribe(
        &self,
        subscriptions: Vec<Subscription>,
    ) -> impl Future<Output = Result<(), LinkClosed>> + Send + 'static {
        let confirmed = self.0.0.change_subscriptions(|wanted| wanted.remove(subscriptions));
        async move { confirmed.await.map_err(|_| LinkClosed) }
    }

    /// Asks how many connections listen to each of some channels at one moment: `PUBSUB NUMSUB` or
    /// `PUBSUB SHARDNUMSUB`. All are of the same kind, and the first one is that of all servers.
    ///
    /// # Errors
    /// [`QuestionFailed`], without waiting while Redis is away.
    pub(crate) fn count(
        &self,
        counted: Vec<Subscription>,
    ) -> impl Future<Output = Result<Vec<usize>, QuestionFailed>> + Send + 'static {
        let shared = self.0.0.clone();
        async move {
            let command = Question::count(&counted).ok_or(QuestionFailed::Refused)?;
            let counts = questions::read_counts(shared.ask(command, None).await?, counted.len())?;
            if let (Some(first), Some(count)) = (counted.into_iter().next(), counts.first()) {
                shared.remember_count(first, *count);
            }
            Ok(counts)
        }
    }

    /// Sets a value for this long, behind all commands for keys that were given before. While Redis
    /// is away, it waits.
    ///
    /// # Errors
    /// [`HoldFull`]: too many values wait for Redis, or the link is closed.
    pub(crate) fn set_px(
        &self,
        key: ByteString,
        value: Bytes,
        window: Duration,
    ) -> Result<(), HoldFull> {
        let until = keys::until(window, Instant::now());
        self.0.0.change_keys(|keys| keys.set(key, value, until))
    }

    /// Deletes a key, as [`set_px`](Self::set_px) sets it.
    ///
    /// # Errors
    /// As [`set_px`](Self::set_px).
    pub(crate) fn del(&self, key: ByteString) -> Result<(), HoldFull> {
        self.0.0.change_keys(|keys| keys.delete(key))
    }

    /// Reads the value of a key and deletes it, behind all commands for keys that were given
    /// before. Of several links that do it at once, one has the value.
    ///
    /// # Errors
    /// [`QuestionFailed`], without waiting while Redis is away.
    pub(crate) fn get_del(
        &self,
        key: ByteString,
    ) -> impl Future<Output = Result<Option<Bytes>, QuestionFailed>> + Send + use<> {
        let (answer, receiver) = oneshot::channel();
        self.0.0.change_keys(|keys| keys.take(key, answer));
        async move { receiver.await.unwrap_or(Err(QuestionFailed::Away)) }
    }

    /// Waits until Redis has done all commands for keys that were given before. `false`: it went
    /// away.
    pub(crate) fn has_set_all(&self) -> impl Future<Output = bool> + Send + use<> {
        let (done, is_done) = oneshot::channel();
        self.0.0.change_keys(|keys| keys.wait(done));
        async move { is_done.await.is_ok() }
    }

    /// How the link is.
    pub(crate) fn health(&self) -> LinkHealth {
        self.0.0.health(Instant::now())
    }

    /// Sends what waits, if Redis is there, and ends the link. It may be called on any thread, and
    /// does not wait.
    pub(crate) fn close(&self) {
        self.0.0.close();
    }

    /// Waits until the link has ended, after [`close`](Self::close): until then, it sends what
    /// waits.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.0.ended()
    }
}

#[cfg(test)]
mod tests;
