//! A WebSocket, in two halves that share one [`WriteState`].
//!
//! * The [`Writer`] writes the WebSocket's own frames (pong, close) and the frames in the outbox.
//!   It writes all waiting frames in one piece.
//! * The [`Reader`] hands packets to the connection, and waits until the connection has capacity
//!   before it reads on. TCP thereby slows down a client that sends faster than it is served.
//!
//! The halves do not wait for each other. The messages of a client that stops reading are still
//! read, and a client that stops sending is still written to.
//!
//! Once the handshake is answered, the TCP stream is [taken over](takeover) from actix-http, and
//! one task runs both halves. If the client gets frames unchanged, the stream is then stored in the
//! outbox. While the task waits for frames, a channel registry may write to the stream directly
//! ([`Outbox::deliver`](crate::outbox::Outbox::deliver)).
//!
//! A stream cannot be taken over if actix-web itself does TLS, or if the `HttpServer` has no
//! `on_connect` hook. The writer is then the body of the response, and a task reads the payload of
//! the request.
//!
//! This is the only file that names `actix_web_actors`, which checks the handshake.

mod driver;
mod read_source;
mod reader;
mod stream;
mod subprotocol;
mod takeover;
mod tunnel;
mod writer;

use std::{cell::RefCell, rc::Rc, sync::Arc};

use actix_web::{
    Error, HttpRequest, HttpResponse, HttpResponseBuilder,
    dev::Payload,
    error::ErrorBadRequest,
    http::{
        Version,
        header::{self, HeaderMap},
    },
    rt,
    web::BytesMut,
};
use actix_web_actors::ws::HandshakeError;
use base64::{Engine, prelude::BASE64_STANDARD};

use self::{
    read_source::ReadSource,
    reader::Reader,
    takeover::Takeover,
    writer::{FrameSource, WriteState, Writer},
};
pub(crate) use self::{
    takeover::DuplicateStream,
    tunnel::{TunnelEnds, tunnel},
};
use super::{Session, deflate, session::wants_base64};

/// Opens a WebSocket for a new session. `session` is called only if the handshake is valid.
///
/// # Errors
/// If the request is not a valid WebSocket handshake (RFC 6455 §4.2.1).
pub(crate) fn open(
    session: impl FnOnce() -> Arc<Session>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let response = handshake(request)?;
    Ok(start(session(), request, payload, response, false))
}

/// Opens a WebSocket that tries to take a session over from polling.
///
/// # Errors
/// If the request is not a valid WebSocket handshake.
pub(crate) fn probe(
    session: Arc<Session>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let response = handshake(request)?;
    Ok(start(session, request, payload, response, true))
}

/// Checks the handshake, also for what `actix_web_actors` leaves unchecked: the HTTP version, the
/// key, and that the request has no chunked body, which would decide how the response is framed.
fn handshake(request: &HttpRequest) -> Result<HttpResponseBuilder, Error> {
    let headers = request.headers();
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY);
    let has_valid_key = match (keys.next(), keys.next()) {
        (Some(key), None) => BASE64_STANDARD.decode_slice(key.as_bytes(), &mut [0; 18]) == Ok(16),
        _ => false,
    };
    if request.version() != Version::HTTP_11 || headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(ErrorBadRequest(
            "a WebSocket handshake must be an HTTP/1.1 GET request without a body",
        ));
    }
    let mut response = match actix_web_actors::ws::handshake(request) {
        Err(HandshakeError::NoConnectionUpgrade) if names_upgrade(headers) && has_valid_key => {
            accept(request)?
        }
        response => response?,
    };
    if !has_valid_key {
        return Err(ErrorBadRequest("Sec-WebSocket-Key must be given once, as 16 bytes in base64"));
    }
    if let Some(name) = subprotocol::first_offered(headers)? {
        response.insert_header((header::SEC_WEBSOCKET_PROTOCOL, name));
    }
    Ok(response)
}

/// Whether a request asks for a WebSocket on its connection.
pub(crate) fn asks_for_websocket(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let mut upgrades = headers.get_all(header::UPGRADE);
    let is_websocket = upgrades.any(|name| name.as_bytes().eq_ignore_ascii_case(b"websocket"));
    is_websocket && names_upgrade(headers) && request.version() == Version::HTTP_11
}

/// Whether `Connection` has the option `upgrade`, beside any others.
fn names_upgrade(headers: &HeaderMap) -> bool {
    let mut options = headers
        .get_all(header::CONNECTION)
        .flat_map(|options| options.as_bytes().split(|byte| *byte == b','));
    options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
}

/// Accepts a handshake with `Connection: close, Upgrade`, as Node does. `actix_web_actors` does not
/// take it for one. A WebSocket's connection is closed behind it anyway.
fn accept(request: &HttpRequest) -> Result<HttpResponseBuilder, HandshakeError> {
    let headers = request.headers();
    match headers.get(header::SEC_WEBSOCKET_VERSION) {
        None => return Err(HandshakeError::NoVersionHeader),
        Some(version) if version != "13" => return Err(HandshakeError::UnsupportedVersion),
        Some(_) => {}
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(HandshakeError::BadWebsocketKey)?;
    let hash = actix_http::ws::hash_key(key.as_bytes());
    let mut response = HttpResponse::SwitchingProtocols();
    response.upgrade("websocket").insert_header((header::SEC_WEBSOCKET_ACCEPT, &hash[..]));
    Ok(response)
}

/// Starts both halves: on the TCP stream if it can be taken over, and through actix-http otherwise.
fn start(
    session: Arc<Session>,
    request: &HttpRequest,
    payload: Payload,
    mut response: HttpResponseBuilder,
    probes: bool,
) -> HttpResponse {
    let mut state = WriteState::new(wants_base64(request), session.version);
    if session.config.per_message_deflate {
        let offers = request.headers().get_all(header::SEC_WEBSOCKET_EXTENSIONS);
        // An offer that can't be read is declined: without it, messages are not compressed.
        if let Some(answer) = deflate::negotiate(offers.filter_map(|offers| offers.to_str().ok())) {
            response.insert_header((header::SEC_WEBSOCKET_EXTENSIONS, answer));
            state.deflate = Some(session.config.deflate_threshold);
        }
    }
    if !probes {
        state.source = FrameSource::Outbox(Arc::clone(&session));
    }
    let state = Rc::new(RefCell::new(state));
    let writer = Writer(Rc::clone(&state));
    match Takeover::begin(request, payload, session.config.max_payload) {
        Ok((takeover, taken)) => {
            // The open packet is queued already, and is sent with the answer in one write. A probe
            // has nothing to send yet.
            let first_frames = if probes { None } else { writer.take() };
            rt::spawn(driver::run(session, writer, taken, probes));
            response.body(takeover.with_first_frames(first_frames.unwrap_or_default()))
        }
        Err(payload) => {
            let mut reader =
                Reader::new(session, state, ReadSource::Payload(payload), BytesMut::new());
            rt::spawn(async move { reader.run(probes).await });
            response.streaming(writer)
        }
    }
}
