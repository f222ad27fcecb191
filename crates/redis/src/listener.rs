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

#[derive(Default)]
struct MessageQueue {
    messages: VecDeque<(Bytes, Bytes)>,
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
        for Entry { own, fields, .. } in entries {
            let pending = own.and_then(|ticket| server.pending.lock().take(ticket));
            match pending {
                Some(pending) => server.read_back(pending).await,
                None => match server.wire.read_entry(&fields) {
                    // It has been given up here, and is in the stream all the same.
                    Ok(Some(Envelope { namespace, message, .. })) if own.is_some() => {
                        server.receive(Envelope { sender: None, namespace, message }).await;
                    }
                    Ok(Some(envelope)) => server.receive(envelope).await,
                    Ok(None) => {}
                    Err(unreadable) => server.count_unreadable(&unreadable),
                },
            }
        }
    }
}

impl Received {
    /// Adds a message. `None`: there is no room for it. Otherwise, whether a task has to begin.
    fn push(&self, channel: Bytes, payload: Bytes) -> Option<bool> {
        let cost = cost(&channel, &payload);
        let mut queue = self.queue.lock();
        if queue.bytes + cost > self.max_bytes {
            return None;
        }
        queue.bytes += cost;
        queue.messages.push_back((channel, payload));
        Some(!std::mem::replace(&mut queue.is_taken, true))
    }

    fn pop(&self) -> Option<(Bytes, Bytes)> {
        let mut queue = self.queue.lock();
        let next = queue.messages.pop_front();
        match &next {
            Some((channel, payload)) => queue.bytes -= cost(channel, payload),
            None => queue.is_taken = false,
        }
        next
    }
}

/// Bytes of a message that waits.
fn cost(channel: &Bytes, payload: &Bytes) -> usize {
    channel.len() + payload.len() + 64
}

/// Does what came on channels, one after the other.
async fn take(server: Weak<Server>, received: Arc<Received>) {
    while let Some((channel, payload)) = received.pop() {
        // A server that has ended receives nothing.
        let Some(server) = server.upgrade() else { return };
        match server.wire.read(&channel, &payload) {
            Ok(Some(envelope)) => server.receive(envelope).await,
            Ok(None) => {}
            Err(unreadable) => server.count_unreadable(&unreadable),
        }
    }
}

impl Listener for ServerListener {
    fn on_message(&self, channel: &Bytes, payload: Bytes) {
        match self.received.push(channel.clone(), payload) {
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
        if let LinkStatus::FellBehind { .. } = status {
            server.stats.fell_behind.fetch_add(1, Relaxed);
        }
        server.link_changed(&status);
    }
}
