use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};

use crate::outbox::UnreadAnswer;

/// The body of the answer to a poll. It counts for the session's outbox until the HTTP connection
/// has taken it, or drops it.
///
/// Over HTTP/1.1 that is soon: the kernel takes it. Over HTTP/2 it is when the client opens the
/// stream's window.
pub(super) struct AnswerBody {
    bytes: Bytes,
    unread: Option<UnreadAnswer>,
}

impl AnswerBody {
    pub(super) fn new(bytes: Bytes, unread: UnreadAnswer) -> Self {
        Self { bytes, unread: Some(unread) }
    }
}

impl MessageBody for AnswerBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        if self.bytes.is_empty() {
            // The connection asks for more, so it has passed the bytes on.
            self.unread = None;
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(mem::take(&mut self.bytes))))
    }
}
