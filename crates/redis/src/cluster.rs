use std::{fmt, io, sync::Arc, time::Duration};

use actix_socketio::adapter::{Adapter, ClusterOrder, JoinCluster};
use bytestring::ByteString;
use rand::RngExt;

use crate::{
    adapter::ClusterAdapter,
    classic::Classic,
    invalid_url::InvalidRedisUrl,
    limits::WireLimits,
    link::{Link, LinkOptions, Target},
    listener::ServerListener,
    message::ServerId,
    past::{Past, PastParts},
    server::{Server, ServerParts},
    sharded::{Sharded, SubscriptionMode},
    streams::Streams,
    wire::Wire,
};

/// A cluster of servers over Redis, for [`Builder::cluster`](actix_socketio::Builder::cluster).
///
/// All servers of a cluster use the same Redis, the same adapter and the same prefix. Node's
/// Socket.IO servers can be among them.
///
/// | here | on Node | |
/// | --- | --- | --- |
/// | [`Cluster::redis`] | `@socket.io/redis-streams-adapter` 0.3 | One order of events on all servers of this crate, and any of them recovers any client. Nothing is lost while Redis restarts. |
/// | [`classic`](Self::classic) | `createAdapter` of `@socket.io/redis-adapter`, and every emitter | Clients of the same server do not wait for Redis. |
/// | [`sharded`](Self::sharded) | `createShardedAdapter` of `@socket.io/redis-adapter` | Only the servers with members of a room receive its events. |
///
/// ```no_run
/// use actix_socketio::SocketIo;
/// use actix_socketio_redis::Cluster;
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let io = SocketIo::builder()
///     .open_channels()
///     .cluster(Cluster::redis("redis://127.0.0.1")?)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "give it to `Builder::cluster`"]
pub struct Cluster {
    target: Target,
    kind: Kind,
    prefix: String,
    stream_count: u32,
    max_len: u64,
    session_keys: String,
    max_hold: usize,
    max_held_sessions: usize,
    patience: Duration,
    heartbeat: Duration,
    request_timeout: Duration,
    max_requests: usize,
    max_answer_bytes: usize,
    max_received: usize,
    max_nodes: usize,
    limits: WireLimits,
}

/// Which of Node's adapters it is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Streams,
    Classic,
    Sharded(SubscriptionMode),
}

/// # Adapters
impl Cluster {
    /// A cluster over the Redis at a URL, with a stream.
    ///
    /// `redis://[[user]:password@]host[:port][/database]`
    ///
    /// # Errors
    /// [`InvalidRedisUrl`]. Whether Redis is there is seen later: a server connects when it is
    /// built, and connects again for ever.
    pub fn redis(url: &str) -> Result<Self, InvalidRedisUrl> {
        Ok(Self::new(Target::single(url).map_err(InvalidRedisUrl)?))
    }

    fn new(target: Target) -> Self {
        Self {
            target,
            kind: Kind::Streams,
            prefix: "socket.io".to_owned(),
            stream_count: 1,
            max_len: 10_000,
            session_keys: "sio:session:".to_owned(),
            max_hold: 4 << 20,
            max_held_sessions: 16 << 20,
            patience: Duration::from_secs(5),
            heartbeat: Duration::from_secs(5),
            request_timeout: Duration::from_secs(5),
            max_requests: 1_000,
            max_answer_bytes: 8 << 20,
            max_received: 32 << 20,
            max_nodes: 1_000,
            limits: WireLimits::default(),
        }
    }

    /// A cluster over the master that some sentinels know, with a stream. The URL of the master has
    /// its name in place of a host, and the user, the password and the database of the servers.
    ///
    /// ```no_run
    /// # use actix_socketio_redis::Cluster;
    /// let sentinels = ["redis://10.0.0.1:26379", "redis://10.0.0.2:26379"];
    /// let cluster = Cluster::sentinel(&sentinels, "redis://:secret@mymaster/0")?;
    /// # Ok::<(), actix_socketio_redis::InvalidRedisUrl>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRedisUrl`], also without a sentinel.
    pub fn sentinel(sentinels: &[&str], master: &str) -> Result<Self, InvalidRedisUrl> {
        Ok(Self::new(Target::sentinel(sentinels, master).map_err(InvalidRedisUrl)?))
    }

    /// A cluster over the Redis Cluster that these servers belong to. A few of them are enough. It
    /// is [`sharded`](Self::sharded), or [`classic`](Self::classic): a stream is on one server.
    ///
    /// # Errors
    /// [`InvalidRedisUrl`], also without a URL.
    pub fn redis_cluster(urls: &[&str]) -> Result<Self, InvalidRedisUrl> {
        let cluster = Self::new(Target::cluster(urls).map_err(InvalidRedisUrl)?);
        Ok(cluster.sharded(SubscriptionMode::default()))
    }

