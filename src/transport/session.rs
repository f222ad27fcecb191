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
use tokio::sync::{Notify, oneshot};

use super::ReadCredit;
use crate::{
    config::Config,
    message_sink::MessageSink,
    model::Transport,
    outbox::Outbox,
    protocol::{DecodeError, EnginePacket, Version},
};

/// Why a transport, or the server, ends a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SessionEnd {
    /// The client said so, or closed its WebSocket.
    Closed,
    /// The client broke off, or broke the rules of its transport; the text is for the log.
    Broken(&'static str),
    /// The client sent what is no packet.
    Malformed(DecodeError),
    /// The server is going down.
    Shutdown,
}

/// What a connection hears from its transports.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) enum SessionEvent {
    /// Packets, in the order in which they came. `taken` is answered when the connection has room
    /// for more, if somebody waits for that.
    Packets { packets: Vec<EnginePacket>, taken: Option<oneshot::Sender<()>> },
    /// The session ends.
    End(SessionEnd),
}

/// A session, as its transports see it.
#[derive(Debug)]
pub(crate) struct Session {
    events: Arc<dyn MessageSink<SessionEvent>>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) version: Version,
    pub(crate) room: ReadCredit,
    posting: AtomicBool,
    /// Hashes of the addresses that its last poll and its last post came from.
    polled_from: AtomicU32,
    posted_from: AtomicU32,
    over: Notify,
    pub(crate) config: Arc<Config>,
}

/// Whether the client takes no binary messages: `b64=1`, in the query.
pub(super) fn takes_base64(request: &HttpRequest) -> bool {
    request.query_string().split('&').any(|parameter| matches!(parameter, "b64=1" | "b64=true"))
}

impl Session {
    /// Packets which are handed over at once. A body of many small ones is so decoded piece by
    /// piece, as there is room.
    pub(crate) const BATCH: usize = 64;

    pub(crate) fn new(
        events: Arc<dyn MessageSink<SessionEvent>>,
        outbox: Arc<Outbox>,
        version: Version,
        config: Arc<Config>,
    ) -> Arc<Self> {
        Arc::new(Self {
            events,
            outbox,
            version,
            config,
            room: ReadCredit::default(),
            posting: AtomicBool::new(false),
            polled_from: AtomicU32::default(),
            posted_from: AtomicU32::default(),
            over: Notify::new(),
        })
    }

    /// The transport the session is on.
    pub(crate) fn transport(&self) -> Transport {
        self.outbox.active_transport()
    }

    /// Notes where a poll or post comes from. Whether the one before came from there, too: over the
    /// same TCP connection, then.
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

    /// Hands packets to the connection, and waits until it has room for more. `false`: the
    /// connection is gone.
    pub(crate) async fn push(&self, packets: Vec<EnginePacket>) -> bool {
        let (taken, room) = oneshot::channel();
        self.complete_upgrade(packets, Some(taken));
        room.await.is_ok()
    }

    /// Hands packets to the connection if nothing is before them and they are not too many, so that
    /// nobody need wait.
    ///
    /// # Errors
    /// The packets, if it is otherwise.
    pub(crate) fn push_at_once(&self, packets: Vec<EnginePacket>) -> Result<(), Vec<EnginePacket>> {
        let Config { max_inbox, max_inbox_bytes, event_rate, byte_rate, .. } = &*self.config;
        let bytes: usize = packets.iter().map(EnginePacket::cost).sum();
        let has_room = self.room.is_free()
            && packets.len() <= *max_inbox
            && bytes <= *max_inbox_bytes
            && event_rate.is_none()
            && byte_rate.is_none();
        if !has_room {
            return Err(packets);
        }
        self.complete_upgrade(packets, None);
        Ok(())
    }

    fn complete_upgrade(&self, packets: Vec<EnginePacket>, taken: Option<oneshot::Sender<()>>) {
        self.room.hand();
        self.events.send(SessionEvent::Packets { packets, taken });
    }

    /// Lets the client into the main namespace, which clients of Socket.IO 2 don't ask for.
    pub(crate) fn join_main(&self) {
        self.complete_upgrade(vec![EnginePacket::Message("0".into())], None);
    }

    /// Ends the session; one which has ended already takes no notice.
    pub(crate) fn end(&self, ending: SessionEnd) {
        self.events.send(SessionEvent::End(ending));
    }

    /// The session is over, and no more requests find it.
    pub(crate) fn close(&self) {
        // Kept for the one who waits, if it does not yet.
        self.over.notify_one();
    }

    /// Waits until the session is over.
    pub(super) async fn closed(&self) {
        self.over.notified().await;
        // For the next who waits.
        self.over.notify_one();
    }

    /// Claims the right to post; `false` if a POST is under way.
    fn begin_post(&self) -> bool {
        !self.posting.swap(true, Ordering::AcqRel)
    }

    fn end_post(&self) {
        self.posting.store(false, Ordering::Release);
    }
}

/// Ends the session unless it is told that all went well: a request which is dropped half-way takes
/// frames with it.
struct AbortOnDrop<'a> {
    session: &'a Session,
    armed: bool,
}

impl<'a> AbortOnDrop<'a> {
    fn new(session: &'a Session) -> Self {
        Self { session, armed: true }
    }

    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for AbortOnDrop<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.session.end(SessionEnd::Broken("the client broke off a request"));
        }
    }
}

/// The right to poll. It is given back by [`PollGuard::end`]; a poll that is dropped instead ends the
/// session.
#[must_use]
pub(crate) struct PollGuard<'a>(AbortOnDrop<'a>);

impl<'a> PollGuard<'a> {
    pub(super) fn begin(session: &'a Session) -> Option<Self> {
        session.outbox.begin_poll().then(|| Self(AbortOnDrop::new(session)))
    }

    /// The poll is answered.
    pub(crate) fn end(self) {
        let session = self.0.session;
        self.0.disarm();
        session.outbox.end_poll();
    }
}

/// The right to post. It is given back by [`PostGuard::end`]; a post that is dropped instead ends the
/// session.
pub(super) struct PostGuard<'a>(AbortOnDrop<'a>);

impl<'a> PostGuard<'a> {
    pub(super) fn begin(session: &'a Session) -> Option<Self> {
        session.begin_post().then(|| Self(AbortOnDrop::new(session)))
    }

    /// The body is read, or refused.
    pub(super) fn end(self) {
        let session = self.0.session;
        self.0.disarm();
        session.end_post();
    }
}

/// A session whose connection hears everything and does nothing.
#[cfg(test)]
pub(super) fn test_session(outbox: &Arc<Outbox>) -> Arc<Session> {
    use actix::{Actor, Context, Handler};

    struct NullSession;

    impl Actor for NullSession {
        type Context = Context<Self>;
    }

    impl Handler<SessionEvent> for NullSession {
        type Result = ();

        fn handle(&mut self, _: SessionEvent, _: &mut Context<Self>) {}
    }

    Session::new(Arc::new(NullSession.start()), Arc::clone(outbox), Version::V4, Arc::default())
}
