use std::{borrow::Cow, fmt, net::SocketAddr};

use actix_web::{
    Error, HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
};
use serde_json::json;

use crate::{engine::QuotaExceeded, stats::RefusalKind};

/// Characters of what a client sent that are shown in a [`ConnectionError`].
const SHOWN: usize = 100;

/// Seconds after which it makes sense to come back.
const RETRY_AFTER: &str = "1";

/// Why a request is not taken: Engine.IO's codes and texts, which clients know.
#[derive(Debug)]
pub(crate) enum Refusal {
    UnknownTransport(Option<String>),
    UnknownSession,
    BadMethod(Method),
    /// With Engine.IO's name for what is bad.
    BadRequest(&'static str),
    /// No WebSocket handshake; answered as HTTP wants it.
    NoWebSocket(Error),
    /// The application said no.
    Forbidden(Error),
    UnsupportedVersion(Option<String>),
    /// There is no place for one more.
    QuotaExceeded(QuotaExceeded),
    /// No new sessions are wanted.
    ShuttingDown,
}

impl Refusal {
    /// What it counts as.
    pub(crate) fn kind(&self) -> RefusalKind {
        match self {
            Self::UnknownTransport(_) => RefusalKind::UnknownTransport,
            Self::UnknownSession => RefusalKind::UnknownSession,
            Self::BadMethod(_) => RefusalKind::BadMethod,
            Self::BadRequest(_) | Self::NoWebSocket(_) => RefusalKind::BadRequest,
            Self::Forbidden(_) => RefusalKind::Forbidden,
            Self::UnsupportedVersion(_) => RefusalKind::UnsupportedVersion,
            Self::QuotaExceeded(QuotaExceeded::Server) => RefusalKind::TooManyConnections,
            Self::QuotaExceeded(QuotaExceeded::Address) => RefusalKind::TooManyOfAddress,
            Self::ShuttingDown => RefusalKind::ShuttingDown,
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::UnknownTransport(_) => 0,
            Self::UnknownSession => 1,
            Self::BadMethod(_) => 2,
            Self::BadRequest(_) | Self::NoWebSocket(_) => 3,
            Self::Forbidden(_) | Self::QuotaExceeded(_) | Self::ShuttingDown => 4,
            Self::UnsupportedVersion(_) => 5,
        }
    }

    fn message(&self) -> &'static str {
        match self {
            Self::UnknownTransport(_) => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod(_) => "Bad handshake method",
            Self::BadRequest(_) | Self::NoWebSocket(_) => "Bad request",
            Self::Forbidden(_) => "Forbidden",
            Self::QuotaExceeded(_) => "Too many connections",
            Self::ShuttingDown => "Shutting down",
            Self::UnsupportedVersion(_) => "Unsupported protocol version",
        }
    }

    /// What the client is told. An error of the application is for it, unless it tells of the
    /// inside.
    fn told(&self) -> Cow<'static, str> {
        match self {
            Self::Forbidden(error) if error.as_response_error().status_code().is_client_error() => {
                error.to_string().into()
            }
            _ => self.message().into(),
        }
    }

    /// What the log may show: no secrets, and nothing a client could forge a line with.
    fn context(&self) -> Cow<'static, str> {
        match self {
            Self::UnknownTransport(None) => "no transport".into(),
            Self::UnknownTransport(Some(name)) => format!("transport {}", shown(name)).into(),
            Self::UnknownSession => "no session has this sid".into(),
            Self::BadMethod(method) => format!("method {}", shown(method.as_str())).into(),
            Self::BadRequest(name) => (*name).into(),
            Self::NoWebSocket(error) => {
                format!("TRANSPORT_HANDSHAKE_ERROR {}", shown(&error.to_string())).into()
            }
            Self::Forbidden(error) => shown(&error.to_string()).into(),
            Self::QuotaExceeded(QuotaExceeded::Server) => "max_connections".into(),
            Self::QuotaExceeded(QuotaExceeded::Address) => "max_connections_per_address".into(),
            Self::ShuttingDown => "no new sessions".into(),
            Self::UnsupportedVersion(None) => "no EIO".into(),
            Self::UnsupportedVersion(Some(version)) => format!("EIO {}", shown(version)).into(),
        }
    }

    /// The answer. One to a WebSocket is plain, and 400 whatever it says: its client sees no more
    /// than that it failed.
    pub(crate) fn response(&self, is_upgrade: bool) -> HttpResponse {
        if let Self::NoWebSocket(error) = self {
            return error.error_response();
        }
        let status = match self {
            Self::Forbidden(_) if !is_upgrade => StatusCode::FORBIDDEN,
            Self::QuotaExceeded(QuotaExceeded::Address) => StatusCode::TOO_MANY_REQUESTS,
            Self::QuotaExceeded(QuotaExceeded::Server) | Self::ShuttingDown => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::BAD_REQUEST,
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if matches!(self, Self::QuotaExceeded(_) | Self::ShuttingDown) {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
        }
        if is_upgrade {
            // HTML by Engine.IO's word only. No browser shows it: a page can't ask for an upgrade
            // but by `WebSocket`.
            return response.content_type("text/html").force_close().body(self.told().into_owned());
        }
        response.json(json!({"code": self.code(), "message": self.told()}))
    }
}

