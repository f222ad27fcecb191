//! The body of an answer, on its way from another server to the client.

use std::{
    io::{self, ErrorKind},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_http::h1::{ClientPayloadCodec, MessageType};
use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::codec::Decoder as _;

use super::{
    exchange::{NodeAnswer, NodeConnection},
    pool,
};
use crate::model::{NodeAddress, Slot};

/// Reads from the other server no faster than the client reads.
pub(super) struct ForwardedBody {
    size: BodySize,
    kind: MessageType,
    codec: ClientPayloadCodec,
    /// `None`: it waits for another request.
    connection: Option<NodeConnection>,
    /// The server to which the connection can be used again.
    reusable: Option<NodeAddress>,
    /// How long the other server may send nothing.
    limit: Duration,
    patience: Pin<Box<Sleep>>,
    is_ended: bool,
    /// Counts the request until its answer has gone.
    _slot: Slot,
}

impl ForwardedBody {
    pub(super) fn new(
        answer: NodeAnswer,
        address: NodeAddress,
        limit: Duration,
        slot: Slot,
    ) -> Self {
        let kind = answer.codec.message_type();
        let size = match (answer.length(), kind) {
            (_, MessageType::None) => BodySize::Sized(0),
            (Some(length), _) => BodySize::Sized(length),
            (None, _) => BodySize::Stream,
        };
        let mut body = Self {
            size,
            kind,
            codec: answer.codec.into_payload_codec(),
            connection: Some(answer.connection),
            reusable: answer.is_reusable.then_some(address),
            limit,
            patience: Box::pin(sleep(limit)),
            is_ended: kind == MessageType::None,
            _slot: slot,
        };
        if body.is_ended {
            body.release();
        }
        body
    }

    /// Lets the connection wait for another request.
    fn release(&mut self) {
        if let (Some(connection), Some(address)) = (self.connection.take(), self.reusable.take())
            && connection.read.is_empty()
        {
            pool::put(address, connection);
        }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        let broken = || Poll::Ready(Err(io::Error::from(ErrorKind::UnexpectedEof)));
        loop {
            let Some(connection) = &mut self.connection else { return Poll::Ready(Ok(None)) };
            match self.codec.decode(&mut connection.read) {
                Ok(Some(Some(chunk))) => return Poll::Ready(Ok(Some(chunk))),
                Ok(Some(None)) => {
                    self.release();
                    return Poll::Ready(Ok(None));
                }
                Ok(None) => {}
                Err(_) => return broken(),
            }
            match ready!(connection.poll_more(cx)) {
                Ok(true) => {}
                // Only a body without a length ends with the connection.
                Ok(false) if self.kind == MessageType::Stream => return Poll::Ready(Ok(None)),
                _ => return broken(),
            }
        }
    }
}

impl MessageBody for ForwardedBody {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, io::Error>>> {
        let this = self.get_mut();
        if this.is_ended {
            return Poll::Ready(None);
        }
        match this.poll_chunk(cx) {
            Poll::Ready(chunk) => {
                this.is_ended = !matches!(chunk, Ok(Some(_)));
                this.patience.as_mut().reset(Instant::now() + this.limit);
                Poll::Ready(chunk.transpose())
            }
            Poll::Pending => {
                ready!(this.patience.as_mut().poll(cx));
                this.is_ended = true;
                Poll::Ready(Some(Err(ErrorKind::TimedOut.into())))
            }
        }
    }
}
