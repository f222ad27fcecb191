use std::{
    collections::VecDeque,
    error, fmt, mem,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{entry::EntryId, ticket::Ticket};
use crate::wire::Outgoing;

/// The hold counts this for each message besides its bytes.
const OVERHEAD: usize = 128;

/// The answer of Redis to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Of `PUBLISH` and `SPUBLISH`: the subscribers that it went to.
    Receivers(u64),
    /// Of `XADD`: the entry in the stream.
    Entry(EntryId),
}

/// Why a message was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// Redis was away for longer than the patience. It was not sent, and will not be.
    Patience,
    /// Newer messages needed its room while Redis was away. It was not sent, and will not be.
    Dropped,
    /// Redis has refused it, so it is not there, and will not be.
    Refused,
    /// The connection was lost after it was sent, and nothing tells yet whether it has arrived. It
    /// will not be sent again. An entry of a stream that has arrived is still read.
    Unknown,
    /// The link is closed. It was not sent, and will not be.
    Closed,
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Patience => "Redis is away for too long",
            Self::Dropped => "Redis is away, and newer messages wait for it",
            Self::Refused => "Redis has refused the message",
            Self::Unknown => "the connection to Redis was lost while the message was on its way",
            Self::Closed => "the connection to Redis is closed",
        })
    }
}

impl error::Error for GivenUp {}

/// The hold has no room for a message. It was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HoldFull;

impl fmt::Display for HoldFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many messages wait for Redis")
    }
}

impl error::Error for HoldFull {}

/// Is told what has become of a message.
pub(super) type Waiter = oneshot::Sender<Result<Sent, GivenUp>>;

/// The messages of which Redis has not said that it has them, oldest first. Bounded in bytes and
/// in time.
///
/// The first `sent` of them are on their way. If the connection is lost, those for a stream are in
/// doubt: the [`fenced`](Self::fenced) stream tells which of them have arrived.
#[derive(Debug)]
pub(super) struct Hold {
    queue: VecDeque<Held>,
    sent: usize,
    bytes: usize,
    max_bytes: usize,
    patience: Duration,
    is_up: bool,
    is_closed: bool,
    next: u64,
    given_up: Vec<(Ticket, GivenUp)>,
}

#[derive(Debug)]
struct Held {
    ticket: Ticket,
    outgoing: Arc<Outgoing>,
    bytes: usize,
    since: Instant,
    /// It was read back from its stream.
    seen: Option<EntryId>,
    waiter: Option<Waiter>,
}

impl Hold {
    pub(super) fn new(max_bytes: usize, patience: Duration) -> Self {
        Self {
            queue: VecDeque::new(),
            sent: 0,
            bytes: 0,
            max_bytes,
            patience,
            is_up: false,
            is_closed: false,
            next: 0,
            given_up: Vec::new(),
        }
    }

    /// Whether a publication is taken now. While Redis is away, it makes room for itself.
    pub(super) fn has_room(&self, outgoing: &Outgoing) -> bool {
        !self.is_up || self.is_closed || self.bytes + OVERHEAD + outgoing.len() <= self.max_bytes
    }

    /// Takes a message.
    ///
    /// # Errors
    /// There is no room. While Redis is away, older publications make room for newer ones, but
    /// entries of streams for nothing.
    pub(super) fn push(
        &mut self,
        outgoing: Outgoing,
        waiter: Option<Waiter>,
        now: Instant,
    ) -> Result<Ticket, HoldFull> {
        let bytes = OVERHEAD + outgoing.len();
        if self.is_closed || bytes > self.max_bytes {
            return Err(HoldFull);
        }
        let may_drop = !self.is_up && !outgoing.is_append();
        while self.bytes + bytes > self.max_bytes {
            let oldest = self.queue.front().filter(|held| !held.outgoing.is_append());
            if !may_drop || oldest.is_none() {
                return Err(HoldFull);
            }
            self.give_up_oldest(GivenUp::Dropped);
        }
        self.next += 1;
        let ticket = Ticket(self.next);
        let outgoing = Arc::new(outgoing);
        self.bytes += bytes;
        self.queue.push_back(Held { ticket, outgoing, bytes, since: now, seen: None, waiter });
        Ok(ticket)
    }

    /// The next messages to be sent, at most this many. None while Redis is away.
    pub(super) fn take(&mut self, most: usize, now: Instant) -> Vec<(Ticket, Arc<Outgoing>)> {
        if !self.is_up {
            return Vec::new();
        }
        self.expire(now);
        let next = self.queue.iter().skip(self.sent).take(most);
        let next: Vec<_> = next.map(|held| (held.ticket, held.outgoing.clone())).collect();
        self.sent += next.len();
        next
    }

    /// Redis has answered to the oldest message on its way. `None`: it has refused it.
    pub(super) fn answered(&mut self, ticket: Ticket, answer: Option<Sent>) {
        if self.sent == 0 || self.queue.front().is_none_or(|held| held.ticket != ticket) {
            return;
        }
        match answer {
            Some(answer) => self.confirm_oldest(answer),
            None => self.give_up_oldest(GivenUp::Refused),
        }
    }

