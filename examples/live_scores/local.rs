//! Whether a request is from a page of this program, in a browser on the same machine.

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderName},
};

/// A request with one of these has come through a proxy, and its client may be anywhere.
const OF_PROXIES: [HeaderName; 4] =
    [header::FORWARDED, header::X_FORWARDED_FOR, header::VIA, HeaderName::from_static("x-real-ip")];

/// Whether the peer is on loopback, and a page of this program at a loopback name asks.
///
/// The name in `Host` keeps away pages of a host name that resolves to loopback. The `Origin`,
/// which a browser sends with each POST, keeps away all other pages.
pub(crate) fn is_own_page(request: &HttpRequest) -> bool {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let (Some(host), Some(origin)) = (text(header::HOST), text(header::ORIGIN)) else {
        return false;
    };
    let peer = request.peer_addr();
    peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && is_loopback_name(host)
        && origin.strip_prefix("http://") == Some(host)
        && !OF_PROXIES.iter().any(|name| request.headers().contains_key(name))
}

/// Whether a `Host` is one of the names that the system itself resolves to loopback.
fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn asks(peer: &str, headers: &[(&str, &str)]) -> bool {
        let request = TestRequest::post().peer_addr(peer.parse().unwrap());
        let request = headers.iter().fold(request, |it, header| it.insert_header(*header));
        is_own_page(&request.to_http_request())
    }

    #[test]
    fn a_page_on_this_machine_and_no_other() {
        for host in ["127.0.0.1:8080", "localhost:8080", "localhost", "[::1]:8080"] {
            let origin = format!("http://{host}");
            let page = [("host", host), ("origin", origin.as_str())];
            for peer in ["127.0.0.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9"] {
                assert!(asks(peer, &page), "{host} from {peer}");
            }
            assert!(!asks("192.0.2.1:9", &page), "{host}");
            assert!(!asks("127.0.0.1:9", &page[..1]), "{host} without an origin");
            for header in ["forwarded", "x-forwarded-for", "x-real-ip", "via"] {
                let proxied = [page[0], page[1], (header, "192.0.2.1")];
                assert!(!asks("127.0.0.1:9", &proxied), "{host} with {header}");
            }
        }
        for (host, origin) in [
            ("scores.example.com", "http://scores.example.com"),
            ("localhost.example.com", "http://localhost.example.com"),
            ("127.0.0.1:8080", "https://scores.example.com"),
            ("127.0.0.1:8080", "http://127.0.0.1:3000"),
            ("127.0.0.1:8080", "null"),
        ] {
            let page = [("host", host), ("origin", origin)];
            assert!(!asks("127.0.0.1:9", &page), "{host} for {origin}");
        }
    }
}
