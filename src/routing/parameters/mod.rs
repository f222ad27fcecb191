//! The parameters of handlers: each says by its type what it wants of an event.

mod arguments;
mod auth;
mod data;
mod event;

pub use arguments::Rest;
pub use auth::Auth;
pub use data::Data;

use serde::de::DeserializeOwned;

use super::Event;
use crate::{
    event::{HandlerError, MessageError, OnMessage},
    model::DataMap,
    protocol::Args,
    socket::Socket,
};

/// A parameter of a handler of the event `E`: it says by its type what it wants.
///
/// | parameter | of the events | |
/// | --- | --- | --- |
/// | the event, such as [`OnMessage`] | each | the event itself |
/// | [`Data<T>`] | each | a value of [`Builder::data`](crate::Builder::data) |
/// | [`Socket`], [`SocketIo`](crate::SocketIo) | each of a client | the client, the server in the client's namespace |
/// | [`Auth<T>`] | each of a client | the client's `auth`, deserialized |
/// | any `T: DeserializeOwned` | `OnMessage` | the next argument of the client; `Option` for one that may be missing |
/// | [`Rest<T>`], [`Args`] | `OnMessage` | the arguments that are left, typed or raw |
/// | [`Received<T>`](crate::Received) | `OnMessage` | all arguments, as a [`ClientEvent`](crate::ClientEvent) |
/// | [`Channel`](crate::Channel) | `OnSubscribe`, `OnUnsubscribe` | the channel |
/// | [`DisconnectReason`](crate::DisconnectReason) | `OnDisconnect` | why the client is gone |
/// | [`HandlerError`] | `OnError` | why the handler failed |
///
/// Implement it for parameters of your own, such as the user of a client. A type that implements
/// it must not implement serde's `Deserialize`, which makes it an argument.
///
/// ```
/// use actix_socketio::{Call, Event, FromEvent, HandlerError, SocketIo};
///
/// struct User(String);
///
/// impl<E: Event> FromEvent<E> for User {
///     fn from_event(call: &mut Call<'_, E>) -> Result<Self, HandlerError> {
///         let name = call.socket().context().get("name")?;
///         name.map(User).ok_or_else(|| HandlerError::reject("log in first"))
///     }
/// }
///
/// let builder = SocketIo::builder().on("whoami", async |User(name): User| Ok(name));
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler of `{E}` can't have a parameter `{Self}`",
    label = "not a parameter of a handler of `{E}`",
    note = "a handler of `OnMessage` has the client's arguments as parameters: any type with \
            `#[derive(serde::Deserialize)]`",
    note = "every handler may have the event itself, `Socket`, `SocketIo`, `Data<T>` and `Auth<T>`",
    note = "a type of your own needs `impl FromEvent<{E}>`"
)]
pub trait FromEvent<E>: Sized {
    /// Takes the parameter from the event.
    ///
    /// # Errors
    /// The error of the handler, which is not called. The client reads the text of
    /// [`HandlerError::reject`] as it does that of a handler.
    fn from_event(call: &mut Call<'_, E>) -> Result<Self, HandlerError>;

    /// The name of a type that the parameter needs from [`Builder::data`](crate::Builder::data),
    /// and that was not given. [`Builder::build`](crate::Builder::build) refuses it.
    ///
    /// ```
    /// # use actix_socketio::{Call, Data, DataMap, Event, FromEvent, HandlerError};
    /// # struct Users;
    /// # impl Users { fn find(&self, _: &str) -> Option<User> { None } }
    /// # struct User;
    /// impl<E: Event> FromEvent<E> for User {
    ///     fn from_event(call: &mut Call<'_, E>) -> Result<Self, HandlerError> {
    ///         let users = Data::<Users>::from_event(call)?;
    ///         users.find("ada").ok_or_else(|| HandlerError::reject("log in first"))
    ///     }
    ///
    ///     fn missing(data: &DataMap) -> Option<&'static str> {
    ///         <Data<Users> as FromEvent<E>>::missing(data)
    ///     }
    /// }
    /// ```
    fn missing(data: &DataMap) -> Option<&'static str> {
        let _ = data;
        None
    }