    /// The certificates for `rediss://`, as PEM: of the authority that has signed the server's, and
    /// of this client with its key. Without the first one, the authorities of the system count.
    ///
    /// # Errors
    /// [`InvalidRedisUrl`]: the URL is not one of `rediss://`, or a certificate can't be read.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn certificates(
        mut self,
        authority: Option<&[u8]>,
        client: Option<(&[u8], &[u8])>,
    ) -> Result<Self, InvalidRedisUrl> {
        let client = client.map(|(certificate, key)| redis::ClientTlsConfig {
            client_cert: certificate.to_vec(),
            client_key: key.to_vec(),
        });
        let certificates =
            redis::TlsCertificates { client_tls: client, root_cert: authority.map(<[u8]>::to_vec) };
        self.target = self.target.with_certificates(&certificates).map_err(InvalidRedisUrl)?;
        Ok(self)
    }

    /// Speaks as Node's `createAdapter` of `@socket.io/redis-adapter` does, and as the emitters of
    /// all languages expect it.
    ///
    /// An event goes to the clients of its own server at once, and so may come before or after an
    /// event of another server, on each server as it happens. Events that are published while
    /// another server has lost Redis are lost for its clients.
    pub fn classic(mut self) -> Self {
        self.kind = Kind::Classic;
        self
    }

    /// Speaks as Node's `createShardedAdapter` does. It needs Redis 7. As
    /// [`classic`](Self::classic), but an event for one channel goes only to servers on which the
    /// channel has subscribers.
    pub fn sharded(mut self, mode: SubscriptionMode) -> Self {
        self.kind = Kind::Sharded(mode);
        self
    }

    /// Begins the names of all channels and streams: Node's `key`, `channelPrefix` and
    /// `streamName`. Default: `socket.io`.
    ///
    /// Clusters with different prefixes do not meet. Never let two adapters share one prefix: a
    /// message of the one ends the process of a Node server with the other.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Spreads namespaces over several streams: Node's `streamCount`. Default: 1. All servers need
    /// the same number. Only namespaces in the same stream have one order. With more than one
    /// stream, each server recovers its own clients alone.
    pub fn stream_count(mut self, count: u32) -> Self {
        self.stream_count = count.max(1);
        self
    }

    /// Begins the keys of the sessions of clients that are away: Node's `sessionKeyPrefix`.
    /// Default: `sio:session:`, also if [`prefix`](Self::prefix) is another one. All servers need
    /// the same.
    pub fn session_key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.session_keys = prefix.into();
        self
    }

    /// The entries that the stream keeps, about: Node's `maxLen`. Default: 10,000. The smallest
    /// number of all servers decides, so set it alike.
    pub fn max_len(mut self, entries: u64) -> Self {
        self.max_len = entries.max(1);
        self
    }
}

/// # Bounds
impl Cluster {
    /// The bytes of messages that wait for Redis. Default: 4 MiB.
    ///
    /// Beyond it, a publication fails with
    /// [`SendError::Overloaded`](actix_socketio::SendError::Overloaded). While Redis is away, one
    /// through the stream fails with
    /// [`SendError::ClusterAway`](actix_socketio::SendError::ClusterAway), and other adapters drop
    /// the oldest message.
    pub fn max_hold(mut self, bytes: usize) -> Self {
        self.max_hold = bytes;
        self
    }

    /// The bytes of sessions of clients that are away, while they wait for Redis. Default: 16 MiB.
    ///
    /// A session beyond it is not kept in Redis, and is counted in
    /// [`ClusterHealth::given_up`](actix_socketio::ClusterHealth::given_up). Its client comes back
    /// as a new one.
    pub fn max_held_sessions(mut self, bytes: usize) -> Self {
        self.max_held_sessions = bytes;
        self
    }

