//! A cluster of servers in one process: they read one stream, and keep sessions in one table.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use actix_socketio::{
    Args, Channel, Namespace, Receipt,
    adapter::{
        AckRelay, Adapter, AdapterFuture, Audience, ClientAnswers, ClusterOrder, ClusterSession,
        FoundSockets, JoinCluster, MembershipChange, PastReceiver, Place, PrivateId, Publication,
        PublishError, ServerAnswers, ServerEvent, SharedPast, TakenSession, UnsealedPacket,
    },
};
use serde_json::Value;
use tokio::sync::{oneshot, watch};

/// The stream, the sessions and the servers.
#[derive(Clone, Default)]
pub(super) struct Stream(Arc<Mutex<StreamState>>);

#[derive(Default)]
struct StreamState {
    entries: Vec<Entry>,
    sessions: HashMap<String, ClusterSession>,
    nodes: Vec<Node>,
    /// Sessions can't be asked for.
    is_away: bool,
    /// Entries before this one are trimmed.
    first: usize,
}

/// A server, from outside.
struct Node {
    past: Arc<dyn PastReceiver>,
    wake: watch::Sender<()>,
    /// It reads nothing.
    is_paused: bool,
    /// The number of entries that it has handed on.
    read: watch::Sender<usize>,
}

#[derive(Clone)]
struct Entry {
    content: Content,
    origin: usize,
}

#[derive(Clone)]
enum Content {
    Event { audience: Audience, name: String, args: String, volatile: bool },
    Change(MembershipChange),
}

/// Three entries in each millisecond.
fn place_of(index: usize) -> Place {
    Place::of_entry(1_000 + index as u64 / 3, index as u64 % 3)
}

impl Stream {
    fn lock(&self) -> MutexGuard<'_, StreamState> {
        self.0.lock().expect("no panic")
    }

    fn append(&self, content: Content, origin: usize) -> usize {
        let mut state = self.lock();
        state.entries.push(Entry { content, origin });
        for node in &state.nodes {
            let _ = node.wake.send(());
        }
        state.entries.len() - 1
    }

    /// Lets a server read, or not.
    pub(super) fn set_paused(&self, node: usize, is_paused: bool) {
        let mut state = self.lock();
        state.nodes[node].is_paused = is_paused;
        let _ = state.nodes[node].wake.send(());
    }

    pub(super) fn set_away(&self, is_away: bool) {
        self.lock().is_away = is_away;
    }

    /// Trims the stream to its last entry, for servers that join later.
    pub(super) fn trim(&self) {
        let mut state = self.lock();
        state.first = state.entries.len() - 1;
    }

    /// Everything that was in the cluster is lost, and the servers notice it.
    pub(super) fn lose(&self) {
        let mut state = self.lock();
        state.sessions.clear();
        let from = place_of(state.entries.len());
        state.nodes.iter().for_each(|node| node.past.past_begins_at(from));
    }

    pub(super) fn sessions(&self) -> usize {
        self.lock().sessions.len()
    }

    /// A session as a server of Node would keep it.
    pub(super) fn keep_as_node(&self, pid: &str, id: &str, channels: &[&str]) {
        let key = PrivateId::parse(pid).expect("an id");
        let mut session = ClusterSession::new(key, id.parse().expect("an id"));
        let channels = channels.iter().map(|name| Channel::new(name, 100).expect("a name"));
        session.channels = channels.collect();
        self.lock().sessions.insert(pid.to_owned(), session);
    }

    /// Waits until a server has read all that is there.
    pub(super) async fn read_by(&self, node: usize) {
        let (end, mut read) = {
            let state = self.lock();
            (state.entries.len(), state.nodes[node].read.subscribe())
        };
        read.wait_for(|read| *read >= end).await.expect("the server is alive");
    }
}

/// Makes a server one of the cluster.
pub(super) struct JoinStream(pub(super) Stream);

