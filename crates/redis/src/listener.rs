use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{Arc, Weak, atomic::Ordering::Relaxed},
};

use bytes::Bytes;
use bytestring::ByteString;
use parking_lot::Mutex;

use crate::{
    link::{Entry, GivenUp, LinkStatus, Listener, Ticket},
    message::Envelope,
    past::place,
    server::Server,
};

/// Takes what comes from Redis to the server.
///
/// Messages of channels wait here until the server has handled those before. They are bounded in
/// bytes: Redis does not wait for a server that is too slow, and would have to keep them instead.
pub(crate) struct ServerListener {
    server: Weak<Server>,
    received: Arc<Received>,
}

/// Messages of channels.
struct Received {
    queue: Mutex<MessageQueue>,
    max_bytes: usize,
}

struct ChannelMessage {
    channel: Bytes,
    /// The pattern by which it came.
    pattern: Option<Bytes>,
    payload: Bytes,
}

#[derive(Default)]
struct MessageQueue {
    messages: VecDeque<ChannelMessage>,
    bytes: usize,
    /// A task takes messages out.
    is_taken: bool,
}

impl ServerListener {
    pub(crate) fn new(server: Weak<Server>, max_bytes: usize) -> Self {
        let received = Received { queue: Mutex::default(), max_bytes };
        Self { server, received: Arc::new(received) }
    }
}

impl ServerListener {
    async fn take_entries(&self, entries: Vec<Entry>) {
        let Some(server) = self.server.upgrade() else { return };
        let last = entries.last().map(|entry| entry.id);
        for Entry { id, own, fields } in entries {
            let place = server.past.as_ref().map(|_| place(id));
            let pending = own.and_then(|ticket| server.pending.lock().take(ticket));
            match pending {
                Some(pending) => server.read_back(pending, place).await,
                None => match server.wire.read_entry(&fields) {
                    // It has been given up here, and is in the stream all the same.
                    Ok(Some(Envelope { namespace, message, .. })) if own.is_some() => {
                        let envelope = Envelope { sender: None, namespace, message };
                        server.receive_entry(envelope, place).await;
                    }
                    Ok(Some(envelope)) => server.receive_entry(envelope, place).await,
                    Ok(None) => {}
                    Err(unreadable) => server.count_unreadable(&unreadable),
                },
            }
        }
        if let Some((past, last)) = server.past.as_ref().zip(last) {
            past.has_handed_on(last);
        }
    }
}

impl Received {
    /// Adds a message. `None`: there is no room for it. Otherwise, whether a task has to begin.
    fn push(&self, message: ChannelMessage) -> Option<bool> {
        let cost = message.cost();
        let mut queue = self.queue.lock();
        if queue.bytes + cost > self.max_bytes {
            return None;
        }
        queue.bytes += cost;
        queue.messages.push_back(message);
        Some(!std::mem::replace(&mut queue.is_taken, true))
    }

    fn pop(&self) -> Option<ChannelMessage> {
        let mut queue = self.queue.lock();
        let next = queue.messages.pop_front();
        match &next {
            Some(message) => queue.bytes -= message.cost(),
            None => queue.is_taken = false,
        }
        next
    }
}

impl ChannelMessage {
    /// Its bytes while it waits.
    fn cost(&self) -> usize {
        let pattern = self.pattern.as_ref().map_or(0, Bytes::len);
        self.channel.len() + pattern + self.payload.len() + 96
    }
}

/// Does what came on channels, one after the other.
async fn take(server: Weak<Server>, received: Arc<Received>) {
    while let Some(ChannelMessage { channel, pattern, payload }) = received.pop() {
        // A server that has ended receives nothing.
        let Some(server) = server.upgrade() else { return };
        if server.past.as_ref().is_some_and(|past| past.is_its_channel(&channel)) {
            server.session_message(&payload);
            continue;
        }
        match server.wire.read(&channel, &payload) {
            Ok(Some(envelope)) => {
                let is_of = |pattern| server.wire.is_pattern_of(pattern, &envelope.namespace);
                if pattern.as_deref().is_none_or(is_of) {
                    server.receive(envelope).await;
                }
            }
            Ok(None) => {}
            Err(unreadable) => server.count_unreadable(&unreadable),
        }
    }
}

impl Listener for ServerListener {
    fn on_message(&self, channel: &Bytes, pattern: Option<&Bytes>, payload: Bytes) {
        let message =
            ChannelMessage { channel: channel.clone(), pattern: pattern.cloned(), payload };
        match self.received.push(message) {
            Some(true) => {
                drop(tokio::spawn(take(self.server.clone(), Arc::clone(&self.received))));
            }
            Some(false) => {}
            None => {
                if let Some(server) = self.server.upgrade() {
                    server.stats.overrun.fetch_add(1, Relaxed);
                }
            }
        }
    }

    fn on_entries<'a>(
        &'a self,
        _stream: &'a ByteString,
        entries: Vec<Entry>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(self.take_entries(entries))
    }

    fn on_given_up(&self, ticket: Ticket, _reason: GivenUp) {
        let Some(server) = self.server.upgrade() else { return };
        let pending = server.pending.lock().take(ticket);
        if let Some(pending) = pending {
            server.give_up(pending);
        }
    }

    fn on_status(&self, status: LinkStatus) {
        // The link has written it into the log.
        let Some(server) = self.server.upgrade() else { return };
        match (&status, &server.past) {
            (LinkStatus::FellBehind { .. }, _) => {
                server.stats.fell_behind.fetch_add(1, Relaxed);
            }
            (LinkStatus::PastBegins { at }, Some(past)) => past.receiver.past_begins_at(place(*at)),
            (LinkStatus::Ready { .. }, Some(past)) => past.has_started(),
            _ => {}
        }
        server.link_changed(&status);
    }
}
