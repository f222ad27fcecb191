//! The HTTP endpoint: which request is a handshake, which one a poll, and which one is none.

use std::{borrow::Cow, sync::Arc};

use actix_web::{
    Error, HttpRequest, HttpResponse,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::ErrorForbidden,
    http::{
        Method,
        header::{self, HeaderValue},
    },
};

use super::{ConnectionError, parameters::Parameters, refusal::Refusal};
use crate::{
    config::Config,
    connection::Connection,
    model::{Extensions, HttpRequestParts, SessionId, Transport},
    protocol::Version,
    server::ServerInner,
    state::ServerState,
    transport::{
        Session,
        polling::{self, Unanswered},
        websocket::{self, DuplicateStream},
    },
};

/// What a request wants.
enum RequestKind<'a> {
    Handshake {
        transport: Transport,
        version: Option<Cow<'a, str>>,
    },
    /// A `GET` for what waits, or a `POST` of packets.
    Polling(Arc<Session>),
    Upgrade(Arc<Session>),
    /// A method which polling does not know.
    Odd,
}

/// The endpoint's answer, whatever it is.
pub(crate) async fn answer(
    inner: Arc<ServerInner>,
    request: ServiceRequest,
) -> Result<ServiceResponse, Error> {
    let (request, mut body) = request.into_parts();
    let is_upgrade = is_upgrade(&request);
    let response = match respond(&inner, &request, is_upgrade, &mut body).await {
        Ok((mut response, initial)) => {
            inner.hooks.write_headers(response.headers_mut(), &request, initial);
            response
        }
        Err(refusal) => refuse(&inner, &request, &refusal),
    };
    Ok(ServiceResponse::new(request, response))
}

/// The response, and whether it is the first one of a session.
///
/// Its future is allocated for each request, and a poll's is kept as long as it waits: what only
/// few requests have to await is in a box of its own. From 1,024 bytes on, glibc would first put
/// together all that is free.
async fn respond(
    inner: &ServerInner,
    request: &HttpRequest,
    is_upgrade: bool,
    body: &mut Payload,
) -> Result<(HttpResponse, bool), Refusal> {
    let (session, opened) = match classify(inner, request, is_upgrade)? {
        RequestKind::Handshake { transport: Transport::WebSocket, version } => {
            return Ok((open_websocket(inner, request, body.take(), version.as_deref())?, true));
        }
        // The first poll finds the open packet.
        RequestKind::Handshake { transport: Transport::Polling, version } => {
            let (id, session) = open_polling(inner, request, version.as_deref())?;
            (session, Some(id))
        }
        RequestKind::Polling(session) => (session, None),
        RequestKind::Upgrade(session) => {
            return Ok((
                websocket::probe(session, request, body.take()).map_err(Refusal::NoWebSocket)?,
                false,
            ));
        }
        RequestKind::Odd => return Ok((HttpResponse::InternalServerError().finish(), false)),
    };
    if request.method() == Method::POST {
        return Ok((polling::post(&session, request, body).await, false));
    }
    let (body, poll) = match polling::get(&session, request).await {
        Ok(polled) => polled,
        Err(Unanswered::SessionIsOver) => return Err(Refusal::UnknownSession),
        Err(Unanswered::TwoAtOnce(response)) => return Ok((response, false)),
    };
    let mut response = polling::compression::answer(&inner.shared.config, request, body).await;
    let cookie = opened.and_then(|id| Some(inner.cookie.as_ref()?.set(id.reveal())));
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    poll.end();
    Ok((response, opened.is_some()))
}

/// What a request wants; its connection is done with what only a WebSocket would need.
fn classify<'a>(
    inner: &ServerInner,
    request: &'a HttpRequest,
    is_upgrade: bool,
) -> Result<RequestKind<'a>, Refusal> {
    let wanted = verify(inner, request, is_upgrade);
    let is_done = match &wanted {
        Ok(RequestKind::Polling(session)) => session.note_origin(request),
        _ => is_upgrade,
    };
    // Who has asked for anything else does not turn the connection into a WebSocket. It is looked
    // for once, as it is away from all else that a poll touches.
    if !is_done {
        drop(DuplicateStream::take(request));
    }
    wanted
}

fn refuse(inner: &ServerInner, request: &HttpRequest, refusal: &Refusal) -> HttpResponse {
    let error = ConnectionError::new(request, refusal);
    // What the application decides is news to it; the rest is the noise of the internet.
    let level =
        if matches!(refusal, Refusal::Forbidden(_)) { log::Level::Info } else { log::Level::Debug };
    log::log!(level, "refuse a request of {error}");
    inner.shared.counters.refused.add(refusal.kind());
    inner.hooks.refused(&error);
    refusal.response(is_upgrade(request))
}

/// Browsers ask nobody before they open a WebSocket to another origin, nor before they send a
/// simple request, whose answer alone they keep from the page: so where origins are chosen, this
/// looks.
fn allows_origin(inner: &ServerInner, request: &HttpRequest, origin: &str) -> bool {
    let host = || request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    inner.cors.as_ref().is_none_or(|cors| cors.allows(origin, host()))
}

