//! Running jobs, and what follows from their outcome.

use std::{
    mem,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};

use actix::{ActorFuture, AsyncContext, Context};
use futures_core::future::LocalBoxFuture;
use tokio::time::Instant;

use super::{
    super::Connection,
    job::{Job, Outcome, Started, Task},
};
use crate::{model::SocketId, routing::Router};

impl Connection {
    /// Starts a job. One whose handlers answer without waiting is done when this returns.
    pub(in crate::connection) fn run_job(&mut self, job: Job, ctx: &mut Context<Self>) {
        let socket = job.socket.id();
        if !self.may_run(&job) {
            if matches!(job.task, Task::Connect) {
                self.remove_socket(socket);
            }
            return;
        }
        self.driver.begin_handling(Instant::now);
        let (cost, pipeline) = (job.cost(), job.is_pipelined().then(|| Arc::clone(&job.router)));
        match job.start() {
            Started::Done(outcome) => {
                self.driver.handled();
                self.finish_job(socket, outcome, ctx);
            }
            Started::Runs(rest) => self.await_job(socket, rest, cost, pipeline, ctx),
        }
    }

    /// Keeps a job whose handlers take longer, and polls it until they are done.
    pub(in crate::connection) fn await_job(
        &mut self,
        socket: SocketId,
        rest: LocalBoxFuture<'static, Outcome>,
        cost: usize,
        pipeline: Option<Arc<Router>>,
        ctx: &mut Context<Self>,
    ) {
        if !self.jobs.queue.is_running() {
            self.jobs.started = Instant::now();
        }
        self.jobs.queue.run(socket, rest, cost, pipeline);
        if !mem::replace(&mut self.jobs.awaited, true) {
            ctx.spawn(AwaitJobs);
        }
    }

    /// Whether the job's socket is admitted or asks to be. Packets that a client sends right after
    /// its CONNECT wait for the verdict, and are dropped if the client is refused.
    fn may_run(&self, job: &Job) -> bool {
        (matches!(job.task, Task::Connect) && !self.driver.is_ended())
            || self.sockets.is_admitted(&job.socket)
    }

    /// Polls the running jobs and processes what follows. Ready: no job is running.
    fn poll_jobs(&mut self, ctx: &mut Context<Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        let was_held = self.driver.is_held();
        loop {
            let (mut is_any_done, started) = (false, self.jobs.started);
            while let Poll::Ready(Some((socket, outcome))) = self.jobs.queue.poll(cx) {
                self.driver.begin_handling(|| started);
                self.driver.handled();
                self.finish_job(socket, outcome, ctx);
                is_any_done = true;
            }
            if !is_any_done {
                break;
            }
            self.jobs.started = Instant::now();
            // The jobs that start here are polled again: they need this task's waker.
            self.process(ctx);
        }
        if was_held && !self.driver.is_held() {
            self.driver.reading_resumed();
        }
        self.jobs.awaited = self.jobs.queue.is_running();
        if self.jobs.awaited { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Does what follows from a job's outcome.
    fn finish_job(&mut self, socket: SocketId, outcome: Outcome, ctx: &mut Context<Self>) {
        match outcome {
            Outcome::Done => return,
            Outcome::Admit if !self.driver.is_ended() => self.admit(socket, ctx),
            Outcome::Refuse(error) => self.refuse_socket(socket, &error),
            // The handlers have admitted a client that is gone by now. They are notified of its
            // end, which waits in the queue.
            Outcome::Admit => drop(self.sockets.set_admitted(socket)),
            Outcome::Ended => self.remove_socket(socket),
        }
        // A socket that comes or goes changes the deadline for entering a namespace.
        if !self.driver.is_ended() {
            self.set_alarm(ctx);
        }
    }
}

/// Waits for the running jobs, the first of them first.
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
