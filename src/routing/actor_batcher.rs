//! The way to an actor on another thread, for many events at a time.

use std::{
    future::poll_fn,
    mem,
    pin::pin,
    sync::{Arc, OnceLock},
    task::{Context, Wake, Waker},
    thread::{self, ThreadId},
};

use actix::{Arbiter, ArbiterHandle, Recipient, dev::RecipientRequest};
use futures_core::future::LocalBoxFuture;
use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, oneshot},
    task::{spawn_local, unconstrained, yield_now},
};

use super::Event;
use crate::event::{Failure, HandlerResult};

/// Hands events to an actor that is done with each before it takes the next, and may live on
/// another thread.
///
/// A mailbox wakes its actor for an event that finds it idle. Where both threads share a core, that
/// takes the core from the worker, for the one event. So what comes in one turn of a worker, from
/// all its clients, waits for the end of the turn, goes to the actor's thread as one, and into the
/// mailbox there.
///
/// An [`Addr`](actix::Addr) does not tell which thread that is. The first answer does: it is given
/// there.
#[derive(Debug)]
pub(super) struct ActorBatcher<E: Event> {
    to: Recipient<E>,
    actor_thread: OnceLock<ActorThread<E>>,
    pending: Mutex<PendingBatch<E>>,
}

/// Where the actor lives, and the way there.
#[derive(Debug)]
struct ActorThread<E> {
    thread: ThreadId,
    batches: mpsc::UnboundedSender<Vec<QueuedEvent<E>>>,
}

/// What waits for the end of a turn. No more than clients may have under way.
#[derive(Debug)]
struct PendingBatch<E> {
    events: Vec<QueuedEvent<E>>,
    /// The threads that empty it at the end of their turns. One does not rely on another, whom a
    /// handler may keep busy.
    flushing: Vec<ThreadId>,
}

/// An event, and who waits for the answer.
type QueuedEvent<E> = (E, oneshot::Sender<HandlerResult>);

/// Events that are in the mailbox at a time: what it has room for by default. Their answers leave
/// before the next are handled. Who gives up an event that is there already, is too late: it is
/// handled all the same.
const MAILBOX_BATCH: usize = 16;

impl<E: Event> ActorBatcher<E> {
    pub(super) fn new(to: Recipient<E>) -> Arc<Self> {
        let pending = Mutex::new(PendingBatch { events: Vec::new(), flushing: Vec::new() });
        Arc::new(Self { to, actor_thread: OnceLock::new(), pending })
    }

    pub(super) fn call(self: &Arc<Self>, event: E) -> LocalBoxFuture<'static, HandlerResult> {
        let here = thread::current().id();
        match self.actor_thread.get() {
            Some(actor_thread) if actor_thread.thread != here => {
                let answer = self.take(event, here);
                Box::pin(
                    async move { answer.await.unwrap_or_else(|_| Err(Failure::Stopped.into())) },
                )
            }
            Some(_) => Box::pin(ask(self.to.send(event))),
            None => Box::pin(Arc::clone(self).call_and_locate(event)),
        }
    }

    /// Takes an event along, at the end of this turn.
    fn take(self: &Arc<Self>, event: E, here: ThreadId) -> oneshot::Receiver<HandlerResult> {
        let (tell, answer) = oneshot::channel();
        let mut pending = self.pending.lock();
        pending.events.push((event, tell));
        if !pending.flushing.contains(&here) {
            pending.flushing.push(here);
            drop(pending);
            let flush = FlushOnDrop { batcher: Arc::clone(self), thread: here };
            spawn_local(async move {
                // Behind all that is ready now, also what other threads have woken: a task that is
                // only spawned would overtake that.
                yield_now().await;
                drop(flush);
            });
        }
        answer
    }

    fn flush(&self, here: ThreadId) {
        let mut pending = self.pending.lock();
        pending.flushing.retain(|flush| *flush != here);
        let events = mem::take(&mut pending.events);
        // Before others may take a later batch there.
        if !events.is_empty()
            && let Some(actor_thread) = self.actor_thread.get()
        {
            // Should the thread have ended, the batch is dropped, which is an answer too.
            let _ = actor_thread.batches.send(events);
        }
    }

    /// Asks the actor, and notices where it answers.
    async fn call_and_locate(self: Arc<Self>, event: E) -> HandlerResult {
        // Nothing but the answer wakes it then, and that is given on the actor's thread.
        let mut request = pin!(unconstrained(self.to.send(event)));
        let mut probe = None;
        let answer = poll_fn(|cx| {
            let next = Arc::new(ThreadProbe { waker: cx.waker().clone(), handle: OnceLock::new() });
            let answer =
                request.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&next))));
            if answer.is_pending() {
                probe = Some(next);
            }
            answer
        })
        .await;
        // That an actor has stopped, may show anywhere; but only one that lives answers.
        if answer.is_ok()
            && let Some(handle) = probe.as_ref().and_then(|probe| probe.handle.get())
        {
            self.actor_thread.get_or_init(|| {
                let ((batches, arriving), to) = (mpsc::unbounded_channel(), self.to.clone());
                handle.arbiter.spawn_fn(move || drop(spawn_local(deliver(arriving, to))));
                ActorThread { thread: handle.thread, batches }
            });
        }
        answer.unwrap_or_else(|_| Err(Failure::Stopped.into()))
    }
}

/// Brings what is in the bag on its way when it is dropped: at the end of the turn, or of the whole
/// thread.
struct FlushOnDrop<E: Event> {
    batcher: Arc<ActorBatcher<E>>,
    thread: ThreadId,
}

impl<E: Event> Drop for FlushOnDrop<E> {
    fn drop(&mut self) {
        self.batcher.flush(self.thread);
    }
}

/// Asks the actor, on its thread. One batch after the other, or the second would overtake the rest
/// of the first.
async fn deliver<E: Event>(
    mut arriving: mpsc::UnboundedReceiver<Vec<QueuedEvent<E>>>,
    to: Recipient<E>,
) {
    let mut asked = Vec::with_capacity(MAILBOX_BATCH);
    while let Some(batch) = arriving.recv().await {
        // Who does not wait any more has given the event up.
        let mut wanted = batch.into_iter().filter(|(_, tell)| !tell.is_closed()).peekable();
        while wanted.peek().is_some() {
            asked.extend(
                wanted.by_ref().take(MAILBOX_BATCH).map(|(event, tell)| (to.send(event), tell)),
            );
            for (request, tell) in asked.drain(..) {
                let _ = tell.send(ask(request).await);
            }
        }
    }
}

async fn ask<E: Event>(request: RecipientRequest<E>) -> HandlerResult {
    request.await.unwrap_or_else(|_| Err(Failure::Stopped.into()))
}

/// Is woken where an answer is given.
struct ThreadProbe {
    waker: Waker,
    handle: OnceLock<ThreadHandle>,
}

struct ThreadHandle {
    arbiter: ArbiterHandle,
    thread: ThreadId,
}

impl Wake for ThreadProbe {
    fn wake(self: Arc<Self>) {
        if let Some(arbiter) = Arbiter::try_current() {
            let _ = self.handle.set(ThreadHandle { arbiter, thread: thread::current().id() });
        }
        self.waker.wake_by_ref();
    }
}

#[cfg(test)]
mod tests;