impl JoinCluster for JoinStream {
    fn join(self: Box<Self>, local: Arc<dyn Adapter>) -> io::Result<Arc<dyn Adapter>> {
        let Self(stream) = *self;
        let past = local.past_receiver().expect("the local adapter has one");
        let ((wake, woken), (read, _)) = (watch::channel(()), watch::channel(0));
        let mut state = stream.lock();
        let (number, joined, first) = (state.nodes.len(), state.entries.len(), state.first);
        if first > 0 {
            past.past_begins_at(place_of(first));
        }
        let is_paused = false;
        state.nodes.push(Node { past: Arc::clone(&past), wake, is_paused, read: read.clone() });
        drop(state);
        let pending = Pending::default();
        let server = StreamServer { stream: stream.clone(), number, local, pending, joined, read };
        let server = Arc::new(server);
        actix_web::rt::spawn(Arc::clone(&server).read(past, first, woken));
        Ok(server)
    }

    fn order(&self) -> ClusterOrder {
        ClusterOrder::Stream
    }
}

/// The publishers that wait for their entries to be read back.
type Pending = Arc<Mutex<HashMap<usize, oneshot::Sender<AdapterFuture<PublishedResult>>>>>;
type PublishedResult = Result<Receipt, PublishError>;

#[derive(Clone)]
struct StreamServer {
    stream: Stream,
    number: usize,
    local: Arc<dyn Adapter>,
    pending: Pending,
    /// The entries that were there when it joined.
    joined: usize,
    read: watch::Sender<usize>,
}

impl StreamServer {
    async fn read(
        self: Arc<Self>,
        past: Arc<dyn PastReceiver>,
        first: usize,
        mut woken: watch::Receiver<()>,
    ) {
        let mut next = first;
        loop {
            let entry = {
                let state = self.stream.lock();
                let is_paused = state.nodes[self.number].is_paused;
                state.entries.get(next).filter(|_| !is_paused).cloned()
            };
            let Some(entry) = entry else {
                if woken.changed().await.is_err() {
                    return;
                }
                continue;
            };
            match entry.content {
                Content::Change(change) => past.apply(place_of(next), change).await,
                Content::Event { audience, name, args, volatile } => {
                    let args = Args::parse(args.into(), 100).expect("arguments");
                    let packet = self.local.encode(&audience.namespace, &name, &args, true);
                    let mut publication = Publication::new(audience, packet);
                    publication.volatile = volatile;
                    publication.is_accepted = true;
                    publication.place = Some(place_of(next));
                    publication.is_past = next < self.joined;
                    let counted = self.local.publish_and_count(publication);
                    let waiting = match entry.origin == self.number {
                        true => self.pending.lock().expect("no panic").remove(&next),
                        false => None,
                    };
                    if let Some(waiting) = waiting {
                        let _ = waiting.send(counted);
                    }
                }
            }
            next += 1;
            self.read.send_replace(next);
        }
    }

    fn event(publication: &Publication) -> Content {
        let mut event: Vec<Value> =
            serde_json::from_str(publication.packet.args_json()).expect("a JSON array");
        let name = event.remove(0).as_str().expect("a name").to_owned();
        let (args, audience) = (Value::from(event).to_string(), publication.audience.clone());
        Content::Event { audience, name, args, volatile: publication.volatile }
    }

    fn change(&self, change: MembershipChange) -> AdapterFuture<()> {
        let index = self.stream.append(Content::Change(change), self.number);
        let mut read = self.read.subscribe();
        Box::pin(async move {
            let _ = read.wait_for(|read| *read > index).await;
        })
    }
}

impl SharedPast for StreamServer {
    fn started(&self) -> AdapterFuture<()> {
        let (mut read, joined) = (self.read.subscribe(), self.joined);
        Box::pin(async move {
            let _ = read.wait_for(|read| *read >= joined).await;
        })
    }

    fn has_read(&self, place: Place) -> AdapterFuture<()> {
        let mut read = self.read.subscribe();
        Box::pin(async move {
            let _ = read.wait_for(|read| place_of(*read) > place).await;
        })
    }

    fn keep_session(&self, session: ClusterSession, _: Duration) {
        self.stream.lock().sessions.insert(session.pid.reveal().to_owned(), session);
    }

    fn drop_session(&self, pid: &PrivateId) {
        self.stream.lock().sessions.remove(pid.reveal());
    }

