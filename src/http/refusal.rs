use std::{borrow::Cow, fmt, net::SocketAddr};

use actix_web::{
    Error, HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
};
use serde_json::json;

use crate::{engine::QuotaExceeded, log_text::LogText, stats::RefusalKind};

/// The seconds that a client is asked to wait before it tries again.
const RETRY_AFTER: &str = "1";

/// Why a request is refused. The codes and messages are Engine.IO's, which clients know.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The transport that the client names, if any, is unknown or off.
    UnknownTransport(Option<String>),
    /// No session has the id that the client names.
    UnknownSession,
    /// A handshake has another method than GET.
    BadMethod(Method),
    /// A request is invalid; the text is Engine.IO's name for the fault.
    BadRequest(&'static str),
    /// A WebSocket handshake is invalid. The response is that of the error.
    InvalidUpgrade(Error),
    /// The application rejected the request.
    Forbidden(Error),
    /// A function of the application panicked.
    HookPanicked,
    /// The origin of the page is not allowed. `host` is what the request names the server.
    ForbiddenOrigin { origin: String, host: Option<String> },
    /// The Engine.IO version that the client names, if any, is not supported.
    UnsupportedVersion(Option<String>),
    /// A limit on connections is reached.
    QuotaExceeded(QuotaExceeded),
    /// All connections together have `max_memory`.
    MemoryExhausted,
    /// The path, query and headers of a handshake have more bytes than `max_handshake`.
    LargeHandshake,
    /// The server shuts down and opens no new sessions.
    ShuttingDown,
    /// As many requests are passed on to other servers as `max_forwarded` allows.
    TooManyForwarded,
    /// A request pretends to come from another server.
    WrongProof,
}

impl Refusal {
    /// The kind under which the refusal is counted.
    pub(crate) fn kind(&self) -> RefusalKind {
        match self {
            Self::UnknownTransport(_) => RefusalKind::UnknownTransport,
            Self::UnknownSession => RefusalKind::UnknownSession,
            Self::BadMethod(_) => RefusalKind::BadMethod,
            Self::BadRequest(_) | Self::InvalidUpgrade(_) => RefusalKind::BadRequest,
            Self::Forbidden(_)
            | Self::HookPanicked
            | Self::ForbiddenOrigin { .. }
            | Self::WrongProof => RefusalKind::Forbidden,
            Self::UnsupportedVersion(_) => RefusalKind::UnsupportedVersion,
            Self::QuotaExceeded(QuotaExceeded::Server) => RefusalKind::TooManyConnections,
            Self::QuotaExceeded(QuotaExceeded::Address) => RefusalKind::TooManyOfAddress,
            Self::LargeHandshake => RefusalKind::LargeHandshake,
            Self::MemoryExhausted => RefusalKind::MemoryExhausted,
            Self::ShuttingDown => RefusalKind::ShuttingDown,
            Self::TooManyForwarded => RefusalKind::TooManyForwarded,
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::UnknownTransport(_) => 0,
            Self::UnknownSession => 1,
            Self::BadMethod(_) => 2,
            Self::BadRequest(_) | Self::InvalidUpgrade(_) | Self::LargeHandshake => 3,
            Self::Forbidden(_)
            | Self::HookPanicked
            | Self::ForbiddenOrigin { .. }
            | Self::QuotaExceeded(_)
            | Self::MemoryExhausted
            | Self::ShuttingDown
            | Self::TooManyForwarded
            | Self::WrongProof => 4,
            Self::UnsupportedVersion(_) => 5,
        }
    }

