//! Passes requests on to the server of the cluster that has their session, so that a load balancer
//! may send each request of a client to any server.
//!
//! The id of a session begins with the id of its server. A request whose session is elsewhere is
//! sent to that server as it came, with a [`proof`] that it comes from this one. The answer is
//! sent to the client as it comes, and an upgrade becomes a tunnel. A request that was passed on
//! once is never passed on again.

mod asking;
mod body;
mod exchange;
mod heads;
mod pool;
mod proof;

use actix_web::{
    HttpRequest, HttpResponse,
    body::BoxBody,
    dev::Payload,
    http::{Method, StatusCode},
};

use self::{asking::Asking, body::ForwardedBody, exchange::NodeConnection, proof::Proof};
use super::{endpoint::Endpoint, refusal::Refusal};
use crate::{
    log_text::log_line,
    model::{NodeId, SessionId},
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
    let Some(others) = endpoint.engine.forwarding.get() else {
        return Err(Refusal::UnknownSession);
    };
    let slot = counters.forwarding.acquire(config.max_forwarded);
    let slot = slot.ok_or_else(|| Refusal::TooManyForwarded)?;
    let is_upgrade = websocket::asks_for_websocket(request);
    let asking = Asking { config, others, request, node, is_upgrade };
    let (answer, address) = match asking.ask(payload).await {
        Ok(answered) => answered,
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
    let body = ForwardedBody::new(answer, address, asking.limit(), slot);
    Ok(response.body(BoxBody::new(body)))
}
