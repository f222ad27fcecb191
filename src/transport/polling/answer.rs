use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    HttpRequest,
    body::{BodySize, MessageBody},
    http,
    web::Bytes,
};

use crate::outbox::UnreadAnswer;

/// The body of the answer to a poll. It counts for the session's outbox until the HTTP connection
/// has written it, or drops it.
///
/// Over HTTP/1.1 that is soon: the kernel takes it. Over HTTP/2 it is when the client opens the
/// stream's window and reads.
pub(super) struct AnswerBody {
    bytes: Bytes,
    unread: Option<UnreadAnswer>,
    is_http2: bool,
}

impl AnswerBody {
    pub(super) fn new(request: &HttpRequest, bytes: Bytes, unread: UnreadAnswer) -> Self {
        let is_http2 = request.version() == http::Version::HTTP_2;
        Self { bytes, unread: Some(unread), is_http2 }
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
            // HTTP/1.1 asks for more once it has written the bytes, of which it has made a copy.
            self.unread = None;
            return Poll::Ready(None);
        }
        let bytes = mem::take(&mut self.bytes);
        if self.is_http2
            && let Some(unread) = self.unread.take()
        {
            // HTTP/2 asks for more as soon as the bytes are in its queue. It makes no copy, and
            // drops them once they are written.
            return Poll::Ready(Some(Ok(Bytes::from_owner(QueuedAnswer {
                bytes,
                _unread: unread,
            }))));
        }
        Poll::Ready(Some(Ok(bytes)))
    }
}

/// An answer in the queue of an HTTP/2 connection.
struct QueuedAnswer {
    bytes: Bytes,
    /// Dropped with the last part of the bytes.
    _unread: UnreadAnswer,
}

impl AsRef<[u8]> for QueuedAnswer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
