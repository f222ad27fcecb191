//! Letting sockets in and out, and ending.

use std::{sync::Arc, time::Instant};

use actix::{ActorContext, AsyncContext, Context};

use super::{
    Connection,
    job::{Job, Task, log_safe},
    receive::Violation,
    timers::Due,
};
use crate::{
    config::Config,
    event::{DisconnectReason, HandlerError, OnUpgrade},
    model::{SocketId, Transport},
    protocol::Frame,
    stats::RefusalKind,
};

impl Connection {
    pub(super) fn admit(&mut self, id: SocketId) {
        let transport = self.session.outbox.active_transport();
        let Some(at) = self.members.iter().position(|member| member.socket.id() == id) else {
            return;
        };
        let socket = self.members[at].socket.clone();
        self.members[at].admitted = true;
        socket.admit(self.connect_packet(&socket));
        log::info!("{id} {}: connect from {} over {transport}", socket.namespace(), self.peer());
        self.timers.member(true, Instant::now());
    }

    pub(super) fn refused(&mut self, id: SocketId, error: &HandlerError) {
        let Some(member) = self.members.iter().find(|member| member.socket.id() == id) else {
            return;
        };
        let namespace = member.socket.namespace().clone();
        log::info!("{id} {namespace}: refuse {}: {}", self.peer(), log_safe(&error.to_string()));
        self.shared.counters.refused.add(RefusalKind::ByOnConnect);
        self.push_refusal(namespace.as_str(), error);
        self.remove(id);
        self.refused_namespaces.refused(namespace, self.shared.config.max_inbox);
    }

    /// The socket is over.
    pub(super) fn remove(&mut self, id: SocketId) {
        let Some(at) = self.members.iter().position(|member| member.socket.id() == id) else {
            return;
        };
        let member = self.members.swap_remove(at);
        self.shared.sessions.forget(&member.socket);
        member.socket.detach();
        // One who was refused was in no namespace before, and has no more time for it.
        if member.admitted && !self.members.iter().any(|member| member.admitted) {
            self.timers.member(false, Instant::now());
        }
    }

    /// Queues the end of a socket, behind the events that it has sent.
    pub(super) fn end_member(&mut self, namespace: &str, reason: DisconnectReason) {
        if let Some(member) = self.member(namespace) {
            member.ending = true;
            let (socket, router) = (member.socket.clone(), Arc::clone(&member.router));
            log::info!("{} {namespace}: disconnect: {reason}", socket.id());
            self.jobs.push(Job { socket, router, task: Task::End(reason) });
        }
    }

    /// The application puts a socket out. The client has been told.
    pub(super) fn disconnect(&mut self, id: SocketId, ctx: &mut Context<Self>) {
        // One that is on its way out may have a successor in its namespace, which stays.
        if let Some(member) =
            self.members.iter().find(|member| member.socket.id() == id && !member.ending)
        {
            let namespace = member.socket.namespace().clone();
            self.end_member(namespace.as_str(), DisconnectReason::ServerDisconnect);
            self.refused_namespaces.expelled(namespace);
            self.work(ctx);
        }
    }

    pub(super) fn violated(&mut self, violation: &Violation, ctx: &mut Context<Self>) {
        let reason = match violation {
            Violation::Closed => {
                // A poll that waits is not told what the client knows.
                self.shared.sessions.close(&self.id);
                self.session.outbox.release();
                DisconnectReason::TransportClose
            }
            Violation::Malformed(error) => {
                log::info!("{}: {}", self.peer(), log_safe(&error.to_string()));
                DisconnectReason::ParseError
            }
            Violation::Rule(rule) => {
                log::info!("{}: {rule}", self.peer());
                DisconnectReason::ParseError
            }
        };
        self.end(reason, ctx);
    }

