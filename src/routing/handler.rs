use std::{
    any::{self, TypeId},
    fmt,
    sync::Arc,
};

use actix::{Actor, Addr, Handler, Recipient, dev::ToEnvelope};
use futures_core::future::LocalBoxFuture;

use super::{Event, actor_batcher::ActorBatcher, catch_panic::CatchPanic};
use crate::event::{Failure, HandlerResult};

/// A handler of any kind, as the router knows it: the event in, the answer out. An actor is one
/// too, at the other end of a mailbox.
pub struct HandlerFn<E> {
    function: Arc<dyn Fn(E) -> LocalBoxFuture<'static, HandlerResult> + Send + Sync>,
    /// It finishes each event before it starts the next, even if several are handed over.
    is_sequential: bool,
}

impl<E> HandlerFn<E> {
    fn new(
        function: impl Fn(E) -> LocalBoxFuture<'static, HandlerResult> + Send + Sync + 'static,
    ) -> Self {
        Self { function: Arc::new(function), is_sequential: false }
    }

    pub(super) fn call(&self, event: E) -> LocalBoxFuture<'static, HandlerResult> {
        (self.function)(event)
    }

    pub(super) fn is_sequential(&self) -> bool {
        self.is_sequential
    }
}

impl<E> Clone for HandlerFn<E> {
    fn clone(&self) -> Self {
        Self { function: Arc::clone(&self.function), is_sequential: self.is_sequential }
    }
}

impl<E> fmt::Debug for HandlerFn<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerFn")
            .field("is_sequential", &self.is_sequential)
            .finish_non_exhaustive()
    }
}

/// Whether an actor is one for itself, and answers with a value: it is done with an event when it
/// takes the next from its mailbox. One that answers with a future may be at work on several, and
/// so may the many of a `SyncArbiter`.
fn is_prompt<A: Actor + Handler<E>, E: Event>() -> bool {
    // The type can't be named here: it exists only for actors that have it. Should its name change,
    // actors are slower.
    let is_one = any::type_name::<A::Context>().starts_with("actix::context::Context<");
    is_one && TypeId::of::<A::Result>() == TypeId::of::<HandlerResult>()
}

/// What can handle an event `E`:
///
/// * the address of an actor which has `impl Handler<E>` with `type Result = HandlerResult` (or a
///   future of one), as `&Addr<A>` or `Addr<A>`; a `SyncArbiter`'s pool, for handlers that block,
///   is one too;
/// * a `Recipient<E>`;
/// * a function `async fn(E) -> HandlerResult`, or an async closure with its parameter's type
///   written out, `async |event: OnMessage| { … }`. Its future runs on the worker of the client's
///   connection and need not be `Send`; the closure may lend what it has captured.
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
        HandlerFn::new(move |event| {
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
        if is_prompt::<A, E>() {
            let batcher = ActorBatcher::new(self.recipient());
            HandlerFn { is_sequential: true, ..HandlerFn::new(move |event| batcher.call(event)) }
        } else {
            self.recipient().into_handler()
        }
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

impl<E: Event, F> sealed::Sealed<E, ViaFn> for F where
    F: AsyncFn(E) -> HandlerResult + Send + Sync + 'static
{
}

impl<E: Event, F> IntoHandler<E, ViaFn> for F
where
    F: AsyncFn(E) -> HandlerResult + Send + Sync + 'static,
{
    fn into_handler(self) -> HandlerFn<E> {
        let function = Arc::new(self);
        HandlerFn::new(move |event| {
            let function = Arc::clone(&function);
            Box::pin(CatchPanic::new(async move { function(event).await }))
        })
    }
}

#[cfg(test)]
mod tests {
    use actix::{Context, ResponseFuture, SyncContext};

    use super::*;
    use crate::event::{OnConnect, OnMessage};

    macro_rules! actor {
        ($name:ident, $context:ty, $result:ty, $answer:expr) => {
            struct $name;

            impl Actor for $name {
                type Context = $context;
            }

            impl Handler<OnMessage> for $name {
                type Result = $result;

                fn handle(&mut self, _: OnMessage, _: &mut Self::Context) -> Self::Result {
                    $answer
                }
            }
        };
    }

    actor!(Prompt, Context<Self>, HandlerResult, Ok(()));
    actor!(Patient, Context<Self>, ResponseFuture<HandlerResult>, Box::pin(async { Ok(()) }));
    actor!(Many, SyncContext<Self>, HandlerResult, Ok(()));

    #[test]
    fn an_actor_is_prompt_if_it_is_one_and_answers_with_a_value() {
        assert!(is_prompt::<Prompt, OnMessage>());
        assert!(!is_prompt::<Patient, OnMessage>());
        assert!(!is_prompt::<Many, OnMessage>());
    }

    #[actix_web::test]
    async fn what_kind_an_actor_is_is_known_by_its_address_alone() {
        let is_sequential = |handler: HandlerFn<OnMessage>| handler.is_sequential();
        assert!(is_sequential(Prompt.start().into_handler()));
        assert!(is_sequential((&Prompt.start()).into_handler()));
        assert!(!is_sequential(Prompt.start().recipient().into_handler()));
        assert!(!is_sequential(Patient.start().into_handler()));
        assert!(!is_sequential((async |_: OnMessage| -> HandlerResult { Ok(()) }).into_handler()));
        let function: HandlerFn<OnConnect> =
            (async |_: OnConnect| -> HandlerResult { Ok(()) }).into_handler();
        assert!(!function.is_sequential());
    }
}
