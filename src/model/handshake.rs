use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Instant, SystemTime},
};

use actix_web::{
    HttpRequest,
    error::QueryPayloadError,
    http::{Uri, header::HeaderMap},
    web::Query,
};
use bytestring::ByteString;
use serde::de::DeserializeOwned;

use super::{client_ip::client_ip, headers::HeaderBlock};

/// What is kept of the request which opened a connection, for all its sockets.
///
/// A copy: the request itself belongs to its worker's thread, and would pin its buffers for the
/// connection's life.
#[derive(Debug)]
pub(crate) struct HttpRequestParts {
    uri: Uri,
    headers: HeaderBlock,
    peer_addr: Option<SocketAddr>,
    client_ip: Option<IpAddr>,
    received: (Instant, SystemTime),
}

impl HttpRequestParts {
    /// `proxies`: how many trusted ones there are before the server.
    pub(crate) fn new(request: &HttpRequest, proxies: usize) -> Self {
        Self {
            client_ip: client_ip(request.peer_addr(), request.headers(), proxies),
            uri: request.uri().clone(),
            headers: request.headers().into(),
            peer_addr: request.peer_addr(),
            received: (Instant::now(), SystemTime::now()),
        }
    }

    pub(crate) fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer_addr
    }

    pub(crate) fn client_ip(&self) -> Option<IpAddr> {
        self.client_ip
    }
}

/// How a client came: the request that opened its connection, and the `auth` payload it showed to
/// the namespace.
///
/// The same in all seven events, also after the client has gone.
#[derive(Clone)]
pub struct Handshake {
    request: Arc<HttpRequestParts>,
    auth: Option<ByteString>,
}

impl Handshake {
    pub(crate) fn new(request: Arc<HttpRequestParts>, auth: Option<ByteString>) -> Self {
        Self { request, auth }
    }

    /// The handshake of a client of another server, for an
    /// [adapter](crate::adapter::SocketDescription). `auth` is a JSON object.
    pub fn remote(
        uri: Uri,
        headers: &HeaderMap,
        peer_addr: Option<SocketAddr>,
        client_ip: Option<IpAddr>,
        time: SystemTime,
        auth: Option<ByteString>,
    ) -> Self {
        let (now, age) = (Instant::now(), time.elapsed().unwrap_or_default());
        let received = (now.checked_sub(age).unwrap_or(now), time);
        let headers = headers.into();
        Self::new(Arc::new(HttpRequestParts { uri, headers, peer_addr, client_ip, received }), auth)
    }

    /// The request's URI, with its query.
    pub fn uri(&self) -> &Uri {
        &self.request.uri
    }

    /// All headers. The map is made when this is called for the first time; [`Handshake::header`]
    /// does without.
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers.map()
    }

    /// One header, if it is there and is readable text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.text(name)
    }

    /// The address at the other end of the TCP connection: the proxy's, behind one.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.request.peer_addr()
    }

    /// The client's own address, also behind as many proxies as
    /// [`Builder::trusted_proxies`](crate::Builder::trusted_proxies) says.
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.request.client_ip()
    }

    /// When the request came.
    pub fn time(&self) -> SystemTime {
        self.request.received.1
    }

    /// How long ago the request came, whatever has been done to the clock since.
    pub fn age(&self) -> std::time::Duration {
        self.request.received.0.elapsed()
    }

    /// The query as a value. Socket.IO's own parameters (`EIO`, `transport`, `t`) are among its
    /// fields.
    ///
    /// # Errors
    /// If the query is not what `T` expects.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, QueryPayloadError> {
        Query::from_query(self.uri().query().unwrap_or_default()).map(Query::into_inner)
    }

    /// The `auth` object of the client's options as a value; `{}` if it gave none. A client of
    /// Socket.IO 2 has the query of its namespace in that place, `io("/admin?token=…")`.
    ///
    /// # Errors
    /// If the object is not what `T` expects.
    pub fn auth<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.auth.as_deref().unwrap_or("{}"))
    }
}

/// Without headers and `auth`, which hold secrets.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("peer_addr", &self.peer_addr()).finish_non_exhaustive()
    }
}
