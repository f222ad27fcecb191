use std::{
    any::{self, TypeId},
    fmt,
    marker::PhantomData,
    sync::Arc,
};

use actix::{Actor, Addr, Handler, Recipient, dev::ToEnvelope};
use futures_core::future::LocalBoxFuture;

use super::{AnyEvent, actor_batcher::ActorBatcher, answer::CallStyle, catch_panic::CatchPanic};
#[cfg(test)]
use super::{Parameters, answer::Silent};
use crate::event::{Failure, HandlerError, HandlerResult};

/// A handler of any kind as a function from the event to the answer. For an actor, the function
/// sends the event to its mailbox.
pub struct HandlerFn<E> {
    function: Arc<dyn Fn(E) -> LocalBoxFuture<'static, HandlerResult> + Send + Sync>,
    /// It finishes each event before it starts the next, even if several are handed over.
    is_sequential: bool,
}

impl<E> HandlerFn<E> {
    pub(super) fn new(
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

    /// Whether both are the same registration.
    #[cfg(test)]
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.function, &other.function)
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
fn is_sequential<A: Actor + Handler<E>, E: AnyEvent>() -> bool {
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
/// * a function, an `async fn`, of up to eight parameters. Each says by its type what it wants:
///   see [`FromEvent`](super::FromEvent);
/// * an async closure whose parameters have their types written out,
///   `async |event: OnMessage| { … }`. The closure may lend captured values to its future.
///
/// The future of a function or closure runs on the worker of the client's connection, and need not
/// be `Send`. It returns a `Result` with a [`HandlerError`].
///
/// ```
/// use actix_socketio::{HandlerResult, OnConnect, OnMessage, Socket, SocketIo};
///
/// async fn admit(socket: Socket) -> HandlerResult {
///     log::info!("{} connects", socket.id());
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
    message = "this can't handle `{E}`",
    label = "not a handler of `{E}`",
    note = "a function is an `async fn`, or an `async` closure whose parameters have their types \
            written out, 8 at most",
    note = "it returns `Result<_, HandlerError>`, and `HandlerResult` for most events",
    note = "an actor, `&addr`, needs `impl Handler<{E}>` with `type Result = HandlerResult`"
)]
pub trait IntoHandler<E, Via>: sealed::Sealed<E, Via> {
    /// The parameters of the function, as a tuple.
    type Parameters;
    /// The value that the function returns. An actor returns `()`.
    type Answer;

    /// The handler as a function of the event.
    #[doc(hidden)]
    fn into_handler<C>(self) -> HandlerFn<E>
    where
        C: CallStyle<E, Self::Parameters, Self::Answer>;
}

/// Marks handlers that are actors.
#[derive(Debug)]
#[non_exhaustive]
pub struct ViaActor;

/// Marks handlers that are functions with the parameters `P`.
#[derive(Debug)]
#[non_exhaustive]
pub struct ViaFn<P>(PhantomData<P>);

mod sealed {
    pub trait Sealed<E, Via> {}
}

macro_rules! actor_handlers {
    ($(
        [$($generics:tt)*] $handler:ty, |$this:ident| $into_handler:expr, [$($bounds:tt)*];
    )*) => {$(
        impl<E: AnyEvent, $($generics)*> sealed::Sealed<E, ViaActor> for $handler $($bounds)* {}

        impl<E: AnyEvent, $($generics)*> IntoHandler<E, ViaActor> for $handler $($bounds)* {
            type Parameters = (E,);
            type Answer = ();

            fn into_handler<C: CallStyle<E, (E,), ()>>(self) -> HandlerFn<E> {
                let $this = self;
                $into_handler
            }
        }
    )*};
}

actor_handlers! {
    [] Recipient<E>, |recipient| send_to(recipient), [];
    [A: Actor + Handler<E>] Addr<A>, |addr| {
        if is_sequential::<A, E>() {
            let batcher = ActorBatcher::new(addr.recipient());
            HandlerFn { is_sequential: true, ..HandlerFn::new(move |event| batcher.call(event)) }
        } else {
            send_to(addr.recipient())
        }
    }, [where A::Context: ToEnvelope<A, E>];
    [A: Actor + Handler<E>] &Addr<A>, |addr| addr.clone().into_handler::<C>(),
    [where A::Context: ToEnvelope<A, E>];
}

fn send_to<E: AnyEvent>(recipient: Recipient<E>) -> HandlerFn<E> {
    HandlerFn::new(move |event| {
        let answer = recipient.send(event);
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(Failure::Stopped.into())) })
    })
}

macro_rules! function_handlers {
    ($($parameter:ident)*) => {
        impl<E, F, R, $($parameter),*> sealed::Sealed<E, ViaFn<($($parameter,)*)>> for F
        where
            E: AnyEvent,
            F: AsyncFn($($parameter),*) -> Result<R, HandlerError> + Send + Sync + 'static,
        {
        }

        impl<E, F, R, $($parameter),*> IntoHandler<E, ViaFn<($($parameter,)*)>> for F
        where
            E: AnyEvent,
            F: AsyncFn($($parameter),*) -> Result<R, HandlerError> + Send + Sync + 'static,
            R: 'static,
            $($parameter: 'static,)*
        {
            type Parameters = ($($parameter,)*);
            type Answer = R;

            #[allow(non_snake_case)]
            fn into_handler<C>(self) -> HandlerFn<E>
            where
                C: CallStyle<E, Self::Parameters, R>,
            {
                let function = Arc::new(self);
                HandlerFn::new(move |event| {
                    let function = Arc::clone(&function);
                    Box::pin(CatchPanic::new(async move {
                        let (($($parameter,)*), kept) = C::read(event)?;
                        let result = function($($parameter),*).await?;
                        C::finish(kept, result)
                    }))
                })
            }
        }
    };
}

function_handlers!();
function_handlers!(P1);
function_handlers!(P1 P2);
function_handlers!(P1 P2 P3);
function_handlers!(P1 P2 P3 P4);
function_handlers!(P1 P2 P3 P4 P5);
function_handlers!(P1 P2 P3 P4 P5 P6);
function_handlers!(P1 P2 P3 P4 P5 P6 P7);
function_handlers!(P1 P2 P3 P4 P5 P6 P7 P8);

/// The handler as a function of the event, for tests.
#[cfg(test)]
pub(super) fn handler_fn<E, Via, H>(handler: H) -> HandlerFn<E>
where
    E: AnyEvent,
    H: IntoHandler<E, Via, Answer = ()>,
    H::Parameters: Parameters<E>,
{
    handler.into_handler::<Silent>()
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
        assert!(is_sequential(handler_fn(Prompt.start())));
        let addr = Prompt.start();
        assert!(is_sequential(handler_fn(&addr)));
        assert!(!is_sequential(handler_fn(Prompt.start().recipient())));
        assert!(!is_sequential(handler_fn(Patient.start())));
        assert!(!is_sequential(handler_fn(async |_: OnMessage| -> HandlerResult { Ok(()) })));
        let function: HandlerFn<OnConnect> =
            handler_fn(async |_: OnConnect| -> HandlerResult { Ok(()) });
        assert!(!function.is_sequential());
    }
}
