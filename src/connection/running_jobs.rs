use std::{
    collections::VecDeque,
    fmt, mem,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::future::LocalBoxFuture;

use super::job::{Job, Outcome};
use crate::{model::SocketId, routing::Router};

/// Jobs that handlers have begun and not ended. It is one job; or several events in a row, where
/// they are with an actor which takes them one after the other anyhow, so that not each of them has
/// to wait for the way there and back.
#[derive(Default)]
pub(super) struct RunningJobs {
    jobs: VecDeque<Running>,
    /// Whose events may follow.
    line: Option<Arc<Router>>,
}

struct Running {
    socket: SocketId,
    run: LocalBoxFuture<'static, Outcome>,
    cost: usize,
}

impl RunningJobs {
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Those that are with their handler, and still wait for their turn there.
    pub(super) fn waiting(&self) -> usize {
        self.jobs.len().saturating_sub(1)
    }

    /// Whether this one may be begun before the others have ended.
    pub(super) fn may_follow(&self, job: &Job) -> bool {
        self.line.as_ref().is_some_and(|line| Arc::ptr_eq(line, &job.router)) && job.is_in_line()
    }

    /// A job has been begun; others may follow it in this `line`.
    pub(super) fn push(
        &mut self,
        socket: SocketId,
        run: LocalBoxFuture<'static, Outcome>,
        cost: usize,
        line: Option<Arc<Router>>,
    ) {
        if self.jobs.is_empty() {
            self.line = line;
        }
        self.jobs.push_back(Running { socket, run, cost });
    }

    /// The next job that has ended, whose it was, and what the one is worth whose turn has come.
    /// `None`: there is none.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(SocketId, Outcome, usize)>> {
        let Some(first) = self.jobs.front_mut() else { return Poll::Ready(None) };
        let (socket, outcome) = (first.socket, ready!(first.run.as_mut().poll(cx)));
        self.jobs.pop_front();
        let next = self.jobs.front_mut().map_or(0, |next| mem::take(&mut next.cost));
        if self.jobs.is_empty() {
            self.line = None;
        }
        Poll::Ready(Some((socket, outcome, next)))
    }
}

impl fmt::Debug for RunningJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.jobs.iter().map(|job| job.socket)).finish()
    }
}
