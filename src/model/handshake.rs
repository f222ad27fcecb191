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

/// The parts of the HTTP request that opened a connection, shared by all its sockets.
///
/// They are copies: the request belongs to its worker's thread, and would pin its buffers for the
/// life of the connection.
#[derive(Debug)]
pub(crate) struct HttpRequestParts {
    uri: Uri,
    headers: HeaderBlock,
    peer_addr: Option<SocketAddr>,
    client_ip: Option<IpAddr>,
    received: (Instant, SystemTime),
    /// Whether it came over TLS to this server.
    #[cfg(feature = "admin")]
    is_secure: bool,
}

impl HttpRequestParts {
    /// Copies the parts of a request. `proxies` is the number of trusted proxies in front of the
    /// server.
    pub(crate) fn new(request: &HttpRequest, proxies: usize) -> Self {
        Self {
            client_ip: client_ip(request.peer_addr(), request.headers(), proxies),
            uri: request.uri().clone(),
            headers: request.headers().into(),
            peer_addr: request.peer_addr(),
            received: (Instant::now(), SystemTime::now()),
            #[cfg(feature = "admin")]
            is_secure: request.app_config().secure(),
        }
    }

    /// The bytes of the request that are kept, roughly.
    pub(crate) fn len(&self) -> usize {
        let query = self.uri.query().map_or(0, str::len);
        self.uri.path().len() + query + self.headers.len()
    }

    pub(crate) fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer_addr
    }

    pub(crate) fn client_ip(&self) -> Option<IpAddr> {
        self.client_ip
    }
}

/// The HTTP request that opened a client's connection, and the `auth` payload that the client sent
/// to the namespace.
///
/// [`Socket::handshake`](crate::Socket::handshake) returns it. It does not change, and stays
/// available in all seven events, also after the client has disconnected.
///
/// ```
/// # use actix_socketio::{HandlerError, HandlerResult, OnConnect};
/// #[derive(serde::Deserialize)]
/// struct Auth {
///     token: String,
/// }
///
/// async fn check_token(event: OnConnect) -> HandlerResult {
///     let auth: Auth = event.socket.handshake().auth()?;
///     if auth.token == "secret" { Ok(()) } else { Err(HandlerError::reject("invalid token")) }
/// }
/// ```
#[derive(Clone)]
pub struct Handshake {
    request: Arc<HttpRequestParts>,
    auth: Option<ByteString>,
    /// Whether the client asks for the positions of events. This is not in `auth` any more.
    asks_for_offsets: bool,
}

impl Handshake {
    pub(crate) fn new(request: Arc<HttpRequestParts>, auth: Option<ByteString>) -> Self {
        Self { request, auth, asks_for_offsets: false }
    }

    pub(crate) fn with_offsets(self, asks_for_offsets: bool) -> Self {
        Self { asks_for_offsets, ..self }
    }

    /// When the request arrived.
    pub(crate) fn opened(&self) -> Instant {
        self.request.received.0
    }

    /// Whether it came over TLS to this server itself. Not known of other servers' sockets.
    #[cfg(feature = "admin")]
    pub(crate) fn is_secure(&self) -> bool {
        self.request.is_secure
    }

    pub(crate) fn asks_for_offsets(&self) -> bool {
        self.asks_for_offsets
    }

    /// The bytes of the `auth` payload.
    pub(crate) fn auth_len(&self) -> usize {
        self.auth.as_ref().map_or(0, |auth| auth.len())
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
        let request = HttpRequestParts {
            uri,
            headers,
            peer_addr,
            client_ip,
            received,
            #[cfg(feature = "admin")]
            is_secure: false,
        };
        Self::new(Arc::new(request), auth)
    }

    /// Returns the URI of the request, with its query.
    ///
    /// ```
    /// # fn example(handshake: &actix_socketio::Handshake) {
    /// assert_eq!(handshake.uri().path(), "/socket.io/");
    /// # }
    /// ```
    pub fn uri(&self) -> &Uri {
        &self.request.uri
    }

