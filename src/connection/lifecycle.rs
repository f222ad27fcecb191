//! Doing the jobs, letting sockets in and out, and ending.

use std::{sync::Arc, time::Instant};

use actix::{ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::{
    Connection,
    job::{Job, Outcome, Task, log_safe},
    receive::Violation,
    timers::Due,
};
use crate::{
    event::{DisconnectReason, HandlerError},
    model::SocketId,
    outbox::Transport,
    protocol::{self, Frame},
};

impl Connection {
    /// Takes packets while there is room, and starts the next job if none is under way.
    pub(super) fn work(&mut self, ctx: &mut Context<Self>) {
        while let Some(packet) = self.inbox.next_packet() {
            if let Err(violation) = self.receive(packet) {
                self.violated(&violation, ctx);
                break;
            }
        }
        if let Some(job) = self.inbox.start() {
            let socket = job.socket.id();
            let done = job.run().into_actor(self);
            ctx.spawn(done.map(move |outcome, connection, ctx| connection.done(socket, outcome, ctx)));
        } else if self.ended.is_some() && self.inbox.is_idle() {
            self.leave(ctx);
        }
    }

    fn done(&mut self, socket: SocketId, outcome: Outcome, ctx: &mut Context<Self>) {
        self.inbox.done();
        match outcome {
            Outcome::Done => return self.work(ctx),
            Outcome::Admit if self.ended.is_none() => self.admit(socket),
            Outcome::Refuse(error) => self.refused(socket, &error),
            Outcome::Admit | Outcome::Ended => self.remove(socket),
        }
        // Who comes or goes changes until when the client must be in a namespace.
        if self.ended.is_none() {
            self.wait(ctx);
        }
        self.work(ctx);
    }

    fn admit(&mut self, id: SocketId) {
        let peer = self.peer();
        let transport = self.outbox.holder();
        let Some(member) = self.members.iter_mut().find(|member| member.socket.id() == id) else { return };
        member.admitted = true;
        member.socket.admit();
        log::info!("{id} {}: connect from {peer} over {transport}", member.socket.namespace());
        self.timers.member(true, Instant::now());
    }

    fn refused(&mut self, id: SocketId, error: &HandlerError) {
        let Some(member) = self.members.iter().find(|member| member.socket.id() == id) else { return };
        let namespace = member.socket.namespace();
        log::info!("{id} {namespace}: refuse {}: {}", self.peer(), log_safe(&error.to_string()));
        self.outbox.push(protocol::connect_error(namespace.as_str(), &error.to_client().to_string()));
        self.remove(id);
    }

    /// The socket is over.
    fn remove(&mut self, id: SocketId) {
        let Some(at) = self.members.iter().position(|member| member.socket.id() == id) else { return };
        let member = self.members.swap_remove(at);
        self.shared.sessions.forget(&member.socket);
        member.socket.detach();
        if !self.members.iter().any(|member| member.admitted) {
            self.timers.member(false, Instant::now());
        }
    }

    /// Queues the end of a socket, behind the events that it has sent.
    pub(super) fn end_member(&mut self, namespace: &str, reason: DisconnectReason) {
        if let Some(member) = self.member(namespace) {
            member.ending = true;
            let (socket, router) = (member.socket.clone(), Arc::clone(&member.router));
            log::info!("{} {namespace}: disconnect: {reason}", socket.id());
            self.inbox.push(Job { socket, router, task: Task::End(reason) });
        }
    }

    /// The application puts a socket out. The client has been told.
    pub(super) fn disconnect(&mut self, id: SocketId, ctx: &mut Context<Self>) {
        if let Some(member) = self.members.iter().find(|member| member.socket.id() == id) {
            let namespace = member.socket.namespace().clone();
            self.end_member(namespace.as_str(), DisconnectReason::ServerDisconnect);
            self.work(ctx);
        }
    }

    fn violated(&mut self, violation: &Violation, ctx: &mut Context<Self>) {
        let reason = match violation {
            Violation::Goodbye => DisconnectReason::TransportClose,
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

    /// Ends the connection: nothing more is received, and what is to be said is said. Jobs which wait are still done.
    pub(super) fn end(&mut self, reason: DisconnectReason, ctx: &mut Context<Self>) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(reason);
        self.inbox.close();
        let put_out = reason == DisconnectReason::ServerDisconnect;
        let namespaces: Vec<_> = self.members.iter().map(|member| member.socket.namespace().clone()).collect();
        for member in &self.members {
            // Not when the server goes down: a client which is told so does not come back by itself.
            if put_out {
                member.socket.say_goodbye();
            }
            member.socket.shut();
        }
        for namespace in namespaces {
            self.end_member(namespace.as_str(), reason);
        }
        if reason == DisconnectReason::TransportClose {
            self.outbox.release();
        }
        self.outbox.finish();
        // A polling client fetches what was said last with its next poll. Nobody else comes back for it; and a server
        // that goes down waits for no one who does not poll just now.
        if put_out && self.outbox.holder() == Transport::Polling && !self.outbox.is_cut() {
            self.timers.linger(Instant::now());
            self.wait(ctx);
        } else {
            self.shared.sessions.close(&self.id);
        }
        self.work(ctx);
    }

    /// Every job is done. The actor stops, unless a polling client has something to fetch.
    fn leave(&mut self, ctx: &mut Context<Self>) {
        if !self.timers.is_lingering() || self.outbox.is_cut() {
            ctx.stop();
        }
    }

    /// The last frame was taken.
    pub(super) fn drained(&mut self, ctx: &mut Context<Self>) {
        self.shared.sessions.close(&self.id);
        self.work(ctx);
    }

    /// Looks at the clock when the next deadline is due.
    pub(super) fn wait(&mut self, ctx: &mut Context<Self>) {
        let next = self.timers.next().saturating_duration_since(Instant::now());
        if let Some(before) = self.alarm.replace(ctx.run_later(next, Self::tick)) {
            ctx.cancel_future(before);
        }
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        self.alarm = None;
        match self.timers.due(Instant::now(), self.inbox.is_held()) {
            Due::Nothing => {}
            Due::Ping => {
                // A full outbox tells of itself.
                self.outbox.push(Frame::PING);
            }
            Due::PingTimeout => self.end(DisconnectReason::PingTimeout, ctx),
            Due::ConnectTimeout => {
                log::info!("{}: in no namespace within connect_timeout", self.peer());
                self.end(DisconnectReason::TransportClose, ctx);
            }
            Due::CloseTimeout => {
                self.outbox.cut();
                self.drained(ctx);
                return;
            }
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
