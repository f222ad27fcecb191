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
pub(super) struct Courier<E: Event> {
    to: Recipient<E>,
    home: OnceLock<Home<E>>,
    bag: Mutex<Bag<E>>,
}

/// Where the actor lives, and the way there.
#[derive(Debug)]
struct Home<E> {
    thread: ThreadId,
    batches: mpsc::UnboundedSender<Vec<Parcel<E>>>,
}

/// What waits for the end of a turn. No more than clients may have under way.
#[derive(Debug)]
struct Bag<E> {
    parcels: Vec<Parcel<E>>,
    /// The threads that empty it at the end of their turns. One does not rely on another, whom a
    /// handler may keep busy.
    carriers: Vec<ThreadId>,
}

/// An event, and who waits for the answer.
type Parcel<E> = (E, oneshot::Sender<HandlerResult>);

/// Events that are in the mailbox at a time: what it has room for by default. Their answers leave
/// before the next are handled. Who gives up an event that is there already, is too late: it is
/// handled all the same.
const AT_A_TIME: usize = 16;

impl<E: Event> Courier<E> {
    pub(super) fn new(to: Recipient<E>) -> Arc<Self> {
        let bag = Mutex::new(Bag { parcels: Vec::new(), carriers: Vec::new() });
        Arc::new(Self { to, home: OnceLock::new(), bag })
    }

    pub(super) fn call(self: &Arc<Self>, event: E) -> LocalBoxFuture<'static, HandlerResult> {
        let here = thread::current().id();
        match self.home.get() {
            Some(home) if home.thread != here => {
                let answer = self.take(event, here);
                Box::pin(
                    async move { answer.await.unwrap_or_else(|_| Err(Failure::Stopped.into())) },
                )
            }
            Some(_) => Box::pin(ask(self.to.send(event))),
            None => Box::pin(Arc::clone(self).ask_and_learn(event)),
        }
    }

    /// Takes an event along, at the end of this turn.
    fn take(self: &Arc<Self>, event: E, here: ThreadId) -> oneshot::Receiver<HandlerResult> {
        let (tell, answer) = oneshot::channel();
        let mut bag = self.bag.lock();
        bag.parcels.push((event, tell));
        if !bag.carriers.contains(&here) {
            bag.carriers.push(here);
            drop(bag);
            let carrier = Carrier { courier: Arc::clone(self), thread: here };
            spawn_local(async move {
                // Behind all that is ready now, also what other threads have woken: a task that is
                // only spawned would overtake that.
                yield_now().await;
                drop(carrier);
            });
        }
        answer
    }

    fn carry(&self, here: ThreadId) {
        let mut bag = self.bag.lock();
        bag.carriers.retain(|carrier| *carrier != here);
        let parcels = mem::take(&mut bag.parcels);
        // Before others may take a later batch there.
        if !parcels.is_empty()
            && let Some(home) = self.home.get()
        {
            // Should the thread have ended, the batch is dropped, which is an answer too.
            let _ = home.batches.send(parcels);
        }
    }

    /// Asks the actor, and notices where it answers.
    async fn ask_and_learn(self: Arc<Self>, event: E) -> HandlerResult {
        // Nothing but the answer wakes it then, and that is given on the actor's thread.
        let mut request = pin!(unconstrained(self.to.send(event)));
        let mut witness = None;
        let answer = poll_fn(|cx| {
            let next = Arc::new(Witness { waker: cx.waker().clone(), place: OnceLock::new() });
            let answer =
                request.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&next))));
            if answer.is_pending() {
                witness = Some(next);
            }
            answer
        })
        .await;
        // That an actor has stopped, may show anywhere; but only one that lives answers.
        if answer.is_ok()
            && let Some(place) = witness.as_ref().and_then(|witness| witness.place.get())
        {
            self.home.get_or_init(|| {
                let ((batches, arriving), to) = (mpsc::unbounded_channel(), self.to.clone());
                place.arbiter.spawn_fn(move || drop(spawn_local(deliver(arriving, to))));
                Home { thread: place.thread, batches }
            });
        }
        answer.unwrap_or_else(|_| Err(Failure::Stopped.into()))
    }
}

/// Brings what is in the bag on its way when it is dropped: at the end of the turn, or of the whole
/// thread.
struct Carrier<E: Event> {
    courier: Arc<Courier<E>>,
    thread: ThreadId,
}

impl<E: Event> Drop for Carrier<E> {
    fn drop(&mut self) {
        self.courier.carry(self.thread);
    }
}

/// Asks the actor, on its thread. One batch after the other, or the second would overtake the rest
/// of the first.
async fn deliver<E: Event>(
    mut arriving: mpsc::UnboundedReceiver<Vec<Parcel<E>>>,
    to: Recipient<E>,
) {
    let mut asked = Vec::with_capacity(AT_A_TIME);
    while let Some(batch) = arriving.recv().await {
        // Who does not wait any more has given the event up.
        let mut wanted = batch.into_iter().filter(|(_, tell)| !tell.is_closed()).peekable();
        while wanted.peek().is_some() {
            asked.extend(
                wanted.by_ref().take(AT_A_TIME).map(|(event, tell)| (to.send(event), tell)),
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
struct Witness {
    waker: Waker,
    place: OnceLock<Place>,
}

struct Place {
    arbiter: ArbiterHandle,
    thread: ThreadId,
}

impl Wake for Witness {
    fn wake(self: Arc<Self>) {
        if let Some(arbiter) = Arbiter::try_current() {
            let _ = self.place.set(Place { arbiter, thread: thread::current().id() });
        }
        self.waker.wake_by_ref();
    }
}

#[cfg(test)]
mod tests;
