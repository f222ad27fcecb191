//! Messages of other servers, and entries that this one reads back.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use actix_socketio::{
    Namespace,
    adapter::{
        AckRelay, AdapterFuture, MembershipChange, Place, Publication, PublishError, RelayedAck,
        ServerEvent, SocketDescription,
    },
};
use bytestring::ByteString;

use crate::{
    audience::{self, audience, channel},
    described,
    message::{Answer, Envelope, Message, Notice, Opts, Payload, Request, RequestId, ServerId},
    past::Past,
    pending::Pending,
    server::Server,
    wire::Unreadable,
};

/// The publications that may be on their way to the clients of this server at once. Then the last
/// one is waited for, which makes a server that does not keep up read more slowly.
const MAX_UNCONFIRMED: u64 = 64;

/// How long clients have for an acknowledgement if the server that asks does not say it.
const ACK_TIMEOUT: Duration = Duration::from_secs(60);

impl Server {
    /// Does what a message says, in the order of calls.
    pub(crate) async fn receive(self: &Arc<Self>, envelope: Envelope) {
        let Envelope { sender, namespace, message } = envelope;
        if sender.as_ref() == Some(&self.id) {
            if let Message::Notice(Notice::Heartbeat(heartbeat)) = message {
                self.heard_own(&heartbeat);
            }
            return;
        }
        // Another server may have more namespaces.
        let Some(namespace) = self.namespace(&namespace) else { return };
        match message {
            Message::Notice(Notice::Heartbeat(heartbeat)) => {
                if let Some(sender) = sender {
                    self.heard(&sender, heartbeat);
                }
            }
            Message::Notice(Notice::Presence(presence)) => {
                if let Some(sender) = sender {
                    self.presence_told(&sender, presence);
                }
            }
            Message::Notice(notice) => self.notice(namespace, notice, None).await,
            Message::Request(id, request) => self.request(namespace, id, request, sender),
            Message::Answer(id, answer) => self.answered(&id, answer, sender.as_ref()),
        }
    }

    /// Does what an entry of a stream says. It has a place if it is of the one past of all servers.
    pub(crate) async fn receive_entry(self: &Arc<Self>, envelope: Envelope, place: Option<Place>) {
        let Envelope { sender, namespace, message } = envelope;
        let Message::Notice(notice) = message else {
            return self.receive(Envelope { sender, namespace, message }).await;
        };
        // Its own have a ticket, and no sender here.
        if sender.as_ref() != Some(&self.id)
            && let Some(namespace) = self.namespace_of_entry(&namespace)
        {
            self.notice(namespace, notice, place).await;
        }
    }

    async fn notice(self: &Arc<Self>, namespace: Namespace, notice: Notice, place: Option<Place>) {
        let past = self.past.as_ref().filter(|_| place.is_some());
        let is_past = past.is_some_and(Past::is_reading_past);
        match notice {
            Notice::Broadcast { event, opts } => {
                if let Some(mut publication) = self.publication(namespace, event, &opts) {
                    (publication.place, publication.is_past) = (place, is_past);
                    self.deliver(publication).await;
                }
            }
            Notice::Join { opts, rooms } => {
                for channel in rooms.iter().filter_map(|room| channel(room)) {
                    let audience = audience(namespace.clone(), &opts);
                    self.change(place, MembershipChange::Join { audience, channel }).await;
                }
            }
            Notice::Leave { opts, rooms } => {
                for channel in rooms.iter().filter_map(|room| channel(room)) {
                    let audience = audience(namespace.clone(), &opts);
                    self.change(place, MembershipChange::Leave { audience, channel }).await;
                }
            }
            Notice::Disconnect { opts, close } => {
                let audience = audience(namespace, &opts);
                self.change(place, MembershipChange::Disconnect { audience, close }).await;
            }
            // It was for the servers of its time.
            Notice::ServerEvent(_) if is_past => {}
            Notice::ServerEvent(event) => {
                if let Some(handled) = self.server_event(namespace, event) {
                    drop(tokio::spawn(handled));
                }
            }
            // They are heard before.
            Notice::Heartbeat(_) | Notice::Presence(_) => {}
        }
    }