    fn take_session(&self, pid: &PrivateId) -> AdapterFuture<TakenSession> {
        let mut state = self.stream.lock();
        if state.is_away {
            return Box::pin(async { TakenSession::Away });
        }
        let taken = state.sessions.remove(pid.reveal());
        let nodes = state.nodes.iter().enumerate().filter(|(other, _)| *other != self.number);
        let others: Vec<_> = nodes.map(|(_, node)| Arc::clone(&node.past)).collect();
        drop(state);
        if taken.is_some() {
            others.iter().for_each(|past| past.session_taken(pid));
        }
        let taken = taken.map_or(TakenSession::Unknown, |one| TakenSession::Taken(Box::new(one)));
        // As over a network.
        Box::pin(async {
            tokio::task::yield_now().await;
            taken
        })
    }

    fn end_elsewhere(&self, pid: &PrivateId) -> AdapterFuture<bool> {
        let state = self.stream.lock();
        let nodes = state.nodes.iter().enumerate().filter(|(other, _)| *other != self.number);
        let asked: Vec<_> = nodes.map(|(_, node)| node.past.put_aside(pid)).collect();
        Box::pin(async move {
            let mut is_found = false;
            for one in asked {
                is_found |= one.await;
            }
            is_found
        })
    }
}

impl Adapter for StreamServer {
    fn encode(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &Args,
        compress: bool,
    ) -> UnsealedPacket {
        self.local.encode(namespace, event, args, compress)
    }

    fn publish(&self, publication: Publication) -> Result<(), PublishError> {
        if publication.audience.local || publication.skip_history {
            return self.local.publish(publication);
        }
        self.stream.append(Self::event(&publication), self.number);
        Ok(())
    }

    fn publish_and_count(&self, publication: Publication) -> AdapterFuture<PublishedResult> {
        if publication.audience.local || publication.skip_history {
            return self.local.publish_and_count(publication);
        }
        let (sender, counted) = oneshot::channel();
        // The reader looks when it has the entry.
        let mut pending = self.pending.lock().expect("no panic");
        pending.insert(self.stream.append(Self::event(&publication), self.number), sender);
        Box::pin(async move { counted.await.map_err(|_| PublishError::Closed)?.await })
    }

    fn publish_with_acks(
        &self,
        publication: Publication,
        timeout: Duration,
    ) -> AdapterFuture<Result<ClientAnswers, PublishError>> {
        self.local.publish_with_acks(publication, timeout)
    }

    fn publish_and_relay_acks(
        &self,
        publication: Publication,
        timeout: Duration,
        relay: AckRelay,
    ) -> AdapterFuture<Result<(), PublishError>> {
        self.local.publish_and_relay_acks(publication, timeout, relay)
    }

    fn fetch(&self, audience: Audience) -> AdapterFuture<FoundSockets> {
        self.local.fetch(audience)
    }

    fn join(&self, audience: Audience, channel: Channel) -> AdapterFuture<()> {
        self.change(MembershipChange::Join { audience, channel })
    }

    fn leave(&self, audience: Audience, channel: Channel) -> AdapterFuture<()> {
        self.change(MembershipChange::Leave { audience, channel })
    }

    fn disconnect(&self, audience: Audience, close: bool) -> AdapterFuture<()> {
        self.change(MembershipChange::Disconnect { audience, close })
    }

    fn server_side_emit(&self, event: ServerEvent) -> Result<(), PublishError> {
        self.local.server_side_emit(event)
    }

    fn server_side_emit_with_acks(
        &self,
        event: ServerEvent,
        timeout: Duration,
    ) -> AdapterFuture<Result<ServerAnswers, PublishError>> {
        self.local.server_side_emit_with_acks(event, timeout)
    }

    fn handle_server_event(&self, event: ServerEvent) -> AdapterFuture<Option<Args>> {
        self.local.handle_server_event(event)
    }

    fn server_count(&self, _: &Namespace) -> AdapterFuture<usize> {
        let count = self.stream.lock().nodes.len();
        Box::pin(async move { count })
    }

    fn shared_past(&self) -> Option<Arc<dyn SharedPast>> {
        Some(Arc::new(self.clone()))
    }
}
