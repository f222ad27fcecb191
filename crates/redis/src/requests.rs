use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::Arc,
};

use actix_socketio::{
    Args, SocketId,
    adapter::{ClientAnswers, SocketDescription},
};
use bytestring::ByteString;
use tokio::sync::Notify;

use crate::{
    message::{RequestId, ServerId},
    others::Others,
};

/// The requests of this server that wait for the answers of others. Pure data: its deadlines are
/// its caller's.
#[derive(Debug)]
pub(crate) struct Requests {
    waiting: HashMap<RequestId, Waiting>,
    max_waiting: usize,
    max_bytes: usize,
}

/// The answers that a request has got so far.
#[derive(Debug)]
struct Waiting {
    /// The other servers, once they are counted. Their answers may come before.
    servers: Option<usize>,
    /// Those of them that are lost. They are not waited for.
    lost: Vec<ServerId>,
    /// Those that have answered.
    answered: usize,
    /// The bytes of the answers.
    bytes: usize,
    gathered: Gathered,
    complete: Arc<Notify>,
}

#[derive(Debug)]
enum Gathered {
    Acks(Acks),
    Sockets(Vec<SocketDescription>),
    Servers(Vec<Args>),
    Rooms(Vec<ByteString>),
}

/// The acknowledgements of clients.
#[derive(Debug, Default)]
struct Acks {
    /// Of clients whose servers tell who they are.
    receivers: HashSet<SocketId>,
    answers: HashMap<SocketId, Option<Args>>,
    unnamed_receivers: u64,
    /// `None`: there was no memory for it.
    unnamed_answers: Vec<Option<Args>>,
}

/// The purpose of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Acks,
    Sockets,
    ServerEvent,
    Rooms,
}

/// The maximum number of requests waits: [`Requests::open`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyRequests;

impl Requests {
    /// `max_waiting` requests at once, each with answers of `max_bytes` bytes.
    pub(crate) fn new(max_waiting: usize, max_bytes: usize) -> Self {
        Self { waiting: HashMap::new(), max_waiting, max_bytes }
    }

    /// Begins to wait. The `Notify` is notified when all answers are there.
    ///
    /// # Errors
    /// [`TooManyRequests`].
    pub(crate) fn open(
        &mut self,
        id: RequestId,
        purpose: Purpose,
    ) -> Result<Arc<Notify>, TooManyRequests> {
        if self.waiting.len() >= self.max_waiting {
            return Err(TooManyRequests);
        }
        let gathered = match purpose {
            Purpose::Acks => Gathered::Acks(Acks::default()),
            Purpose::Sockets => Gathered::Sockets(Vec::new()),
            Purpose::ServerEvent => Gathered::Servers(Vec::new()),
            Purpose::Rooms => Gathered::Rooms(Vec::new()),
        };
        let complete = Arc::new(Notify::new());
        let waiting = Waiting {
            servers: None,
            lost: Vec::new(),
            answered: 0,
            bytes: 0,
            gathered,
            complete: complete.clone(),
        };
        self.waiting.insert(id, waiting);
        Ok(complete)
    }

    /// Sets the number of other servers that are asked.
    pub(crate) fn set_servers(&mut self, id: &RequestId, servers: Others) {
        self.change(id, |waiting, _| {
            waiting.servers = Some(servers.all);
            waiting.lost = servers.lost;
        });
    }

    /// A server answers, and so is not lost.
    pub(crate) fn found(&mut self, id: &RequestId, server: &ServerId) {
        if let Some(waiting) = self.waiting.get_mut(id) {
            waiting.lost.retain(|lost| lost != server);
        }
    }

    /// A server says whom a broadcast has reached. `ids`: who they are, if it tells.
    pub(crate) fn receivers(&mut self, id: &RequestId, count: u64, ids: Option<Vec<SocketId>>) {
        self.change(id, |waiting, _| {
            if let Gathered::Acks(acks) = &mut waiting.gathered {
                waiting.answered += 1;
                match ids {
                    Some(ids) => acks.receivers.extend(ids),
                    None => acks.unnamed_receivers = acks.unnamed_receivers.saturating_add(count),
                }
            }
        });
    }

    /// The acknowledgement of a client. The first one of a client counts.
    pub(crate) fn acknowledgement(&mut self, id: &RequestId, from: Option<SocketId>, args: Args) {
        let cost = cost(&args);
        self.change(id, |waiting, max_bytes| {
            let Gathered::Acks(acks) = &mut waiting.gathered else { return };
            let is_new = from.is_none_or(|from| !acks.answers.contains_key(&from));
            // A server announces its receivers before their answers.
            let is_expected = match from {
                Some(from) => acks.receivers.contains(&from),
                None => (acks.unnamed_answers.len() as u64) < acks.unnamed_receivers,
            };
            if !is_new || !is_expected {
                return;
            }
            let kept = waiting.bytes.saturating_add(cost) <= max_bytes;
            waiting.bytes += if kept { cost } else { 0 };
            let answer = kept.then_some(args);
            match from {
                Some(from) => drop(acks.answers.insert(from, answer)),
                None => acks.unnamed_answers.push(answer),
            }
        });
    }