    /// Changes the channels of sockets here, or disconnects them.
    fn change(&self, place: Option<Place>, change: MembershipChange) -> AdapterFuture<()> {
        if let Some((past, place)) = self.past.as_ref().zip(place) {
            return past.receiver.apply(place, change);
        }
        let local = &self.local;
        match change {
            MembershipChange::Join { audience, channel } => local.join(audience, channel),
            MembershipChange::Leave { audience, channel } => local.leave(audience, channel),
            MembershipChange::Disconnect { audience, close } => local.disconnect(audience, close),
            _ => Box::pin(std::future::ready(())),
        }
    }

    fn publication(
        &self,
        namespace: Namespace,
        event: Payload,
        opts: &Opts,
    ) -> Option<Publication> {
        let Some((name, args)) = audience::event(event, self.limits.depth) else {
            self.count_unreadable(&Unreadable::new("the arguments are not those of an event"));
            return None;
        };
        let compress = opts.flags.compress.unwrap_or(true);
        let packet = self.local.encode(&namespace, &name, &args, compress);
        let mut publication = Publication::new(audience(namespace, opts), packet);
        publication.volatile = opts.flags.volatile;
        publication.skip_history = opts.flags.skip_history;
        Some(publication)
    }

    /// Publishes to the clients of this server. A publication of another server or of the stream is
    /// accepted already, and is not refused because many publications wait.
    async fn deliver(&self, mut publication: Publication) {
        publication.is_accepted = true;
        if !self.delivered.fetch_add(1, Relaxed).is_multiple_of(MAX_UNCONFIRMED) {
            let _ = self.local.publish(publication);
        } else {
            let _ = self.local.publish_and_count(publication).await;
        }
    }

    fn request(
        self: &Arc<Self>,
        namespace: Namespace,
        id: RequestId,
        request: Request,
        asker: Option<ServerId>,
    ) {
        let (server, here) = (Arc::clone(self), namespace.clone());
        let answer = move |answer| {
            server.answer(&here, &Message::Answer(id.clone(), answer), asker.as_ref());
        };
        match request {
            Request::Broadcast { event, opts } => {
                let none = Answer::Receivers { count: 0, ids: Some(Vec::new()) };
                match self.publication(namespace, event, &opts) {
                    Some(publication) => self.ask_clients(publication, &opts, answer),
                    None => answer(none),
                }
            }
            Request::Sockets { opts } => {
                let found = self.local.fetch(audience(namespace, &opts));
                drop(tokio::spawn(async move {
                    let sockets = found.await.sockets;
                    answer(Answer::Sockets(sockets.iter().map(described::for_others).collect()));
                }));
            }
            Request::ServerEvent(event) => {
                if let Some(handled) = self.server_event(namespace, event) {
                    drop(tokio::spawn(async move {
                        // No handler has answered, and so this server is missing for the asker.
                        if let Some(args) = handled.await {
                            answer(Answer::ServerEvent(audience::first(&args)));
                        }
                    }));
                }
            }
            Request::SocketIds { rooms } => {
                let opts = Opts { rooms, ..Opts::default() };
                let found = self.local.fetch(audience(namespace, &opts));
                drop(tokio::spawn(async move {
                    answer(Answer::SocketIds(found.await.sockets.iter().map(id_of).collect()));
                }));
            }
            Request::Rooms => {
                let found = self.local.fetch(audience(namespace, &Opts::default()));
                drop(tokio::spawn(async move {
                    answer(Answer::Rooms(rooms(&found.await.sockets)));
                }));
            }
        }
    }

