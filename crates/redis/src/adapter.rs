use std::{
    collections::HashSet,
    future::ready,
    sync::{Arc, OnceLock, atomic::Ordering::Relaxed},
    time::Duration,
};

use actix_socketio::{
    Args, Change, Channel, ClusterHealth, Namespace, NodeStatus, Receipt,
    adapter::{
        AckRelay, Adapter, AdapterFuture, Audience, ClientAnswers, FoundChannels, FoundSockets,
        KeptChannels, NodeAddress, NodeDirectory, PastReceiver, Publication, PublishError,
        ServerAnswers, ServerEvent, SharedPast, UnsealedPacket,
    },
};
use futures_util::FutureExt;
use tokio::sync::oneshot;

use crate::{
    asked::{Asked, channels_of_all},
    audience::{opts, server_event},
    directory::{DirectoryHandle, RedisDirectory},
    message::{Flags, Message, Notice, Opts, Payload, Request},
    others::{counted, unheard},
    past::ClusterPast,
    pending::Pending,
    requests::Purpose,
    server::Server,
};

/// Passes calls on to the other servers.
pub(crate) struct ClusterAdapter {
    server: Arc<Server>,
    /// Set if the server has an address for the others.
    directory: OnceLock<Arc<RedisDirectory>>,
}

impl ClusterAdapter {
    pub(crate) fn new(server: Arc<Server>) -> Self {
        Self { server, directory: OnceLock::new() }
    }

    fn local(&self) -> &dyn Adapter {
        &*self.server.local
    }

    /// Lets a join end when publications of others reach those who have joined.
    fn receiving(&self, joined: AdapterFuture<()>) -> AdapterFuture<()> {
        if !self.server.has_room_channels {
            return joined;
        }
        let server = Arc::clone(&self.server);
        Box::pin(async move {
            joined.await;
            if let Some(receives) = server.receives_rooms() {
                receives.await;
            }
        })
    }

    /// Puts what the other servers do as well into the stream, and waits until this one has done
    /// it. While Redis is away, nothing is done anywhere.
    fn read_back(
        &self,
        namespace: &Namespace,
        notice: Notice,
        pending: impl FnOnce(oneshot::Sender<()>) -> Pending,
    ) -> AdapterFuture<()> {
        let (done, is_done) = oneshot::channel();
        let appended = self.server.append(namespace, notice, pending(done));
        Box::pin(async move {
            if appended.is_ok() {
                // Given up: the link has counted it.
                let _ = is_done.await;
            }
        })
    }
}

/// The event of a publication for other servers, and whom it is for. `None`: it is for clients of
/// this server alone.
fn for_others(publication: &Publication, timeout: Option<Duration>) -> Option<(Payload, Opts)> {
    let Publication { audience, packet, volatile, skip_history, .. } = publication;
    if audience.local {
        return None;
    }
    let timeout = timeout.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
    let compress = (!packet.is_compressible()).then_some(false);
    let flags = Flags {
        volatile: *volatile,
        compress,
        timeout,
        skip_history: *skip_history,
        ..Flags::default()
    };
    let opts = opts(audience, flags)?;
    let event =
        Payload { json: packet.args_json().into(), attachments: packet.attachments().to_vec() };
    Some((event, opts))
}

/// A call of the local adapter, unless the local adapter refuses it. It does so at once, so that
/// the other servers need not hear of it.
fn accepted<T: Send + 'static>(
    mut call: AdapterFuture<Result<T, PublishError>>,
) -> Result<AdapterFuture<Result<T, PublishError>>, PublishError> {
    match (&mut call).now_or_never() {
        None => Ok(call),
        Some(outcome) => outcome.map(|done| Box::pin(ready(Ok(done))) as _),
    }
}

impl Adapter for ClusterAdapter {
    fn encode(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &Args,
        compress: bool,
    ) -> UnsealedPacket {
        self.local().encode(namespace, event, args, compress)
    }

    fn max_event_depth(&self) -> Option<usize> {
        self.local().max_event_depth()
    }

    fn publish(&self, publication: Publication) -> Result<(), PublishError> {
        let Some((event, opts)) = for_others(&publication, None) else {
            return self.local().publish(publication);
        };
        let namespace = publication.audience.namespace.clone();
        let notice = Notice::Broadcast { event, opts };
        if self.server.reads_back {
            let pending = Pending::Publish { publication, confirm: None };
            return self.server.append(&namespace, notice, pending);
        }
        let outgoing = self.server.write(&namespace, &Message::Notice(notice))?;
        self.local().publish(publication)?;
        self.server.hand_over(outgoing);
        Ok(())
    }

