//! HTTP long-polling: a `GET` takes what waits in the outbox, a `POST` brings packets.

use std::{future::poll_fn, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    error::PayloadError,
    http::{StatusCode, header},
    web::{self, BytesMut},
};
use bytestring::ByteString;
use futures_core::Stream;
use tokio::time::{timeout, timeout_at};

use super::{
    Ending, Link,
    link::{Poll, Post},
};
use crate::{
    outbox::Taken,
    protocol::{DecodeError, Frame, payload},
};

/// How long a poll waits for frames while a WebSocket is taking over: the client finishes its poll before it upgrades.
const POLL_DURING_PROBE: Duration = Duration::from_millis(100);

/// The answer to a poll.
pub(crate) fn body<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=UTF-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(payload::encode(frames))
}

fn status(status: StatusCode) -> HttpResponse {
    HttpResponse::build(status).insert_header((header::CACHE_CONTROL, "no-store")).finish()
}

/// Answers a poll as soon as there is something to say.
pub(crate) async fn get(link: &Link) -> HttpResponse {
    let Some(poll) = Poll::begin(link) else {
        link.end(Ending::Broken("two polls at once"));
        return status(StatusCode::BAD_REQUEST);
    };
    let batch = poll_fn(|cx| link.outbox.poll_batch(link.limits().max_payload, cx));
    let taken = if link.outbox.is_probing() {
        timeout(POLL_DURING_PROBE, batch).await.unwrap_or(Taken::Nothing)
    } else {
        batch.await
    };
    poll.end();
    match taken {
        Taken::Frames(frames) => body(&frames),
        Taken::Last(mut frames) => {
            frames.push(Frame::CLOSE);
            body(&frames)
        }
        Taken::Nothing => body(&[Frame::NOOP]),
        Taken::Cut => body(&[Frame::CLOSE]),
    }
}

/// Takes the packets of a body, and answers when the connection has room for more.
pub(crate) async fn post(link: &Link, request: &HttpRequest, body: web::Payload) -> HttpResponse {
    let Some(post) = Post::begin(link) else {
        link.end(Ending::Broken("two posts at once"));
        return status(StatusCode::BAD_REQUEST);
    };
    let response = match read(link, request, body).await {
        Ok(text) => {
            deliver(link, text).await;
            HttpResponse::Ok()
                .insert_header((header::CONTENT_TYPE, "text/html"))
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .body("ok")
        }
        Err(refusal) => {
            if let Some(ending) = refusal.ending {
                link.end(ending);
            }
            status(refusal.status)
        }
    };
    post.end();
    response
}

struct Refusal {
    status: StatusCode,
    /// How the session ends; it need not.
    ending: Option<Ending>,
}

impl Refusal {
    const TOO_LARGE: Self = Self { status: StatusCode::PAYLOAD_TOO_LARGE, ending: None };

    fn ending(status: StatusCode, ending: Ending) -> Self {
        Self { status, ending: Some(ending) }
    }
}

async fn read(link: &Link, request: &HttpRequest, body: web::Payload) -> Result<ByteString, Refusal> {
    let header = |name| request.headers().get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    if header(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/octet-stream")) {
        return Err(Refusal::ending(StatusCode::BAD_REQUEST, Ending::Broken("a body of bytes")));
    }
    let limit = link.limits().max_payload;
    if header(header::CONTENT_LENGTH)
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: u64| length > limit as u64)
    {
        return Err(Refusal::TOO_LARGE);
    }
    let bytes = collect(body, limit, link.limits().body_timeout).await?;
    ByteString::try_from(bytes.freeze())
        .map_err(|_| Refusal::ending(StatusCode::BAD_REQUEST, Ending::Malformed(DecodeError::NotUtf8)))
}

/// The whole body: at most `limit` bytes, in at most `time`.
async fn collect(body: web::Payload, limit: usize, time: Duration) -> Result<BytesMut, Refusal> {
    let mut body = std::pin::pin!(body);
    let mut bytes = BytesMut::new();
    let deadline = tokio::time::Instant::now() + time;
    loop {
        match timeout_at(deadline, poll_fn(|cx| body.as_mut().poll_next(cx))).await {
            Ok(None) => return Ok(bytes),
            Ok(Some(Ok(chunk))) if bytes.len() + chunk.len() <= limit => bytes.extend_from_slice(&chunk),
            Ok(Some(Ok(_)) | Some(Err(PayloadError::Overflow))) => return Err(Refusal::TOO_LARGE),
            Ok(Some(Err(_))) => {
                let ending = Ending::Broken("the client broke off a body");
                return Err(Refusal::ending(StatusCode::BAD_REQUEST, ending));
            }
            Err(_) => {
                let ending = Ending::Broken("a body took longer than body_timeout");
                return Err(Refusal::ending(StatusCode::REQUEST_TIMEOUT, ending));
            }
        }
    }
}

/// Hands the packets over in pieces, so that what is decoded is never much more than what is wanted.
async fn deliver(link: &Link, text: ByteString) {
    let mut packets = payload::decode(text);
    loop {
        let mut batch = Vec::new();
        let mut malformed = None;
        for packet in packets.by_ref().take(Link::BATCH) {
            match packet {
                Ok(packet) => batch.push(packet),
                Err(error) => {
                    malformed = Some(error);
                    break;
                }
            }
        }
        let more = batch.len() == Link::BATCH;
        let alive = batch.is_empty() || link.push(batch).await;
        if let Some(error) = malformed {
            return link.end(Ending::Malformed(error));
        }
        if !(more && alive) {
            return;
        }
    }
}
