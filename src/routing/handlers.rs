use std::fmt;

use actix::Message;

use super::{
    FromEvent, HandlerFn, IntoHandler, Parameters,
    answer::{Acknowledging, Answer, Silent},
    message_handlers::MessageHandlers,
};
use crate::{
    event::{
        HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, OnPacket,
        OnServerEvent, OnSubscribe, OnUnsubscribe, OnUpgrade,
    },
    model::DataMap,
    socket::Socket,
};

/// An event of a client that a handler can receive: one of the `On…` types.
///
/// The trait is sealed. Use it as a bound for a handler that receives several events, and for a
/// parameter of handlers of all events, [`FromEvent`]:
///
/// ```
/// use actix_socketio::{Event, HandlerResult, OnConnect, OnFinish, SocketIo};
///
/// async fn count<E: Event>(event: E) -> HandlerResult {
///     log::debug!("one more event of {}", event.socket().id());
///     Ok(())
/// }
///
/// let builder = SocketIo::builder().on_connect(count::<OnConnect>).on_finish(count::<OnFinish>);
/// ```
pub trait Event: AnyEvent {
    /// The client.
    fn socket(&self) -> &Socket;
}

/// An event that a handler can receive: an [`Event`] of a client, or [`OnServerEvent`].
///
/// The trait is sealed.
pub trait AnyEvent:
    Message<Result = HandlerResult> + Clone + Send + FromEvent<Self> + sealed::HandlerList + 'static
{
}

/// An event that can be about a channel: one of the six that a [`Route`](super::Route) handles.
///
/// They are [`OnMessage`], [`OnSubscribe`], [`OnUnsubscribe`], [`OnError`], [`OnDisconnect`] and
/// [`OnFinish`].
pub trait ChannelEvent: Event {}

pub(crate) mod sealed {
    use crate::model::DataMap;

    /// Finds the handlers of an event.
    pub trait HandlerList: Sized {
        /// The place of the event among all events, for tables by event.
        const INDEX: usize;
        /// The name of its type.
        const NAME: &'static str;

        /// The handlers of this event.
        fn select<'a>(&self, handlers: &'a super::Handlers) -> &'a [super::HandlerFn<Self>];
        fn add(handlers: &mut super::Handlers, handler: super::HandlerFn<Self>);
        fn is_handled(handlers: &super::Handlers) -> bool;
        /// The application's values.
        fn data(&self) -> &DataMap;
    }
}

/// A value that a handler wants from [`Builder::data`](crate::Builder::data).
pub(crate) struct DataNeed {
    /// The events of the handler, for an error.
    pub(crate) of: String,
    /// The name of its type, if it was not given.
    pub(crate) missing: fn(&DataMap) -> Option<&'static str>,
}

impl Handlers {
    /// Registers a handler of an event.
    pub(crate) fn register<E, Via, H>(&mut self, handler: H)
    where
        E: AnyEvent,
        H: IntoHandler<E, Via, Answer = ()>,
        H::Parameters: Parameters<E>,
    {
        self.need::<E, H::Parameters>(E::NAME.to_owned());
        E::add(self, handler.into_handler::<Silent>());
    }

    /// Registers a handler of the events with a name, whose result is the acknowledgement.
    pub(crate) fn register_named<Via, H>(&mut self, name: &str, handler: H)
    where
        H: IntoHandler<OnMessage, Via>,
        H::Parameters: Parameters<OnMessage>,
        H::Answer: Answer,
    {
        self.need::<OnMessage, H::Parameters>(format!("{name:?}"));
        self.message.add_named(name, handler.into_handler::<Acknowledging>());
    }

    /// Registers a handler of the events that no other handler takes.
    pub(crate) fn register_unknown<Via, H>(&mut self, handler: H)
    where
        H: IntoHandler<OnMessage, Via, Answer = ()>,
        H::Parameters: Parameters<OnMessage>,
    {
        self.need::<OnMessage, H::Parameters>("unknown events".to_owned());
        self.message.add_unknown(handler.into_handler::<Silent>());
    }

    fn need<E, P: Parameters<E>>(&mut self, of: String) {
        self.needs.push(DataNeed { of, missing: P::missing });
    }

    /// Adds a handler of the events with a name, which needs nothing of the application.
    pub(super) fn add_named(&mut self, name: &str, handler: HandlerFn<OnMessage>) {
        self.message.add_named(name, handler);
    }

