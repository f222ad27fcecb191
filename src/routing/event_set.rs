use actix::{Actor, Addr, Handler, dev::ToEnvelope};

use super::{ChannelEvent, Event, Handlers, IntoHandler};

/// An actor that says which events it takes, so that [`Builder::to`](crate::Builder::to) and
/// [`Route::to`](super::Route::to) register it for all of them in one word.
///
/// A listed event without its `impl Handler<..>` does not compile.
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
/// An event that is listed and not handled:
///
/// ```compile_fail
/// # use actix::prelude::*;
/// # use actix_socketio::{OnMessage, SocketHandler};
/// struct Deaf;
///
/// impl Actor for Deaf {
///     type Context = Context<Self>;
/// }
///
/// impl SocketHandler for Deaf {
///     type Events = (OnMessage,); // the trait bound `Deaf: Handler<OnMessage>` is not satisfied
/// }
/// ```
pub trait SocketHandler: Actor {
    /// The events, as a tuple: `(OnSubscribe, OnMessage)`, or `(OnMessage,)` for a single one.
    type Events: EventSet<Self>;
}

/// A tuple of events, all of which the actor `A` handles.
pub trait EventSet<A: Actor> {
    /// Registers the actor for each of them.
    #[doc(hidden)]
    fn add(addr: &Addr<A>, to: &mut Handlers);
}

/// A tuple of events which may concern a channel: what an actor on a [`Route`](super::Route) may
/// list.
#[diagnostic::on_unimplemented(
    message = "an actor on a route can't take `OnConnect`, `OnPacket` or `OnUpgrade`",
    note = "these concern no channel: register the actor with `Builder::to`, or `Builder::on_connect` and the like"
)]
pub trait ChannelEventSet {}

macro_rules! event_set {
    ($($event:ident),+) => {
        impl<A, $($event),+> EventSet<A> for ($($event,)+)
        where
            A: Actor $(+ Handler<$event>)+,
            $($event: Event, A::Context: ToEnvelope<A, $event>,)+
        {
            fn add(addr: &Addr<A>, to: &mut Handlers) {
                $(to.add::<$event>(addr.into_handler());)+
            }
        }

        impl<$($event: ChannelEvent),+> ChannelEventSet for ($($event,)+) {}
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
