//! A WebSocket: the only file that names `actix_web_actors`, for the handshake.
//!
//! Two halves which share one [`WriteState`]. The [`Writer`] writes: what the WebSocket itself has to say
//! (a pong, a close), and whatever waits in the outbox, as many frames at once as there are. The
//! [`Reader`] hands packets to the connection and waits for room before it reads on, so that a
//! client which sends faster than it is served is held by TCP. The halves don't wait for each
//! other; a peer which stops reading still has its messages read, and the reverse.
//!
//! Once the handshake is answered, the connection is [taken over](takeover) from actix-http, and
//! one task runs both halves. While it waits for frames, a hub may write them itself
//! ([`Outbox::deliver`](crate::outbox::Outbox::deliver)), for which the connection is in the
//! outbox. Where that can't be (TLS of actix-web's own, an `HttpServer` without `on_connect`), the
//! body is the response's, and a task reads the request's payload.

mod driver;
mod read_source;
mod reader;
mod stream;
mod takeover;
mod writer;

use std::{cell::RefCell, rc::Rc, sync::Arc};

use actix_web::{
    Error, HttpRequest, HttpResponse, HttpResponseBuilder,
    dev::Payload,
    error::ErrorBadRequest,
    http::{Version, header},
    rt,
    web::BytesMut,
};
use base64::{Engine, prelude::BASE64_STANDARD};

pub(crate) use self::takeover::DuplicateStream;
use self::{
    read_source::ReadSource,
    reader::Reader,
    takeover::Takeover,
    writer::{FrameSource, WriteState, Writer},
};
use super::{Session, deflate, session::takes_base64};

/// Opens a WebSocket for a session which is on it from the start, and is made if there is a
/// handshake.
///
/// # Errors
/// If the request is no WebSocket handshake (RFC 6455 §4.2.1).
pub(crate) fn open(
    session: impl FnOnce() -> Arc<Session>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let response = handshake(request)?;
    Ok(start(session(), request, payload, response, false))
}

/// Opens a WebSocket that tries to take over from polling.
///
/// # Errors
/// If the request is no WebSocket handshake.
pub(crate) fn probe(
    session: Arc<Session>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let response = handshake(request)?;
    Ok(start(session, request, payload, response, true))
}

/// Checks what the library leaves unchecked: the version of HTTP, the key, and that there is no
/// body, which would be taken for how the response is to be framed.
fn handshake(request: &HttpRequest) -> Result<HttpResponseBuilder, Error> {
    let headers = request.headers();
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY);
    let is_one_key = match (keys.next(), keys.next()) {
        (Some(key), None) => BASE64_STANDARD.decode_slice(key.as_bytes(), &mut [0; 18]) == Ok(16),
        _ => false,
    };
    if request.version() != Version::HTTP_11 || headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(ErrorBadRequest("a WebSocket handshake is a GET of HTTP/1.1 without a body"));
    }
    let response = actix_web_actors::ws::handshake(request)?;
    if is_one_key {
        Ok(response)
    } else {
        Err(ErrorBadRequest("Sec-WebSocket-Key must be 16 bytes in base64, once"))
    }
}

/// Starts both halves: over the connection itself if it can be taken over, and through actix-http
/// otherwise.
fn start(
    session: Arc<Session>,
    request: &HttpRequest,
    payload: Payload,
    mut response: HttpResponseBuilder,
    probes: bool,
) -> HttpResponse {
    let mut state = WriteState::new(takes_base64(request), session.version);
    if session.config.per_message_deflate {
        let offers = request.headers().get_all(header::SEC_WEBSOCKET_EXTENSIONS);
        if let Some(answer) = deflate::negotiate(offers.filter_map(|offers| offers.to_str().ok())) {
            response.insert_header((header::SEC_WEBSOCKET_EXTENSIONS, answer));
            state.deflate = Some(session.config.deflate_threshold);
        }
    }
    if !probes {
        state.source = FrameSource::Outbox(Arc::clone(&session));
    }
    let state = Rc::new(RefCell::new(state));
    let body = Writer(Rc::clone(&state));
    match Takeover::begin(request, payload, session.config.max_payload) {
        Ok((takeover, taken)) => {
            // The open packet waits already, and needs no write of its own. A probe has nothing to
            // say yet.
            let first = if probes { None } else { body.take() };
            rt::spawn(driver::run(session, body, taken, probes));
            response.body(takeover.brings(first.unwrap_or_default()))
        }
        Err(payload) => {
            let mut reader =
                Reader::new(session, state, ReadSource::Payload(payload), BytesMut::new());
            rt::spawn(async move { reader.run(probes).await });
            response.streaming(body)
        }
    }
}
