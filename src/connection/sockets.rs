use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use smallvec::SmallVec;

use super::ignored_namespaces::IgnoredNamespaces;
use crate::{
    engine::{ClientEnd, EngineMessage},
    model::{
        DisconnectReason, Extensions, MemoryShare, Namespace, PresenceExit, Slot, SocketId,
        TokenBucket,
    },
    protocol::{Packet, PacketDecoder},
    routing::Router,
    socket::Socket,
    state::ReplayPermit,
};

/// The sockets of one connection, one for each namespace that its client is in, and how its
/// packets are read.
pub(super) struct ClientSockets {
    /// Most clients are in one namespace.
    pub(super) list: SmallVec<[SocketEntry; 1]>,
    /// The index in the list by namespace, of the sockets that are not ending, so that a packet
    /// costs the same in every namespace. Empty while the client has one socket.
    by_namespace: HashMap<Namespace, usize, foldhash::fast::RandomState>,
    pub(super) refused: IgnoredNamespaces,
    decoder: Box<dyn PacketDecoder>,
    pub(super) extensions: Arc<Extensions>,
    /// Counts the parts of a packet that is not whole yet, and the `auth` of all sockets.
    memory: MemoryShare,
    /// The bytes of those parts.
    partial: usize,
    /// How fast the client may subscribe, in all its namespaces together.
    pub(super) subscribe_rate: Option<Arc<Mutex<TokenBucket>>>,
}

/// One socket of a connection.
pub(super) struct SocketEntry {
    pub(super) socket: Socket,
    pub(super) router: Arc<Router>,
    /// Handlers have admitted it, so they are notified of its end.
    pub(super) admitted: bool,
    /// Its end waits in the job queue.
    pub(super) ending: bool,
    /// Why it ends.
    pub(super) end_reason: Option<DisconnectReason>,
    /// For a client that comes back: its part of what may be on the way to such clients.
    pub(super) permit: Option<ReplayPermit>,
    /// Its places among the sockets of its namespace, and of all namespaces of the same pattern.
    pub(super) _slots: [Slot; 2],
}

impl SocketEntry {
    /// When the socket goes as a member of its channels.
    pub(super) fn presence_exit(&self) -> PresenceExit {
        self.end_reason.map_or(PresenceExit::AtOnce, PresenceExit::from)
    }

    /// Why the socket has ended, for the feed of changes. `None`: it was not admitted.
    pub(super) fn reported_end(&self) -> Option<DisconnectReason> {
        // Without a reason, the actor was dropped: its `System` has ended.
        self.admitted.then(|| self.end_reason.unwrap_or(DisconnectReason::ServerShutdown))
    }
}

impl ClientSockets {
    pub(super) fn new(
        decoder: Box<dyn PacketDecoder>,
        extensions: Extensions,
        subscribe_rate: Option<TokenBucket>,
        max_namespaces: usize,
        memory: MemoryShare,
    ) -> Self {
        Self {
            list: SmallVec::new(),
            by_namespace: HashMap::default(),
            refused: IgnoredNamespaces::new(max_namespaces),
            decoder,
            extensions: Arc::new(extensions),
            memory,
            partial: 0,
            subscribe_rate: subscribe_rate.map(|bucket| Arc::new(Mutex::new(bucket))),
        }
    }

    /// Reads a message. `None`: the packet is not whole yet.
    ///
    /// # Errors
    /// [`ClientEnd`]: the session has to end.
    pub(super) fn decode(&mut self, message: EngineMessage) -> Result<Option<Packet>, ClientEnd> {
        let (length, packet) = match message {
            EngineMessage::Text(text) => (text.len(), self.decoder.text(text)?),
            EngineMessage::Binary(data) => (data.len(), self.decoder.binary(data)?),
        };
        match packet {
            None => {
                self.partial += length;
                if !self.count_memory() {
                    return Err(ClientEnd::OutOfMemory);
                }
            }
            Some(_) if self.partial > 0 => {
                self.partial = 0;
                self.count_memory();
            }
            Some(_) => {}
        }
        Ok(packet)
    }

    /// The bytes of the `auth` of all sockets.
    pub(super) fn auth_len(&self) -> usize {
        self.list.iter().map(|entry| entry.socket.handshake().auth_len()).sum()
    }

    fn count_memory(&mut self) -> bool {
        self.memory.set(self.partial + self.auth_len())
    }

    /// The index of the socket in a namespace. A socket that is ending is not found: the client may
    /// have another one there already.
    pub(super) fn position(&self, namespace: &str) -> Option<usize> {
        match &self.list[..] {
            [] => None,
            [only] => (!only.ending && only.socket.namespace() == namespace).then_some(0),
            _ => self.by_namespace.get(namespace).copied(),
        }
    }

    /// Adds a socket. The client has no other one in its namespace, unless that one is ending.
    ///
    /// Returns `false` if there is no memory for its `auth`: it has to be removed again.
    pub(super) fn add(&mut self, entry: SocketEntry) -> bool {
        self.list.push(entry);
        let first_to_index = if self.list.len() == 2 { 0 } else { self.list.len() - 1 };
        if self.list.len() > 1 {
            (first_to_index..self.list.len()).for_each(|at| self.index(at));
        }
        self.count_memory()
    }

    /// Notes that the end of a socket waits in the job queue.
    pub(super) fn set_ending(&mut self, at: usize, reason: DisconnectReason) {
        let entry = &mut self.list[at];
        entry.ending = true;
        entry.end_reason = Some(reason);
        self.by_namespace.remove(entry.socket.namespace());
    }

    fn index(&mut self, at: usize) {
        let entry = &self.list[at];
        if !entry.ending {
            self.by_namespace.insert(entry.socket.namespace().clone(), at);
        }
    }

    pub(super) fn get(&self, id: SocketId) -> Option<&SocketEntry> {
        self.list.iter().find(|entry| entry.socket.id() == id)
    }

    pub(super) fn is_admitted(&self, socket: &Socket) -> bool {
        self.list.iter().any(|entry| entry.admitted && entry.socket == *socket)
    }

    /// Notes that handlers have admitted a socket. Returns its permit.
    pub(super) fn set_admitted(&mut self, id: SocketId) -> Option<ReplayPermit> {
        let entry = self.list.iter_mut().find(|entry| entry.socket.id() == id)?;
        entry.admitted = true;
        entry.permit.take()
    }

    pub(super) fn remove(&mut self, id: SocketId) -> Option<SocketEntry> {
        let at = self.list.iter().position(|entry| entry.socket.id() == id)?;
        let removed = self.list.swap_remove(at);
        self.count_memory();
        if self.list.len() < 2 {
            self.by_namespace = HashMap::default();
            return Some(removed);
        }
        if !removed.ending {
            self.by_namespace.remove(removed.socket.namespace());
        }
        if at < self.list.len() {
            // The last one has moved here.
            self.index(at);
        }
        Some(removed)
    }

    pub(super) fn is_any_admitted(&self) -> bool {
        self.list.iter().any(|entry| entry.admitted)
    }
}