    /// How long a message waits for Redis. Default: 5 s.
    ///
    /// Then a publication through the stream fails with
    /// [`SendError::ClusterAway`](actix_socketio::SendError::ClusterAway). Other adapters drop the
    /// message.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How often this server tells the others that it is there, for
    /// [`SocketIo::nodes`](actix_socketio::SocketIo::nodes). Default: 5 s, and 10 ms at least.
    ///
    /// A server that the others have not heard for twice this time is lost. A connection to Redis
    /// by which nothing comes for twice this time, not even a heartbeat of this server itself, is
    /// made anew.
    ///
    /// With [`Builder::node_address`](actix_socketio::Builder::node_address), the server's address
    /// is also renewed in Redis after this time, and ends after three times as long.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = interval.max(Duration::from_millis(10));
        self
    }

    /// The other servers that [`SocketIo::nodes`](actix_socketio::SocketIo::nodes) lists. Default:
    /// 1,000. Further ones take the place of servers that are lost. If none is, they are not
    /// listed, and their heartbeats are counted in
    /// [`ClusterHealth::ignored`](actix_socketio::ClusterHealth::ignored).
    pub fn max_nodes(mut self, nodes: usize) -> Self {
        self.max_nodes = nodes;
        self
    }

    /// How long [`Target::fetch_sockets`](actix_socketio::Target::fetch_sockets) waits for other
    /// servers: Node's `requestsTimeout`. Default: 5 s. Servers that have not answered by then are
    /// counted as missing. Those that are lost, see [`heartbeat`](Self::heartbeat), are not waited
    /// for.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// The requests to other servers that may wait for their answers. Default: 1,000. Further
    /// requests are not made: they have the answers of this server alone, and the others are
    /// missing.
    pub fn max_requests(mut self, requests: usize) -> Self {
        self.max_requests = requests;
        self
    }

    /// The bytes of the answers to one request. Default: 8 MiB. Answers beyond it are missing.
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.max_answer_bytes = bytes;
        self
    }

    /// The bytes of messages from channels that wait until this server has handled those before.
    /// Default: 32 MiB. Further messages are dropped and counted. A stream waits instead.
    pub fn max_received(mut self, bytes: usize) -> Self {
        self.max_received = bytes;
        self
    }

    /// The bounds of each message that other servers send.
    pub fn limits(mut self, limits: WireLimits) -> Self {
        self.limits = limits;
        self
    }
}

impl JoinCluster for Cluster {
    fn join(self: Box<Self>, local: Arc<dyn Adapter>) -> io::Result<Arc<dyn Adapter>> {
        if let Some(depth) = local.max_event_depth()
            && depth > self.limits.depth
        {
            // It would hand on events that the other servers ignore.
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "max_json_depth is {depth}, and servers of the cluster read {} levels: set \
                     WireLimits::depth to {depth} on all of them",
                    self.limits.depth
                ),
            ));
        }
        // Random, so that no two servers have the same.
        let id = format!("{:016x}", rand::rng().random::<u64>());
        let id = ServerId(ByteString::from(id));
        let mut options = LinkOptions::new(self.target.clone());
        options.prefix = self.prefix.as_str().into();
        (options.max_len, options.max_hold) = (self.max_len, self.max_hold);
        (options.patience, options.heartbeat) = (self.patience, self.heartbeat);
        options.max_key_bytes = self.max_held_sessions;
        let wire = self.wire(&id, &mut options);
        let receiver = local.past_receiver().filter(|_| self.order() == ClusterOrder::Stream);
        options.reads_past = receiver.is_some();
        let past = receiver.map(|receiver| {
            Past::new(PastParts {
                receiver,
                prefix: self.prefix.clone(),
                session_keys: self.session_keys.clone(),
                max_questions: self.max_requests,
                limits: self.limits,
            })
        });
        let parts = ServerParts {
            prefix: self.prefix.clone(),
            past,
            has_room_channels: matches!(self.kind, Kind::Sharded(_)),
            reads_back: matches!(self.kind, Kind::Streams),
            request_timeout: self.request_timeout,
            limits: self.limits,
            max_requests: self.max_requests,
            max_answer_bytes: self.max_answer_bytes,
            heartbeat: self.heartbeat,
            max_nodes: self.max_nodes,
        };
        let server = Arc::new(Server::new(id, local, wire, parts));
        let listener = ServerListener::new(Arc::downgrade(&server), self.max_received);
        server.set_link(Link::start(options, Arc::new(listener))?);
        Ok(Arc::new(ClusterAdapter::new(server)))
    }

    fn order(&self) -> ClusterOrder {
        match self.kind {
            // Of several streams, each has an order of its own.
            Kind::Streams if self.stream_count == 1 => ClusterOrder::Stream,
            Kind::Streams | Kind::Classic | Kind::Sharded(_) => ClusterOrder::PerServer,
        }
    }
}

impl Cluster {
    fn wire(&self, own: &ServerId, options: &mut LinkOptions) -> Box<dyn Wire> {
        let (own, limits, prefix) = (own.clone(), self.limits, self.prefix.clone());
        match self.kind {
            Kind::Classic => {
                Box::new(Classic { key: prefix, own, answers_to_asker: false, limits })
            }
            Kind::Sharded(mode) => Box::new(Sharded { channel_prefix: prefix, mode, own, limits }),
            Kind::Streams => {
                let streams = Streams {
                    stream_name: prefix.clone(),
                    stream_count: self.stream_count,
                    channel_prefix: prefix,
                    sharded_pub_sub: false,
                    own,
                    limits,
                };
                options.streams = streams.streams();
                Box::new(streams)
            }
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("target", &self.target)
            .field("kind", &self.kind)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
