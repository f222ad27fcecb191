use actix::{Actor, Addr, Handler, dev::ToEnvelope};

use super::{AnyEvent, ChannelEvent, Handlers};

/// An actor that lists the events that it handles: `On…` events, and events of clients by their
/// names, as [`Received<T>`](super::Received).
///
/// [`Builder::to`](crate::Builder::to) and [`Route::to`](super::Route::to) register such an actor
/// for all its events in one call. Each listed event needs its `impl Handler<..>`.
///
/// ```
/// use actix::prelude::*;
/// use actix_socketio::{HandlerResult, OnFinish, OnMessage, SocketHandler};
///
/// struct Echo;
///
/// impl Actor for Echo {
///     type Context = Context<Self>;
/// }
///
/// impl SocketHandler for Echo {
///     type Events = (OnMessage,);
/// }
///
/// impl Handler<OnMessage> for Echo {
///     type Result = HandlerResult;
///
///     fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
///         let text: String = event.json()?;
///         event.socket.send(&text)?;
///         Ok(())
///     }
/// }
/// ```
///
/// A listed event without a handler does not compile:
///
/// ```compile_fail
/// # use actix::prelude::*;
/// # use actix_socketio::{OnMessage, SocketHandler};
/// struct Unfinished;
///
/// impl Actor for Unfinished {
///     type Context = Context<Self>;
/// }
///
/// impl SocketHandler for Unfinished {
///     type Events = (OnMessage,); // no `Handler<OnMessage>`
/// }
/// ```
pub trait SocketHandler: Actor {
    /// The events as a tuple: `(OnSubscribe, OnMessage)`, or `(OnMessage,)` for one event.
    type Events: EventSet<Self>;
}

/// An event that the actor `A` may list: an `On…` event, or [`Received<T>`](super::Received), that
/// it has a `Handler` of.
#[diagnostic::on_unimplemented(
    message = "the actor `{A}` lists `{Self}`, and can't handle it",
    label = "`{A}` has no handler of `{Self}`",
    note = "it needs `impl Handler<{Self}> for {A}`"
)]
pub trait Listed<A: Actor> {
    /// Registers the actor for the event.
    #[doc(hidden)]
    fn add(addr: &Addr<A>, to: &mut Handlers);
}

impl<A, E> Listed<A> for E
where
    E: AnyEvent,
    A: Actor + Handler<E>,
    A::Context: ToEnvelope<A, E>,
{
    fn add(addr: &Addr<A>, to: &mut Handlers) {
        to.register::<E, _, _>(addr);
    }
}

/// An event that can be about a channel, in the list of an actor.
#[diagnostic::on_unimplemented(
    message = "an actor on a route can't handle `{Self}`",
    note = "`OnConnect`, `OnPacket`, `OnUpgrade` and `OnServerEvent` are not about a channel: \
            register them on the `Builder`"
)]
pub trait ChannelListed {}

impl<E: ChannelEvent> ChannelListed for E {}

/// A tuple of up to sixteen events that the actor `A` handles.
pub trait EventSet<A: Actor> {
    /// Registers the actor for each event.
    #[doc(hidden)]
    fn add(addr: &Addr<A>, to: &mut Handlers);
}

/// A tuple of events that can be about a channel. An actor on a [`Route`](super::Route) may list
/// only these.
#[diagnostic::on_unimplemented(
    message = "an actor on a route can't handle `OnConnect`, `OnPacket`, `OnUpgrade` or `OnServerEvent`",
    note = "these events are not about a channel: register them on the `Builder`"
)]
pub trait ChannelEventSet {}

macro_rules! event_set {
    ($($event:ident),+) => {
        impl<A, $($event),+> EventSet<A> for ($($event,)+)
        where
            A: Actor,
            $($event: Listed<A>,)+
        {
            fn add(addr: &Addr<A>, to: &mut Handlers) {
                $($event::add(addr, to);)+
            }
        }

        impl<$($event: ChannelListed),+> ChannelEventSet for ($($event,)+) {}
    };
}

event_set!(E1);
event_set!(E1, E2);
event_set!(E1, E2, E3);
event_set!(E1, E2, E3, E4);
event_set!(E1, E2, E3, E4, E5);
event_set!(E1, E2, E3, E4, E5, E6);
event_set!(E1, E2, E3, E4, E5, E6, E7);
event_set!(E1, E2, E3, E4, E5, E6, E7, E8);
event_set!(E1, E2, E3, E4, E5, E6, E7, E8, E9);
event_set!(E1, E2, E3, E4, E5, E6, E7, E8, E9, E10);
event_set!(E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11);
event_set!(E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12);
event_set!(E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13);
event_set!(E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14);
event_set!(E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15);
event_set!(E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15, E16);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{
        OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, OnPacket, OnServerEvent,
        OnSubscribe, OnUnsubscribe, OnUpgrade,
    };

    struct All;

    impl Actor for All {
        type Context = actix::Context<Self>;
    }

    impl<E: AnyEvent> Handler<E> for All {
        type Result = crate::event::HandlerResult;

        fn handle(&mut self, _: E, _: &mut Self::Context) -> Self::Result {
            Ok(())
        }
    }

    impl SocketHandler for All {
        type Events = (
            OnConnect,
            OnMessage,
            OnSubscribe,
            OnUnsubscribe,
            OnError,
            OnDisconnect,
            OnFinish,
            OnPacket,
            OnUpgrade,
            OnServerEvent,
        );
    }

    #[actix_web::test]
    async fn an_actor_may_list_all_events() {
        let mut handlers = Handlers::default();
        <All as SocketHandler>::Events::add(&All.start(), &mut handlers);
        let counts = format!("{handlers:?}");
        assert!(!counts.contains(": 0"), "{counts}");
        assert_eq!(counts.matches(": 1").count(), 10, "{counts}");
    }
}
