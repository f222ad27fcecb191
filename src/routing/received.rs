//! Events of clients as types of the application's own, which actors receive.

use std::{fmt, future::ready};

use actix::{Actor, Addr, Handler, Message, dev::ToEnvelope};
use serde::de::DeserializeOwned;

use super::{Answer, Call, ChannelListed, FromEvent, HandlerFn, Handlers, Listed};
use crate::{
    event::{Failure, HandlerError, MessageError, OnMessage},
    socket::Socket,
};

/// An event of a client, by its name, as a type of the application's own.
///
/// The arguments are read as the type says. A tuple struct and the fields of a struct are the
/// arguments in their order. A struct is also read from one argument that is an object. Any other
/// type is read from the first argument.
///
/// An actor receives it as [`Received<T>`]:
///
/// ```
/// use actix::prelude::*;
/// use actix_socketio::{ClientEvent, HandlerError, OnSubscribe, Received, SocketHandler, SocketIo};
/// # use actix_socketio::HandlerResult;
///
/// #[derive(serde::Deserialize)]
/// struct Chat(String, String); // socket.emit("chat", "tea", "hello", (number) => …)
///
/// impl ClientEvent for Chat {
///     const NAME: &'static str = "chat";
///     type Answer = usize; // what the client's callback is called with
/// }
///
/// #[derive(Default)]
/// struct Rooms {
///     said: Vec<(String, String)>,
/// }
///
/// impl Actor for Rooms {
///     type Context = Context<Self>;
/// }
///
/// impl SocketHandler for Rooms {
///     type Events = (OnSubscribe, Received<Chat>);
/// }
///
/// impl Handler<Received<Chat>> for Rooms {
///     type Result = Result<usize, HandlerError>;
///
///     fn handle(
///         &mut self,
///         Received { socket, data: Chat(room, text), .. }: Received<Chat>,
///         _: &mut Self::Context,
///     ) -> Self::Result {
///         socket.to(&room).emit("chat", &text)?;
///         self.said.push((room, text));
///         Ok(self.said.len())
///     }
/// }
/// # impl Handler<OnSubscribe> for Rooms {
/// #     type Result = HandlerResult;
/// #     fn handle(&mut self, _: OnSubscribe, _: &mut Self::Context) -> HandlerResult { Ok(()) }
/// # }
///
/// # actix::System::new().block_on(async {
/// let builder = SocketIo::builder().to(&Rooms::default().start());
/// # });
/// ```
pub trait ClientEvent: DeserializeOwned + Send + 'static {
    /// The name of the event, as clients send it.
    const NAME: &'static str;

    /// The acknowledgement: `()` for none but that the event was handled,
    /// [`Many`](crate::Many) for several arguments, [`Later`](crate::Later) if the handler calls
    /// [`OnMessage::ack`] itself.
    type Answer: Answer + Send;
}

/// An event that a client has sent, as a [`ClientEvent`] `T`: a message for actors, and a parameter
/// of functions.
///
/// An actor's handler answers `Result<T::Answer, HandlerError>`, or a `ResponseFuture` of it. A
/// function answers as any function of [`Builder::on`](crate::Builder::on) does. The value is the
/// acknowledgement.
///
/// ```
/// # use actix_socketio::{ClientEvent, Received, SocketIo};
/// #[derive(serde::Deserialize)]
/// struct Move {
///     x: i32,
///     y: i32,
/// }
///
/// impl ClientEvent for Move {
///     const NAME: &'static str = "move";
///     type Answer = i32;
/// }
///
/// let builder = SocketIo::builder().on(Move::NAME, async |Received { data, .. }: Received<Move>| {
///     Ok(data.x + data.y)
/// });
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Received<T> {
    /// The client.
    pub socket: Socket,
    /// The arguments.
    pub data: T,
    /// The event itself, for an acknowledgement that comes later.
    pub event: OnMessage,
}

impl<T: ClientEvent> Message for Received<T> {
    type Result = Result<T::Answer, HandlerError>;
}

impl<T: fmt::Debug> fmt::Debug for Received<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("socket", &self.socket)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

impl<T: ClientEvent> Received<T> {
    fn read(event: OnMessage) -> Result<Self, HandlerError> {
        let data = event.args_as().map_err(MessageError::refuse)?;
        Ok(Self { socket: event.socket.clone(), data, event })
    }
}

impl<T: ClientEvent> FromEvent<OnMessage> for Received<T> {
    fn from_event(call: &mut Call<'_, OnMessage>) -> Result<Self, HandlerError> {
        Self::read(call.event().clone())
    }
}

impl<A, T> Listed<A> for Received<T>
where
    T: ClientEvent,
    A: Actor + Handler<Self>,
    A::Context: ToEnvelope<A, Self>,
{
    fn add(addr: &Addr<A>, to: &mut Handlers) {
        let recipient = addr.clone().recipient::<Self>();
        let handler = HandlerFn::new(move |event: OnMessage| {
            let awaiting = event.awaiting();
            let received = match Self::read(event) {
                Ok(received) => received,
                Err(refusal) => return Box::pin(ready(Err(refusal))),
            };
            let answer = recipient.send(received);
            Box::pin(async move {
                let answer = answer.await.unwrap_or_else(|_| Err(Failure::Stopped.into()))?;
                awaiting.map_or(Ok(()), |event| answer.answer(&event))
            })
        });
        to.add_named(T::NAME, handler);
    }
}

impl<T: ClientEvent> ChannelListed for Received<T> {}