    /// Returns all headers of the request.
    ///
    /// The first call makes the map, which stays in memory with the connection. For a single
    /// header, [`Handshake::header`] does not need the map.
    ///
    /// ```
    /// # fn example(handshake: &actix_socketio::Handshake) {
    /// let cookies = handshake.headers().get_all("cookie").count();
    /// # }
    /// ```
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers.map()
    }

    /// Returns the first header with this name, if there is one and its value is ASCII text.
    ///
    /// The case of `name` does not matter. Clients choose what they send: `None` may also mean that
    /// the header is there and can't be read. So allow nothing because of a `None`, or ask
    /// [`Handshake::header_bytes`].
    ///
    /// ```
    /// # fn example(handshake: &actix_socketio::Handshake) {
    /// let browser = handshake.header("user-agent").unwrap_or("unknown");
    /// # }
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.text(name)
    }

    /// Returns the first header with this name as it came, if there is one.
    ///
    /// The case of `name` does not matter.
    ///
    /// ```
    /// # fn example(handshake: &actix_socketio::Handshake) {
    /// let is_browser = handshake.header_bytes("origin").is_some();
    /// # }
    /// ```
    pub fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        self.request.headers.bytes(name)
    }

    /// Returns the address of the TCP peer. Behind a proxy, this is the address of the proxy.
    ///
    /// ```
    /// # fn example(handshake: &actix_socketio::Handshake) {
    /// let port = handshake.peer_addr().map(|address| address.port());
    /// # }
    /// ```
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.request.peer_addr()
    }

    /// Returns the IP address of the client.
    ///
    /// Behind proxies, it is read from `X-Forwarded-For`, as far as
    /// [`Builder::trusted_proxies`](crate::Builder::trusted_proxies) trusts the header.
    ///
    /// `None` means that the address is not known: the outermost trusted proxy wrote no address, or
    /// the peer has none, as with a Unix socket. Allow nothing because of a `None`. All clients
    /// without an address together count as one for
    /// [`Builder::max_connections_per_address`](crate::Builder::max_connections_per_address).
    ///
    /// ```
    /// # fn example(handshake: &actix_socketio::Handshake) {
    /// let is_local = handshake.client_ip().is_some_and(|ip| ip.is_loopback());
    /// # }
    /// ```
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.request.client_ip()
    }

    /// Returns the time at which the request arrived.
    ///
    /// ```
    /// # fn example(handshake: &actix_socketio::Handshake) {
    /// println!("connected at {:?}", handshake.time());
    /// # }
    /// ```
    pub fn time(&self) -> SystemTime {
        self.request.received.1
    }

    /// Returns the time since the request arrived. Changes of the system clock do not affect it.
    ///
    /// ```
    /// # fn example(handshake: &actix_socketio::Handshake) {
    /// println!("connected for {} s", handshake.age().as_secs());
    /// # }
    /// ```
    pub fn age(&self) -> std::time::Duration {
        self.request.received.0.elapsed()
    }

    /// Deserializes the query of the URI.
    ///
    /// The query also has Socket.IO's own parameters `EIO`, `transport` and `t`.
    ///
    /// ```
    /// # use std::{collections::HashMap, error::Error};
    /// # fn example(handshake: &actix_socketio::Handshake) -> Result<(), Box<dyn Error>> {
    /// let query: HashMap<String, String> = handshake.query()?;
    /// let language = query.get("lang");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error of the query's deserializer, if the query does not match `T`.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, QueryPayloadError> {
        Query::from_query(self.uri().query().unwrap_or_default()).map(Query::into_inner)
    }

    /// Deserializes the `auth` object of the client's options, or `{}` if the client sent none.
    ///
    /// A client of Socket.IO 2 does not have `auth`. For it, the object holds the query of its
    /// namespace, as in `io("/admin?token=…")`.
    ///
    /// The example of [`Handshake`] checks a token.
    ///
    /// # Errors
    /// The error of serde_json, if the object does not match `T`.
    pub fn auth<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.auth.as_deref().unwrap_or("{}"))
    }
}

/// Leaves out headers and `auth`, which hold secrets.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("peer_addr", &self.peer_addr()).finish_non_exhaustive()
    }
}
