//! HTTP long-polling: a `GET` takes what waits in the outbox, a `POST` brings packets.

pub(crate) mod compression;

use std::{
    future::poll_fn,
    pin::Pin,
    task::{self, ready},
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    dev::Payload,
    error::PayloadError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    web::{Bytes, BytesMut},
};
use bytestring::ByteString;
use futures_core::Stream as _;
use smallvec::{SmallVec, smallvec};
use tokio::time::timeout;

use super::{
    Session, SessionEnd,
    defer_once::defer_once,
    session::{PollGuard, PostGuard, takes_base64},
};
use crate::{
    outbox::TakenFrames,
    protocol::{DecodeError, EnginePacket, Frame, Version, payload, v3},
};

/// How long a poll waits for frames while a WebSocket is taking over: the client finishes its poll
/// before it upgrades.
const POLL_DURING_PROBE: Duration = Duration::from_millis(100);

/// The body of the answer to a poll.
pub(crate) struct PollBody {
    pub(crate) bytes: Bytes,
    /// Only old clients are sent anything else.
    is_text: bool,
}

impl PollBody {
    pub(crate) fn text(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), is_text: true }
    }

    fn new(session: &Session, request: &HttpRequest, frames: SmallVec<[Frame; 1]>) -> Self {
        match session.version {
            Version::V4 => Self::text(payload::encode(frames)),
            Version::V3 => match v3::encode(&frames, !takes_base64(request)) {
                v3::EncodedBody::Text(text) => Self::text(text),
                v3::EncodedBody::Bytes(bytes) => Self { bytes: bytes.into(), is_text: false },
            },
        }
    }

    /// The answer, but for the body itself.
    pub(crate) fn response(&self) -> HttpResponseBuilder {
        ok(if self.is_text { TEXT } else { OCTETS })
    }
}

// Values that are there already are neither checked nor copied.
const NO_STORE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
const HTML: HeaderValue = HeaderValue::from_static("text/html");

fn ok(kind: HeaderValue) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, kind)).insert_header(NO_STORE);
    response
}

fn status(status: StatusCode) -> HttpResponse {
    HttpResponse::build(status).insert_header(NO_STORE).finish()
}

/// Why a poll is not answered with frames.
pub(crate) enum Unanswered {
    /// There is no more to say, or nobody to say it to.
    SessionIsOver,
    /// Another one is under way, and this is the answer.
    TwoAtOnce(HttpResponse),
}

/// What to answer a poll with, as soon as there is something to say. It is under way until the
/// caller ends it, which is when there is a response: if it is dropped before, it takes the frames
/// with it, and so ends the session.
pub(crate) async fn get<'a>(
    session: &'a Session,
    request: &HttpRequest,
) -> Result<(PollBody, PollGuard<'a>), Unanswered> {
    let Some(poll) = PollGuard::begin(session) else {
        session.end(SessionEnd::Broken("two polls at once"));
        return Err(Unanswered::TwoAtOnce(status(StatusCode::BAD_REQUEST)));
    };
    let batch = poll_fn(|cx| {
        session.outbox.poll_batch(session.config.max_payload, session.config.max_poll_packets, cx)
    });
    let taken = if session.outbox.is_probing() {
        Box::pin(timeout(POLL_DURING_PROBE, batch)).await.unwrap_or(TakenFrames::Nothing)
    } else {
        batch.await
    };
    let frames = match taken {
        TakenFrames::One(frame) => smallvec![frame],
        TakenFrames::Frames(frames) => frames.into(),
        TakenFrames::Last(mut frames) => {
            frames.push(Frame::CLOSE);
            frames.into()
        }
        TakenFrames::Nothing => smallvec![Frame::NOOP],
        // No poll gets what is for a WebSocket as it is: it does not come back to polling.
        TakenFrames::Bytes(_) | TakenFrames::Closed => {
            poll.end();
            return Err(Unanswered::SessionIsOver);
        }
    };
    Ok((PollBody::new(session, request, frames), poll))
}

/// Takes the packets of a body, and answers when the connection has room for more.
pub(crate) async fn post(
    session: &Session,
    request: &HttpRequest,
    body: &mut Payload,
) -> HttpResponse {
    let Some(post) = PostGuard::begin(session) else {
        session.end(SessionEnd::Broken("two posts at once"));
        return status(StatusCode::BAD_REQUEST);
    };
    let response = match receive(session, request, body).await {
        Ok(()) => taken(),
        Err(error) => {
            if let Some(ending) = error.ending {
                session.end(ending);
            }
            status(error.status)
        }
    };
    post.end();
    response
}

/// The answer to a body that was taken.
fn taken() -> HttpResponse {
    ok(HTML).body("ok")
}