    /// Publishes, and tells the asker at once whom it reaches, and each acknowledgement as it
    /// comes.
    fn ask_clients(
        &self,
        mut publication: Publication,
        opts: &Opts,
        answer: impl Fn(Answer) + Send + Sync + 'static,
    ) {
        publication.is_accepted = true;
        let limit = opts.flags.timeout.map_or(ACK_TIMEOUT, Duration::from_millis);
        let limit = limit.min(ACK_TIMEOUT);
        let answer = Arc::new(answer);
        let relay: AckRelay = Box::new({
            let answer = Arc::clone(&answer);
            move |ack| {
                answer(match ack {
                    RelayedAck::Receivers(ids) => {
                        Answer::Receivers { count: ids.len() as u64, ids: Some(ids) }
                    }
                    RelayedAck::Answer(id, args) => {
                        Answer::Acknowledgement { argument: audience::first(&args), id: Some(id) }
                    }
                    _ => return,
                });
            }
        });
        let asked = self.local.publish_and_relay_acks(publication, limit, relay);
        drop(tokio::spawn(async move {
            if asked.await.is_err() {
                answer(Answer::Receivers { count: 0, ids: Some(Vec::new()) });
            }
        }));
    }

    fn server_event(
        &self,
        namespace: Namespace,
        event: Payload,
    ) -> Option<AdapterFuture<Option<actix_socketio::Args>>> {
        let Some((name, args)) = audience::event(event, self.limits.depth) else {
            self.count_unreadable(&Unreadable::new("the arguments are not those of an event"));
            return None;
        };
        Some(self.local.handle_server_event(ServerEvent::new(namespace, &*name, args)))
    }

    fn answered(&self, id: &RequestId, answer: Answer, sender: Option<&ServerId>) {
        let mut requests = self.requests.lock();
        if let Some(sender) = sender {
            requests.found(id, sender);
        }
        match answer {
            Answer::Receivers { count, ids } => requests.receivers(id, count, ids),
            Answer::Acknowledgement { argument, id: from } => {
                match audience::answer(argument, self.limits.depth) {
                    Some(args) => requests.acknowledgement(id, from, args),
                    None => self.count_unreadable(&Unreadable::new("the answer is not JSON")),
                }
            }
            Answer::Sockets(sockets) => {
                let bytes = sockets.iter().map(described::cost).sum();
                let found = sockets.into_iter().filter_map(described::of_another).collect();
                requests.sockets(id, found, bytes);
            }
            Answer::ServerEvent(answer) => match audience::answer(answer, self.limits.depth) {
                Some(args) => requests.server_event(id, args),
                None => self.count_unreadable(&Unreadable::new("the answer is not JSON")),
            },
            Answer::Rooms(rooms) => requests.rooms(id, rooms),
            // This server never asks for these.
            Answer::SocketIds(_) => {}
        }
    }

    /// Does what this server has put into the stream, now that it has its place there.
    pub(crate) async fn read_back(&self, pending: Pending, place: Option<Place>) {
        let (change, done) = match pending {
            Pending::Publish { mut publication, confirm: None } => {
                publication.place = place;
                return self.deliver(publication).await;
            }
            Pending::Publish { mut publication, confirm: Some(confirm) } => {
                (publication.place, publication.is_accepted) = (place, true);
                // The caller may have gone.
                let _ = confirm.send(Ok(self.local.publish_and_count(publication)));
                return;
            }
            Pending::Join { audience, channel, done } => {
                (MembershipChange::Join { audience, channel }, done)
            }
            Pending::Leave { audience, channel, done } => {
                (MembershipChange::Leave { audience, channel }, done)
            }
            Pending::Disconnect { audience, close, done } => {
                (MembershipChange::Disconnect { audience, close }, done)
            }
        };
        self.change(place, change).await;
        let _ = done.send(());
    }

    /// Tells who waits that no server will do it.
    pub(crate) fn give_up(&self, pending: Pending) {
        if let Pending::Publish { confirm: Some(confirm), .. } = pending {
            let _ = confirm.send(Err(PublishError::ClusterAway));
        }
    }
}

fn id_of(socket: &SocketDescription) -> ByteString {
    socket.id.as_str().into()
}

/// The rooms of some sockets, each once.
fn rooms(sockets: &[SocketDescription]) -> Vec<ByteString> {
    let mut rooms: Vec<ByteString> = sockets.iter().map(id_of).collect();
    let channels = sockets.iter().flat_map(|socket| &socket.channels);
    rooms.extend(channels.map(|channel| ByteString::from(channel.as_str())));
    rooms.sort_unstable();
    rooms.dedup();
    rooms
}
