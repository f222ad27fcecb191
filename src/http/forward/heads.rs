//! The heads of a request and of its answer, as they are passed on.

use actix_http::{ConnectionType, RequestHead, ResponseHead};
use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        Version,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};

use super::proof::FORWARDED;

/// Headers that belong to one connection (RFC 9110 §7.6.1), and those that the other end of the
/// connection writes by itself.
const OF_A_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The names that the CORS middleware adds to `Vary`.
const VARY_OF_CORS: [&str; 3] =
    ["origin", "access-control-request-method", "access-control-request-headers"];

/// Whether a header goes no further than its connection.
fn stays(name: &HeaderName, options: &[HeaderName]) -> bool {
    OF_A_CONNECTION.contains(name) || name.as_str() == "keep-alive" || options.contains(name)
}

/// The headers that `Connection` names.
fn options(headers: &HeaderMap) -> Vec<HeaderName> {
    let options = headers
        .get_all(header::CONNECTION)
        .flat_map(|options| options.as_bytes().split(|byte| *byte == b','));
    options.filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok()).collect()
}

/// The head of a request for the server that has its session. The headers that proxies wrote stay
/// as they are, so that this server and the other one find the same client in them.
pub(super) fn of_request(
    request: &HttpRequest,
    proof: HeaderValue,
    is_upgrade: bool,
) -> RequestHead {
    let mut head = RequestHead::default();
    head.uri = request.uri().clone();
    head.method = request.method().clone();
    head.version = Version::HTTP_11;
    let options = options(request.headers());
    for (name, value) in request.headers() {
        if !stays(name, &options) && *name != FORWARDED {
            head.headers.append(name.clone(), value.clone());
        }
    }
    // HTTP/2 has the host in the URI.
    if !head.headers.contains_key(header::HOST)
        && let Some(host) = request.uri().authority()
        && let Ok(host) = HeaderValue::try_from(host.as_str())
    {
        head.headers.insert(header::HOST, host);
    }
    head.headers.insert(FORWARDED, proof);
    if is_upgrade {
        head.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        head.set_connection_type(ConnectionType::Upgrade);
    }
    head
}

/// Begins the answer for the client. `has_cors`: the middleware of this server writes the headers
/// of CORS, and so those of the other server are left out.
pub(super) fn of_response(head: &ResponseHead, has_cors: bool) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(head.status);
    let options = options(&head.headers);
    for (name, value) in &head.headers {
        if stays(name, &options) {
            continue;
        }
        match has_cors {
            true if name.as_str().starts_with("access-control-") => {}
            true if *name == header::VARY => {
                if let Some(value) = without_cors(value) {
                    response.append_header((name.clone(), value));
                }
            }
            _ => {
                response.append_header((name.clone(), value.clone()));
            }
        }
    }
    response
}

/// The names in `Vary` that are not the middleware's.
fn without_cors(vary: &HeaderValue) -> Option<HeaderValue> {
    let names = vary.to_str().ok()?.split(',').map(str::trim);
    let is_other =
        |name: &&str| !VARY_OF_CORS.iter().any(|of_cors| of_cors.eq_ignore_ascii_case(name));
    let rest: Vec<_> = names.filter(is_other).collect();
    HeaderValue::try_from(rest.join(", ")).ok().filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use actix_web::{
        http::{Method, StatusCode},
        test::TestRequest,
    };

    use super::*;

    fn names(headers: &HeaderMap) -> Vec<String> {
        let mut names: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn headers_of_the_connection_stay_and_others_are_passed_on() {
        let request = TestRequest::with_uri("/socket.io/?sid=a%20b")
            .method(Method::POST)
            .append_header(("connection", "keep-alive, X-Of-This-Hop"))
            .append_header(("x-of-this-hop", "1"))
            .append_header(("keep-alive", "timeout=5"))
            .append_header(("content-length", "5"))
            .append_header(("transfer-encoding", "chunked"))
            .append_header(("upgrade", "h2c"))
            .append_header(("te", "trailers"))
            .append_header(("expect", "100-continue"))
            .append_header(("host", "example.com"))
            .append_header(("cookie", "a=1"))
            .append_header(("x-forwarded-for", "203.0.113.9"))
            .append_header(("x-forwarded-for", "10.0.0.8"))
            .append_header(("forwarded", "for=203.0.113.9"))
            .append_header(("x-socketio-forwarded", "1.forged"))
            .to_http_request();
        let head = of_request(&request, HeaderValue::from_static("2.proof"), false);
        assert_eq!(
            (&head.method, head.uri.to_string()),
            (&Method::POST, "/socket.io/?sid=a%20b".into())
        );
        assert_eq!(
            names(&head.headers),
            [
                "cookie: a=1",
                "forwarded: for=203.0.113.9",
                "host: example.com",
                "x-forwarded-for: 10.0.0.8",
                "x-forwarded-for: 203.0.113.9",
                "x-socketio-forwarded: 2.proof",
            ]
        );
        let head = of_request(&request, HeaderValue::from_static("2.proof"), true);
        assert_eq!(head.headers.get("upgrade").unwrap(), "websocket");
        assert_eq!(head.connection_type(), ConnectionType::Upgrade);
    }

    #[test]
    fn the_headers_of_cors_are_there_once() {
        let mut head = ResponseHead::new(StatusCode::OK);
        for (name, value) in [
            ("access-control-allow-origin", "https://example.com"),
            ("access-control-allow-credentials", "true"),
            ("vary", "accept-encoding, Origin, Access-Control-Request-Method"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("content-encoding", "gzip"),
            ("content-length", "5"),
            ("connection", "close"),
        ] {
            head.headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let others = ["content-encoding: gzip", "set-cookie: a=1", "set-cookie: b=2"];
        let with = of_response(&head, true).finish();
        assert_eq!(names(with.headers()), [&others[..], &["vary: accept-encoding"]].concat());
        let without = of_response(&head, false).finish();
        assert_eq!(without.headers().get("vary"), head.headers.get("vary"));
        assert!(without.headers().contains_key("access-control-allow-origin"));
        assert!(!without.headers().contains_key("content-length"));
        head.headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        assert!(!of_response(&head, true).finish().headers().contains_key("vary"));
    }
}
