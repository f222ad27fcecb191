//! The handlers of an event that a client sends, and the answer that its client reads.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures_core::future::LocalBoxFuture;

use super::{HandlerFn, Router, Scope};
use crate::{
    event::{HandlerError, HandlerResult, OnMessage},
    log_text::log_line,
    socket::Socket,
};

impl Router {
    /// Calls all handlers of a plain event one after the other, without a future of its own while
    /// each handler answers on its first poll. A failure goes to the handlers of
    /// [`OnError`](crate::OnError), and answers a client that waits.
    ///
    /// # Errors
    /// The rest of the work, if a handler does not answer on its first poll, or fails. Poll it
    /// right away: no waker is registered yet.
    pub(crate) fn notify_now<T: 'static>(
        self: &Arc<Self>,
        socket: &Socket,
        event: OnMessage,
        done: T,
    ) -> Result<T, LocalBoxFuture<'static, T>> {
        if let Some(only) = self.only_message_handler(&event) {
            return self.notify_one(only, socket, event, done);
        }
        let awaiting = event.awaiting();
        let mut handlers = self.handlers(Scope::Socket(socket), &event).peekable();
        if handlers.peek().is_none() {
            return self.notify_unknown_now(socket, event, done);
        }
        // The last handler gets the event itself, which saves a clone.
        let mut event = Some(event);
        while let Some(handler) = handlers.next() {
            let its_event = if handlers.peek().is_some() { event.clone() } else { event.take() };
            let Some(its_event) = its_event else { break };
            let mut running = handler.call(its_event);
            let first = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if matches!(first, Poll::Ready(Ok(()))) {
                continue;
            }
            let (router, socket, rest) =
                (Arc::clone(self), socket.clone(), handlers.cloned().collect::<Vec<_>>());
            return Err(Box::pin(async move {
                router.end_handler(&socket, first, running, awaiting.as_ref()).await;
                if let Some(event) = event {
                    let rest = router.notify_messages(&rest, &socket, event, awaiting.as_ref());
                    Box::pin(rest).await;
                }
                finish(awaiting);
                done
            }));
        }
        finish(awaiting);
        Ok(done)
    }

    /// Calls the only handler of an event. It gets the event itself, which saves a clone.
    #[inline]
    fn notify_one<T: 'static>(
        self: &Arc<Self>,
        handler: &HandlerFn<OnMessage>,
        socket: &Socket,
        event: OnMessage,
        done: T,
    ) -> Result<T, LocalBoxFuture<'static, T>> {
        let awaiting = event.awaiting();
        let mut running = handler.call(event);
        let first = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if matches!(first, Poll::Ready(Ok(()))) {
            finish(awaiting);
            return Ok(done);
        }
        let (router, socket) = (Arc::clone(self), socket.clone());
        Err(Box::pin(async move {
            router.end_handler(&socket, first, running, awaiting.as_ref()).await;
            finish(awaiting);
            done
        }))
    }

    /// Waits for a handler that was polled once, and reports its failure.
    async fn end_handler(
        &self,
        socket: &Socket,
        first: Poll<HandlerResult>,
        running: LocalBoxFuture<'static, HandlerResult>,
        awaiting: Option<&OnMessage>,
    ) {
        let answer = match first {
            Poll::Ready(answer) => answer,
            Poll::Pending => self.wait_for(running).await,
        };
        if let Err(error) = answer {
            Box::pin(self.report_message(socket, error, awaiting)).await;
        }
    }

    /// Does the same as [`Router::notify_now`], as a future.
    pub(crate) async fn notify_message(&self, socket: &Socket, event: OnMessage) {
        let awaiting = event.awaiting();
        let mut handlers = self.handlers(Scope::Socket(socket), &event).peekable();
        if handlers.peek().is_none() {
            return Box::pin(self.notify_unknown(socket, event)).await;
        }
        self.notify_messages(handlers, socket, event, awaiting.as_ref()).await;
        finish(awaiting);
    }

    /// Notifies the handlers of unknown events of one that no handler takes. Without such a
    /// handler, this is done when it returns.
    fn notify_unknown_now<T: 'static>(
        self: &Arc<Self>,
        socket: &Socket,
        event: OnMessage,
        done: T,
    ) -> Result<T, LocalBoxFuture<'static, T>> {
        if self.unknown_handlers().is_empty() {
            note_unknown(socket, &event);
            return Ok(done);
        }
        let (router, socket) = (Arc::clone(self), socket.clone());
        Err(Box::pin(async move {
            router.notify_unknown(&socket, event).await;
            done
        }))
    }

    async fn notify_unknown(&self, socket: &Socket, event: OnMessage) {
        let awaiting = event.awaiting();
        let handlers = self.unknown_handlers();
        self.notify_messages(handlers, socket, event.clone(), awaiting.as_ref()).await;
        note_unknown(socket, &event);
    }

    async fn notify_messages<'a>(
        &self,
        handlers: impl IntoIterator<Item = &'a HandlerFn<OnMessage>>,
        socket: &Socket,
        event: OnMessage,
        awaiting: Option<&OnMessage>,
    ) {
        for handler in handlers {
            if let Err(error) = self.call(handler, event.clone()).await {
                Box::pin(self.report_message(socket, error, awaiting)).await;
            }
        }
    }

    /// Reports the failure of a handler. A client that waits for an acknowledgement reads it,
    /// unless a handler has answered.
    async fn report_message(
        &self,
        socket: &Socket,
        error: HandlerError,
        awaiting: Option<&OnMessage>,
    ) {
        self.report(socket, error.clone()).await;
        // Last, as for a request to subscribe: a client that reads it knows that it was reported.
        if let Some(event) = awaiting {
            event.refuse(&error);
        }
    }
}

/// Answers a client that still waits when the last handler is done.
fn finish(awaiting: Option<OnMessage>) {
    if let Some(event) = awaiting {
        event.finish();
    }
}

/// Counts and logs an event that no handler takes. A client that still waits reads so.
fn note_unknown(socket: &Socket, event: &OnMessage) {
    socket.counters().unknown.add(1);
    log_line!(
        log::Level::Debug,
        "{} \"{}\": no handler takes the event \"{}\"",
        socket.id(),
        socket.namespace(),
        event.event()
    );
    event.refuse(&HandlerError::reject("no such event"));
}