    fn message(&self) -> &'static str {
        match self {
            Self::UnknownTransport(_) => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod(_) => "Bad handshake method",
            Self::BadRequest(_) | Self::InvalidUpgrade(_) | Self::LargeHandshake => "Bad request",
            Self::Forbidden(_) | Self::ForbiddenOrigin { .. } | Self::WrongProof => "Forbidden",
            Self::HookPanicked => "Internal error",
            Self::QuotaExceeded(_) | Self::MemoryExhausted => "Too many connections",
            Self::ShuttingDown => "Shutting down",
            Self::TooManyForwarded => "Too many requests",
            Self::UnsupportedVersion(_) => "Unsupported protocol version",
        }
    }

    /// The text of the response. The text of an application's error is sent if its status is a
    /// client error. Other errors may reveal internals, so the client gets the plain message.
    fn client_message(&self) -> Cow<'static, str> {
        match self {
            Self::Forbidden(error) if error.as_response_error().status_code().is_client_error() => {
                error.to_string().into()
            }
            Self::ForbiddenOrigin { .. } => "pages of this origin may not connect here".into(),
            _ => self.message().into(),
        }
    }

    /// The details, for a log. They contain no secrets, and text from clients is quoted and escaped
    /// so that a client can't forge a log line.
    fn context(&self) -> Cow<'static, str> {
        match self {
            Self::UnknownTransport(None) => "no transport".into(),
            Self::UnknownTransport(Some(name)) => {
                format!(r#"transport "{}""#, LogText(name)).into()
            }
            Self::UnknownSession => "no session has this sid".into(),
            Self::BadMethod(method) => format!(r#"method "{}""#, LogText(method)).into(),
            Self::BadRequest(name) => (*name).into(),
            Self::InvalidUpgrade(error) => {
                format!(r#"TRANSPORT_HANDSHAKE_ERROR "{}""#, LogText(error)).into()
            }
            Self::Forbidden(error) => format!(r#""{}""#, LogText(error)).into(),
            Self::HookPanicked => "on_handshake panicked".into(),
            Self::ForbiddenOrigin { origin, host: None } => format!(
                r#"origin "{}" is not listed, and the request names no host"#,
                LogText(origin)
            )
            .into(),
            Self::ForbiddenOrigin { origin, host: Some(host) } => {
                let (origin, host) = (LogText(origin), LogText(host));
                format!(r#"origin "{origin}" is neither listed nor that of the host "{host}""#)
                    .into()
            }
            Self::QuotaExceeded(QuotaExceeded::Server) => "max_connections".into(),
            Self::QuotaExceeded(QuotaExceeded::Address) => "max_connections_per_address".into(),
            Self::LargeHandshake => "max_handshake".into(),
            Self::MemoryExhausted => "max_memory".into(),
            Self::ShuttingDown => "no new sessions".into(),
            Self::TooManyForwarded => "max_forwarded".into(),
            Self::WrongProof => "it does not come from a server of the cluster".into(),
            Self::UnsupportedVersion(None) => "no EIO".into(),
            Self::UnsupportedVersion(Some(version)) => {
                format!(r#"EIO "{}""#, LogText(version)).into()
            }
        }
    }

    /// Makes the response. A refused WebSocket handshake gets plain text and status 400 for every
    /// reason, because its client only sees that the handshake failed.
    pub(crate) fn response(&self, is_upgrade: bool) -> HttpResponse {
        if let Self::InvalidUpgrade(error) = self {
            return error.error_response();
        }
        let status = match self {
            Self::Forbidden(_) | Self::ForbiddenOrigin { .. } if !is_upgrade => {
                StatusCode::FORBIDDEN
            }
            Self::WrongProof => StatusCode::FORBIDDEN,
            Self::HookPanicked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::QuotaExceeded(QuotaExceeded::Address) => StatusCode::TOO_MANY_REQUESTS,
            Self::LargeHandshake => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::QuotaExceeded(QuotaExceeded::Server)
            | Self::MemoryExhausted
            | Self::ShuttingDown
            | Self::TooManyForwarded => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE || matches!(self, Self::QuotaExceeded(_)) {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
        }
        if is_upgrade {
            // Engine.IO labels this text as HTML. No browser renders it, since a page can only
            // request an upgrade through `WebSocket`.
            return response
                .content_type("text/html")
                .force_close()
                .body(self.client_message().into_owned());
        }
        response.json(json!({"code": self.code(), "message": self.client_message()}))
    }
}

/// A request that was refused.
///
/// [`Builder::on_connection_error`](crate::Builder::on_connection_error) passes one to your
/// function for each refused request, as Socket.IO's `io.engine.on("connection_error", …)` does.
///
/// Its `Display` gives one line for a log, in which all text from the client is escaped. The parts
/// of [`request`](Self::request) are not escaped.
///
/// ```
/// use actix_socketio::{ConnectionError, SocketIo};
///
/// fn report(error: &ConnectionError<'_>) {
///     // 10.0.0.1:4711: Transport unknown (code 0): transport "carrier pigeon"
///     log::warn!("{error}");
///     if error.code() == 1 {
///         log::info!("{} polls a session that is not here", error.request().path());
///     }
/// }
///
/// let builder = SocketIo::builder().on_connection_error(report);
/// # let _ = builder;
/// ```
pub struct ConnectionError<'a> {
    request: &'a HttpRequest,
    code: u8,
    message: &'static str,
    context: Cow<'static, str>,
}

impl<'a> ConnectionError<'a> {
    pub(crate) fn new(request: &'a HttpRequest, refusal: &Refusal) -> Self {
        Self {
            request,
            code: refusal.code(),
            message: refusal.message(),
            context: refusal.context(),
        }
    }

    /// The request. Its query may contain a `sid` and its headers may contain cookies, so take care
    /// before you log them.
    pub fn request(&self) -> &'a HttpRequest {
        self.request
    }

    /// The address at the other end of the TCP connection. Behind a proxy, it is the proxy's
    /// address.
    ///
    /// ```
    /// use actix_socketio::SocketIo;
    ///
    /// let builder = SocketIo::builder().on_connection_error(|error| {
    ///     log::debug!("refused {:?}: {}", error.peer_addr(), error.context());
    /// });
    /// # let _ = builder;
    /// ```
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.request.peer_addr()
    }

    /// Engine.IO's code for the refusal:
    ///
    /// | code | message |
    /// | --- | --- |
    /// | 0 | Transport unknown |
    /// | 1 | Session ID unknown |
    /// | 2 | Bad handshake method |
    /// | 3 | Bad request |
    /// | 4 | Forbidden: rejected by [`Builder::on_handshake`](crate::Builder::on_handshake) or [`Cors`](crate::Cors) |
    /// | 4 | Internal error: a function of [`Builder::on_handshake`](crate::Builder::on_handshake) panicked |
    /// | 4 | Too many connections: one of the two limits is reached |
    /// | 4 | Shutting down |
    /// | 4 | Too many requests: [`Config::max_forwarded`](crate::Config::max_forwarded) is reached |
    /// | 5 | Unsupported protocol version |
    ///
    /// Code 1 is common. A client polls after its session has ended, or it polls another server
    /// than the one that has its session. The latter happens with several servers without sticky
    /// sessions and without [`Builder::node_address`](crate::Builder::node_address).
    ///
    /// ```
    /// use std::sync::{
    ///     Arc,
    ///     atomic::{AtomicUsize, Ordering},
    /// };
    ///
    /// use actix_socketio::SocketIo;
    ///
    /// let unknown_sessions = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&unknown_sessions);
    /// let builder = SocketIo::builder().on_connection_error(move |error| {
    ///     if error.code() == 1 {
    ///         counter.fetch_add(1, Ordering::Relaxed);
    ///     }
    /// });
    /// # let _ = builder;
    /// ```
    pub fn code(&self) -> u8 {
        self.code
    }

    /// Engine.IO's message for the refusal, as in the table at [`code`](Self::code).
    pub fn message(&self) -> &'static str {
        self.message
    }

    /// The details of the refusal, for a log. Text from the client is quoted, escaped, and cut
    /// after 100 characters.
    ///
    /// For code 3, the details begin with Engine.IO's name for the fault: `INVALID_ORIGIN`,
    /// `TRANSPORT_MISMATCH`, `PROTOCOL_MISMATCH` or `TRANSPORT_HANDSHAKE_ERROR`. Two more names are
    /// this crate's own: `INVALID_QUERY` and `UPGRADES_ARE_OFF`.
    ///
    /// If your application rejected the request, they are the text of its error, even if the client
    /// does not receive that text.
    pub fn context(&self) -> &str {
        &self.context
    }
}

impl fmt::Display for ConnectionError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer_addr() {
            Some(peer) => write!(f, "{peer}: ")?,
            None => f.write_str("unknown peer: ")?,
        }
        write!(f, "{} (code {}): {}", self.message, self.code, self.context)
    }
}

/// Leaves the request out, because its query and headers may contain secrets.
impl fmt::Debug for ConnectionError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionError")
            .field("peer_addr", &self.peer_addr())
            .field("code", &self.code)
            .field("message", &self.message)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
