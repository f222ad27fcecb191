use std::fmt;

use actix::Message;

use super::HandlerFn;
use crate::event::{
    HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, OnPacket, OnServerEvent,
    OnSubscribe, OnUnsubscribe, OnUpgrade,
};

/// One of the events: the seven of a client's life, [`OnPacket`], [`OnUpgrade`] and
/// [`OnServerEvent`].
pub trait Event:
    Message<Result = HandlerResult> + Clone + Send + sealed::HandlerList + 'static
{
}

/// One of the six events that may concern a channel.
pub trait ChannelEvent: Event {}

pub(crate) mod sealed {
    /// Where the handlers of an event are kept.
    pub trait HandlerList: Sized {
        fn list(handlers: &super::Handlers) -> &Vec<super::HandlerFn<Self>>;
        fn list_mut(handlers: &mut super::Handlers) -> &mut Vec<super::HandlerFn<Self>>;
    }
}

/// Handlers by event, each list in the order of registration.
#[derive(Default)]
pub struct Handlers {
    connect: Vec<HandlerFn<OnConnect>>,
    message: Vec<HandlerFn<OnMessage>>,
    subscribe: Vec<HandlerFn<OnSubscribe>>,
    unsubscribe: Vec<HandlerFn<OnUnsubscribe>>,
    error: Vec<HandlerFn<OnError>>,
    disconnect: Vec<HandlerFn<OnDisconnect>>,
    finish: Vec<HandlerFn<OnFinish>>,
    packet: Vec<HandlerFn<OnPacket>>,
    upgrade: Vec<HandlerFn<OnUpgrade>>,
    server_event: Vec<HandlerFn<OnServerEvent>>,
}

impl Handlers {
    pub(crate) fn add<E: Event>(&mut self, handler: HandlerFn<E>) {
        E::list_mut(self).push(handler);
    }

    pub(crate) fn of<E: Event>(&self) -> &[HandlerFn<E>] {
        E::list(self)
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers")
            .field("connect", &self.connect.len())
            .field("message", &self.message.len())
            .field("subscribe", &self.subscribe.len())
            .field("unsubscribe", &self.unsubscribe.len())
            .field("error", &self.error.len())
            .field("disconnect", &self.disconnect.len())
            .field("finish", &self.finish.len())
            .field("packet", &self.packet.len())
            .field("upgrade", &self.upgrade.len())
            .field("server_event", &self.server_event.len())
            .finish()
    }
}

macro_rules! events {
    ($($event:ident: $field:ident),* $(,)?) => {$(
        impl sealed::HandlerList for $event {
            fn list(handlers: &Handlers) -> &Vec<HandlerFn<Self>> {
                &handlers.$field
            }

            fn list_mut(handlers: &mut Handlers) -> &mut Vec<HandlerFn<Self>> {
                &mut handlers.$field
            }
        }

        impl Event for $event {}
    )*};
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