    /// Takes the last parameter, which may be the event itself.
    #[doc(hidden)]
    fn from_last(event: E, next_arg: usize) -> Result<Self, HandlerError> {
        Self::from_event(&mut Call { event: &event, next_arg })
    }
}

/// One call of a handler, from which its parameters are taken in their order.
///
/// [`FromEvent`] has an example.
#[derive(Debug)]
pub struct Call<'a, E> {
    event: &'a E,
    /// The argument that the next parameter is about.
    next_arg: usize,
}

impl<'a, E> Call<'a, E> {
    /// The call of a handler of `event`, before its first parameter is taken.
    ///
    /// ```
    /// # use actix_socketio::{Auth, Call, FromEvent, HandlerResult, OnConnect};
    /// #[derive(serde::Deserialize)]
    /// struct Token {
    ///     token: String,
    /// }
    ///
    /// async fn check(event: OnConnect) -> HandlerResult {
    ///     let Auth(auth): Auth<Token> = Auth::from_event(&mut Call::new(&event))?;
    ///     log::debug!("a token of {} bytes", auth.token.len());
    ///     Ok(())
    /// }
    /// ```
    pub fn new(event: &'a E) -> Self {
        Self { event, next_arg: 0 }
    }

    /// The event.
    pub fn event(&self) -> &'a E {
        self.event
    }
}

impl<'a, E: Event> Call<'a, E> {
    /// The client.
    pub fn socket(&self) -> &'a Socket {
        self.event.socket()
    }
}

impl Call<'_, OnMessage> {
    /// Takes the next argument of the client, as a parameter of type `T` does.
    ///
    /// # Errors
    /// A refusal that the client reads, such as `argument 1: expected a string`.
    pub fn next_arg<T: DeserializeOwned>(&mut self) -> Result<T, HandlerError> {
        let index = self.next_arg;
        self.next_arg += 1;
        self.event.arg(index).map_err(MessageError::refuse)
    }

    /// The arguments that no parameter has taken.
    fn rest(&mut self) -> Args {
        let rest = self.event.args().clone().skip(self.next_arg);
        self.next_arg += rest.len();
        rest
    }
}

/// The parameters of a handler of the event `E`: a tuple of up to eight [`FromEvent`]s.
#[diagnostic::on_unimplemented(
    message = "a handler of `{E}` can't have the parameters `{Self}`",
    label = "not the parameters of a handler of `{E}`"
)]
pub trait Parameters<E>: Sized {
    /// Takes all parameters from the event.
    #[doc(hidden)]
    fn read(event: E) -> Result<Self, HandlerError>;

    /// The name of a type that was not given to [`Builder::data`](crate::Builder::data).
    #[doc(hidden)]
    fn missing(data: &DataMap) -> Option<&'static str>;
}

impl<E> Parameters<E> for () {
    fn read(_: E) -> Result<Self, HandlerError> {
        Ok(())
    }

    fn missing(_: &DataMap) -> Option<&'static str> {
        None
    }
}

macro_rules! parameters {
    ($($first:ident)* => $last:ident) => {
        impl<E, $($first: FromEvent<E>,)* $last: FromEvent<E>> Parameters<E>
            for ($($first,)* $last,)
        {
            #[allow(non_snake_case, unused_mut)]
            fn read(event: E) -> Result<Self, HandlerError> {
                let mut call = Call::new(&event);
                $(let $first = $first::from_event(&mut call)?;)*
                let next_arg = call.next_arg;
                Ok(($($first,)* $last::from_last(event, next_arg)?,))
            }

            fn missing(data: &DataMap) -> Option<&'static str> {
                None$(.or_else(|| $first::missing(data)))*.or_else(|| $last::missing(data))
            }
        }
    };
}

parameters!(=> P1);
parameters!(P1 => P2);
parameters!(P1 P2 => P3);
parameters!(P1 P2 P3 => P4);
parameters!(P1 P2 P3 P4 => P5);
parameters!(P1 P2 P3 P4 P5 => P6);
parameters!(P1 P2 P3 P4 P5 P6 => P7);
parameters!(P1 P2 P3 P4 P5 P6 P7 => P8);