    fn publish_and_count(
        &self,
        publication: Publication,
    ) -> AdapterFuture<Result<Receipt, PublishError>> {
        let Some((event, opts)) = for_others(&publication, None) else {
            return self.local().publish_and_count(publication);
        };
        let namespace = publication.audience.namespace.clone();
        let notice = Notice::Broadcast { event, opts };
        if self.server.reads_back {
            let (confirm, confirmed) = oneshot::channel();
            let pending = Pending::Publish { publication, confirm: Some(confirm) };
            let appended = self.server.append(&namespace, notice, pending);
            return Box::pin(async move {
                appended?;
                confirmed.await.map_err(|_| PublishError::ClusterAway)??.await
            });
        }
        let outgoing = match self.server.write(&namespace, &Message::Notice(notice)) {
            Ok(outgoing) => outgoing,
            Err(error) => return Box::pin(ready(Err(error))),
        };
        let counted = match accepted(self.local().publish_and_count(publication)) {
            Ok(counted) => counted,
            Err(error) => return Box::pin(ready(Err(error))),
        };
        let handed = self.server.send_confirmed(outgoing);
        Box::pin(async move {
            let (counted, servers) = tokio::join!(counted, handed);
            let mut receipt = counted?;
            receipt.servers = Some(servers);
            Ok(receipt)
        })
    }

    fn publish_with_acks(
        &self,
        publication: Publication,
        timeout: Duration,
    ) -> AdapterFuture<Result<ClientAnswers, PublishError>> {
        let Some((event, opts)) = for_others(&publication, Some(timeout)) else {
            return self.local().publish_with_acks(publication, timeout);
        };
        let namespace = publication.audience.namespace.clone();
        let here = match accepted(self.local().publish_with_acks(publication, timeout)) {
            Ok(here) => here,
            Err(error) => return Box::pin(ready(Err(error))),
        };
        let request = Request::Broadcast { event, opts };
        let there = Asked::new(&self.server, &namespace, Purpose::Acks, request);
        let others = self.server.others(&namespace);
        Box::pin(async move {
            let Some(mut there) = there else {
                let mut answers = here.await?;
                answers.missing_servers = unheard(&others);
                return Ok(answers);
            };
            let (here, ()) = tokio::join!(here, there.wait(timeout));
            let (mut all, of_others) = (here?, there.acks());
            all.answers.extend(of_others.answers);
            all.missing.extend(of_others.missing);
            all.dropped.extend(of_others.dropped);
            all.unnamed_answers.extend(of_others.unnamed_answers);
            all.unnamed_missing += of_others.unnamed_missing;
            all.missing_servers += of_others.missing_servers;
            Ok(all)
        })
    }

    fn publish_and_relay_acks(
        &self,
        publication: Publication,
        timeout: Duration,
        relay: AckRelay,
    ) -> AdapterFuture<Result<(), PublishError>> {
        self.local().publish_and_relay_acks(publication, timeout, relay)
    }

    fn fetch(&self, audience: Audience) -> AdapterFuture<FoundSockets> {
        let namespace = audience.namespace.clone();
        let opts = (!audience.local).then(|| opts(&audience, Flags::default())).flatten();
        let here = self.local().fetch(audience);
        let Some(opts) = opts else { return here };
        let request = Request::Sockets { opts };
        let there = Asked::new(&self.server, &namespace, Purpose::Sockets, request);
        let others = self.server.others(&namespace);
        let limit = self.server.request_timeout;
        Box::pin(async move {
            let Some(mut there) = there else {
                let mut found = here.await;
                found.missing = unheard(&others);
                return found;
            };
            let (mut all, ()) = tokio::join!(here, there.wait(limit));
            let of_others = there.sockets();
            all.missing += of_others.missing;
            // A client that moves from one server to the other may be found on both.
            let mut found: HashSet<_> = all.sockets.iter().map(|socket| socket.id).collect();
            let new = of_others.sockets.into_iter().filter(|socket| found.insert(socket.id));
            all.sockets.extend(new);
            all
        })
    }

    fn channels(&self, namespace: &Namespace) -> AdapterFuture<FoundChannels> {
        if !self.server.wire.asks_for_rooms() {
            let found = self.fetch(Audience::everyone(namespace.clone()));
            return Box::pin(async move { found.await.into() });
        }
        channels_of_all(&self.server, namespace)
    }

    fn join(&self, audience: Audience, channel: Channel) -> AdapterFuture<()> {
        let opts = (!audience.local).then(|| opts(&audience, Flags::default())).flatten();
        let Some(opts) = opts else {
            return self.receiving(self.local().join(audience, channel));
        };
        let namespace = audience.namespace.clone();
        let notice = Notice::Join { opts, rooms: vec![channel.as_str().into()] };
        if self.server.reads_back {
            return self.read_back(&namespace, notice, |done| Pending::Join {
                audience,
                channel,
                done,
            });
        }
        let joined = self.local().join(audience, channel);
        self.server.tell(&namespace, &Message::Notice(notice));
        self.receiving(joined)
    }

    fn leave(&self, audience: Audience, channel: Channel) -> AdapterFuture<()> {
        let opts = (!audience.local).then(|| opts(&audience, Flags::default())).flatten();
        let Some(opts) = opts else { return self.local().leave(audience, channel) };
        let namespace = audience.namespace.clone();
        let notice = Notice::Leave { opts, rooms: vec![channel.as_str().into()] };
        if self.server.reads_back {
            return self.read_back(&namespace, notice, |done| Pending::Leave {
                audience,
                channel,
                done,
            });
        }
        let left = self.local().leave(audience, channel);
        self.server.tell(&namespace, &Message::Notice(notice));
        left
    }

