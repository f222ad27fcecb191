use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::event::{Failure, HandlerResult};

pin_project! {
    /// Turns a panic of a handler's future into a failure. Without it the panic would unwind
    /// through the connection that polls the future.
    pub(super) struct CatchPanic<F> {
        #[pin]
        future: F,
    }
}

impl<F> CatchPanic<F> {
    pub(super) fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future<Output = HandlerResult>> Future for CatchPanic<F> {
    type Output = HandlerResult;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<HandlerResult> {
        // Unwind safe in effect: after a panic the future is never polled again. State that it
        // shares with others is protected by its owners, as when a task panics.
        let future = self.project().future;
        catch_unwind(AssertUnwindSafe(|| future.poll(cx)))
            .unwrap_or_else(|panic| Poll::Ready(Err(Failure::Panicked(message(&*panic)).into())))
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