    /// The sockets of a server. `bytes`: what they took on the wire. Beyond the bound they are left
    /// out, and the server counts as one that has not answered.
    pub(crate) fn sockets(&mut self, id: &RequestId, found: Vec<SocketDescription>, bytes: usize) {
        self.change(id, |waiting, max_bytes| {
            if let Gathered::Sockets(sockets) = &mut waiting.gathered
                && waiting.bytes.saturating_add(bytes) <= max_bytes
            {
                waiting.answered += 1;
                waiting.bytes += bytes;
                sockets.extend(found);
            }
        });
    }

    /// The answer of a server to an event. It has the same bound.
    pub(crate) fn server_event(&mut self, id: &RequestId, args: Args) {
        let cost = cost(&args);
        self.change(id, |waiting, max_bytes| {
            if let Gathered::Servers(answers) = &mut waiting.gathered
                && waiting.bytes.saturating_add(cost) <= max_bytes
            {
                waiting.answered += 1;
                waiting.bytes += cost;
                answers.push(args);
            }
        });
    }

    /// The rooms of a server. They have the same bound.
    pub(crate) fn rooms(&mut self, id: &RequestId, names: Vec<ByteString>) {
        let bytes: usize = names.iter().map(|name| name.len() + size_of::<ByteString>()).sum();
        self.change(id, |waiting, max_bytes| {
            if let Gathered::Rooms(rooms) = &mut waiting.gathered
                && waiting.bytes.saturating_add(bytes) <= max_bytes
            {
                waiting.answered += 1;
                waiting.bytes += bytes;
                rooms.extend(names);
            }
        });
    }

    /// Ends to wait, whatever has come.
    pub(crate) fn forget(&mut self, id: &RequestId) {
        self.waiting.remove(id);
    }

    fn change(&mut self, id: &RequestId, change: impl FnOnce(&mut Waiting, usize)) {
        let Some(waiting) = self.waiting.get_mut(id) else { return };
        change(waiting, self.max_bytes);
        if waiting.is_complete() {
            waiting.complete.notify_one();
        }
    }

    /// Ends to wait. Returns the acknowledgements so far. `servers`: how many other servers there
    /// are if they could not be counted.
    pub(crate) fn close_acks(&mut self, id: &RequestId, servers: usize) -> ClientAnswers {
        let mut answers = ClientAnswers::default();
        let Some(waiting) = self.waiting.remove(id) else { return answers };
        answers.missing_servers = waiting.missing(servers);
        let Gathered::Acks(mut acks) = waiting.gathered else { return answers };
        let unanswered = |id: &SocketId| !acks.answers.contains_key(id);
        answers.missing = acks.receivers.iter().copied().filter(unanswered).collect();
        for (id, answer) in mem::take(&mut acks.answers) {
            match answer {
                Some(args) => answers.answers.push((id, args)),
                None => answers.dropped.push(id),
            }
        }
        let answered = acks.unnamed_answers.len() as u64;
        let missing = acks.unnamed_receivers.saturating_sub(answered);
        let dropped = acks.unnamed_answers.iter().filter(|answer| answer.is_none()).count();
        answers.unnamed_missing = usize::try_from(missing).unwrap_or(usize::MAX) + dropped;
        answers.unnamed_answers = acks.unnamed_answers.into_iter().flatten().collect();
        answers
    }

    /// The same for sockets, with the number of servers that are missing.
    pub(crate) fn close_sockets(
        &mut self,
        id: &RequestId,
        servers: usize,
    ) -> (Vec<SocketDescription>, usize) {
        let Some(waiting) = self.waiting.remove(id) else { return (Vec::new(), servers) };
        let missing = waiting.missing(servers);
        match waiting.gathered {
            Gathered::Sockets(sockets) => (sockets, missing),
            _ => (Vec::new(), missing),
        }
    }

    /// The same for rooms.
    pub(crate) fn close_rooms(
        &mut self,
        id: &RequestId,
        servers: usize,
    ) -> (Vec<ByteString>, usize) {
        let Some(waiting) = self.waiting.remove(id) else { return (Vec::new(), servers) };
        let missing = waiting.missing(servers);
        match waiting.gathered {
            Gathered::Rooms(rooms) => (rooms, missing),
            _ => (Vec::new(), missing),
        }
    }

    /// The same for the answers of servers.
    pub(crate) fn close_servers(&mut self, id: &RequestId, servers: usize) -> (Vec<Args>, usize) {
        let Some(waiting) = self.waiting.remove(id) else { return (Vec::new(), servers) };
        let missing = waiting.missing(servers);
        match waiting.gathered {
            Gathered::Servers(answers) => (answers, missing),
            _ => (Vec::new(), missing),
        }
    }
}

impl Waiting {
    fn is_complete(&self) -> bool {
        self.servers.is_some_and(|servers| self.answered + self.lost.len() >= servers)
            && match &self.gathered {
                Gathered::Acks(acks) => {
                    acks.answers.len() >= acks.receivers.len()
                        && acks.unnamed_answers.len() as u64 >= acks.unnamed_receivers
                }
                _ => true,
            }
    }

    fn missing(&self, servers: usize) -> usize {
        self.servers.unwrap_or(servers).saturating_sub(self.answered)
    }
}

/// The memory of an answer, about.
fn cost(args: &Args) -> usize {
    let texts: usize = args.iter().map(str::len).sum();
    let attachments: usize = args.attachments().iter().map(bytes::Bytes::len).sum();
    64 + texts + attachments
}
