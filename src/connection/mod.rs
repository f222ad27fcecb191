//! One actor for each client: what comes in, the lifecycle of its sockets, its timers, its end.
//!
//! What goes out does not pass here: see [`outbox`](crate::outbox).

mod heartbeat;
mod job;
mod job_queue;
mod lifecycle;
mod mailbox;
mod read_throttle;
mod receive;
mod refused_namespaces;
mod run_jobs;
mod running_jobs;
mod timers;
mod traffic_batch;

use std::{sync::Arc, time::Instant};

use actix::{Actor, Addr, AsyncContext, Context, SpawnHandle};
use parking_lot::Mutex;
use smallvec::SmallVec;

use heartbeat::Heartbeat;
use job_queue::JobQueue;
use read_throttle::ReadThrottle;
use refused_namespaces::RefusedNamespaces;
use timers::Timers;
use traffic_batch::TrafficBatch;

use crate::{
    config::Config,
    event::DisconnectReason,
    model::{Extensions, HttpRequestParts, SessionId, Slot, TokenBucket, Transport},
    outbox::Outbox,
    protocol::{DecodeLimits, OpenPacket, PacketDecoder, Version},
    routing::Router,
    socket::Socket,
    state::{ConnectionSlot, ServerState},
    transport::Session,
};

/// One client, on whatever transport, in any number of namespaces.
pub(crate) struct Connection {
    id: SessionId,
    shared: Arc<ServerState>,
    request: Arc<HttpRequestParts>,
    extensions: Arc<Extensions>,
    decoder: Box<dyn PacketDecoder>,
    /// Most clients are in one namespace.
    members: SmallVec<[ConnectedSocket; 1]>,
    refused_namespaces: RefusedNamespaces,
    jobs: JobQueue,
    /// What its transports see of it.
    session: Arc<Session>,
    timers: Timers,
    throttle: ReadThrottle,
    /// How fast it may ask to subscribe, in all its namespaces together.
    subscriptions: Option<Arc<Mutex<TokenBucket>>>,
    traffic: TrafficBatch,
    /// Since when the first of the jobs under way is.
    started: Instant,
    /// Somebody waits for the jobs under way.
    awaited: bool,
    /// Wakes it at the next deadline.
    alarm: Option<(Instant, SpawnHandle)>,
    /// How its sockets reach it.
    addr: Arc<Addr<Self>>,
    /// It ends as soon as its handlers are done.
    draining: bool,
    /// Why it ended, if it has.
    ended: Option<DisconnectReason>,
    /// Counted as long as it lives.
    _presence: ConnectionSlot,
}

/// A socket of the connection.
struct ConnectedSocket {
    socket: Socket,
    router: Arc<Router>,
    /// It was let in, and so will have its `OnFinish`.
    admitted: bool,
    /// Its end is in the inbox.
    ending: bool,
    /// Its places among the sockets of the namespace, and of its family.
    _seats: [Slot; 2],
}

impl Connection {
    /// Starts a connection on this thread's arbiter. Its open packet is the first frame in its
    /// outbox.
    pub(crate) fn open(
        shared: &Arc<ServerState>,
        request: HttpRequestParts,
        extensions: Extensions,
        transport: Transport,
        version: Version,
        slot: ConnectionSlot,
    ) -> (SessionId, Arc<Session>) {
        let id = SessionId::random();
        let config = &shared.config;
        let ctx = Context::new();
        let addr = Arc::new(ctx.address());
        let events = Arc::clone(&addr);
        let outbox = Outbox::new(transport, config.max_outbox, move |event| {
            events.do_send(mailbox::OutboxNotice(event))
        });
        let session = Session::new(addr.clone(), outbox, version, Arc::clone(config));
        shared.sessions.open(id, Arc::clone(&session));
        shared.counters.opened.add(transport);
        let now = Instant::now();
        let decoder = shared.codec.decoder(DecodeLimits::new(
            config.max_json_depth,
            config.max_attachments,
            config.max_payload,
        ));
        let connection = Self {
            id,
            request: Arc::new(request),
            extensions: Arc::new(extensions),
            decoder,
            members: SmallVec::new(),
            refused_namespaces: RefusedNamespaces::new(config.max_namespaces),
            jobs: JobQueue::new(config.max_inbox, config.max_inbox_bytes),
            session: Arc::clone(&session),
            timers: Timers::new(config, version, now),
            throttle: ReadThrottle::new(config, now),
            subscriptions: config
                .subscribe_rate
                .map(|rate| Arc::new(Mutex::new(TokenBucket::new(rate, now)))),
            traffic: TrafficBatch::default(),
            started: now,
            awaited: false,
            alarm: None,
            addr,
            draining: false,
            ended: None,
            _presence: slot,
            shared: Arc::clone(shared),
        };
        // Not `run`, which makes another address.
        actix::spawn(ctx.into_future(connection));
        session.outbox.push(open_packet(&shared.config, &id, transport));
        if version == Version::V3 {
            session.join_main();
        }
        (id, session)
    }

    /// The socket in a namespace. One that is on its way out may be there beside it, until its
    /// handlers are done.
    fn member(&mut self, namespace: &str) -> Option<&mut ConnectedSocket> {
        self.position(namespace).map(|at| &mut self.members[at])
    }

    /// The same by its place.
    fn position(&self, namespace: &str) -> Option<usize> {
        self.members
            .iter()
            .position(|member| member.socket.namespace().as_str() == namespace && !member.ending)
    }
}

fn open_packet(config: &Config, id: &SessionId, transport: Transport) -> crate::protocol::Frame {
    let upgrades: &[&str] = match transport {
        Transport::Polling
            if config.allow_upgrades && config.transports.contains(&Transport::WebSocket) =>
        {
            &["websocket"]
        }
        _ => &[],
    };
    OpenPacket::new(id.reveal(), upgrades, config.ping_interval, config.ping_timeout, config.max_payload)
        .frame()
}

impl Actor for Connection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Transports wait for an answer before they send more, so the mailbox is short by itself.
        ctx.set_mailbox_capacity(0);
        self.wait(ctx);
    }
}

impl Drop for Connection {
    /// However it ends, no transport waits for it any more and nobody finds it.
    fn drop(&mut self) {
        self.session.outbox.finish();
        // Without a reason it was dropped, with its arbiter.
        self.shared.counters.ended.add(self.ended.unwrap_or(DisconnectReason::ServerShutdown));
        self.shared.sessions.close(&self.id);
        for member in &self.members {
            self.shared.sessions.forget(&member.socket);
            member.socket.detach();
        }
    }
}
