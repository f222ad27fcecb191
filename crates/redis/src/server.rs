use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use actix_socketio::{
    Channel, ClusterHealth, Namespace,
    adapter::{Adapter, AdapterFuture, KeptChannels, PublishError},
};
use log::warn;
use parking_lot::Mutex;
use rand::RngExt;
use tokio::{
    sync::{Notify, oneshot},
    time::timeout,
};

use crate::{
    limits::WireLimits,
    link::{HoldFull, Link, Sent, Ticket},
    message::{Message, Notice, RequestId, ServerId},
    nodes::NodeTable,
    others::{Others, OthersCount, UNCOUNTED},
    past::Past,
    pending::{Pending, PendingTable},
    presence::SharedPresence,
    requests::Requests,
    wire::{Outgoing, Subscription, Unreadable, Wire},
};

/// The part of one server in the cluster, which its adapter and what it receives share.
pub(crate) struct Server {
    pub(crate) id: ServerId,
    pub(crate) local: Arc<dyn Adapter>,
    pub(crate) wire: Box<dyn Wire>,
    /// Set when the link has started, which is before anything is sent or received.
    link: OnceLock<Link>,
    pub(crate) requests: Mutex<Requests>,
    pub(crate) pending: Mutex<PendingTable>,
    /// By name.
    namespaces: Mutex<HashMap<String, NamespaceOfCluster>>,
    /// `None`: each server has a past of its own.
    pub(crate) past: Option<Past>,
    /// Events for many clients are delivered when they are read back: the adapter has a stream.
    pub(crate) reads_back: bool,
    pub(crate) request_timeout: Duration,
    pub(crate) limits: WireLimits,
    /// Broadcasts to a room come on a channel of its own.
    pub(crate) has_room_channels: bool,
    /// The publications that were delivered here.
    pub(crate) delivered: AtomicU64,
    next_request: AtomicU64,
    /// Begins the names of keys.
    pub(crate) prefix: String,
    pub(crate) heartbeat: Duration,
    pub(crate) stats: ServerStats,
    pub(crate) nodes: Mutex<NodeTable>,
    /// `None`: no route has presence.
    pub(crate) presence: Option<SharedPresence>,
    /// The next heartbeat may be due.
    pub(crate) heartbeat_due: Arc<Notify>,
    /// The probe of the path that is on its way: the uptime that its heartbeat says.
    pub(crate) path_probe: Mutex<Option<(u64, oneshot::Sender<()>)>>,
    /// A task sends the heartbeats.
    pub(crate) is_beating: AtomicBool,
    /// The last heartbeat is sent.
    pub(crate) has_left: Mutex<bool>,
    /// The way to Redis is lost, and listeners know it.
    pub(crate) is_away: AtomicBool,
}

/// The counters of a server in the cluster.
#[derive(Debug, Default)]
pub(crate) struct ServerStats {
    /// Messages of others that could not be read.
    pub(crate) unreadable: AtomicU64,
    /// Messages that there was no room for while they wait for Redis.
    pub(crate) refused: AtomicU64,
    /// Messages of channels that there was no room for.
    pub(crate) overrun: AtomicU64,
    /// How often entries left the stream before this server had read them.
    pub(crate) fell_behind: AtomicU64,
}

/// The settings of a [`Server`].
pub(crate) struct ServerParts {
    pub(crate) prefix: String,
    pub(crate) past: Option<Past>,
    pub(crate) has_room_channels: bool,
    pub(crate) reads_back: bool,
    pub(crate) request_timeout: Duration,
    pub(crate) limits: WireLimits,
    pub(crate) max_requests: usize,
    pub(crate) max_answer_bytes: usize,
    pub(crate) heartbeat: Duration,
    pub(crate) max_nodes: usize,
}

/// A namespace that exists on this server.
#[derive(Debug)]
struct NamespaceOfCluster {
    namespace: Namespace,
    /// The other servers that were counted last.
    others: Arc<AtomicUsize>,
}

