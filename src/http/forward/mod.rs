//! Passes requests on to the server of the cluster that has their session, so that a load balancer
//! may send each request of a client to any server.
//!
//! The id of a session begins with the id of its server. A request whose session is elsewhere is
//! sent to that server as it came, with a [proof](proof) that it comes from this one. The answer is
//! sent to the client as it comes, and an upgrade becomes a tunnel. A request that was passed on
//! once is never passed on again.

mod body;
mod exchange;
mod heads;
mod proof;

use std::time::Duration;

use actix_http::body::BodySize;
use actix_web::{
    HttpRequest, HttpResponse,
    body::BoxBody,
    dev::Payload,
    http::{
        Method, StatusCode, Version,
        header::{self, HeaderValue},
    },
};
use tokio::time::timeout;

use self::{
    body::ForwardedBody,
    exchange::{NodeAnswer, NodeConnection, exchange},
    proof::Proof,
};
use super::{endpoint::Endpoint, refusal::Refusal};
use crate::{
    config::Config,
    engine::Forwarding,
    log_text::log_line,
    model::{NodeAddress, NodeId, SessionId},
    stats::ForwardFailure,
    transport::websocket,
};

/// Checks whether a request comes from another server. Returns `true` if it does.
///
/// # Errors
/// [`Refusal::WrongProof`].
pub(super) fn is_forwarded(endpoint: &Endpoint, request: &HttpRequest) -> Result<bool, Refusal> {
    let Some(others) = endpoint.engine.forwarding.get() else { return Ok(false) };
    match proof::check(&*others.directory, request, proof::now()) {
        Proof::Absent => Ok(false),
        Proof::Right => Ok(true),
        Proof::Wrong => {
            endpoint.engine.counters.forward_failures.add(ForwardFailure::WrongProof);
            Err(Refusal::WrongProof)
        }
    }
}

/// The server to pass a request on to, if its session may be on another one.
pub(super) fn other_node(
    endpoint: &Endpoint,
    request: &HttpRequest,
    session: &SessionId,
) -> Option<NodeId> {
    let others = endpoint.engine.forwarding.get()?;
    let (node, method) = (session.node(), request.method());
    let is_passed_on =
        node != others.directory.own_id() && matches!(*method, Method::GET | Method::POST);
    is_passed_on.then_some(node)
}

/// Passes a request on to another server, and returns its answer.
///
/// # Errors
/// [`Refusal::TooManyForwarded`]. [`Refusal::UnknownSession`] if there is no such server, or none
/// that answers: then its sessions are gone, and the client begins anew.
pub(super) async fn forward(
    endpoint: &Endpoint,
    request: &HttpRequest,
    node: NodeId,
    payload: &mut Payload,
) -> Result<HttpResponse, Refusal> {
    let (config, counters) = (&endpoint.engine.config, &endpoint.engine.counters);
    let Some(others) = endpoint.engine.forwarding.get() else { return Err(Refusal::UnknownSession) };
    let slot = counters.forwarding.acquire(config.max_forwarded);
    let slot = slot.ok_or_else(|| Refusal::TooManyForwarded)?;
    let is_upgrade = websocket::asks_for_websocket(request);
    let answer = match ask(config, others, request, node, is_upgrade, payload).await {
        Ok(answer) => answer,
        Err(failure) => {
            log_line!(log::Level::Debug, "a request for the node {} fails: {}", node, failure);
            counters.forward_failures.add(failure);
            return Err(Refusal::UnknownSession);
        }
    };
    counters.forwarded.add(1);
    let mut response = heads::of_response(&answer.head, endpoint.settings.cors.is_some());
    if is_upgrade && answer.head.status == StatusCode::SWITCHING_PROTOCOLS {
        let NodeConnection { stream, read } = answer.connection;
        response.upgrade("websocket");
        let ends = websocket::TunnelEnds {
            request,
            payload: payload.take(),
            stream,
            early: read.freeze(),
        };
        return Ok(websocket::tunnel(ends, response, config, slot));
    }
    let limit = limit(config, request, is_upgrade);
    Ok(response.body(BoxBody::new(ForwardedBody::new(answer, limit, slot))))
}

/// How long the other server may take.
fn limit(config: &Config, request: &HttpRequest, is_upgrade: bool) -> Duration {
    let Config { forward_timeout, ping_interval, ping_timeout, body_timeout, .. } = *config;
    let of_client = match *request.method() {
        _ if is_upgrade => Duration::ZERO,
        Method::POST => ping_interval + ping_timeout + body_timeout,
        // A poll is answered with a ping at the latest, or by the end of the session.
        _ => ping_interval + ping_timeout,
    };
    forward_timeout + of_client
}

async fn ask(
    config: &Config,
    others: &Forwarding,
    request: &HttpRequest,
    node: NodeId,
    is_upgrade: bool,
    payload: &mut Payload,
) -> Result<NodeAnswer, ForwardFailure> {
    let address = others.directory.find(node).await;
    // A server that was started anew at its address may find an id that it had before.
    let address = address.filter(|address| *address != others.address);
    let address: NodeAddress = address.ok_or(ForwardFailure::UnknownNode)?;
    let (method, query) = (request.method(), request.query_string());
    let proof = proof::prove(&*others.directory, method, query, proof::now());
    let proof = proof.ok_or(ForwardFailure::Unreachable)?;
    let head = heads::of_request(request, proof, is_upgrade);
    let connection =
        NodeConnection::open(&address, config.forward_timeout / 10, config.tcp_timeout).await;
    let connection = connection.inspect_err(|_| others.directory.unreachable(node))?;
    let size = size(request, is_upgrade);
    let answer = exchange(connection, head, payload, size);
    let answer = timeout(limit(config, request, is_upgrade), answer).await;
    answer.unwrap_or(Err(ForwardFailure::Timeout))
}

/// The size of a request's body.
fn size(request: &HttpRequest, is_upgrade: bool) -> BodySize {
    let headers = request.headers();
    let length = headers.get(header::CONTENT_LENGTH).map(HeaderValue::to_str);
    match length {
        _ if is_upgrade => BodySize::None,
        // actix-http has refused what is not a number.
        Some(length) => {
            length.ok().and_then(|text| text.parse().ok()).map_or(BodySize::Stream, BodySize::Sized)
        }
        None if headers.contains_key(header::TRANSFER_ENCODING) => BodySize::Stream,
        None if request.version() == Version::HTTP_2 && *request.method() == Method::POST => {
            BodySize::Stream
        }
        None => BodySize::None,
    }
}