/// Text of a client's, in quotes: escaped, and not too long.
fn shown(text: &str) -> String {
    let end = text.char_indices().nth(SHOWN).map(|(at, _)| at);
    match end {
        Some(end) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// A request that was refused, for
/// [`Builder::on_connection_error`](crate::Builder::on_connection_error): Socket.IO's
/// `io.engine.on("connection_error", …)`.
///
/// Its `Display` is one line for a log, in which everything that came from the client is escaped.
/// What [`request`](Self::request) has is as the client sent it.
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

    /// The request. Its query may hold a `sid`, and its headers cookies: think before you log them.
    pub fn request(&self) -> &'a HttpRequest {
        self.request
    }

    /// The address at the other end of the TCP connection: the proxy's, behind one.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.request.peer_addr()
    }

    /// Engine.IO's code:
    ///
    /// | code | message |
    /// | --- | --- |
    /// | 0 | Transport unknown |
    /// | 1 | Session ID unknown |
    /// | 2 | Bad handshake method |
    /// | 3 | Bad request |
    /// | 4 | Forbidden: [`Builder::on_handshake`](crate::Builder::on_handshake) said no |
    /// | 4 | Too many connections: one of the two limits |
    /// | 4 | Shutting down |
    /// | 5 | Unsupported protocol version |
    ///
    /// Code 1 is an everyday one: a client which polls after its session has ended, or at another
    /// server than that which has it (several servers without sticky sessions).
    pub fn code(&self) -> u8 {
        self.code
    }

    /// The text that belongs to the code.
    pub fn message(&self) -> &'static str {
        self.message
    }

    /// What was wrong, for a log: escaped and cut. For code 3 it begins with Engine.IO's name of it
    /// (`INVALID_ORIGIN`, `TRANSPORT_MISMATCH`, `PROTOCOL_MISMATCH`, `TRANSPORT_HANDSHAKE_ERROR`;
    /// ours are `INVALID_QUERY` and `UPGRADES_ARE_OFF`), for code 4 it is the text of the
    /// application's error, also where the client is not told.
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

/// Without the request, whose query and headers hold secrets.
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
mod tests {
    use actix_web::{
        body::MessageBody,
        error::{ErrorInternalServerError, ErrorUnauthorized},
        test::TestRequest,
    };

    use super::*;

    fn answer(refusal: &Refusal, is_upgrade: bool) -> (u16, String, String) {
        let response = refusal.response(is_upgrade);
        let status = response.status().as_u16();
        let kind =
            response.headers().get(header::CONTENT_TYPE).unwrap().to_str().unwrap().to_owned();
        let body = response.into_body().try_into_bytes().unwrap();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn polling_is_answered_in_json_and_a_websocket_in_words() {
        let text = |status, kind: &str, body: &str| (status, kind.to_owned(), body.to_owned());
        let unknown = Refusal::UnknownSession;
        let json = r#"{"code":1,"message":"Session ID unknown"}"#;
        assert_eq!(answer(&unknown, false), text(400, "application/json", json));
        assert_eq!(answer(&unknown, true), text(400, "text/html", "Session ID unknown"));
        let forbidden = Refusal::Forbidden(ErrorUnauthorized("log in first"));
        let json = r#"{"code":4,"message":"log in first"}"#;
        assert_eq!(answer(&forbidden, false), text(403, "application/json", json));
        assert_eq!(answer(&forbidden, true), text(400, "text/html", "log in first"));
        let failed = Refusal::Forbidden(ErrorInternalServerError("SECRET"));
        assert_eq!(
            answer(&failed, false),
            text(403, "application/json", r#"{"code":4,"message":"Forbidden"}"#)
        );
        assert_eq!(answer(&failed, true), text(400, "text/html", "Forbidden"));
    }

    #[test]
    fn the_application_reads_why_in_one_line() {
        let request =
            TestRequest::default().peer_addr("10.0.0.1:80".parse().unwrap()).to_http_request();
        for (refusal, line) in [
            (Refusal::UnknownTransport(None), "Transport unknown (code 0): no transport"),
            (
                Refusal::UnknownTransport(Some("x\r\n[WARN] \u{1b}[2J\u{202e}".to_owned())),
                r#"Transport unknown (code 0): transport "x\r\n[WARN] \u{1b}[2J\u{202e}""#,
            ),
            (Refusal::BadRequest("INVALID_ORIGIN"), "Bad request (code 3): INVALID_ORIGIN"),
            (Refusal::Forbidden(ErrorInternalServerError("a\nb")), r#"Forbidden (code 4): "a\nb""#),
            (
                Refusal::UnsupportedVersion(Some("3".to_owned())),
                "Unsupported protocol version (code 5): EIO \"3\"",
            ),
        ] {
            assert_eq!(
                ConnectionError::new(&request, &refusal).to_string(),
                format!("10.0.0.1:80: {line}")
            );
        }
        let long = Refusal::UnknownTransport(Some("ä".repeat(100_000)));
        assert_eq!(long.context().chars().count(), "transport ".len() + SHOWN + 3);
        assert_eq!(shown(&"ä".repeat(SHOWN)).chars().count(), SHOWN + 2);
    }
}
