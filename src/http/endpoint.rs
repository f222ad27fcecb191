//! The HTTP endpoint of Engine.IO.

use std::sync::Arc;

use actix_web::{
    Error, HttpRequest, HttpResponse,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
};

use super::{
    ConnectionError, Cookie, Cors,
    hooks::Hooks,
    refusal::Refusal,
    verify::{RequestKind, is_upgrade, supported_version, verify},
};
use crate::{
    engine::{EngineState, SessionRequest},
    model::{Extensions, HttpRequestParts, SessionId, Transport},
    transport::{
        Session, polling,
        websocket::{self, DuplicateStream},
    },
};

/// A check of the request that opens a session.
pub(crate) type HandshakeCheck =
    Arc<dyn Fn(&HttpRequest, &Extensions) -> Result<(), Error> + Send + Sync>;

/// Starts the actor of a new session: what the protocol on top is.
pub(crate) type OpenSession =
    Box<dyn Fn(SessionRequest) -> (SessionId, Arc<Session>) + Send + Sync>;

/// An endpoint: who may connect, and what a session is opened for.
pub(crate) struct Endpoint {
    pub(crate) engine: Arc<EngineState>,
    pub(crate) open: OpenSession,
    pub(crate) settings: EndpointSettings,
}

/// What the application decides about requests.
#[derive(Default)]
pub(crate) struct EndpointSettings {
    pub(crate) on_handshake: Vec<HandshakeCheck>,
    pub(crate) cors: Option<Cors>,
    pub(crate) cookie: Option<Cookie>,
    pub(crate) hooks: Hooks,
}

/// Answers a request, whatever it is.
pub(super) async fn answer(
    endpoint: Arc<Endpoint>,
    request: ServiceRequest,
) -> Result<ServiceResponse, Error> {
    let (request, mut body) = request.into_parts();
    let is_upgrade = is_upgrade(&request);
    let response = match respond(&endpoint, &request, is_upgrade, &mut body).await {
        Ok((mut response, is_handshake)) => {
            let headers = response.headers_mut();
            endpoint.settings.hooks.write_headers(headers, &request, is_handshake);
            response
        }
        Err(refusal) => refuse(&endpoint, &request, &refusal),
    };
    Ok(ServiceResponse::new(request, response))
}

/// Returns the response, and whether it is the first one of a session.
///
/// The future is allocated for each request, and for a poll it lives as long as the poll waits. So
/// what few requests await is in a box of its own. From 1,024 bytes on, glibc would first join all
/// free memory.
async fn respond(
    endpoint: &Endpoint,
    request: &HttpRequest,
    is_upgrade: bool,
    body: &mut Payload,
) -> Result<(HttpResponse, bool), Refusal> {
    let (session, new_id) = match classify(endpoint, request, is_upgrade)? {
        RequestKind::Handshake { transport: Transport::WebSocket, version } => {
            let open = handshake(endpoint, request, Transport::WebSocket, version.as_deref())?;
            let response = websocket::open(|| open().1, request, body.take());
            return Ok((response.map_err(Refusal::NoWebSocket)?, true));
        }
        // The first poll finds the open packet in the outbox.
        RequestKind::Handshake { transport: Transport::Polling, version } => {
            let (id, session) =
                handshake(endpoint, request, Transport::Polling, version.as_deref())?();
            (session, Some(id))
        }
        RequestKind::Polling(session) => (session, None),
        RequestKind::Upgrade(session) => {
            let response = websocket::probe(session, request, body.take());
            return Ok((response.map_err(Refusal::NoWebSocket)?, false));
        }
        RequestKind::OtherMethod => {
            return Ok((HttpResponse::InternalServerError().finish(), false));
        }
    };
    if request.method() == Method::POST {
        return Ok((polling::post(&session, request, body).await, false));
    }
    let response = polling::get(&session, request).await;
    let mut response = response.ok_or_else(|| Refusal::UnknownSession)?;
    if let Some(id) = &new_id {
        set_cookie(endpoint, response.headers_mut(), id);
    }
    Ok((response, new_id.is_some()))
}

/// Returns what a request wants. If it is nothing that a WebSocket follows, the connection's
/// duplicate descriptor is closed.
fn classify<'a>(
    endpoint: &Endpoint,
    request: &'a HttpRequest,
    is_upgrade: bool,
) -> Result<RequestKind<'a>, Refusal> {
    let kind = verify(endpoint, request, is_upgrade);
    let is_closed_or_needed = match &kind {
        // Looked for once for a row of polls, because it is far away in memory from all else that a
        // poll touches.
        Ok(RequestKind::Polling(session)) => session.note_origin(request),
        _ => is_upgrade,
    };
    if !is_closed_or_needed {
        drop(DuplicateStream::take(request));
    }
    kind
}

fn refuse(endpoint: &Endpoint, request: &HttpRequest, refusal: &Refusal) -> HttpResponse {
    let error = ConnectionError::new(request, refusal);
    // What the application decides is worth a line; the rest is the noise of the internet.
    let level =
        if matches!(refusal, Refusal::Forbidden(_)) { log::Level::Info } else { log::Level::Debug };
    log::log!(level, "refuse a request of {error}");
    endpoint.engine.counters.refused.add(refusal.kind());
    endpoint.settings.hooks.refused(&error);
    refusal.response(is_upgrade(request))
}

/// Checks whether a client may open a session. The function that is returned opens it; until then
/// it holds the client's place.
fn handshake(
    endpoint: &Endpoint,
    request: &HttpRequest,
    transport: Transport,
    version: Option<&str>,
) -> Result<impl FnOnce() -> (SessionId, Arc<Session>), Refusal> {
    let EngineState { config, sessions, .. } = &*endpoint.engine;
    if sessions.is_closing() {
        return Err(Refusal::ShuttingDown);
    }
    let parts = HttpRequestParts::new(request, config.trusted_proxies);
    let slot = sessions.acquire(parts.client_ip(), config).map_err(Refusal::QuotaExceeded)?;
    let extensions = Extensions::default();
    for check in &endpoint.settings.on_handshake {
        check(request, &extensions).map_err(Refusal::Forbidden)?;
    }
    // Engine.IO checks this last.
    let Some(version) = supported_version(config, version) else {
        return Err(Refusal::UnsupportedVersion(version.map(str::to_owned)));
    };
    Ok(move || {
        (endpoint.open)(SessionRequest { request: parts, extensions, transport, version, slot })
    })
}

fn set_cookie(endpoint: &Endpoint, headers: &mut HeaderMap, id: &SessionId) {
    let Some(cookie) = &endpoint.settings.cookie else { return };
    if let Ok(value) = HeaderValue::try_from(cookie.set(id.reveal())) {
        headers.append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[actix_web::test]
    async fn the_future_of_a_request_is_small() {
        let endpoint = Arc::new(Endpoint {
            engine: EngineState::new(Arc::default(), Arc::default()),
            open: Box::new(|_| unreachable!("no session is opened")),
            settings: EndpointSettings::default(),
        });
        let answered = answer(endpoint, TestRequest::default().to_srv_request());
        let size = size_of_val(&answered);
        assert!(size <= 512, "{size} bytes, for each poll that waits");
    }
}