    /// Ends the connection: nothing more is received, and what is to be said is said. Jobs which
    /// wait are still done.
    pub(super) fn end(&mut self, reason: DisconnectReason, ctx: &mut Context<Self>) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(reason);
        let expelled = reason == DisconnectReason::ServerDisconnect;
        if self.comes_back(reason) {
            let Config { close_timeout, shutdown_timeout, .. } = *self.shared.config;
            // A server that goes down has not so much time for those who don't come back after all.
            let is_last = reason == DisconnectReason::ServerShutdown;
            let patience =
                if is_last { close_timeout.min(shutdown_timeout / 4) } else { close_timeout };
            self.timers.linger(Instant::now() + patience);
            self.wait(ctx);
        } else {
            // Before any request is answered: the client's next one finds no session.
            self.shared.sessions.close(&self.id);
        }
        self.jobs.close();
        let namespaces: Vec<_> =
            self.members.iter().map(|member| member.socket.namespace().clone()).collect();
        for member in &self.members {
            // Not when the server goes down: a client which is told so does not come back by
            // itself.
            if expelled {
                member.socket.send_disconnect();
            }
            member.socket.close();
        }
        for namespace in namespaces {
            self.end_member(namespace.as_str(), reason);
        }
        match reason {
            // Whoever has gone reads nothing any more.
            DisconnectReason::PingTimeout
            | DisconnectReason::TransportClose
            | DisconnectReason::TransportError => {
                self.session.outbox.finish_discarding();
            }
            _ => self.session.outbox.finish(),
        }
        self.work(ctx);
    }

    /// Whether the client knows nothing of the end, and fetches with its next poll what was said
    /// last.
    fn comes_back(&self, reason: DisconnectReason) -> bool {
        let is_polling = self.session.outbox.active_transport() == Transport::Polling
            && !self.session.outbox.is_closed();
        is_polling
            && match reason {
                // What it is told is one packet, and the goodbye is the next.
                DisconnectReason::ServerDisconnect => true,
                DisconnectReason::ParseError | DisconnectReason::ServerShutdown => {
                    !self.session.outbox.is_polled()
                }
                _ => false,
            }
    }

    /// Every job is done. The actor stops, unless a polling client has something to fetch.
    pub(super) fn leave(&mut self, ctx: &mut Context<Self>) {
        if !self.timers.is_lingering() || self.session.outbox.is_closed() {
            ctx.stop();
        }
    }

    /// The client does not come back for what was said last.
    pub(super) fn give_up_client(&mut self, ctx: &mut Context<Self>) {
        if self.timers.is_lingering() {
            self.session.outbox.abort();
            self.drained(ctx);
        }
    }

    /// The last frame was taken.
    pub(super) fn drained(&mut self, ctx: &mut Context<Self>) {
        self.shared.sessions.close(&self.id);
        self.work(ctx);
    }

    /// The client is on a WebSocket now.
    pub(super) fn upgraded(&mut self, ctx: &mut Context<Self>) {
        log::debug!("{}: upgrade to websocket", self.peer());
        self.shared.counters.upgraded.add(1);
        for member in self.members.iter().filter(|member| member.admitted && !member.ending) {
            if member.router.has_handler::<OnUpgrade>() {
                let (socket, router) = (member.socket.clone(), Arc::clone(&member.router));
                self.jobs.push(Job { socket, router, task: Task::Upgraded });
            }
        }
        self.work(ctx);
    }

    /// Looks at the clock when the next deadline is due.
    pub(super) fn wait(&mut self, ctx: &mut Context<Self>) {
        let next = self.next_deadline();
        if self.alarm.is_some_and(|(at, _)| at == next) {
            return;
        }
        let alarm = ctx.run_later(next.saturating_duration_since(Instant::now()), Self::tick);
        if let Some((_, before)) = self.alarm.replace((next, alarm)) {
            ctx.cancel_future(before);
        }
    }

    /// After a pong, the next ping may be due before the deadline of the last one; a client that is
    /// read no further just now, is again some time.
    pub(super) fn reschedule(&mut self, ctx: &mut Context<Self>) {
        if self.ended.is_none() && self.alarm.is_some_and(|(at, _)| self.next_deadline() < at) {
            self.wait(ctx);
        }
    }

    fn next_deadline(&self) -> Instant {
        let next = self.timers.next();
        self.throttle.until().map_or(next, |until| until.min(next))
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        self.alarm = None;
        if self.throttle.is_over(Instant::now()) {
            self.work(ctx);
            if !self.jobs.is_held() {
                self.timers.read_on(Instant::now());
            }
        }
        match self.timers.due(Instant::now(), self.jobs.is_held()) {
            Due::Nothing => {}
            Due::Ping => {
                // A full outbox tells of itself.
                self.session.outbox.push(Frame::PING);
            }
            Due::PingTimeout => self.end(DisconnectReason::PingTimeout, ctx),
            Due::ConnectTimeout => {
                log::info!("{}: in no namespace within connect_timeout", self.peer());
                self.end(DisconnectReason::TransportClose, ctx);
            }
            Due::CloseTimeout => return self.give_up_client(ctx),
        }
        if self.ended.is_none() || self.timers.is_lingering() {
            self.wait(ctx);
        }
    }

    /// The client, for the log.
    pub(super) fn peer(&self) -> String {
        let addr = self.request.peer_addr();
        addr.map_or_else(|| "a client of unknown address".to_owned(), |addr| addr.to_string())
    }
}
