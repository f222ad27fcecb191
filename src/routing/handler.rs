use std::{
    any::{self, TypeId},
    fmt,
    sync::Arc,
};

use actix::{Actor, Addr, Handler, Recipient, dev::ToEnvelope};
use futures_core::future::LocalBoxFuture;

use super::{Event, actor_batcher::ActorBatcher, catch_panic::CatchPanic};
use crate::event::{Failure, HandlerResult};

/// A handler of any kind as a function from the event to the answer. For an actor, the function
/// sends the event to its mailbox.
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

/// Whether an actor finishes an event before it takes the next from its mailbox. It does if it is a
/// single actor that answers with a value. An actor that answers with a future, and the pool of a
/// `SyncArbiter`, may handle several events at a time.
fn is_sequential<A: Actor + Handler<E>, E: Event>() -> bool {
    // `Context<A>` needs a bound that `A` does not have here, so its name is compared. If actix
    // renames the type, events are handed over one by one, which is slower.
    let is_single = any::type_name::<A::Context>().starts_with("actix::context::Context<");
    is_single && TypeId::of::<A::Result>() == TypeId::of::<HandlerResult>()
}

/// A handler of the event `E`. You can register:
///
/// * the address of an actor, as `&Addr<A>` or `Addr<A>`. The actor has an `impl Handler<E>` with
///   `type Result = HandlerResult`, or a `ResponseFuture` of it. The pool of a `SyncArbiter` also
///   has an address: use it for a handler that blocks;
/// * a `Recipient<E>`;
/// * a function `async fn(E) -> HandlerResult`;
/// * an async closure whose parameter has a type, `async |event: OnMessage| { … }`. The closure may
///   lend captured values to its future.
///
/// The future of a function or closure runs on the worker of the client's connection, and need not
/// be `Send`.
///
/// ```
/// use actix_socketio::{HandlerResult, OnConnect, OnMessage, SocketIo};
///
/// async fn admit(event: OnConnect) -> HandlerResult {
///     log::info!("{} connects", event.socket.id());
///     Ok(())
/// }
///
/// let greeting = String::from("hello");
/// let builder = SocketIo::builder()
///     .on_connect(admit)
///     .on_message(async move |event: OnMessage| Ok(event.socket.send(&greeting)?));
/// ```
///
/// `Via` separates actors from functions for the compiler. You never write it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't handle `{E}`",
    label = "not a handler of `{E}`",
    note = "an actor, `&addr`, needs `impl Handler<{E}>` with `type Result = HandlerResult`",
    note = "a function is an `async fn({E}) -> HandlerResult`",
    note = "a closure is `async |event: {E}| {{ .. }}`, with its type, and returns `HandlerResult`"
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
        if is_sequential::<A, E>() {
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
    actor!(Pool, SyncContext<Self>, HandlerResult, Ok(()));

    #[test]
    fn a_single_actor_that_answers_with_a_value_is_sequential() {
        assert!(is_sequential::<Prompt, OnMessage>());
        assert!(!is_sequential::<Patient, OnMessage>());
        assert!(!is_sequential::<Pool, OnMessage>());
    }

    #[actix_web::test]
    async fn only_the_address_shows_that_an_actor_is_sequential() {
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