/// Rooms that this server listens to until it is dropped.
struct KeptRooms {
    server: Arc<Server>,
    rooms: Vec<Subscription>,
}

impl Drop for KeptRooms {
    fn drop(&mut self) {
        if let Some(link) = self.server.link() {
            drop(link.unsubscribe(std::mem::take(&mut self.rooms)));
        }
    }
}

impl Server {
    pub(crate) fn new(
        id: ServerId,
        local: Arc<dyn Adapter>,
        wire: Box<dyn Wire>,
        parts: ServerParts,
    ) -> Self {
        let presence = local.presence().map(SharedPresence::new);
        Self {
            id,
            local,
            wire,
            link: OnceLock::new(),
            requests: Mutex::new(Requests::new(parts.max_requests, parts.max_answer_bytes)),
            pending: Mutex::default(),
            namespaces: Mutex::default(),
            past: parts.past,
            reads_back: parts.reads_back,
            request_timeout: parts.request_timeout,
            limits: parts.limits,
            has_room_channels: parts.has_room_channels,
            delivered: AtomicU64::new(0),
            next_request: AtomicU64::new(rand::rng().random()),
            prefix: parts.prefix,
            heartbeat: parts.heartbeat,
            stats: ServerStats::default(),
            nodes: Mutex::new(NodeTable::new(parts.heartbeat, parts.max_nodes, Instant::now())),
            presence,
            heartbeat_due: Arc::default(),
            path_probe: Mutex::default(),
            is_beating: AtomicBool::new(false),
            has_left: Mutex::default(),
            is_away: AtomicBool::new(false),
        }
    }

    /// Sets the link, which is made for the server.
    pub(crate) fn set_link(&self, link: Link) {
        if let Some(past) = &self.past {
            drop(link.subscribe(past.subscriptions(&self.id)));
        }
        // It is set once.
        let _ = self.link.set(link);
    }

    /// Counts a message that could not be read.
    pub(crate) fn count_unreadable(&self, why: &Unreadable) {
        if self.stats.unreadable.fetch_add(1, Relaxed).is_power_of_two() {
            warn!("the cluster has a message that this server can't read: {why}");
        }
    }

    pub(crate) fn link(&self) -> Option<&Link> {
        self.link.get()
    }

    /// Writes a message for the other servers.
    ///
    /// # Errors
    /// [`PublishError::Overloaded`]: too much waits already, and Redis is there. While it is away,
    /// a new message takes the place of older ones.
    pub(crate) fn write(
        &self,
        namespace: &Namespace,
        message: &Message,
    ) -> Result<Outgoing, PublishError> {
        let outgoing = self.wire.write(namespace.as_str(), message, None);
        let has_room = self.link().is_none_or(|link| link.has_room(&outgoing));
        has_room.then_some(outgoing).ok_or(PublishError::Overloaded)
    }

    /// Queues a message, without an error for the caller if there is no room for it.
    pub(crate) fn hand_over(&self, outgoing: Outgoing) {
        let sent = self.link().map(|link| link.send(outgoing));
        if let Some(Err(HoldFull)) = sent {
            self.stats.refused.fetch_add(1, Relaxed);
        }
    }

    /// As [`hand_over`](Self::hand_over), of a message to the other servers.
    pub(crate) fn tell(&self, namespace: &Namespace, message: &Message) {
        self.hand_over(self.wire.write(namespace.as_str(), message, None));
    }

    pub(crate) fn send(
        &self,
        namespace: &Namespace,
        message: &Message,
    ) -> Result<Ticket, HoldFull> {
        let outgoing = self.wire.write(namespace.as_str(), message, None);
        self.link().ok_or(HoldFull)?.send(outgoing)
    }

