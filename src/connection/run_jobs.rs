//! Doing the jobs: one after the other, and what comes of them.

use std::{
    mem,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
    time::Instant,
};

use actix::{ActorFuture, AsyncContext, Context};
use bytestring::ByteString;
use futures_core::future::LocalBoxFuture;

use super::{
    ConnectedSocket, Connection,
    job::{Job, Outcome, Started, Task, is_plain, tell},
};
use crate::{
    event::DisconnectReason,
    model::SocketId,
    protocol::{AckId, Args},
    routing::Router,
};

impl Connection {
    /// Does what waits, one job after the other; while one is under way, takes packets as long as
    /// there is room.
    pub(super) fn work(&mut self, ctx: &mut Context<Self>) {
        loop {
            // A job that leaves the inbox makes room for packets, whether it is done or dropped.
            if let Some(job) = self.jobs.start() {
                self.run(job, ctx);
            } else if self.throttle.until().is_some() && !self.draining {
                break;
            } else if let Some(packet) = self.jobs.next_packet() {
                if let Err(violation) = self.receive(packet, ctx) {
                    self.violated(&violation, ctx);
                }
            } else {
                break;
            }
        }
        self.reschedule(ctx);
        self.traffic.end(&self.shared.counters, Instant::now);
        if let Some(batches) = self.jobs.done() {
            self.session.room.is_free_after(batches);
        }
        if !self.jobs.is_idle() {
            return;
        }
        if self.ended.is_some() {
            self.leave(ctx);
        } else if self.draining {
            self.end(DisconnectReason::ServerShutdown, ctx);
        }
    }

    /// An event of the member there. It needs no place in the inbox if nothing is before it and it
    /// is plain.
    pub(super) fn event(
        &mut self,
        member: usize,
        name: ByteString,
        args: Args,
        id: Option<AckId>,
        ctx: &mut Context<Self>,
    ) {
        let ConnectedSocket { socket, router, admitted, .. } = &self.members[member];
        if self.jobs.is_idle() && *admitted && is_plain(socket, router, &name) {
            self.traffic.begin(Instant::now);
            let line = || router.is_sequential().then(|| Arc::clone(router));
            match tell(socket, router, name, args, id) {
                // It is done whatever came of it.
                Started::Done(_) => self.traffic.handled(),
                Started::Runs(run) => self.runs(socket.id(), run, 0, line(), ctx),
            }
        } else {
            let (socket, router) = (socket.clone(), Arc::clone(router));
            self.jobs.push(Job { socket, router, task: Task::Event { name, args, id } });
        }
    }

    fn run(&mut self, job: Job, ctx: &mut Context<Self>) {
        let socket = job.socket.id();
        if !self.may_run(&job) {
            if matches!(job.task, Task::Connect) {
                self.remove(socket);
            }
            return;
        }
        self.traffic.begin(Instant::now);
        let (cost, line) = (job.cost(), job.is_in_line().then(|| Arc::clone(&job.router)));
        match job.start() {
            Started::Done(outcome) => {
                self.traffic.handled();
                self.finish_job(socket, outcome, ctx);
            }
            Started::Runs(run) => self.runs(socket, run, cost, line, ctx),
        }
    }

    /// A job takes a while.
    fn runs(
        &mut self,
        socket: SocketId,
        run: LocalBoxFuture<'static, Outcome>,
        cost: usize,
        line: Option<Arc<Router>>,
        ctx: &mut Context<Self>,
    ) {
        if !self.jobs.is_busy() {
            self.started = Instant::now();
        }
        self.jobs.run(socket, run, cost, line);
        if !mem::replace(&mut self.awaited, true) {
            ctx.spawn(AwaitJobs);
        }
    }

    /// Whether the job's socket was let in, or asks to be. What a client sends right behind its
    /// CONNECT waits for the verdict, and comes to nothing with a refusal.
    fn may_run(&self, job: &Job) -> bool {
        (matches!(job.task, Task::Connect) && self.ended.is_none())
            || self.members.iter().any(|member| member.admitted && member.socket == job.socket)
    }

    /// Does what comes of jobs that took a while. Ready: none is under way.
    fn poll_jobs(&mut self, ctx: &mut Context<Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        let was_held = self.jobs.is_held();
        loop {
            let (mut are_done, started) = (false, self.started);
            while let Poll::Ready(Some((socket, outcome))) = self.jobs.poll(cx) {
                self.traffic.begin(|| started);
                self.traffic.handled();
                self.finish_job(socket, outcome, ctx);
                are_done = true;
            }
            if !are_done {
                break;
            }
            self.started = Instant::now();
            // What is begun now is polled again: it has to know whom to wake.
            self.work(ctx);
        }
        if was_held && !self.jobs.is_held() {
            self.timers.read_on(Instant::now());
        }
        self.awaited = self.jobs.is_busy();
        if self.awaited { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Does what comes of a job.
    fn finish_job(&mut self, socket: SocketId, outcome: Outcome, ctx: &mut Context<Self>) {
        match outcome {
            Outcome::Done => return,
            Outcome::Admit if self.ended.is_none() => self.admit(socket),
            Outcome::Refuse(error) => self.refused(socket, &error),
            // Its handlers have let it in, and are to hear that it has gone: its end waits in the
            // inbox.
            Outcome::Admit => {
                if let Some(member) =
                    self.members.iter_mut().find(|member| member.socket.id() == socket)
                {
                    member.admitted = true;
                }
            }
            Outcome::Ended => self.remove(socket),
        }
        // Who comes or goes changes until when the client must be in a namespace.
        if self.ended.is_none() {
            self.wait(ctx);
        }
    }
}

/// Waits for the jobs under way, the first of them first.
struct AwaitJobs;

impl ActorFuture<Connection> for AwaitJobs {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        connection: &mut Connection,
        ctx: &mut Context<Connection>,
        cx: &mut task::Context<'_>,
    ) -> Poll<()> {
        connection.poll_jobs(ctx, cx)
    }
}
