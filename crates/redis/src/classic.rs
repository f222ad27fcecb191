//! The classic adapter: `createAdapter` of `@socket.io/redis-adapter`, and Node's emitters.

mod read;
#[cfg(test)]
mod tests;
mod write;

use bytes::Bytes;

use crate::{
    limits::WireLimits,
    message::{Envelope, Message, ServerId},
    wire::{Outgoing, Subscription, Unreadable, Wire},
};

/// The `type` of each request, and of those answers that have one.
mod kind {
    pub(super) const SOCKET_IDS: u64 = 0;
    pub(super) const ROOMS: u64 = 1;
    pub(super) const JOIN: u64 = 2;
    pub(super) const LEAVE: u64 = 3;
    pub(super) const DISCONNECT: u64 = 4;
    pub(super) const FETCH: u64 = 5;
    pub(super) const SERVER_EVENT: u64 = 6;
    pub(super) const BROADCAST: u64 = 7;
    pub(super) const CLIENT_COUNT: u64 = 8;
    pub(super) const ACKNOWLEDGEMENT: u64 = 9;
    /// Our own, which Node's servers ignore.
    pub(super) const HEARTBEAT: u64 = 20;
}

/// Writes and reads messages as the classic adapter does.
#[derive(Debug, Clone)]
pub(crate) struct Classic {
    /// Node's option `key`. Its default is `socket.io`.
    pub(crate) key: String,
    pub(crate) own: ServerId,
    /// Node's option `publishOnSpecificResponseChannel`: answers go to the server that asked, and
    /// not to all. All servers with version 7.2 or newer hear them.
    pub(crate) answers_to_asker: bool,
    pub(crate) limits: WireLimits,
}

impl Classic {
    fn request_channel(&self, namespace: &str) -> String {
        format!("{}-request#{namespace}#", self.key)
    }

    /// The pattern of the channels of broadcasts: one for all clients, and one for each room.
    fn broadcast_pattern(&self, namespace: &str) -> String {
        let mut pattern = escape_pattern(&format!("{}#{namespace}#", self.key));
        pattern.push('*');
        pattern
    }

    fn response_channel(&self, namespace: &str) -> String {
        format!("{}-response#{namespace}#", self.key)
    }
}

impl Wire for Classic {
    fn write(&self, namespace: &str, message: &Message, asker: Option<&ServerId>) -> Outgoing {
        write::write(self, namespace, message, asker)
    }

    fn read(&self, channel: &[u8], payload: &Bytes) -> Result<Option<Envelope>, Unreadable> {
        read::read(self, channel, payload)
    }

    fn is_pattern_of(&self, pattern: &[u8], namespace: &str) -> bool {
        self.broadcast_pattern(namespace).as_bytes() == pattern
    }

    fn asks_for_rooms(&self) -> bool {
        true
    }

    fn read_entry(&self, _fields: &[(Bytes, Bytes)]) -> Result<Option<Envelope>, Unreadable> {
        Ok(None)
    }

    fn answers_to(&self, namespace: &str, server: &ServerId) -> Subscription {
        let responses = self.response_channel(namespace);
        Subscription::Channel(format!("{responses}{}#", server.0).into())
    }

    fn subscriptions(&self, namespace: &str) -> Vec<Subscription> {
        let responses = self.response_channel(namespace);
        vec![
            Subscription::Channel(self.request_channel(namespace).into()),
            Subscription::Pattern(self.broadcast_pattern(namespace).into()),
            self.answers_to(namespace, &self.own),
            Subscription::Channel(responses.into()),
        ]
    }
}

/// Escapes what is special in a pattern of Redis.
fn escape_pattern(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '^' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
