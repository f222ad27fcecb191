//! A WebSocket: the only file that names `actix_web_actors`, for the handshake.
//!
//! Two halves which share one [`Wire`]. The response [`Body`] writes: what the WebSocket itself has to say (a pong, a
//! close), and whatever waits in the outbox, as many frames at once as there are. A task reads: it hands packets to the
//! connection and waits for room before it reads on, so that a client which sends faster than it is served is held by
//! TCP. The halves don't wait for each other; a peer which stops reading still has its messages read, and the reverse.

mod reader;
mod wire;

use std::{cell::RefCell, rc::Rc, sync::Arc};

use actix_web::{
    Error, HttpRequest, HttpResponse, HttpResponseBuilder,
    error::ErrorBadRequest,
    http::{Version, header},
    rt, web,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use tokio::time::timeout;

use self::{
    reader::Reader,
    wire::{Body, Source, Wire},
};
use super::{Link, deflate, link::takes_base64};

/// Opens a WebSocket for a session which is on it from the start, and is made if there is a handshake.
///
/// # Errors
/// If the request is no WebSocket handshake (RFC 6455 §4.2.1).
pub(crate) fn open(
    session: impl FnOnce() -> Arc<Link>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let response = handshake(request)?;
    let link = session();
    let (wire, response) = start(&link, request, response);
    wire.borrow_mut().source = Source::Outbox(Arc::clone(&link));
    rt::spawn(async move { Reader::new(link, wire, payload).run().await });
    Ok(response)
}

/// Opens a WebSocket that tries to take over from polling.
///
/// # Errors
/// If the request is no WebSocket handshake.
pub(crate) fn probe(link: Arc<Link>, request: &HttpRequest, payload: web::Payload) -> Result<HttpResponse, Error> {
    let response = handshake(request)?;
    let (wire, response) = start(&link, request, response);
    rt::spawn(async move {
        let limit = link.limits().upgrade_timeout;
        let mut reader = Reader::new(Arc::clone(&link), wire, payload);
        let upgraded = tokio::select! {
            upgraded = timeout(limit, reader.upgrade()) => upgraded.unwrap_or(false),
            () = link.closed() => false,
        };
        if upgraded {
            reader.run().await;
        } else {
            // The session stays with polling, if it goes on; only this WebSocket ends.
            reader.wire.borrow_mut().close(None);
        }
    });
    Ok(response)
}

/// Checks what the library leaves unchecked: the version of HTTP, the key, and that there is no body, which would be taken
/// for how the response is to be framed.
fn handshake(request: &HttpRequest) -> Result<HttpResponseBuilder, Error> {
    let headers = request.headers();
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY);
    let is_one_key = match (keys.next(), keys.next()) {
        (Some(key), None) => BASE64_STANDARD.decode(key.as_bytes()).is_ok_and(|key| key.len() == 16),
        _ => false,
    };
    if request.version() != Version::HTTP_11 || headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(ErrorBadRequest("a WebSocket handshake is a GET of HTTP/1.1 without a body"));
    }
    let response = actix_web_actors::ws::handshake(request)?;
    if is_one_key { Ok(response) } else { Err(ErrorBadRequest("Sec-WebSocket-Key must be 16 bytes in base64, once")) }
}

fn start(link: &Link, request: &HttpRequest, mut response: HttpResponseBuilder) -> (Rc<RefCell<Wire>>, HttpResponse) {
    let mut wire = Wire::new(takes_base64(request), link.version);
    if let Some(threshold) = link.limits().deflate {
        let offers = request.headers().get_all(header::SEC_WEBSOCKET_EXTENSIONS);
        if let Some(answer) = deflate::negotiate(offers.filter_map(|offers| offers.to_str().ok())) {
            response.insert_header((header::SEC_WEBSOCKET_EXTENSIONS, answer));
            wire.deflate = Some(threshold);
        }
    }
    let wire = Rc::new(RefCell::new(wire));
    let body = Body(Rc::clone(&wire));
    (wire, response.streaming(body))
}
