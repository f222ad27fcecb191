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
    ConnectionError, Cookie, LiveCors,
    forward::forward,
    hooks::Hooks,
    refusal::Refusal,
    unread_body::{close_if_asked_to_upgrade, keep_unread},
    verify::{RequestKind, is_upgrade, supported_version, verify},
};
use crate::{
    config::InvalidSetting,
    engine::{EngineState, SessionRequest},
    log_text::log_line,
    model::{Extensions, HttpRequestParts, SessionId, Transport},
    panic_guard::call_hook,
    transport::{
        Session, polling,
        websocket::{self, DuplicateStream},
    },
};

/// A check of the request that opens a session.
pub(crate) type HandshakeCheck =
    Arc<dyn Fn(&HttpRequest, &Extensions) -> Result<(), Error> + Send + Sync>;

/// Opens a session: starts its actor, which is that of the protocol on top.
pub(crate) type OpenSession =
    Box<dyn Fn(SessionRequest) -> (SessionId, Arc<Session>) + Send + Sync>;

/// One endpoint, for Socket.IO or for another protocol on top of Engine.IO.
pub(crate) struct Endpoint {
    pub(crate) engine: Arc<EngineState>,
    pub(crate) open: OpenSession,
    pub(crate) settings: Arc<EndpointSettings>,
}

/// The application's settings for requests.
#[derive(Default)]
pub(crate) struct EndpointSettings {
    pub(crate) on_handshake: Vec<HandshakeCheck>,
    pub(crate) cors: Option<LiveCors>,
    pub(crate) cookie: Option<Cookie>,
    pub(crate) hooks: Hooks,
}

impl EndpointSettings {
    /// The first setting that no server or no browser can work with.
    pub(crate) fn check(&self) -> Result<(), InvalidSetting> {
        self.cors.as_ref().map_or(Ok(()), LiveCors::check)?;
        let Some(cookie) = &self.cookie else { return Ok(()) };
        cookie.check().map_err(|expected| InvalidSetting {
            setting: "cookie",
            value: format!("{cookie:?}"),
            expected: expected.to_owned(),
        })
    }
}

/// Answers any request to the endpoint.
pub(super) async fn handle_request(
    endpoint: Arc<Endpoint>,
    request: ServiceRequest,
) -> Result<ServiceResponse, Error> {
    let (request, mut body) = request.into_parts();
    let is_upgrade = is_upgrade(&request);
    let response = match respond(&endpoint, &request, is_upgrade, &mut body).await {
        Ok((mut response, answers)) => {
            // The other server has called its hooks for what it has answered.
            if answers != Answers::Elsewhere {
                let (headers, is_first) = (response.headers_mut(), answers == Answers::Handshake);
                endpoint.settings.hooks.write_headers(headers, &request, is_first);
            }
            response
        }
        Err(refusal) => refuse(&endpoint, &request, &refusal),
    };
    let mut response = keep_unread(&request, body, response);
    close_if_asked_to_upgrade(&request, response.head_mut());
    Ok(ServiceResponse::new(request, response))
}

/// The kind of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// The first one of a session.
    Handshake,
    Session,
    /// That of another server.
    Elsewhere,
}

/// Returns the response, and its kind.
///
/// The future is allocated for each request, and that of a poll lives as long as the poll waits. So
/// futures that few requests await are boxed separately. If the future had 1,024 bytes or more,
/// glibc would merge all free memory before it allocates.
async fn respond(
    endpoint: &Endpoint,
    request: &HttpRequest,
    is_upgrade: bool,
    body: &mut Payload,
) -> Result<(HttpResponse, Answers), Refusal> {
    let (session, new_id) = match classify(endpoint, request, is_upgrade)? {
        RequestKind::Handshake { transport: Transport::WebSocket, version } => {
            let open = handshake(endpoint, request, Transport::WebSocket, version.as_deref())?;
            let response = websocket::open(|| open().1, request, body.take());
            return Ok((response.map_err(Refusal::InvalidUpgrade)?, Answers::Handshake));
        }
        // The handshake is also the first poll: it finds the open packet in the outbox.
        RequestKind::Handshake { transport: Transport::Polling, version } => {
            let (id, session) =
                handshake(endpoint, request, Transport::Polling, version.as_deref())?();
            (session, Some(id))
        }
        RequestKind::Polling(session) => (session, None),
        RequestKind::Upgrade(session) => {
            let response = websocket::probe(session, request, body.take());
            return Ok((response.map_err(Refusal::InvalidUpgrade)?, Answers::Session));
        }
        RequestKind::Elsewhere(node) => {
            let response = Box::pin(forward(endpoint, request, node, body)).await;
            return Ok((response?, Answers::Elsewhere));
        }
        RequestKind::OtherMethod => {
            return Ok((HttpResponse::InternalServerError().finish(), Answers::Session));
        }
    };
    if request.method() == Method::POST {
        return Ok((polling::post(&session, request, body).await, Answers::Session));
    }
    let response = polling::get(&session, request).await;
    let mut response = response.ok_or_else(|| Refusal::UnknownSession)?;
    if let Some(id) = &new_id {
        set_cookie(endpoint, response.headers_mut(), id);
    }
    Ok((response, if new_id.is_some() { Answers::Handshake } else { Answers::Session }))
}

/// Verifies a request and returns its kind. Closes the TCP connection's duplicate descriptor if the
/// request is not a WebSocket handshake.
fn classify<'a>(
    endpoint: &Endpoint,
    request: &'a HttpRequest,
    is_upgrade: bool,
) -> Result<RequestKind<'a>, Refusal> {
    let kind = verify(endpoint, request, is_upgrade);
    let is_closed_or_needed = match &kind {
        // Polls that follow one another on one TCP connection look for the descriptor once. It is
        // far away in memory from everything else that a poll touches.
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
    // Refusals by the application are worth a line. The others are the noise of the internet.
    let level = match refusal {
        Refusal::Forbidden(_) | Refusal::ForbiddenOrigin { .. } => log::Level::Info,
        _ => log::Level::Debug,
    };
    log_line!(level, "refuse a request from {}"; error);
    endpoint.engine.counters.refused.add(refusal.kind());
    endpoint.settings.hooks.refused(&error);
    refusal.response(is_upgrade(request))
}

/// Checks whether a client may open a session. The returned function opens the session. Until it is
/// called or dropped, it holds the client's connection slot.
fn handshake(
    endpoint: &Endpoint,
    request: &HttpRequest,
    transport: Transport,
    version: Option<&str>,
) -> Result<impl FnOnce() -> (SessionId, Arc<Session>), Refusal> {
    let EngineState { config, sessions, memory, .. } = &*endpoint.engine;
    if sessions.is_closing() {
        return Err(Refusal::ShuttingDown);
    }
    let parts = HttpRequestParts::new(request, config.trusted_proxies);
    if parts.len() > config.max_handshake {
        return Err(Refusal::LargeHandshake);
    }
    if memory.is_exhausted() {
        return Err(Refusal::MemoryExhausted);
    }
    let slot = sessions.acquire(parts.client_ip(), config).map_err(Refusal::QuotaExceeded)?;
    let extensions = Extensions::default();
    for check in &endpoint.settings.on_handshake {
        call_hook("on_handshake", || check(request, &extensions))
            .ok_or_else(|| Refusal::HookPanicked)?
            .map_err(Refusal::Forbidden)?;
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
            settings: Arc::default(),
        });
        let answered = handle_request(endpoint, TestRequest::default().to_srv_request());
        let size = size_of_val(&answered);
        assert!(size <= 544, "{size} bytes, for each poll that waits");
    }
}