    /// Redis has not taken the oldest message on its way, and may take it later: it waits again,
    /// before all that wait. Not for entries of streams, which a fence brings back in order.
    pub(super) fn again(&mut self, ticket: Ticket) {
        if self.sent == 0 || self.queue.front().is_none_or(|held| held.ticket != ticket) {
            return;
        }
        if let Some(held) = self.queue.pop_front() {
            self.sent -= 1;
            let older = self.queue.iter().skip(self.sent).take_while(|it| it.ticket < ticket);
            let place = self.sent + older.count();
            self.queue.insert(place, held);
        }
    }

    /// An entry of this link was read from its stream.
    pub(super) fn seen(&mut self, ticket: Ticket, id: EntryId) {
        let Ok(place) = self.queue.binary_search_by_key(&ticket, |held| held.ticket) else {
            return;
        };
        let held = &mut self.queue[place];
        held.seen = Some(id);
        if let Some(waiter) = held.waiter.take() {
            let _ = waiter.send(Ok(Sent::Entry(id)));
        }
    }

    /// The connection was lost, with all answers that are still to come.
    pub(super) fn lost(&mut self) {
        self.is_up = false;
        let mut waiting = self.queue.split_off(self.sent);
        let on_the_way = mem::take(&mut self.queue);
        for held in on_the_way {
            match held.seen {
                Some(id) => self.settle(held, Ok(Sent::Entry(id))),
                None if held.outgoing.is_append() => self.queue.push_back(held),
                None => self.settle(held, Err(GivenUp::Unknown)),
            }
        }
        self.sent = self.queue.len();
        self.queue.append(&mut waiting);
    }

    /// Whether it depends on the stream what has become of a message.
    pub(super) fn is_in_doubt(&self) -> bool {
        !self.is_up && self.sent > 0
    }

    /// A new connection is ready. All that had arrived was [`seen`](Self::seen), if `is_whole`, and
    /// nothing of the lost connection is still to come. So all else is sent again.
    ///
    /// A message that was not seen cannot be sent behind a later one that was, and is given up.
    pub(super) fn fenced(&mut self, is_whole: bool) {
        let waiting = self.queue.split_off(self.sent);
        let doubtful = mem::take(&mut self.queue);
        self.sent = 0;
        let seen = doubtful.iter().filter(|held| held.seen.is_some());
        let seen: Vec<_> = seen.map(|held| (held.ticket, held.outgoing.clone())).collect();
        let is_overtaken = |held: &Held| {
            let is_later = |(ticket, outgoing): &(Ticket, Arc<Outgoing>)| {
                *ticket > held.ticket && outgoing.stream() == held.outgoing.stream()
            };
            seen.iter().any(is_later)
        };
        for held in doubtful {
            match held.seen {
                Some(id) => self.settle(held, Ok(Sent::Entry(id))),
                None if !is_whole => self.settle(held, Err(GivenUp::Unknown)),
                None if is_overtaken(&held) => self.settle(held, Err(GivenUp::Refused)),
                None => self.queue.push_back(held),
            }
        }
        self.queue.extend(waiting);
        self.is_up = true;
    }

    /// Gives up what has waited for too long.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(oldest) = self.queue.front() {
            let is_sent = self.sent > 0;
            if now < oldest.since + self.patience || (self.is_up && is_sent) {
                break;
            }
            match oldest.seen {
                Some(id) => self.confirm_oldest(Sent::Entry(id)),
                None if is_sent => self.give_up_oldest(GivenUp::Unknown),
                None => self.give_up_oldest(GivenUp::Patience),
            }
        }
    }

    /// Takes nothing more.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Gives up everything that is left.
    pub(super) fn abandon(&mut self) {
        self.close();
        self.lost();
        while !self.queue.is_empty() {
            let reason = if self.sent > 0 { GivenUp::Unknown } else { GivenUp::Closed };
            self.give_up_oldest(reason);
        }
    }

    /// The messages given up since this was asked last, for the link's thread to tell.
    pub(super) fn take_given_up(&mut self) -> Vec<(Ticket, GivenUp)> {
        mem::take(&mut self.given_up)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    fn confirm_oldest(&mut self, answer: Sent) {
        if let Some(held) = self.queue.pop_front() {
            self.sent = self.sent.saturating_sub(1);
            self.settle(held, Ok(answer));
        }
    }

    fn give_up_oldest(&mut self, reason: GivenUp) {
        if let Some(held) = self.queue.pop_front() {
            self.sent = self.sent.saturating_sub(1);
            self.settle(held, Err(reason));
        }
    }

    fn settle(&mut self, held: Held, outcome: Result<Sent, GivenUp>) {
        self.bytes -= held.bytes;
        if let Err(reason) = outcome {
            self.given_up.push((held.ticket, reason));
        }
        if let Some(waiter) = held.waiter {
            let _ = waiter.send(outcome);
        }
    }
}

#[cfg(test)]
mod tests;
