//! Admitting sockets to namespaces, or refusing them.

use std::{collections::BTreeMap, sync::Arc};

use actix::Context;
use actix_web::web::Query;
use bytestring::ByteString;

use super::{
    Connection,
    jobs::{Job, Task},
    returning::ConnectRequest,
    sockets::SocketEntry,
};
use crate::{
    engine::ClientEnd,
    event::HandlerError,
    log_text::log_line,
    model::{Channel, Handshake, PrivateId, SocketId},
    outbox::{KeptDirects, SocketSender, Stamps},
    protocol::{self, ConnectAnswer, Frame, Version},
    registry::Change,
    socket::{Identity, NamespaceState, Socket, SocketOrigin, SocketParts},
    state::{ClaimedSession, NamespaceEntry, ReplayPermit, ReturnRequest},
    stats::RefusalKind,
};

/// A client that asks for a socket.
pub(super) struct Client {
    pub(super) handshake: Handshake,
    /// Its user, by its token.
    pub(super) identity: Identity,
}

impl Connection {
    /// Takes a CONNECT: makes a socket, whose `OnConnect` handlers are asked by a job.
    pub(super) fn connect(
        &mut self,
        name: &ByteString,
        auth: Option<ByteString>,
        ctx: &mut Context<Self>,
    ) -> Result<(), ClientEnd> {
        if !self.shared.start_gate.is_open() {
            self.connect_later(name.clone(), auth, ctx);
            return Ok(());
        }
        // Clients of Socket.IO 2 have their `auth` as a query in the name.
        let (name, auth) = match self.driver.version() {
            Version::V3 => {
                let (name, query) = name.split_once('?').unwrap_or((name, ""));
                (name, auth_of_query(query))
            }
            // A copy, so that the socket does not keep the buffer that it was read into.
            Version::V4 => (&**name, auth.map(|auth| ByteString::from(&*auth))),
        };
        if self.sockets.position(name).is_some() {
            return Err(ClientEnd::BrokeRule("a second CONNECT to a namespace"));
        }
        // Names go into logs and tables. Other parsers can send a name without its slash.
        let max_length = self.shared.config().max_channel_length;
        if !name.starts_with('/') || Channel::check(name, max_length).is_err() {
            self.refuse(RefusalKind::UnknownNamespace, name, "Invalid namespace");
            return Ok(());
        }
        let auth_len = auth.as_ref().map_or(0, |auth| auth.len());
        let kept = self.driver.request().len() + self.sockets.auth_len();
        if kept + auth_len > self.shared.config().max_handshake {
            self.refuse(RefusalKind::LargeHandshake, name, "auth is too large");
            return Ok(());
        }
        self.sockets.refused.forget(name);
        let mut request = ConnectRequest::default();
        let auth = match self.driver.version() {
            Version::V4 => request.take_from(auth, self.shared.recovery.is_some()),
            Version::V3 => auth,
        };
        #[cfg(feature = "jwt")]
        let auth = if self.shared.tokens.is_some() { request.take_token(auth) } else { auth };
        let handshake = Handshake::new(Arc::clone(self.driver.request()), auth)
            .with_offsets(request.asks_for_offsets);
        let Some(entry) = self.shared.namespaces.enter(name, &handshake) else {
            self.refuse(RefusalKind::UnknownNamespace, name, "Invalid namespace");
            return Ok(());
        };
        #[cfg(not(feature = "jwt"))]
        let identity = Identity;
        #[cfg(feature = "jwt")]
        let identity = match self.identify(request.token.as_deref(), &handshake, &entry.config) {
            Ok(login) => login,
            Err((kind, why)) => {
                self.refuse(kind, name, why);
                return Ok(());
            }
        };
        let client = Client { handshake, identity };
        match request
            .returning
            .filter(|_| self.asks_for_offsets(&entry.namespace, &client.handshake))
        {
            Some((pid, offset)) => {
                let request = ReturnRequest {
                    pid,
                    offset,
                    opened: client.handshake.opened(),
                    #[cfg(feature = "jwt")]
                    user: self.known_user(&client.identity),
                };
                self.connect_again(entry, client, request, ctx);
            }
            None => self.attach_socket(entry, client, None),
        }
        Ok(())
    }