struct PostError {
    status: StatusCode,
    /// How the session ends; it need not.
    ending: Option<SessionEnd>,
}

impl PostError {
    const TOO_LARGE: Self = Self { status: StatusCode::PAYLOAD_TOO_LARGE, ending: None };

    fn ending(status: StatusCode, ending: SessionEnd) -> Self {
        Self { status, ending: Some(ending) }
    }
}

async fn receive(
    session: &Session,
    request: &HttpRequest,
    body: &mut Payload,
) -> Result<(), PostError> {
    let is_bytes = check_head(session, request)?;
    let bytes = collect(body, session.config.max_payload, session.config.body_timeout).await?;
    if is_bytes {
        // From old clients alone.
        deliver(session, v3::decode_bytes(bytes)).await;
        return Ok(());
    }
    let text = ByteString::try_from(bytes).map_err(|_| {
        PostError::ending(StatusCode::BAD_REQUEST, SessionEnd::Malformed(DecodeError::NotUtf8))
    })?;
    match session.version {
        Version::V4 => deliver(session, payload::decode(text)).await,
        Version::V3 => deliver(session, v3::decode(text)).await,
    }
    Ok(())
}

/// Whether a POST's body is of bytes, and what its head says is none that may not come.
fn check_head(session: &Session, request: &HttpRequest) -> Result<bool, PostError> {
    let header = |name| request.headers().get(name);
    let is_bytes = header(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/octet-stream"));
    if is_bytes && session.version == Version::V4 {
        return Err(PostError::ending(
            StatusCode::BAD_REQUEST,
            SessionEnd::Malformed(DecodeError::UnexpectedBinary),
        ));
    }
    if header(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .is_some_and(|length: u64| length > session.config.max_payload as u64)
    {
        return Err(PostError::TOO_LARGE);
    }
    Ok(is_bytes)
}

/// The whole body: at most `limit` bytes, in at most `time`.
async fn collect(body: &mut Payload, limit: usize, time: Duration) -> Result<Bytes, PostError> {
    // A body that came with its head is there by then, and needs no timer.
    defer_once().await;
    // A copy, however small: a chunk keeps the buffer of 8 KiB that it was read into.
    let mut bytes = BytesMut::new();
    let mut whole = poll_fn(|cx| poll_whole(body, &mut bytes, limit, cx));
    let late = || {
        let ending = SessionEnd::Broken("a body took longer than body_timeout");
        Err(PostError::ending(StatusCode::REQUEST_TIMEOUT, ending))
    };
    match poll_fn(|cx| task::Poll::Ready(Pin::new(&mut whole).poll(cx))).await {
        task::Poll::Ready(collected) => collected?,
        task::Poll::Pending => Box::pin(timeout(time, whole)).await.unwrap_or_else(|_| late())?,
    }
    Ok(bytes.freeze())
}

fn poll_whole(
    body: &mut Payload,
    bytes: &mut BytesMut,
    limit: usize,
    cx: &mut task::Context<'_>,
) -> task::Poll<Result<(), PostError>> {
    loop {
        match ready!(Pin::new(&mut *body).poll_next(cx)) {
            None => return task::Poll::Ready(Ok(())),
            Some(Ok(chunk)) if bytes.len() + chunk.len() <= limit => {
                bytes.extend_from_slice(&chunk)
            }
            Some(Ok(_)) | Some(Err(PayloadError::Overflow)) => {
                return task::Poll::Ready(Err(PostError::TOO_LARGE));
            }
            Some(Err(_)) => {
                let ending = SessionEnd::Broken("the client broke off a body");
                return task::Poll::Ready(Err(PostError::ending(StatusCode::BAD_REQUEST, ending)));
            }
        }
    }
}

/// Hands the packets over in pieces, so that what is decoded is never much more than what is
/// wanted.
async fn deliver(
    session: &Session,
    mut packets: impl Iterator<Item = Result<EnginePacket, DecodeError>>,
) {
    loop {
        let mut batch = Vec::new();
        let mut malformed = None;
        for packet in packets.by_ref().take(Session::BATCH) {
            match packet {
                Ok(packet) => batch.push(packet),
                Err(error) => {
                    malformed = Some(error);
                    break;
                }
            }
        }
        let more = batch.len() == Session::BATCH;
        let waits = match malformed {
            _ if batch.is_empty() => None,
            None => session.push_at_once(batch).err(),
            // What came before it was in order, and is taken before the end.
            Some(_) => Some(batch),
        };
        let alive = match waits {
            Some(batch) => session.push(batch).await,
            None => true,
        };
        if let Some(error) = malformed {
            return session.end(SessionEnd::Malformed(error));
        }
        if !(more && alive) {
            return;
        }
    }
}
