//! From the value that a handler returns to the acknowledgement that a client reads.

use std::any::TypeId;

use serde::Serialize;

use super::Parameters;
use crate::{
    event::{HandlerError, HandlerResult, OnMessage},
    socket::SendError,
};

/// The result of a handler that has acknowledged its event itself, or will do so later.
///
/// [`Builder::on`](crate::Builder::on) makes any other value the acknowledgement, `()` included.
/// Keep the event, and call [`OnMessage::ack`] when the answer is there:
///
/// ```
/// use actix_socketio::{Later, OnMessage, SocketIo};
///
/// let builder = SocketIo::builder().on("report", async |event: OnMessage, year: u16| {
///     // The next event of the client does not wait for this task.
///     actix::spawn(async move {
///         let report = format!("the report of {year}, which takes a while");
///         event.ack(&report)
///     });
///     Ok(Later)
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // it has no content, and never will
pub struct Later;

/// A value that can acknowledge an event: anything that serde serializes, or [`Later`].
///
/// `()` is an acknowledgement without arguments, and [`Many`](crate::Many) is one with several.
#[diagnostic::on_unimplemented(
    message = "an event can't be acknowledged with `{Self}`",
    label = "the handler returns `{Self}`",
    note = "it needs `#[derive(serde::Serialize)]`",
    note = "a handler that acknowledges the event itself returns `Ok(Later)`"
)]
pub trait Answer: 'static {
    /// Acknowledges an event whose client waits.
    #[doc(hidden)]
    fn answer(self, event: &OnMessage) -> HandlerResult;
}

impl<T: Serialize + 'static> Answer for T {
    fn answer(self, event: &OnMessage) -> HandlerResult {
        // Another handler of the event may have a value.
        if TypeId::of::<T>() == TypeId::of::<()>() {
            event.set_handled();
            return Ok(());
        }
        match event.ack(&self) {
            // The client has gone, which is not a failure of the handler.
            Ok(()) | Err(SendError::Closed) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Answer for Later {
    fn answer(self, _: &OnMessage) -> HandlerResult {
        Ok(())
    }
}

/// How a function handler is called: the reading of its parameters, and the use of its result.
///
/// It is a type and not a value, so that a handler of `OnMessage` itself costs nothing for it.
pub trait CallStyle<E, P, R>: 'static {
    /// The part of the event that is kept for the answer.
    type Kept: 'static;

    /// Reads the parameters.
    ///
    /// # Errors
    /// The refusal of an event that does not have them.
    fn read(event: E) -> Result<(P, Self::Kept), HandlerError>;

    /// Uses the result.
    ///
    /// # Errors
    /// The failure to send it.
    fn finish(kept: Self::Kept, result: R) -> HandlerResult;
}

/// `Ok(())` has no effect.
#[derive(Debug)]
pub(crate) struct Silent;

impl<E, P: Parameters<E>> CallStyle<E, P, ()> for Silent {
    type Kept = ();

    fn read(event: E) -> Result<(P, ()), HandlerError> {
        P::read(event).map(|parameters| (parameters, ()))
    }

    fn finish((): (), (): ()) -> HandlerResult {
        Ok(())
    }
}

/// The result is the acknowledgement.
#[derive(Debug)]
pub(crate) struct Acknowledging;

impl<P: Parameters<OnMessage>, R: Answer> CallStyle<OnMessage, P, R> for Acknowledging {
    type Kept = Option<OnMessage>;

    fn read(event: OnMessage) -> Result<(P, Self::Kept), HandlerError> {
        let awaiting = event.awaiting();
        P::read(event).map(|parameters| (parameters, awaiting))
    }

    fn finish(awaiting: Self::Kept, result: R) -> HandlerResult {
        awaiting.map_or(Ok(()), |event| result.answer(&event))
    }
}
