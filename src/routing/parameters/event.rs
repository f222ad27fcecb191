//! Parameters that are the event itself, or a part of it.

use super::{Call, FromEvent};
use crate::{
    event::{
        DisconnectReason, HandlerError, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage,
        OnPacket, OnServerEvent, OnSubscribe, OnUnsubscribe, OnUpgrade,
    },
    model::Channel,
    routing::Event,
    socket::Socket,
};

macro_rules! whole_events {
    ($($event:ident),*) => {$(
        impl FromEvent<$event> for $event {
            fn from_event(call: &mut Call<'_, $event>) -> Result<Self, HandlerError> {
                Ok(call.event().clone())
            }

            // The last parameter is the event itself, which saves a clone.
            fn from_last(event: $event, _: usize) -> Result<Self, HandlerError> {
                Ok(event)
            }
        }
    )*};
}

whole_events!(OnConnect, OnMessage, OnSubscribe, OnUnsubscribe, OnError);
whole_events!(OnDisconnect, OnFinish, OnPacket, OnUpgrade, OnServerEvent);

impl<E: Event> FromEvent<E> for Socket {
    fn from_event(call: &mut Call<'_, E>) -> Result<Self, HandlerError> {
        Ok(call.socket().clone())
    }
}

macro_rules! parts {
    ($($part:ty: $event:ident.$field:ident,)*) => {$(
        impl FromEvent<$event> for $part {
            fn from_event(call: &mut Call<'_, $event>) -> Result<Self, HandlerError> {
                Ok(call.event().$field.clone())
            }
        }
    )*};
}

parts! {
    Channel: OnSubscribe.channel,
    Channel: OnUnsubscribe.channel,
    DisconnectReason: OnDisconnect.reason,
    HandlerError: OnError.error,
    OnMessage: OnPacket.message,
}
