//! Sends events to an actor on another thread, in batches.

use std::{
    future::poll_fn,
    mem,
    pin::pin,
    sync::{Arc, OnceLock},
    task::{Context, Wake, Waker},
    thread::{self, ThreadId},
};

use actix::{Arbiter, ArbiterHandle, Message, Recipient, dev::RecipientRequest};
use futures_core::future::LocalBoxFuture;
use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, oneshot},
    task::{spawn_local, unconstrained, yield_now},
};

use crate::event::{Failure, HandlerResult};

/// A message that an actor answers as a handler does.
pub(super) trait HandledMessage: Message<Result = HandlerResult> + Send + 'static {}

impl<M: Message<Result = HandlerResult> + Send + 'static> HandledMessage for M {}

/// Hands events to an actor that finishes each event before it takes the next. The actor may run
/// on another thread.
///
/// A mailbox wakes an idle actor for each event. If both threads share a core, the worker loses the
/// core for one event. So the events of all clients in one turn of a worker wait for the end of the
/// turn. They go to the actor's thread as one batch, and into the mailbox there.
///
/// An [`Addr`](actix::Addr) does not reveal the thread of its actor. The first answer does, since
/// it is given on that thread.
#[derive(Debug)]
pub(super) struct ActorBatcher<E: HandledMessage> {
    to: Recipient<E>,
    actor_thread: OnceLock<ActorThread<E>>,
    pending: Mutex<PendingBatch<E>>,
}

/// The thread of the actor, and the channel for batches to it.
#[derive(Debug)]
struct ActorThread<E> {
    thread: ThreadId,
    batches: mpsc::UnboundedSender<Vec<QueuedEvent<E>>>,
}

/// The events that wait for the end of a turn. Their number is limited by the events that clients
/// may have in progress.
#[derive(Debug)]
struct PendingBatch<E> {
    events: Vec<QueuedEvent<E>>,
    /// The threads that flush the batch at the end of their turns. A thread does not rely on
    /// another one, which a handler may keep busy.
    flushing: Vec<ThreadId>,
}

/// An event, and the sender of its answer.
type QueuedEvent<E> = (E, oneshot::Sender<HandlerResult>);

/// The number of events that are in the mailbox at a time: its default capacity. Their answers
/// leave before the next events are handled. An event that is in the mailbox is handled even if its
/// caller gives it up.
const MAILBOX_BATCH: usize = 16;

impl<E: HandledMessage> ActorBatcher<E> {
    pub(super) fn new(to: Recipient<E>) -> Arc<Self> {
        let pending = Mutex::new(PendingBatch { events: Vec::new(), flushing: Vec::new() });
        Arc::new(Self { to, actor_thread: OnceLock::new(), pending })
    }

    pub(super) fn call(self: &Arc<Self>, event: E) -> LocalBoxFuture<'static, HandlerResult> {
        let here = thread::current().id();
        match self.actor_thread.get() {
            Some(actor_thread) if actor_thread.thread != here => {
                let answer = self.enqueue(event, here);
                Box::pin(
                    async move { answer.await.unwrap_or_else(|_| Err(Failure::Stopped.into())) },
                )
            }
            Some(_) => Box::pin(answer_to(self.to.send(event))),
            None => Box::pin(Arc::clone(self).call_and_locate(event)),
        }
    }

    /// Adds an event to the batch that leaves at the end of this turn.
    fn enqueue(self: &Arc<Self>, event: E, here: ThreadId) -> oneshot::Receiver<HandlerResult> {
        let (sender, answer) = oneshot::channel();
        let mut pending = self.pending.lock();
        pending.events.push((event, sender));
        if !pending.flushing.contains(&here) {
            pending.flushing.push(here);
            drop(pending);
            let flush = FlushOnDrop { batcher: Arc::clone(self), thread: here };
            spawn_local(async move {
                // Waits for all tasks that are ready now, including those that other threads have
                // woken. A task that is only spawned would overtake these.
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
        // Sent under the lock, so that no other thread sends a later batch first.
        if !events.is_empty()
            && let Some(actor_thread) = self.actor_thread.get()
        {
            // If the thread has ended, the batch is dropped. Its callers then see a stopped actor.
            let _ = actor_thread.batches.send(events);
        }
    }

    /// Sends the event, and learns the thread of the actor from the answer.
    async fn call_and_locate(self: Arc<Self>, event: E) -> HandlerResult {
        // Unconstrained: only the answer wakes the request then, on the actor's thread.
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
        // Any thread can notice that an actor has stopped, but only a running actor answers.
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

/// Flushes the batch when it is dropped: at the end of the turn, or of the thread.
struct FlushOnDrop<E: HandledMessage> {
    batcher: Arc<ActorBatcher<E>>,
    thread: ThreadId,
}

impl<E: HandledMessage> Drop for FlushOnDrop<E> {
    fn drop(&mut self) {
        self.batcher.flush(self.thread);
    }
}

/// Passes batches to the actor, on its thread. It finishes a batch before the next, which would
/// otherwise overtake it.
async fn deliver<E: HandledMessage>(
    mut arriving: mpsc::UnboundedReceiver<Vec<QueuedEvent<E>>>,
    to: Recipient<E>,
) {
    let mut requests = Vec::with_capacity(MAILBOX_BATCH);
    while let Some(batch) = arriving.recv().await {
        // A closed sender means that the caller has given the event up.
        let mut wanted = batch.into_iter().filter(|(_, sender)| !sender.is_closed()).peekable();
        while wanted.peek().is_some() {
            requests.extend(
                wanted.by_ref().take(MAILBOX_BATCH).map(|(event, sender)| (to.send(event), sender)),
            );
            for (request, sender) in requests.drain(..) {
                let _ = sender.send(answer_to(request).await);
            }
        }
    }
}

async fn answer_to<E: HandledMessage>(request: RecipientRequest<E>) -> HandlerResult {
    request.await.unwrap_or_else(|_| Err(Failure::Stopped.into()))
}

/// A waker that records the thread on which it is woken.
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