fn is_upgrade(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(header::UPGRADE);
    upgrade.is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The version of Engine.IO's protocol which a client speaks, if it is spoken here. One that says
/// nothing is an old one.
fn spoken(config: &Config, version: Option<&str>) -> Option<Version> {
    match version {
        Some("4") => Some(Version::V4),
        None | Some("3") if config.allow_eio3 => Some(Version::V3),
        _ => None,
    }
}

/// Engine.IO's checks, in its order.
fn verify<'a>(
    inner: &ServerInner,
    request: &'a HttpRequest,
    is_upgrade: bool,
) -> Result<RequestKind<'a>, Refusal> {
    let config = &inner.shared.config;
    let parameters = Parameters::read(request.query_string())
        .ok_or_else(|| Refusal::BadRequest("INVALID_QUERY"))?;
    let Parameters { version, transport: name, sid } = parameters;
    let known = name
        .as_ref()
        .and_then(|name| config.transports.iter().find(|known| known.as_str() == name));
    let Some(&transport) = known else {
        return Err(Refusal::UnknownTransport(name.map(Cow::into_owned)));
    };
    if let Some(origin) = request.headers().get(header::ORIGIN) {
        let Ok(origin) = origin.to_str() else { return Err(Refusal::BadRequest("INVALID_ORIGIN")) };
        if !allows_origin(inner, request, origin) {
            return Err(Refusal::Forbidden(ErrorForbidden(
                "pages of this origin may not connect here",
            )));
        }
    }
    let Some(sid) = sid.filter(|sid| !sid.is_empty()) else {
        if request.method() != Method::GET {
            return Err(Refusal::BadMethod(request.method().clone()));
        }
        if (transport == Transport::WebSocket) != is_upgrade {
            return Err(Refusal::BadRequest("TRANSPORT_HANDSHAKE_ERROR"));
        }
        return Ok(RequestKind::Handshake { transport, version });
    };
    let session = SessionId::parse(&sid)
        .and_then(|id| inner.shared.sessions.session(&id))
        .ok_or_else(|| Refusal::UnknownSession)?;
    match transport {
        Transport::WebSocket if !is_upgrade => {
            return Err(Refusal::BadRequest("TRANSPORT_MISMATCH"));
        }
        Transport::Polling if is_upgrade || session.transport() != transport => {
            return Err(Refusal::BadRequest("TRANSPORT_MISMATCH"));
        }
        _ => {}
    }
    if spoken(config, version.as_deref()) != Some(session.version) {
        return Err(Refusal::BadRequest("PROTOCOL_MISMATCH"));
    }
    match transport {
        Transport::WebSocket if !config.allow_upgrades => {
            Err(Refusal::BadRequest("UPGRADES_ARE_OFF"))
        }
        Transport::WebSocket => Ok(RequestKind::Upgrade(session)),
        Transport::Polling => Ok(match *request.method() {
            Method::GET | Method::POST => RequestKind::Polling(session),
            _ => RequestKind::Odd,
        }),
    }
}

/// Lets a client in, if it may come. What is returned opens its session, and has the client's place
/// until then.
fn handshake(
    inner: &ServerInner,
    request: &HttpRequest,
    transport: Transport,
    version: Option<&str>,
) -> Result<impl FnOnce() -> (SessionId, Arc<Session>), Refusal> {
    let ServerState { config, sessions, .. } = &*inner.shared;
    if sessions.is_closing() {
        return Err(Refusal::ShuttingDown);
    }
    let parts = HttpRequestParts::new(request, config.trusted_proxies);
    let slot = sessions.admit(parts.client_ip(), config).map_err(Refusal::QuotaExceeded)?;
    let extensions = Extensions::default();
    for check in &inner.on_handshake {
        check(request, &extensions).map_err(Refusal::Forbidden)?;
    }
    // Engine.IO asks this last.
    let Some(version) = spoken(config, version) else {
        return Err(Refusal::UnsupportedVersion(version.map(str::to_owned)));
    };
    Ok(move || Connection::open(&inner.shared, parts, extensions, transport, version, slot))
}

fn open_websocket(
    inner: &ServerInner,
    request: &HttpRequest,
    body: Payload,
    version: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    let open = handshake(inner, request, Transport::WebSocket, version)?;
    websocket::open(|| open().1, request, body).map_err(Refusal::NoWebSocket)
}

fn open_polling(
    inner: &ServerInner,
    request: &HttpRequest,
    version: Option<&str>,
) -> Result<(SessionId, Arc<Session>), Refusal> {
    handshake(inner, request, Transport::Polling, version).map(|open| open())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::server::SocketIo;

    #[actix_web::test]
    async fn what_waits_for_a_request_is_small() {
        let io = SocketIo::builder().open_channels().build().expect("the settings make sense");
        let answered = answer(Arc::clone(&io.inner), TestRequest::default().to_srv_request());
        assert!(
            size_of_val(&answered) <= 512,
            "{} bytes, of each poll that waits",
            size_of_val(&answered)
        );
    }
}
