use serde::de::DeserializeOwned;

use super::{Call, FromEvent};
use crate::{event::HandlerError, protocol::expectation, routing::Event};

/// The `auth` object of the client's options, deserialized: a parameter of handlers.
///
/// A client whose `auth` does not fit reads why, as in `auth: expected a string`.
///
/// ```
/// use actix_socketio::{Auth, HandlerError, SocketIo};
///
/// #[derive(serde::Deserialize)]
/// struct Token {
///     token: String,
/// }
///
/// let builder = SocketIo::builder().on_connect(async |Auth(auth): Auth<Token>| {
///     if auth.token == "secret" { Ok(()) } else { Err(HandlerError::reject("log in first")) }
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // a wrapper of one field, which will not change
pub struct Auth<T>(pub T);

impl<E: Event, T: DeserializeOwned> FromEvent<E> for Auth<T> {
    fn from_event(call: &mut Call<'_, E>) -> Result<Self, HandlerError> {
        call.socket().handshake().auth().map(Self).map_err(|error| {
            HandlerError::unreadable(format!("auth: {}", expectation(&error)), error)
        })
    }
}
