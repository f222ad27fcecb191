use std::time::Duration;

use actix_http::body::BodySize;
use actix_web::{
    HttpRequest,
    dev::Payload,
    http::{
        Method, Version,
        header::{self, HeaderValue},
    },
};
use tokio::time::timeout;

use super::{
    exchange::{NodeAnswer, NodeConnection, exchange},
    heads, pool, proof,
};
use crate::{
    config::Config,
    engine::Forwarding,
    model::{NodeAddress, NodeId},
    stats::ForwardFailure,
};

/// A request for another server.
pub(super) struct Asking<'a> {
    pub(super) config: &'a Config,
    pub(super) others: &'a Forwarding,
    pub(super) request: &'a HttpRequest,
    pub(super) node: NodeId,
    pub(super) is_upgrade: bool,
}

impl Asking<'_> {
    /// Finds the server, and asks it.
    ///
    /// # Errors
    /// It is not there, or does not answer.
    pub(super) async fn ask(
        &self,
        payload: &mut Payload,
    ) -> Result<(NodeAnswer, NodeAddress), ForwardFailure> {
        let directory = &*self.others.directory;
        let address = directory.find(self.node).await;
        // A server that was started anew at its address may find an id that it had before.
        let address = address.filter(|address| *address != self.others.address);
        let address = address.ok_or(ForwardFailure::UnknownNode)?;
        let (method, query) = (self.request.method(), self.request.query_string());
        let proof = proof::prove(directory, method, query, proof::now());
        let proof = proof.ok_or(ForwardFailure::Unreachable)?;
        // A WebSocket has a connection to itself.
        let waiting = if self.is_upgrade { None } else { pool::take(&address) };
        if let Some(waiting) = waiting {
            match self.ask_by(waiting, proof.clone(), payload).await {
                // The other server may close a connection that waits. Nothing of a GET is lost.
                Err(ForwardFailure::Broken) if *method == Method::GET => {}
                answer => return answer.map(|answer| (answer, address)),
            }
        }
        let limit = self.config.forward_timeout / 10;
        let connection = NodeConnection::open(&address, limit, self.config.tcp_timeout).await;
        let connection = connection.inspect_err(|_| directory.unreachable(self.node))?;
        let answer = self.ask_by(connection, proof, payload).await;
        answer.map(|answer| (answer, address))
    }

    async fn ask_by(
        &self,
        connection: NodeConnection,
        proof: HeaderValue,
        payload: &mut Payload,
    ) -> Result<NodeAnswer, ForwardFailure> {
        let head = heads::of_request(self.request, proof, self.is_upgrade);
        let answer = timeout(self.limit(), exchange(connection, head, payload, self.size())).await;
        answer.unwrap_or(Err(ForwardFailure::Timeout))
    }

    /// How long the other server may take.
    pub(super) fn limit(&self) -> Duration {
        let Config { forward_timeout, ping_interval, ping_timeout, body_timeout, .. } =
            *self.config;
        let of_client = match *self.request.method() {
            _ if self.is_upgrade => Duration::ZERO,
            Method::POST => ping_interval + ping_timeout + body_timeout,
            // A poll is answered with a ping at the latest, or by the end of the session.
            _ => ping_interval + ping_timeout,
        };
        forward_timeout + of_client
    }

    /// The size of the request's body.
    fn size(&self) -> BodySize {
        let (request, headers) = (self.request, self.request.headers());
        let length = headers.get(header::CONTENT_LENGTH).map(HeaderValue::to_str);
        let is_over_http2 = request.version() == Version::HTTP_2;
        match length {
            _ if self.is_upgrade => BodySize::None,
            // actix-http has refused a text that is not a number.
            Some(length) => {
                let length = length.ok().and_then(|text| text.parse().ok());
                length.map_or(BodySize::Stream, BodySize::Sized)
            }
            None if headers.contains_key(header::TRANSFER_ENCODING) => BodySize::Stream,
            // There, a body needs no header.
            None if is_over_http2 && *request.method() == Method::POST => BodySize::Stream,
            None => BodySize::None,
        }
    }
}
