use std::{
    hash::BuildHasher,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use actix::Message;
use actix_web::{HttpRequest, http::Method};
use foldhash::fast::FixedState;
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout},
};

use super::{
    InputProgress, ReadCost, poll_gap::PollGap, pong_deadline::PongDeadline, post_turns::PostTurns,
};
use crate::{
    config::Config,
    deadline::READ_GRACE,
    message_sink::MessageSink,
    model::{MemoryBudget, Transport},
    outbox::Outbox,
    protocol::{DecodeError, EnginePacket, Version},
};

/// Why a transport or the server ends a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SessionEnd {
    /// The client closed the session or its WebSocket.
    Closed,
    /// The client aborted a request, or broke a rule of its transport. The text is for the log.
    Broken(&'static str),
    /// The client sent something that is not a packet.
    Malformed(DecodeError),
    /// There is no memory for what the client sends.
    OutOfMemory,
    /// The server shuts down.
    Shutdown,
}

/// A message from a transport to the actor of a session.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) enum SessionEvent {
    /// Packets, in the order in which the client sent them, and what was read beside them. If the
    /// transport waits, `taken` is answered as soon as the actor has capacity for more.
    Packets { packets: Vec<EnginePacket>, beside: ReadCost, taken: Option<oneshot::Sender<()>> },
    /// The session must end.
    End(SessionEnd),
}

/// An Engine.IO session, as its transports and the endpoint see it.
///
/// Its actor owns the other half, the [`SessionDriver`](crate::engine::SessionDriver).
#[derive(Debug)]
pub(crate) struct Session {
    events: Arc<dyn MessageSink<SessionEvent>>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) version: Version,
    pub(crate) input_progress: InputProgress,
    pub(super) posts: PostTurns,
    /// A WebSocket is open that tries to take over from polling.
    upgrading: AtomicBool,
    /// The client is to come back: see [`Session::is_going_away`].
    going_away: AtomicBool,
    pub(crate) pong_deadline: PongDeadline,
    pub(crate) poll_gap: PollGap,
    /// Hashes of the addresses that the last poll and the last POST came from.
    polled_from: AtomicU32,
    posted_from: AtomicU32,
    closed: Notify,
    pub(crate) config: Arc<Config>,
    pub(super) memory: MemoryBudget,
}

/// Whether the client wants binary messages as base64, which it says by `b64` in the query, with
/// any value, as on Node.
pub(super) fn wants_base64(request: &HttpRequest) -> bool {
    let mut values = request.query_string().split('&').filter_map(|pair| pair.strip_prefix("b64="));
    values.any(|value| !value.is_empty())
}

impl Session {
    /// The number of packets that are handed over at a time. A body of many small packets is
    /// decoded in batches of this size, as the actor has capacity.
    pub(crate) const BATCH: usize = 64;

