//! Classifies requests and checks whether they are allowed, in the order in which Engine.IO checks.

use std::{borrow::Cow, sync::Arc};

use actix_web::{
    HttpRequest,
    http::{Method, header},
};

use super::{
    endpoint::Endpoint,
    forward::{is_forwarded, other_node},
    origin::OwnHost,
    parameters::RequestParameters,
    refusal::Refusal,
};
use crate::{
    config::Config,
    model::{NodeId, SessionId, Transport},
    protocol::Version,
    transport::Session,
};

/// The purpose of a request that has passed the checks.
pub(super) enum RequestKind<'a> {
    /// A request for a new session.
    Handshake { transport: Transport, version: Option<Cow<'a, str>> },
    /// A `GET` that fetches packets, or a `POST` that brings them.
    Polling(Arc<Session>),
    /// A WebSocket handshake for a session that is open.
    Upgrade(Arc<Session>),
    /// A request to a session of another server.
    Elsewhere(NodeId),
    /// A request to a session with another method.
    OtherMethod,
}

/// Returns whether a request is a WebSocket handshake.
pub(super) fn is_upgrade(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(header::UPGRADE);
    upgrade.is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Returns the Engine.IO version that a client asks for, if the server speaks it. Clients of
/// Engine.IO 3 and before may leave the version out, or name one that Node takes for 3.
pub(super) fn supported_version(config: &Config, version: Option<&str>) -> Option<Version> {
    match version {
        Some("4") => Some(Version::V4),
        None | Some("1" | "2" | "3") if config.allow_eio3 => Some(Version::V3),
        _ => None,
    }
}

/// Checks a request and returns its kind.
///
/// # Errors
/// [`Refusal`] of the first check that fails.
pub(super) fn verify<'a>(
    endpoint: &Endpoint,
    request: &'a HttpRequest,
    is_upgrade: bool,
) -> Result<RequestKind<'a>, Refusal> {
    let config = &endpoint.engine.config;
    let is_forwarded = is_forwarded(endpoint, request)?;
    let parameters = RequestParameters::read(request.query_string())
        .ok_or_else(|| Refusal::BadRequest("INVALID_QUERY"))?;
    let RequestParameters { version, transport: name, sid } = parameters;
    let transport = name
        .as_ref()
        .and_then(|name| config.transports.iter().find(|allowed| allowed.as_str() == name));
    let Some(&transport) = transport else {
        return Err(Refusal::UnknownTransport(name.map(Cow::into_owned)));
    };
    verify_origin(endpoint, request)?;
    let Some(sid) = sid.filter(|sid| !sid.is_empty()) else {
        if request.method() != Method::GET {
            return Err(Refusal::BadMethod(request.method().clone()));
        }
        if (transport == Transport::WebSocket) != is_upgrade {
            return Err(Refusal::BadRequest("TRANSPORT_HANDSHAKE_ERROR"));
        }
        return Ok(RequestKind::Handshake { transport, version });
    };
    let id = SessionId::parse(&sid).ok_or_else(|| Refusal::UnknownSession)?;
    let Some(session) = endpoint.engine.sessions.get(&id) else {
        let node = if is_forwarded { None } else { other_node(endpoint, request, &id) };
        return node.map(RequestKind::Elsewhere).ok_or_else(|| Refusal::UnknownSession);
    };
    let is_mismatch = match transport {
        Transport::WebSocket => !is_upgrade,
        Transport::Polling => is_upgrade || session.transport() != transport,
    };
    if is_mismatch {
        return Err(Refusal::BadRequest("TRANSPORT_MISMATCH"));
    }
    if supported_version(config, version.as_deref()) != Some(session.version) {
        return Err(Refusal::BadRequest("PROTOCOL_MISMATCH"));
    }
    match transport {
        Transport::WebSocket if !config.allow_upgrades => {
            Err(Refusal::BadRequest("UPGRADES_ARE_OFF"))
        }
        Transport::WebSocket => Ok(RequestKind::Upgrade(session)),
        Transport::Polling => Ok(match *request.method() {
            Method::GET | Method::POST => RequestKind::Polling(session),
            _ => RequestKind::OtherMethod,
        }),
    }
}

/// Checks the origin of a request, if the application has set [`Cors`](super::Cors).
///
/// The headers of CORS are not enough. A browser sends no preflight before it opens a WebSocket to
/// another origin, nor before a simple request, from whose page it only withholds the response.
fn verify_origin(endpoint: &Endpoint, request: &HttpRequest) -> Result<(), Refusal> {
    let mut origins = request.headers().get_all(header::ORIGIN);
    let Some(origin) = origins.next() else { return Ok(()) };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else {
        return Err(Refusal::BadRequest("INVALID_ORIGIN"));
    };
    let own = || OwnHost::of(request, endpoint.engine.config.trusted_proxies);
    match &endpoint.settings.cors {
        Some(cors) if !cors.allows(origin, own) => Err(Refusal::ForbiddenOrigin {
            origin: origin.to_owned(),
            host: OwnHost::text(request).map(str::to_owned),
        }),
        _ => Ok(()),
    }
}
