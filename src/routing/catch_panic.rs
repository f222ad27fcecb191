use std::{
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    event::{Failure, HandlerResult},
    panic_guard::catch_panic,
};

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
        // After a panic the future is never polled again.
        let future = self.project().future;
        catch_panic(|| future.poll(cx))
            .unwrap_or_else(|message| Poll::Ready(Err(Failure::Panicked(message).into())))
    }
}