    pub(crate) fn new(
        events: Arc<dyn MessageSink<SessionEvent>>,
        outbox: Arc<Outbox>,
        version: Version,
        config: Arc<Config>,
        memory: MemoryBudget,
    ) -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self {
            events,
            outbox,
            version,
            config,
            memory,
            input_progress: InputProgress::default(),
            posts: PostTurns::default(),
            upgrading: AtomicBool::new(false),
            going_away: AtomicBool::new(false),
            pong_deadline: PongDeadline::new(now),
            poll_gap: PollGap::new(now),
            polled_from: AtomicU32::default(),
            posted_from: AtomicU32::default(),
            closed: Notify::new(),
        })
    }

    /// The transport that sends to the client.
    pub(crate) fn transport(&self) -> Transport {
        self.outbox.active_transport()
    }

    /// Notes the address of a poll or POST. Returns whether the previous one had the same address
    /// and so came over the same TCP connection.
    pub(crate) fn note_origin(&self, request: &HttpRequest) -> bool {
        let Some(address) = request.peer_addr() else { return false };
        let last =
            if request.method() == Method::POST { &self.posted_from } else { &self.polled_from };
        let origin = FixedState::default().hash_one(address) as u32;
        let is_same = last.load(Ordering::Relaxed) == origin;
        if !is_same {
            last.store(origin, Ordering::Relaxed);
        }
        is_same
    }

    /// Hands packets to the actor, with the cost of what was read beside them, and waits until it
    /// has capacity for more. Returns `false` if the actor is gone.
    pub(crate) async fn push(&self, packets: Vec<EnginePacket>, beside: ReadCost) -> bool {
        let (taken, has_capacity) = oneshot::channel();
        self.hand_over(packets, beside, Some(taken));
        has_capacity.await.is_ok()
    }

    /// Whether the client is charged for what is read from it.
    pub(super) fn is_charged(&self) -> bool {
        ReadCost::is_charged(&self.config)
    }

    /// Hands packets to the actor without waiting, if the actor certainly has capacity for them.
    ///
    /// # Errors
    /// Returns the packets if the actor may lack the capacity.
    pub(crate) fn try_push(&self, packets: Vec<EnginePacket>) -> Result<(), Vec<EnginePacket>> {
        let Config { max_inbox, max_inbox_bytes, .. } = &*self.config;
        let bytes: usize = packets.iter().map(EnginePacket::cost).sum();
        let has_capacity = self.input_progress.is_caught_up()
            && packets.len() <= *max_inbox
            && bytes <= *max_inbox_bytes
            && !self.is_charged();
        if !has_capacity {
            return Err(packets);
        }
        self.hand_over(packets, ReadCost::NONE, None);
        Ok(())
    }

    fn hand_over(
        &self,
        packets: Vec<EnginePacket>,
        beside: ReadCost,
        taken: Option<oneshot::Sender<()>>,
    ) {
        self.input_progress.count_batch();
        self.events.send(SessionEvent::Packets { packets, beside, taken });
    }

    /// Hands packets to the actor that the client did not send, but that a client of a later
    /// version would have sent.
    pub(crate) fn inject(&self, packets: Vec<EnginePacket>) {
        self.hand_over(packets, ReadCost::NONE, None);
    }

    /// Ends the session. For a session that has ended already, it does nothing.
    pub(crate) fn end(&self, end: SessionEnd) {
        self.events.send(SessionEvent::End(end));
    }

    /// Waits until it is decided about a client whose answer to a ping is late. Returns whether the
    /// session goes on: a POST may have brought the answer, or the server may have been late.
    pub(super) async fn outlasts_late_pong(&self) -> bool {
        while self.pong_deadline.is_over() {
            if timeout(READ_GRACE, self.closed()).await.is_ok() {
                return false;
            }
        }
        true
    }

    /// Claims the right of one WebSocket at a time to take over from polling. Returns `false` if
    /// another one has it, or if the session is on a WebSocket already.
    pub(super) fn begin_upgrade(&self) -> bool {
        self.transport() == Transport::Polling && !self.upgrading.swap(true, Ordering::AcqRel)
    }

    /// Gives the right back, whether or not the WebSocket has taken over.
    pub(super) fn end_upgrade(&self) {
        self.upgrading.store(false, Ordering::Release);
    }

    /// Notes that the server leaves the client, and not the client the server.
    pub(crate) fn go_away(&self) {
        self.going_away.store(true, Ordering::Release);
    }

    /// Whether the Close frame has the status 1001. Some clients take a Close frame without a
    /// status for a wanted end, and do not come back.
    pub(super) fn is_going_away(&self) -> bool {
        self.going_away.load(Ordering::Acquire)
    }

    /// Notes that requests no longer find the session.
    pub(crate) fn close(&self) {
        // The permit also wakes a task that starts to wait later.
        self.closed.notify_one();
    }

    /// Waits until requests no longer find the session.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
        // Passes the permit on to the next task that waits.
        self.closed.notify_one();
    }
}

/// A session whose actor does nothing.
#[cfg(test)]
pub(super) fn test_session(outbox: &Arc<Outbox>) -> Arc<Session> {
    test_session_with(outbox, Config::default())
}

#[cfg(test)]
pub(super) fn test_session_with(outbox: &Arc<Outbox>, config: Config) -> Arc<Session> {
    use actix::{Actor, Context, Handler};

    struct NullSession;

    impl Actor for NullSession {
        type Context = Context<Self>;
    }

    impl Handler<SessionEvent> for NullSession {
        type Result = ();

        fn handle(&mut self, _: SessionEvent, _: &mut Context<Self>) {}
    }

    Session::new(
        Arc::new(NullSession.start()),
        Arc::clone(outbox),
        Version::V4,
        Arc::new(config),
        MemoryBudget::default(),
    )
}
