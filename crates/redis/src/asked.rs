use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use actix_socketio::{
    Args, Namespace, SocketId,
    adapter::{AdapterFuture, ClientAnswers, FoundChannels, FoundSockets, ServerAnswers},
};
use bytestring::ByteString;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use crate::{
    audience::channel,
    message::{Message, Request, RequestId},
    others::{OthersCount, unheard},
    requests::Purpose,
    server::Server,
};

/// A request that all other servers were asked, and whose answers are gathered until it is dropped.
pub(crate) struct Asked {
    server: Arc<Server>,
    id: RequestId,
    complete: Arc<Notify>,
    count: Option<OthersCount>,
    /// The other servers that were counted last.
    others: Arc<AtomicUsize>,
}

impl Asked {
    /// Counts the other servers, and asks them. `None`: too many requests wait, or Redis is away
    /// and nothing more can wait for it. Nothing was asked then.
    pub(crate) fn new(
        server: &Arc<Server>,
        namespace: &Namespace,
        purpose: Purpose,
        request: Request,
    ) -> Option<Self> {
        let id = server.next_request_id();
        let complete = server.requests.lock().open(id.clone(), purpose).ok()?;
        let asked = Self {
            server: Arc::clone(server),
            others: server.others(namespace),
            count: server.count_others(namespace),
            id: id.clone(),
            complete,
        };
        // Dropping it takes the request back.
        server.send(namespace, &Message::Request(id, request)).ok().map(|_| asked)
    }

    /// Waits until all servers that are not lost have answered, or the time is over.
    pub(crate) async fn wait(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let Self { server, id, complete, count, others } = self;
        let gather = async {
            if let Some(count) = count.take()
                && let Some(counted) = count.await
            {
                others.store(counted.all, Relaxed);
                server.requests.lock().set_servers(id, counted);
            }
            complete.notified().await;
        };
        // The answers that have come by then are returned.
        let _ = timeout_at(deadline, gather).await;
    }

    pub(crate) fn acks(self) -> ClientAnswers {
        self.server.requests.lock().close_acks(&self.id, unheard(&self.others))
    }

    pub(crate) fn sockets(self) -> FoundSockets {
        let (sockets, missing) =
            self.server.requests.lock().close_sockets(&self.id, unheard(&self.others));
        let mut found = FoundSockets::new(sockets);
        found.missing = missing;
        found
    }

    /// The rooms of the servers that answered, and the number of the others.
    pub(crate) fn rooms(self) -> (Vec<ByteString>, usize) {
        self.server.requests.lock().close_rooms(&self.id, unheard(&self.others))
    }

    pub(crate) fn servers(self) -> ServerAnswers {
        let (answers, missing): (Vec<Args>, usize) =
            self.server.requests.lock().close_servers(&self.id, unheard(&self.others));
        let mut all = ServerAnswers::default();
        (all.answers, all.missing) = (answers, missing);
        all
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.server.requests.lock().forget(&self.id);
    }
}

/// Asks all servers for their rooms, and lists those that are channels.
pub(crate) fn channels_of_all(
    server: &Arc<Server>,
    namespace: &Namespace,
) -> AdapterFuture<FoundChannels> {
    let here = server.local.channels(namespace);
    let there = Asked::new(server, namespace, Purpose::Rooms, Request::Rooms);
    let (others, limit) = (server.others(namespace), server.request_timeout);
    Box::pin(async move {
        let mut all = here.await;
        let Some(mut there) = there else {
            all.missing = unheard(&others);
            return all;
        };
        there.wait(limit).await;
        let (rooms, missing) = there.rooms();
        // Each socket has a room of its own, with its id as the name.
        let rooms = rooms.iter().filter(|room| room.parse::<SocketId>().is_err());
        all.extend(rooms.filter_map(|room| channel(room)));
        all.missing += missing;
        all
    })
}
