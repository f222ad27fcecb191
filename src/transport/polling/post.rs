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

use super::{HTML, ok, status};
use crate::{
    config::Config,
    deadline::within,
    model::MemoryShare,
    protocol::{DecodeError, EnginePacket, Version, payload, v3},
    transport::{
        ReadCost, Session, SessionEnd, defer_once::defer_once, read_cost::charged_bytes,
        request_guards::PostGuard,
    },
};

/// Hands the packets of a body to the session, and answers when it has room for more.
pub(crate) async fn post(
    session: &Session,
    request: &HttpRequest,
    body: &mut Payload,
) -> HttpResponse {
    let Some((post, waits)) = PostGuard::begin(session) else {
        session.end(SessionEnd::Broken("two POSTs at the same time"));
        return status(StatusCode::BAD_REQUEST);
    };
    // The packets of the POST before come first.
    if waits && !Box::pin(has_turn(session)).await {
        post.end();
        return status(StatusCode::BAD_REQUEST);
    }
    let (code, unpaid) = match receive(session, request, body).await {
        // The session has ended in the meantime, so the packets are lost: not `ok`.
        Ok(()) if session.posts.is_overlapped() => (StatusCode::BAD_REQUEST, None),
        Ok(()) => (StatusCode::OK, None),
        Err(PostError { status, end: Some(end), .. }) => {
            session.end(end);
            (status, None)
        }
        // The session goes on, so the client could try again and again for free.
        Err(PostError { status, end: None, read }) => (status, Some(read)),
    };
    if let Some(bytes) = unpaid.filter(|_| session.is_charged()) {
        Box::pin(session.push(Vec::new(), ReadCost { packets: 1, bytes })).await;
    }
    post.end();
    if code == StatusCode::OK { ok(HTML).body("ok") } else { status(code) }
}

/// Waits for the turn of a POST. Returns `false` if the session ends before: a POST before that is
/// broken off passes its turn to none.
async fn has_turn(session: &Session) -> bool {
    tokio::select! {
        biased;
        () = session.posts.turn() => true,
        () = session.closed() => false,
    }
}

/// Why a POST is refused.
struct PostError {
    status: StatusCode,
    /// How the session ends, if it does.
    end: Option<SessionEnd>,
    /// The number of bytes of its body that were read, if the session goes on.
    read: usize,
}

impl PostError {
    const ENDED: Self = Self { status: StatusCode::BAD_REQUEST, end: None, read: 0 };

    fn too_large(read: usize) -> Self {
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, end: None, read }
    }

    fn out_of_memory() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, SessionEnd::OutOfMemory)
    }

    fn new(status: StatusCode, end: SessionEnd) -> Self {
        Self { status, end: Some(end), read: 0 }
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
    session.posts.body_is_read();
    let length = bytes.len();
    if is_bytes {
        // Only old clients send these.
        Box::pin(deliver(session, v3::decode_bytes(bytes), length)).await;
        return Ok(());
    }
    let text = ByteString::try_from(bytes).map_err(|_| {
        PostError::new(StatusCode::BAD_REQUEST, SessionEnd::Malformed(DecodeError::NotUtf8))
    })?;
    match session.version {
        Version::V4 => deliver(session, payload::decode(text), length).await,
        Version::V3 => Box::pin(deliver(session, v3::decode(text), length)).await,
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
        return Err(PostError::too_large(0));
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
                    collected = within(time, whole) => collected.unwrap_or_else(late),
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
                    return task::Poll::Ready(Err(PostError::out_of_memory()));
                }
            }
            Some(Ok(_)) | Some(Err(PayloadError::Overflow)) => {
                return task::Poll::Ready(Err(PostError::too_large(bytes.len())));
            }
            Some(Err(_)) => {
                let end = SessionEnd::Broken("the client broke off a body");
                return task::Poll::Ready(Err(PostError::new(StatusCode::BAD_REQUEST, end)));
            }
        }
    }
}

/// Hands the packets of a body over in pieces, so that no more is decoded than the session has room
/// for. The body has `uncharged` bytes.
async fn deliver(
    session: &Session,
    mut packets: impl Iterator<Item = Result<EnginePacket, DecodeError>>,
    mut uncharged: usize,
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
            Some(batch) => {
                uncharged = uncharged.saturating_sub(charged_bytes(&batch));
                // Separators, and base64 beyond its data: what the packets are not charged for.
                let bytes = if is_full { 0 } else { uncharged };
                Box::pin(session.push(batch, ReadCost { packets: 0, bytes })).await
            }
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
