use std::{pin::Pin, sync::Arc};

use actix::{Actor, Addr, Handler, Recipient, dev::ToEnvelope};

use super::{Event, caught::Caught};
use crate::event::{Failure, HandlerResult};

/// A handler of any kind, as the router knows it: the event in, the answer out. An actor is one too, at the other end
/// of a mailbox.
pub(crate) type HandlerFn<E> = Arc<dyn Fn(E) -> Pin<Box<dyn Future<Output = HandlerResult>>> + Send + Sync>;

/// What can handle an event `E`:
///
/// * the address of an actor which has `impl Handler<E>` with `type Result = HandlerResult` (or a future of one), as
///   `&Addr<A>` or `Addr<A>`; a `SyncArbiter`'s pool, for handlers that block, is one too;
/// * a `Recipient<E>`;
/// * a function `async fn(E) -> HandlerResult`, or an async closure with its parameter's type written out,
///   `async |event: OnMessage| { … }`. Its future runs on the worker of the client's connection and need not be `Send`;
///   the closure may lend what it has captured.
///
/// `Via` tells the kinds apart; you need never write it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{E}`",
    label = "not a handler of `{E}`",
    note = "an actor needs `impl Handler<{E}>` with `type Result = HandlerResult`",
    note = "a function needs the shape `async fn({E}) -> HandlerResult`, a closure `async |event: {E}| {{ .. }}`"
)]
pub trait IntoHandler<E, Via>: sealed::Sealed<E, Via> {
    /// The handler as a function.
    #[doc(hidden)]
    fn into_handler(self) -> HandlerFn<E>;
}

/// Marks handlers that are actors.
#[derive(Debug)]
#[non_exhaustive]
pub struct ViaActor;

/// Marks handlers that are functions.
#[derive(Debug)]
#[non_exhaustive]
pub struct ViaFn;

mod sealed {
    pub trait Sealed<E, Via> {}
}

impl<E: Event> sealed::Sealed<E, ViaActor> for Recipient<E> {}

impl<E: Event> IntoHandler<E, ViaActor> for Recipient<E> {
    fn into_handler(self) -> HandlerFn<E> {
        Arc::new(move |event| {
            let answer = self.send(event);
            Box::pin(async move { answer.await.unwrap_or_else(|_| Err(Failure::Stopped.into())) })
        })
    }
}

impl<E, A> sealed::Sealed<E, ViaActor> for Addr<A>
where
    E: Event,
    A: Actor + Handler<E>,
    A::Context: ToEnvelope<A, E>,
{
}

impl<E, A> IntoHandler<E, ViaActor> for Addr<A>
where
    E: Event,
    A: Actor + Handler<E>,
    A::Context: ToEnvelope<A, E>,
{
    fn into_handler(self) -> HandlerFn<E> {
        self.recipient().into_handler()
    }
}

impl<E, A> sealed::Sealed<E, ViaActor> for &Addr<A>
where
    E: Event,
    A: Actor + Handler<E>,
    A::Context: ToEnvelope<A, E>,
{
}

impl<E, A> IntoHandler<E, ViaActor> for &Addr<A>
where
    E: Event,
    A: Actor + Handler<E>,
    A::Context: ToEnvelope<A, E>,
{
    fn into_handler(self) -> HandlerFn<E> {
        self.clone().into_handler()
    }
}

impl<E: Event, F> sealed::Sealed<E, ViaFn> for F where F: AsyncFn(E) -> HandlerResult + Send + Sync + 'static {}

impl<E: Event, F> IntoHandler<E, ViaFn> for F
where
    F: AsyncFn(E) -> HandlerResult + Send + Sync + 'static,
{
    fn into_handler(self) -> HandlerFn<E> {
        let function = Arc::new(self);
        Arc::new(move |event| {
            let function = Arc::clone(&function);
            Box::pin(Caught::new(async move { function(event).await }))
        })
    }
}
