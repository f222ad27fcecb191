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

use super::Room;
use crate::{
    config::Config,
    listener::Listener,
    outbox::{Outbox, Transport},
    protocol::{DecodeError, EnginePacket, Version},
};

/// Why a transport, or the server, ends a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
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
pub(crate) enum Inbound {
    /// Packets, in the order in which they came. `taken` is answered when the connection has room
    /// for more, if somebody waits for that.
    Packets { packets: Vec<EnginePacket>, taken: Option<oneshot::Sender<()>> },
    /// The session ends.
    End(Ending),
}

/// A session, as its transports see it.
#[derive(Debug)]
pub(crate) struct Link {
    inbound: Arc<dyn Listener<Inbound>>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) version: Version,
    pub(crate) room: Room,
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

impl Link {
    /// Packets which are handed over at once. A body of many small ones is so decoded piece by
    /// piece, as there is room.
    pub(crate) const BATCH: usize = 64;

    pub(crate) fn new(
        inbound: Arc<dyn Listener<Inbound>>,
        outbox: Arc<Outbox>,
        version: Version,
        config: Arc<Config>,
    ) -> Arc<Self> {
        Arc::new(Self {
            inbound,
            outbox,
            version,
            config,
            room: Room::default(),
            posting: AtomicBool::new(false),
            polled_from: AtomicU32::default(),
            posted_from: AtomicU32::default(),
            over: Notify::new(),
        })
    }

    /// The transport the session is on.
    pub(crate) fn transport(&self) -> Transport {
        self.outbox.holder()
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
        self.hand_over(packets, Some(taken));
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
        self.hand_over(packets, None);
        Ok(())
    }

    fn hand_over(&self, packets: Vec<EnginePacket>, taken: Option<oneshot::Sender<()>>) {
        self.room.hand();
        self.inbound.tell(Inbound::Packets { packets, taken });
    }

    /// Lets the client into the main namespace, which clients of Socket.IO 2 don't ask for.
    pub(crate) fn join_main(&self) {
        self.hand_over(vec![EnginePacket::Message("0".into())], None);
    }

    /// Ends the session; one which has ended already takes no notice.
    pub(crate) fn end(&self, ending: Ending) {
        self.inbound.tell(Inbound::End(ending));
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
struct EndIfDropped<'a> {
    link: &'a Link,
    armed: bool,
}

impl<'a> EndIfDropped<'a> {
    fn new(link: &'a Link) -> Self {
        Self { link, armed: true }
    }

    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for EndIfDropped<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.link.end(Ending::Broken("the client broke off a request"));
        }
    }
}

/// The right to poll. It is given back by [`Poll::end`]; a poll that is dropped instead ends the
/// session.
#[must_use]
pub(crate) struct Poll<'a>(EndIfDropped<'a>);

impl<'a> Poll<'a> {
    pub(super) fn begin(link: &'a Link) -> Option<Self> {
        link.outbox.begin_poll().then(|| Self(EndIfDropped::new(link)))
    }

    /// The poll is answered.
    pub(crate) fn end(self) {
        let link = self.0.link;
        self.0.disarm();
        link.outbox.end_poll();
    }
}

/// The right to post. It is given back by [`Post::end`]; a post that is dropped instead ends the
/// session.
pub(super) struct Post<'a>(EndIfDropped<'a>);

impl<'a> Post<'a> {
    pub(super) fn begin(link: &'a Link) -> Option<Self> {
        link.begin_post().then(|| Self(EndIfDropped::new(link)))
    }

    /// The body is read, or refused.
    pub(super) fn end(self) {
        let link = self.0.link;
        self.0.disarm();
        link.end_post();
    }
}

/// A session whose connection hears everything and does nothing.
#[cfg(test)]
pub(super) fn unheard(outbox: &Arc<Outbox>) -> Arc<Link> {
    use actix::{Actor, Context, Handler};

    struct Nobody;

    impl Actor for Nobody {
        type Context = Context<Self>;
    }

    impl Handler<Inbound> for Nobody {
        type Result = ();

        fn handle(&mut self, _: Inbound, _: &mut Context<Self>) {}
    }

    Link::new(Arc::new(Nobody.start()), Arc::clone(outbox), Version::V4, Arc::default())
}