    /// Adds a socket in a namespace, if there is room: that of a session, or a new one.
    pub(super) fn attach_socket(
        &mut self,
        entry: NamespaceEntry,
        client: Client,
        claimed: Option<ClaimedSession>,
    ) {
        let Client { handshake, identity } = client;
        let NamespaceEntry { namespace, router, config, quota } = entry;
        let name = namespace.name.clone();
        let name = name.as_str();
        let limit = self.shared.config().max_namespaces;
        if self.sockets.list.len() >= limit {
            let why = format!("a connection may be in {limit} namespaces at most");
            return self.refuse(RefusalKind::TooManyNamespaces, name, &why);
        }
        let Some(slot) = namespace.socket_quota.acquire(config.max_sockets) else {
            return self.refuse(RefusalKind::FullNamespace, name, "the namespace is full");
        };
        let (origin, permit) = self.origin(&namespace, &handshake, claimed);
        let stamps = self.stamps(&namespace, &handshake, &origin);
        let sender = SocketSender::with_stamps(Arc::clone(self.driver.outbox()), stamps);
        let slots = [slot, quota.acquire_unbounded()];
        let socket = Socket::attach(SocketParts {
            server: Arc::clone(&self.shared) as _,
            namespace,
            config,
            channel_routes: Arc::clone(router.channel_routes()),
            members: router.members().cloned(),
            handshake,
            extensions: Arc::clone(&self.sockets.extensions),
            sender,
            commands: self.addr.clone(),
            subscriptions: self.sockets.subscribe_rate.clone(),
            memory: self.shared.engine.memory.share(),
            origin,
            identity,
        });
        let id = socket.id();
        #[cfg(feature = "jwt")]
        self.enter_own_channels(&socket);
        let connect =
            Job { socket: socket.clone(), router: Arc::clone(&router), task: Task::Connect };
        let entry = SocketEntry {
            socket,
            router,
            admitted: false,
            ending: false,
            end_reason: None,
            permit,
            _slots: slots,
        };
        self.shared.sockets.insert(&entry.socket);
        #[cfg(feature = "admin")]
        self.shared.taps.attached(&entry.socket);
        if let Some(recovery) = &self.shared.recovery {
            recovery.enter(&entry.socket);
        }
        if !self.sockets.add(entry) {
            self.remove_socket(id);
            return self.refuse(RefusalKind::MemoryExhausted, name, "there is no memory for auth");
        }
        self.jobs.queue.push(connect);
    }

    /// How a socket begins. With a session, it comes back.
    fn origin(
        &self,
        namespace: &NamespaceState,
        handshake: &Handshake,
        claimed: Option<ClaimedSession>,
    ) -> (SocketOrigin, Option<ReplayPermit>) {
        if let Some((absence, seen, permit)) = claimed.and_then(ClaimedSession::take) {
            return (SocketOrigin::Returning(Box::new(absence), seen), permit);
        }
        let may_return =
            self.shared.recovery.is_some() && self.asks_for_offsets(namespace, handshake);
        (SocketOrigin::New(may_return.then(PrivateId::random)), None)
    }

    /// The positions of a socket, if its events bear them.
    fn stamps(
        &self,
        namespace: &NamespaceState,
        handshake: &Handshake,
        origin: &SocketOrigin,
    ) -> Option<Stamps> {
        let stamps = self
            .asks_for_offsets(namespace, handshake)
            .then(|| Stamps::new(namespace.sequencer.epoch(), namespace.name.clone()))?;
        Some(match (origin, &self.shared.recovery) {
            (SocketOrigin::Returning(absence, _), _) => {
                stamps.resuming(absence.uncovered).keeping(absence.kept.clone())
            }
            (_, Some(recovery)) if recovery.settings.keep_direct > 0 => {
                stamps.keeping(KeptDirects::new(recovery.settings.keep_direct))
            }
            _ => stamps,
        })
    }

