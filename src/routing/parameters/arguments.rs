//! Parameters that are arguments of the client.

use std::any::type_name;

use serde::de::DeserializeOwned;

use super::{Call, FromEvent};
use crate::{
    event::{HandlerError, OnMessage},
    model::DataMap,
    protocol::Args,
};

/// A parameter of any other type is the next argument.
impl<T: DeserializeOwned> FromEvent<OnMessage> for T {
    fn from_event(call: &mut Call<'_, OnMessage>) -> Result<Self, HandlerError> {
        call.next_arg()
    }

    /// actix-web's `Data` can be deserialized. A client would send the application's state.
    fn missing(_: &DataMap) -> Option<&'static str> {
        type_name::<T>()
            .starts_with("actix_web::data::Data<")
            .then_some("actix_socketio::Data (actix-web's would be an argument of the client)")
    }
}

/// The arguments that are left, each as a `T`: a parameter of [`Builder::on`](crate::Builder::on).
///
/// ```
/// use actix_socketio::{Rest, SocketIo};
///
/// let builder = SocketIo::builder().on("sum", async |first: i64, Rest(more): Rest<i64>| {
///     Ok(first + more.iter().sum::<i64>())
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // a wrapper of one field, which will not change
pub struct Rest<T>(pub Vec<T>);

impl<T: DeserializeOwned> FromEvent<OnMessage> for Rest<T> {
    fn from_event(call: &mut Call<'_, OnMessage>) -> Result<Self, HandlerError> {
        let left = call.event().args().len().saturating_sub(call.next_arg);
        (0..left).map(|_| call.next_arg()).collect::<Result<_, _>>().map(Self)
    }
}

/// The arguments that are left, not yet deserialized.
impl FromEvent<OnMessage> for Args {
    fn from_event(call: &mut Call<'_, OnMessage>) -> Result<Self, HandlerError> {
        Ok(call.rest())
    }
}
