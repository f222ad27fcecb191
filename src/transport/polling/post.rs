use std::{
    future::poll_fn,
    pin::Pin,
    task::{self, ready},
};

use actix_web::{
    HttpRequest, HttpResponse,
    dev::Payload,
    error::PayloadError,
    http::{StatusCode, header},
    web::{Bytes, BytesMut},
};
use bytestring::ByteString;
use futures_core::Stream as _;
use tokio::time::timeout;

use super::{HTML, ok, status};
use crate::{
    config::Config,
    model::MemoryShare,
    protocol::{DecodeError, EnginePacket, Version, payload, v3},
    transport::{Session, SessionEnd, defer_once::defer_once, request_guards::PostGuard},
};

/// Hands the packets of a body to the session, and answers when it has room for more.
pub(crate) async fn post(
    session: &Session,
    request: &HttpRequest,
    body: &mut Payload,
) -> HttpResponse {
    let Some(post) = PostGuard::begin(session) else {
        session.end(SessionEnd::Broken("two POSTs at the same time"));
        return status(StatusCode::BAD_REQUEST);
    };
    let response = match receive(session, request, body).await {
        Ok(()) => ok(HTML).body("ok"),
        Err(error) => {
            if let Some(end) = error.end {
                session.end(end);
            }
            status(error.status)
        }
    };
    post.end();
    response
}

/// Why a POST is refused.
struct PostError {
    status: StatusCode,
    /// How the session ends, if it does.
    end: Option<SessionEnd>,
}

impl PostError {
    const ENDED: Self = Self { status: StatusCode::BAD_REQUEST, end: None };
    const TOO_LARGE: Self = Self { status: StatusCode::PAYLOAD_TOO_LARGE, end: None };
    const OUT_OF_MEMORY: Self =
        Self { status: StatusCode::SERVICE_UNAVAILABLE, end: Some(SessionEnd::OutOfMemory) };

    fn new(status: StatusCode, end: SessionEnd) -> Self {
        Self { status, end: Some(end) }
    }
}

async fn receive(
    session: &Session,
    request: &HttpRequest,
    body: &mut Payload,
) -> Result<(), PostError> {
    let is_bytes = check_head(session, request)?;
    // Counts the body until its packets are handed over.
    let mut memory = session.memory.share();
    let bytes = collect(session, body, &mut memory).await?;
    if is_bytes {
        // Only old clients send these.
        deliver(session, v3::decode_bytes(bytes)).await;
        return Ok(());
    }
    let text = ByteString::try_from(bytes).map_err(|_| {
        PostError::new(StatusCode::BAD_REQUEST, SessionEnd::Malformed(DecodeError::NotUtf8))
    })?;
    match session.version {
        Version::V4 => deliver(session, payload::decode(text)).await,
        Version::V3 => deliver(session, v3::decode(text)).await,
    }
    Ok(())
}

/// Checks content type and length before the body is read. Returns whether the body is binary.
fn check_head(session: &Session, request: &HttpRequest) -> Result<bool, PostError> {
    let header = |name| request.headers().get(name);
    let is_bytes = header(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/octet-stream"));
    if is_bytes && session.version == Version::V4 {
        return Err(PostError::new(
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

/// Reads the whole body: at most `max_payload` bytes, in at most `body_timeout`, and only while the
/// session lives. A server that shuts down does not wait for a body that stalls.
async fn collect(
    session: &Session,
    body: &mut Payload,
    memory: &mut MemoryShare,
) -> Result<Bytes, PostError> {
    let Config { max_payload: limit, body_timeout: time, .. } = *session.config;
    // A body that came together with its head is there at the second poll, and needs no timer.
    defer_once().await;
    // A copy, because a chunk keeps the buffer of 8 KiB that it was read into.
    let mut bytes = BytesMut::new();
    let mut whole = poll_fn(|cx| poll_whole(body, &mut bytes, limit, memory, cx));
    let late = || {
        let end = SessionEnd::Broken("a body took longer than body_timeout");
        Err(PostError::new(StatusCode::REQUEST_TIMEOUT, end))
    };
    match poll_fn(|cx| task::Poll::Ready(Pin::new(&mut whole).poll(cx))).await {
        task::Poll::Ready(collected) => collected?,
        task::Poll::Pending => {
            Box::pin(async {
                tokio::select! {
                    biased;
                    collected = timeout(time, whole) => collected.unwrap_or_else(|_| late()),
                    () = session.closed() => Err(PostError::ENDED),
                }
            })
            .await?;
        }
    }
    Ok(bytes.freeze())
}

fn poll_whole(
    body: &mut Payload,
    bytes: &mut BytesMut,
    limit: usize,
    memory: &mut MemoryShare,
    cx: &mut task::Context<'_>,
) -> task::Poll<Result<(), PostError>> {
    loop {
        match ready!(Pin::new(&mut *body).poll_next(cx)) {
            None => return task::Poll::Ready(Ok(())),
            Some(Ok(chunk)) if bytes.len() + chunk.len() <= limit => {
                bytes.extend_from_slice(&chunk);
                if !memory.set(bytes.capacity()) {
                    return task::Poll::Ready(Err(PostError::OUT_OF_MEMORY));
                }
            }
            Some(Ok(_)) | Some(Err(PayloadError::Overflow)) => {
                return task::Poll::Ready(Err(PostError::TOO_LARGE));
            }
            Some(Err(_)) => {
                let end = SessionEnd::Broken("the client broke off a body");
                return task::Poll::Ready(Err(PostError::new(StatusCode::BAD_REQUEST, end)));
            }
        }
    }
}

/// Hands the packets over in pieces, so that no more is decoded than the session has room for.
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
        let is_full = batch.len() == Session::BATCH;
        let waits = match malformed {
            _ if batch.is_empty() => None,
            None => session.try_push(batch).err(),
            // The packets before the malformed one are valid, and are processed before the end.
            Some(_) => Some(batch),
        };
        let alive = match waits {
            Some(batch) => session.push(batch).await,
            None => true,
        };
        if let Some(error) = malformed {
            return session.end(SessionEnd::Malformed(error));
        }
        if !(is_full && alive) {
            return;
        }
    }
}