    /// The handlers of an event.
    #[inline]
    pub(super) fn of<E: AnyEvent>(&self, event: &E) -> &[HandlerFn<E>] {
        event.select(self)
    }

    /// Whether there is a handler of any event of this type.
    pub(super) fn has<E: AnyEvent>(&self) -> bool {
        E::is_handled(self)
    }

    pub(super) fn messages(&self) -> &MessageHandlers {
        &self.message
    }

    pub(super) fn server_events(&self) -> &[HandlerFn<OnServerEvent>] {
        &self.server_event
    }

    /// The first value that a handler wants and `data` does not have: what the handler receives,
    /// and the type of the value.
    pub(crate) fn missing(&self, data: &DataMap) -> Option<(&str, &'static str)> {
        self.needs.iter().find_map(|need| Some((&*need.of, (need.missing)(data)?)))
    }

    /// The names of events that have handlers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.message.names()
    }
}

macro_rules! events {
    ($($event:ident: $field:ident,)*) => {
        /// Handlers by event, each list in the order of registration.
        #[derive(Default)]
        pub struct Handlers {
            message: MessageHandlers,
            $($field: Vec<HandlerFn<$event>>,)*
            needs: Vec<DataNeed>,
        }

        /// The places of the events.
        #[allow(non_camel_case_types)]
        enum EventIndex {
            message,
            $($field,)*
        }

        impl Handlers {
            /// The number of events.
            pub(super) const EVENTS: usize = 1 + [$(stringify!($event)),*].len();

            /// Whether there is a handler of each event, by the place of the event.
            pub(super) fn handled(&self) -> [bool; Self::EVENTS] {
                [!self.message.is_empty(), $(!self.$field.is_empty()),*]
            }
        }

        /// The number of handlers by event.
        impl fmt::Debug for Handlers {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct("Handlers")
                    .field("message", &self.message)
                    $(.field(stringify!($field), &self.$field.len()))*
                    .finish()
            }
        }

        $(
            impl sealed::HandlerList for $event {
                const INDEX: usize = EventIndex::$field as usize;
                const NAME: &'static str = stringify!($event);

                fn select<'a>(&self, handlers: &'a Handlers) -> &'a [HandlerFn<Self>] {
                    &handlers.$field
                }

                fn add(handlers: &mut Handlers, handler: HandlerFn<Self>) {
                    handlers.$field.push(handler);
                }

                fn is_handled(handlers: &Handlers) -> bool {
                    !handlers.$field.is_empty()
                }

                fn data(&self) -> &DataMap {
                    events!(@data self $event)
                }
            }

            impl AnyEvent for $event {}
        )*
    };
    (@data $self:ident OnServerEvent) => { OnServerEvent::data($self) };
    (@data $self:ident $event:ident) => { $self.socket.data() };
}

events! {
    OnConnect: connect,
    OnSubscribe: subscribe,
    OnUnsubscribe: unsubscribe,
    OnError: error,
    OnDisconnect: disconnect,
    OnFinish: finish,
    OnPacket: packet,
    OnUpgrade: upgrade,
    OnServerEvent: server_event,
}

impl sealed::HandlerList for OnMessage {
    const INDEX: usize = EventIndex::message as usize;
    const NAME: &'static str = "OnMessage";

    #[inline]
    fn select<'a>(&self, handlers: &'a Handlers) -> &'a [HandlerFn<Self>] {
        handlers.message.of(self.event())
    }

    fn add(handlers: &mut Handlers, handler: HandlerFn<Self>) {
        handlers.message.add(handler);
    }

    fn is_handled(handlers: &Handlers) -> bool {
        !handlers.message.is_empty()
    }

    fn data(&self) -> &DataMap {
        self.socket.data()
    }
}

impl AnyEvent for OnMessage {}

macro_rules! client_events {
    ($($event:ident),*) => {$(
        impl Event for $event {
            fn socket(&self) -> &Socket {
                &self.socket
            }
        }
    )*};
}

client_events!(OnConnect, OnMessage, OnSubscribe, OnUnsubscribe, OnError);
client_events!(OnDisconnect, OnFinish, OnPacket, OnUpgrade);

impl ChannelEvent for OnMessage {}
impl ChannelEvent for OnSubscribe {}
impl ChannelEvent for OnUnsubscribe {}
impl ChannelEvent for OnError {}
impl ChannelEvent for OnDisconnect {}
impl ChannelEvent for OnFinish {}
