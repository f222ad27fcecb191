use std::fmt;

use actix::Message;

use super::HandlerFn;
use crate::event::{
    HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, OnPacket, OnServerEvent,
    OnSubscribe, OnUnsubscribe, OnUpgrade,
};

/// An event that a handler can receive: one of the `On…` types.
///
/// The trait is sealed. Use it as a bound for a handler that receives several events:
///
/// ```
/// use actix_socketio::{Event, HandlerResult, OnConnect, OnFinish, SocketIo};
///
/// async fn count<E: Event>(_: E) -> HandlerResult {
///     // metrics.events.inc();
///     Ok(())
/// }
///
/// let builder = SocketIo::builder().on_connect(count::<OnConnect>).on_finish(count::<OnFinish>);
/// ```
pub trait Event:
    Message<Result = HandlerResult> + Clone + Send + sealed::HandlerList + 'static
{
}

/// An event that can be about a channel: one of the six that a [`Route`](super::Route) handles.
///
/// They are [`OnMessage`], [`OnSubscribe`], [`OnUnsubscribe`], [`OnError`], [`OnDisconnect`] and
/// [`OnFinish`].
pub trait ChannelEvent: Event {}

pub(crate) mod sealed {
    /// Finds the handlers of an event.
    pub trait HandlerList: Sized {
        /// The place of the event among all events, for tables by event.
        const INDEX: usize;

        fn list(handlers: &super::Handlers) -> &Vec<super::HandlerFn<Self>>;
        fn list_mut(handlers: &mut super::Handlers) -> &mut Vec<super::HandlerFn<Self>>;
    }
}

impl Handlers {
    pub(crate) fn add<E: Event>(&mut self, handler: HandlerFn<E>) {
        E::list_mut(self).push(handler);
    }

    pub(crate) fn of<E: Event>(&self) -> &[HandlerFn<E>] {
        E::list(self)
    }
}

macro_rules! events {
    ($($event:ident: $field:ident),* $(,)?) => {
        /// Handlers by event, each list in the order of registration.
        #[derive(Default)]
        pub struct Handlers {
            $($field: Vec<HandlerFn<$event>>,)*
        }

        /// The places of the events.
        #[allow(non_camel_case_types)]
        enum EventIndex {
            $($field,)*
        }

        impl Handlers {
            /// The number of events.
            pub(super) const EVENTS: usize = [$(stringify!($event)),*].len();

            /// Whether there is a handler of each event, by the place of the event.
            pub(super) fn handled(&self) -> [bool; Self::EVENTS] {
                [$(!self.$field.is_empty()),*]
            }
        }

        /// The number of handlers by event.
        impl fmt::Debug for Handlers {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct("Handlers")
                    $(.field(stringify!($field), &self.$field.len()))*
                    .finish()
            }
        }

        $(
            impl sealed::HandlerList for $event {
                const INDEX: usize = EventIndex::$field as usize;

                fn list(handlers: &Handlers) -> &Vec<HandlerFn<Self>> {
                    &handlers.$field
                }

                fn list_mut(handlers: &mut Handlers) -> &mut Vec<HandlerFn<Self>> {
                    &mut handlers.$field
                }
            }

            impl Event for $event {}
        )*
    };
}

events! {
    OnConnect: connect,
    OnMessage: message,
    OnSubscribe: subscribe,
    OnUnsubscribe: unsubscribe,
    OnError: error,
    OnDisconnect: disconnect,
    OnFinish: finish,
    OnPacket: packet,
    OnUpgrade: upgrade,
    OnServerEvent: server_event,
}

impl ChannelEvent for OnMessage {}
impl ChannelEvent for OnSubscribe {}
impl ChannelEvent for OnUnsubscribe {}
impl ChannelEvent for OnError {}
impl ChannelEvent for OnDisconnect {}
impl ChannelEvent for OnFinish {}