    /// Whether the events of a socket bear their position. Clients of Socket.IO 2 can't ask.
    fn asks_for_offsets(&self, namespace: &NamespaceState, handshake: &Handshake) -> bool {
        let recovery = self.shared.recovery.as_ref();
        namespace.sequencer.is_recording()
            && self.driver.version() == Version::V4
            && (handshake.asks_for_offsets()
                || recovery.is_some_and(|recovery| recovery.settings.is_for_everyone))
    }

    /// Lets a socket in that its handlers have admitted.
    pub(super) fn admit(&mut self, id: SocketId, ctx: &mut Context<Self>) {
        let Some(entry) = self.sockets.get(id) else { return };
        let socket = entry.socket.clone();
        let permit = self.sockets.set_admitted(id);
        if socket.recovered() {
            self.restore(id, permit, ctx);
        } else {
            socket.admit(self.connect_packet(&socket));
            self.report_admitted(&socket);
        }
        // All of it within the macro: a line that is not logged costs nothing.
        log_line!(
            log::Level::Info,
            "{} \"{}\": connect from {} over {}",
            id,
            socket.namespace(),
            self.driver.peer(),
            socket.transport()
        );
        self.clock.entered();
        #[cfg(feature = "jwt")]
        self.tokens_changed(ctx);
    }

    /// Puts an admitted socket into the feed of changes. It is open by then, so that a list of
    /// sockets that is made after a change has them all.
    pub(super) fn report_admitted(&self, socket: &Socket) {
        let (namespace, socket) = (socket.namespace(), socket.id());
        self.shared
            .changes
            .send(|| Change::SocketConnected { namespace: namespace.clone(), socket });
    }

    /// Removes a socket that its handlers have refused, and tells the client why.
    pub(super) fn refuse_socket(&mut self, id: SocketId, error: &HandlerError) {
        let Some(entry) = self.sockets.get(id) else { return };
        let namespace = entry.socket.namespace().clone();
        log_line!(
            log::Level::Info,
            "{} \"{}\": refuse {}: {}",
            id,
            namespace,
            self.driver.peer();
            error
        );
        self.counters().refused.add(RefusalKind::ByOnConnect);
        self.push_refusal(namespace.as_str(), error);
        self.remove_socket(id);
        self.sockets.refused.add_refused(namespace, self.shared.config().max_inbox);
    }

    /// Refuses a CONNECT without asking handlers.
    fn refuse(&self, kind: RefusalKind, namespace: &str, why: &str) {
        self.counters().refused.add(kind);
        log_line!(log::Level::Info, "refuse {} in \"{}\": {}", self.driver.peer(), namespace, why);
        self.push_refusal(namespace, &HandlerError::reject(why));
    }

    /// Sends the CONNECT_ERROR packet.
    fn push_refusal(&self, namespace: &str, error: &HandlerError) {
        let refusal = error.to_client();
        let json = match (self.driver.version(), refusal.get("data")) {
            // Clients of Socket.IO 2 expect the data, or else the message.
            (Version::V3, data) => data.unwrap_or(&refusal["message"]).to_string(),
            // In Node's order.
            (Version::V4, Some(data)) => {
                format!(r#"{{"message":{},"data":{data}}}"#, refusal["message"])
            }
            (Version::V4, None) => refusal.to_string(),
        };
        self.driver.outbox().push(self.shared.codec.connect_error(namespace, &json));
    }

    /// The packet that answers a CONNECT.
    pub(super) fn connect_packet(&self, socket: &Socket) -> Frame {
        let namespace = socket.namespace().as_str();
        match self.driver.version() {
            Version::V4 => {
                let id = socket.id();
                let pid = socket.private_id();
                let answer = ConnectAnswer {
                    sid: id.as_str(),
                    pid: pid.as_ref().map(PrivateId::reveal),
                    offsets: socket.is_stamped(),
                };
                self.shared.codec.connect(namespace, &answer)
            }
            Version::V3 => protocol::connect_v3(namespace),
        }
    }
}

/// The `auth` object of a client of Socket.IO 2. `None` if the query can't be read.
fn auth_of_query(query: &str) -> Option<ByteString> {
    let query = Query::<BTreeMap<String, String>>::from_query(query).ok()?.into_inner();
    serde_json::to_string(&query).ok().map(ByteString::from)
}
