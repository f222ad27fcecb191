use std::{
    collections::VecDeque,
    fmt,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::future::LocalBoxFuture;

use super::job::{Job, Outcome};
use crate::{model::SocketId, routing::Router};

/// The jobs whose handlers have not finished. Usually it is one job.
///
/// It is several where their handler is one actor that handles events one after the other anyway.
/// Its next events are then sent before the first is done, so that each of them does not wait for
/// the way to the actor's thread and back.
#[derive(Default)]
pub(super) struct RunningJobs {
    jobs: VecDeque<RunningJob>,
    /// The router whose events may follow.
    pipeline: Option<Arc<Router>>,
}

struct RunningJob {
    socket: SocketId,
    rest: LocalBoxFuture<'static, Outcome>,
    cost: usize,
}

/// A job that has finished.
pub(super) struct FinishedJob {
    pub(super) socket: SocketId,
    pub(super) outcome: Outcome,
    pub(super) cost: usize,
}

impl RunningJobs {
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The number of jobs that their handler has received and that still wait for their turn there.
    pub(super) fn waiting(&self) -> usize {
        self.jobs.len().saturating_sub(1)
    }

    /// Whether a job may start before the others have finished.
    pub(super) fn may_follow(&self, job: &Job) -> bool {
        self.pipeline.as_ref().is_some_and(|router| Arc::ptr_eq(router, &job.router))
            && job.is_pipelined()
    }

    /// Adds a job that was started. With a `pipeline`, jobs of this router may follow it.
    pub(super) fn push(
        &mut self,
        socket: SocketId,
        rest: LocalBoxFuture<'static, Outcome>,
        cost: usize,
        pipeline: Option<Arc<Router>>,
    ) {
        if self.jobs.is_empty() {
            self.pipeline = pipeline;
        }
        self.jobs.push_back(RunningJob { socket, rest, cost });
    }

    /// Polls the first job. `None`: no job is running.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<FinishedJob>> {
        let Some(first) = self.jobs.front_mut() else { return Poll::Ready(None) };
        let (socket, cost) = (first.socket, first.cost);
        let outcome = ready!(first.rest.as_mut().poll(cx));
        self.jobs.pop_front();
        if self.jobs.is_empty() {
            self.pipeline = None;
        }
        Poll::Ready(Some(FinishedJob { socket, outcome, cost }))
    }
}

impl fmt::Debug for RunningJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.jobs.iter().map(|job| job.socket)).finish()
    }
}
