use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use crate::event::{Failure, HandlerResult};

/// A handler's future whose panic is its failure: it would otherwise unwind through the connection that polls it.
pub(super) struct Caught<F> {
    future: Pin<Box<F>>,
}

impl<F> Caught<F> {
    pub(super) fn new(future: F) -> Self {
        Self { future: Box::pin(future) }
    }
}

impl<F: Future<Output = HandlerResult>> Future for Caught<F> {
    type Output = HandlerResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<HandlerResult> {
        // Unwind safe in effect: after a panic the future is never polled again, and what it shared with others is
        // theirs to protect, as it is when a task panics.
        catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(cx)))
            .unwrap_or_else(|panic| Poll::Ready(Err(Failure::Panicked(message(&*panic)).into())))
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