    /// Queues a message. The future waits until Redis has it, and gives the number of servers that
    /// it was handed to: 0 if it was given up.
    pub(crate) fn send_confirmed(
        &self,
        outgoing: Outgoing,
    ) -> impl Future<Output = usize> + Send + 'static {
        let sent = self.link().map(|link| link.send_confirmed(outgoing));
        if let Some(Err(HoldFull)) = sent {
            self.stats.refused.fetch_add(1, Relaxed);
        }
        async move {
            let Some(Ok((_, sent))) = sent else { return 0 };
            match sent.await {
                Ok(Sent::Receivers(servers)) => usize::try_from(servers).unwrap_or(usize::MAX),
                _ => 0,
            }
        }
    }

    pub(crate) fn health(&self) -> ClusterHealth {
        let mut health = ClusterHealth::default();
        let Some(link) = self.link().map(Link::health) else { return health };
        (health.is_connected, health.silence) = (link.is_connected, link.silence);
        (health.waiting, health.waiting_bytes) = (link.held, link.held_bytes);
        (health.lag, health.sent, health.losses) = (link.lag, link.sent, link.losses);
        health.given_up = link.given_up + self.stats.refused.load(Relaxed);
        health.fell_behind = self.stats.fell_behind.load(Relaxed);
        health.ignored = self.stats.unreadable.load(Relaxed) + self.stats.overrun.load(Relaxed);
        health
    }

    /// Answers the server that asked.
    pub(crate) fn answer(
        &self,
        namespace: &Namespace,
        message: &Message,
        asker: Option<&ServerId>,
    ) {
        let outgoing = self.wire.write(namespace.as_str(), message, asker);
        self.hand_over(outgoing);
    }

    /// Puts a message into the stream, and what to do when it is read back.
    pub(crate) fn append(
        &self,
        namespace: &Namespace,
        notice: Notice,
        pending: Pending,
    ) -> Result<(), PublishError> {
        // The reader takes from the table, and so finds there whatever it reads.
        let mut table = self.pending.lock();
        let ticket = self.send(namespace, &Message::Notice(notice));
        let ticket = ticket.map_err(|HoldFull| self.full())?;
        table.add(ticket, pending);
        Ok(())
    }

    /// Why nothing more can wait for Redis.
    pub(crate) fn full(&self) -> PublishError {
        match self.link().is_some_and(|link| link.health().is_connected) {
            true => PublishError::Overloaded,
            false => PublishError::ClusterAway,
        }
    }

    /// An id that no other request of this server has.
    pub(crate) fn next_request_id(&self) -> RequestId {
        RequestId(format!("{:016x}", self.next_request.fetch_add(1, Relaxed)).into())
    }

    /// The other servers that were counted last in a namespace, or [`UNCOUNTED`].
    pub(crate) fn others(&self, namespace: &Namespace) -> Arc<AtomicUsize> {
        let namespaces = self.namespaces.lock();
        let others =
            namespaces.get(namespace.as_str()).map(|namespace| Arc::clone(&namespace.others));
        others.unwrap_or_else(|| Arc::new(AtomicUsize::new(UNCOUNTED)))
    }

    /// Counts the other servers, and finds out which of the lost ones are among them: Redis counts
    /// a server that stands still as long as its connection is there.
    pub(crate) fn count_others(&self, namespace: &Namespace) -> Option<OthersCount> {
        let namespace = namespace.as_str();
        let mut lost = self.nodes.lock().lost();
        let mut counted = self.wire.subscriptions(namespace);
        counted.truncate(1);
        counted.extend(lost.iter().map(|id| self.wire.answers_to(namespace, id)));
        let counts = self.link()?.count(counted);
        Some(Box::pin(async move {
            let mut counts = counts.await.ok()?.into_iter();
            // This server is one of them, unless it has not subscribed yet.
            let all = counts.next()?.saturating_sub(1);
            lost.retain(|_| counts.next().is_some_and(|count| count > 0));
            Some(Others { all, lost })
        }))
    }

    /// A namespace by its name, if it exists here.
    pub(crate) fn namespace(&self, name: &str) -> Option<Namespace> {
        self.namespaces.lock().get(name).map(|here| here.namespace.clone())
    }

    /// The namespace of an entry of the stream. With a past for all, it need not exist here: its
    /// clients may come here later.
    pub(crate) fn namespace_of_entry(&self, name: &str) -> Option<Namespace> {
        let elsewhere = || self.past.as_ref().map(|_| Namespace::new(name));
        self.namespace(name).or_else(elsewhere)
    }

    pub(crate) fn begin_namespace(&self, namespace: &Namespace) {
        let others = Arc::new(AtomicUsize::new(UNCOUNTED));
        let here = NamespaceOfCluster { namespace: namespace.clone(), others };
        self.namespaces.lock().insert(namespace.as_str().to_owned(), here);
        if let Some(link) = self.link() {
            drop(link.subscribe_counted(self.wire.subscriptions(namespace.as_str())));
        }
        self.heartbeat_due.notify_one();
    }

    pub(crate) fn end_namespace(&self, namespace: &Namespace) {
        self.namespaces.lock().remove(namespace.as_str());
        if let Some(link) = self.link() {
            drop(link.unsubscribe(self.wire.subscriptions(namespace.as_str())));
        }
    }

    /// Begins or ends to hear what is published to one room.
    pub(crate) fn listen_to_room(&self, namespace: &Namespace, channel: &Channel, begins: bool) {
        let room = self.wire.room_subscription(namespace.as_str(), channel.as_str());
        let (Some(room), Some(link)) = (room, self.link()) else { return };
        match begins {
            true => drop(link.subscribe(vec![room])),
            false => drop(link.unsubscribe(vec![room])),
        }
    }

    /// Waits until Redis knows of all rooms that this server listens to. `None`: rooms have no
    /// channels of their own, or Redis is away, and it may take any time.
    pub(crate) fn receives_rooms(&self) -> Option<AdapterFuture<()>> {
        let link = self.link().filter(|_| self.has_room_channels)?;
        let confirmed = link.health().is_connected.then(|| link.subscribe(Vec::new()))?;
        let limit = self.request_timeout;
        Some(Box::pin(async move {
            // Redis may go away meanwhile.
            let _ = timeout(limit, confirmed).await;
        }))
    }

    /// Listens to rooms that are about to have members here, and waits until Redis knows of it.
    /// `None` as for [`receives_rooms`](Self::receives_rooms).
    pub(crate) fn prepare_rooms(
        server: &Arc<Self>,
        namespace: &Namespace,
        channels: &[Channel],
    ) -> Option<AdapterFuture<KeptChannels>> {
        let link = server.link().filter(|link| link.health().is_connected)?;
        let room =
            |channel: &Channel| server.wire.room_subscription(namespace.as_str(), channel.as_str());
        let rooms: Vec<_> = channels.iter().filter_map(room).collect();
        if rooms.is_empty() {
            return None;
        }
        let confirmed = link.subscribe(rooms.clone());
        let kept = KeptRooms { server: Arc::clone(server), rooms };
        let limit = server.request_timeout;
        Some(Box::pin(async move {
            // Redis may go away meanwhile.
            let _ = timeout(limit, confirmed).await;
            Box::new(kept) as _
        }))
    }

    /// Leaves the cluster. The future ends when the others have been told and all that waited is
    /// sent, or when Redis has had its time for it.
    pub(crate) fn close(&self) -> AdapterFuture<()> {
        let farewell = self.say_farewell();
        let Some(link) = self.link() else { return Box::pin(std::future::ready(())) };
        link.close();
        let ended = link.ended();
        let limit = self.request_timeout;
        Box::pin(async move {
            if let Some(farewell) = farewell {
                farewell.await;
            }
            let _ = timeout(limit, ended).await;
        })
    }
}