    fn disconnect(&self, audience: Audience, close: bool) -> AdapterFuture<()> {
        let opts = (!audience.local).then(|| opts(&audience, Flags::default())).flatten();
        let Some(opts) = opts else { return self.local().disconnect(audience, close) };
        let namespace = audience.namespace.clone();
        let notice = Notice::Disconnect { opts, close };
        if self.server.reads_back {
            return self.read_back(&namespace, notice, |done| Pending::Disconnect {
                audience,
                close,
                done,
            });
        }
        let disconnected = self.local().disconnect(audience, close);
        self.server.tell(&namespace, &Message::Notice(notice));
        disconnected
    }

    fn server_side_emit(&self, event: ServerEvent) -> Result<(), PublishError> {
        let ServerEvent { namespace, name, args, .. } = event;
        let notice = Notice::ServerEvent(server_event(&name, &args));
        self.server.send(&namespace, &Message::Notice(notice)).map_err(|_| self.server.full())?;
        Ok(())
    }

    fn server_side_emit_with_acks(
        &self,
        event: ServerEvent,
        timeout: Duration,
    ) -> AdapterFuture<Result<ServerAnswers, PublishError>> {
        let ServerEvent { namespace, name, args, .. } = event;
        let request = Request::ServerEvent(server_event(&name, &args));
        let asked = Asked::new(&self.server, &namespace, Purpose::ServerEvent, request);
        let Some(mut asked) = asked else { return Box::pin(ready(Err(self.server.full()))) };
        Box::pin(async move {
            asked.wait(timeout).await;
            Ok(asked.servers())
        })
    }

    fn handle_server_event(&self, event: ServerEvent) -> AdapterFuture<Option<Args>> {
        self.local().handle_server_event(event)
    }

    fn server_count(&self, namespace: &Namespace) -> AdapterFuture<usize> {
        let (count, others) = (self.server.count_others(namespace), self.server.others(namespace));
        Box::pin(async move {
            if let Some(count) = count
                && let Some(now) = count.await
            {
                others.store(now.all, Relaxed);
            }
            1 + counted(&others).unwrap_or(0)
        })
    }

    fn health(&self) -> Option<ClusterHealth> {
        Some(self.server.health())
    }

    fn probe_path(&self) -> Option<AdapterFuture<bool>> {
        Some(match self.server.probe_path() {
            Some(comes_back) => Box::pin(comes_back),
            None => Box::pin(ready(false)),
        })
    }

    fn nodes(&self) -> Vec<NodeStatus> {
        self.server.statuses()
    }

    fn begin_namespace(&self, namespace: &Namespace) {
        self.server.begin_namespace(namespace);
    }

    fn end_namespace(&self, namespace: &Namespace) {
        self.server.end_namespace(namespace);
    }

    fn wants_changes(&self) -> bool {
        self.server.has_room_channels
    }

    fn changed(&self, change: &Change) {
        match change {
            Change::ChannelOpened { namespace, channel } => {
                self.server.listen_to_room(namespace, channel, true);
            }
            Change::ChannelClosed { namespace, channel } => {
                self.server.listen_to_room(namespace, channel, false);
            }
            _ => {}
        }
    }

    fn receives_channels(&self) -> Option<AdapterFuture<()>> {
        self.server.receives_rooms()
    }

    fn prepare_channels(
        &self,
        namespace: &Namespace,
        channels: &[Channel],
    ) -> Option<AdapterFuture<KeptChannels>> {
        Server::prepare_rooms(&self.server, namespace, channels)
    }

    fn announce(&self, address: &NodeAddress) -> Option<Arc<dyn NodeDirectory>> {
        let Server { prefix, heartbeat, .. } = &*self.server;
        self.server.nodes.lock().address = Some(address.to_string().into());
        let directory = self.directory.get_or_init(|| {
            RedisDirectory::start(&self.server, address.clone(), prefix.clone(), *heartbeat)
        });
        Some(Arc::new(DirectoryHandle(Arc::clone(directory))))
    }

    fn shared_past(&self) -> Option<Arc<dyn SharedPast>> {
        self.server.past.as_ref()?;
        Some(Arc::new(ClusterPast::new(&self.server)))
    }

    fn past_receiver(&self) -> Option<Arc<dyn PastReceiver>> {
        self.local().past_receiver()
    }

    fn close(&self) -> AdapterFuture<()> {
        let server = Arc::clone(&self.server);
        let Some(directory) = self.directory.get() else {
            return server.close();
        };
        let released = Arc::clone(directory).release();
        Box::pin(async move {
            // The link answers within its own limit, which is shorter.
            let _ = tokio::time::timeout(server.request_timeout, released).await;
            server.close().await;
        })
    }
}
