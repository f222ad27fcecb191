//! Pages of other origins: the headers that a browser receives for them.

use actix_socketio::Cors;
use awc::{
    ClientResponse,
    http::{
        Method,
        header::{self, HeaderMap, HeaderName},
    },
};
use serde_json::json;

use crate::{
    app::{TestServer, builder},
    client::{Client, Mode},
    fixture::Fixture,
    raw::{HttpConnection, UPGRADE},
    transport::http,
};

const FRIEND: &str = "https://friend.example";
const STRANGER: &str = "https://stranger.example";

async fn handshake(server: &TestServer, origin: &str) -> HeaderMap {
    let url = format!("{}/socket.io/?EIO=4&transport=polling", server.url);
    let mut answer =
        http().get(url).insert_header((header::ORIGIN, origin)).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(answer.body().await.expect("a body").starts_with(b"0{"));
    answer.headers().clone()
}

async fn preflight(server: &TestServer, origin: &str) -> ClientResponse<impl Sized + use<>> {
    let url = format!("{}/socket.io/?EIO=4&transport=polling&sid=AbCdEfGhIjKlMnOpQrSt", server.url);
    http()
        .request(Method::OPTIONS, url)
        .insert_header((header::ORIGIN, origin))
        .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "POST"))
        .insert_header((header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type, x-token"))
        .send()
        .await
        .expect("an answer")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().expect("text").to_ascii_lowercase())
}

#[actix_web::test]
async fn without_cors_other_origins_receive_no_headers() {
    let server = TestServer::start(builder());
    let headers = handshake(&server, FRIEND).await;
    let reported: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with("access-control")).collect();
    assert_eq!(reported, [""; 0]);
    let answer = preflight(&server, FRIEND).await;
    assert!(!answer.status().is_success(), "{}", answer.status());
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[actix_web::test]
async fn a_page_of_an_origin_that_is_allowed_may_poll() {
    let server = TestServer::start(builder().cors(Cors::origins([FRIEND]).credentials()));
    let headers = handshake(&server, FRIEND).await;
    assert_eq!(text(&headers, header::ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(), Some(FRIEND));
    assert_eq!(text(&headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS).as_deref(), Some("true"));
    assert!(text(&headers, header::VARY).is_some_and(|vary| vary.contains("origin")));

    let answer = preflight(&server, FRIEND).await;
    assert!(answer.status().is_success(), "{}", answer.status());
    let headers = answer.headers();
    assert_eq!(text(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(), Some(FRIEND));
    assert_eq!(text(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS).as_deref(), Some("true"));
    let methods = text(headers, header::ACCESS_CONTROL_ALLOW_METHODS).expect("methods");
    assert!(methods.contains("get") && methods.contains("post"), "{methods}");
    let allowed = text(headers, header::ACCESS_CONTROL_ALLOW_HEADERS).expect("headers");
    assert!(allowed.contains("content-type") && allowed.contains("x-token"), "{allowed}");
}

#[actix_web::test]
async fn a_page_of_another_origin_may_not() {
    let server = TestServer::start(builder().cors(Cors::origins([FRIEND]).credentials()));
    let url = format!("{}/socket.io/?EIO=4&transport=polling", server.url);
    let mut answer =
        http().get(url).insert_header((header::ORIGIN, STRANGER)).send().await.expect("an answer");
    assert_eq!(answer.status(), 403);
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let body: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(body, json!({"code": 4, "message": "pages of this origin may not connect here"}));
    assert_eq!(server.io.connections(), 0);
    let answer = preflight(&server, STRANGER).await;
    assert!(answer.status().is_client_error(), "{}", answer.status());
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[actix_web::test]
async fn any_origin_may_be_allowed_without_cookies() {
    let server = TestServer::start(builder().cors(Cors::any_origin()));
    for origin in [FRIEND, STRANGER] {
        let headers = handshake(&server, origin).await;
        let allowed = text(&headers, header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert!(
            allowed.as_deref().is_some_and(|allowed| allowed == "*" || allowed == origin),
            "{allowed:?}"
        );
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
}

#[actix_web::test]
async fn a_refusal_can_be_read_by_the_page_too() {
    let server = TestServer::start(builder().cors(Cors::origins([FRIEND])));
    let url = format!("{}/socket.io/?EIO=4&transport=polling&sid=AbCdEfGhIjKlMnOpQrSt", server.url);
    let mut answer =
        http().get(url).insert_header((header::ORIGIN, FRIEND)).send().await.expect("an answer");
    assert_eq!(
        text(answer.headers(), header::ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(),
        Some(FRIEND)
    );
    let body: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(body, json!({"code": 1, "message": "Session ID unknown"}));
}

#[actix_web::test]
async fn a_client_without_an_origin_is_admitted() {
    let server = TestServer::start(builder().cors(Cors::origins([FRIEND])));
    for mode in [Mode::Polling, Mode::WebSocket, Mode::Upgrade] {
        let mut client = Client::connect(&server.url, mode).await;
        assert_eq!(client.fence().await, [""; 0], "{mode:?}");
    }
}

/// The status of a handshake with this `Host` and this `Origin`.
fn status(fixture: &Fixture, host: &str, origin: &[u8], is_websocket: bool) -> u16 {
    let (transport, headers) =
        if is_websocket { ("websocket", UPGRADE) } else { ("polling", "X: y\r\n") };
    let head = format!(
        "GET /socket.io/?EIO=4&transport={transport} HTTP/1.1\r\nHost: {host}\r\n{headers}Origin: "
    );
    let mut http = HttpConnection::open(fixture.addr);
    http.write([head.as_bytes(), origin, b"\r\n\r\n"].concat());
    http.head().status
}

#[test]
fn origins_are_compared_as_browsers_mean_them() {
    let fixture = Fixture::with(|builder| {
        builder.cors(Cors::origins([
            FRIEND,
            "HTTPS://Other.example:443",
            "null",
            "ionic://localhost",
        ]))
    });
    for (host, origin) in [
        ("example.com:443", "https://example.com"),
        ("example.com:80", "http://example.com"),
        ("EXAMPLE.com", "https://example.com"),
        ("example.com:80", "https://example.com"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("example.com", "https://other.example"),
        ("example.com", "null"),
        ("example.com", "ionic://localhost"),
    ] {
        assert_eq!(status(&fixture, host, origin.as_bytes(), false), 200, "{host} {origin}");
        assert_eq!(status(&fixture, host, origin.as_bytes(), true), 101, "{host} {origin}");
    }
    for (host, origin, refused) in [
        ("example.com", &b"http://example.com:8080"[..], 403),
        ("example.com:8443", b"https://example.com", 403),
        ("example.com", b"https://friend.example:8443", 403),
        ("example.com", b"http://friend.example", 403),
        ("localhost", b"capacitor://localhost", 403),
        ("example.com", b"file://", 403),
        ("example.com", b"", 403),
        ("exam\u{e9}ple.com", "https://exam\u{e9}ple.com".as_bytes(), 400),
        ("example.com", b"https://example.com\xff", 400),
        ("example.com", b"https://example.com\r\nOrigin: https://stranger.example", 400),
    ] {
        let shown = origin.escape_ascii();
        assert_eq!(status(&fixture, host, origin, false), refused, "{host} {shown}");
        assert_eq!(status(&fixture, host, origin, true), 400, "{host} {shown}");
    }
}

#[actix_web::test]
async fn a_listed_origin_receives_its_headers_however_it_is_written() {
    let server = TestServer::start(builder().cors(Cors::origins(["HTTPS://FRIEND.example:443"])));
    let headers = handshake(&server, FRIEND).await;
    assert_eq!(text(&headers, header::ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(), Some(FRIEND));
    assert!(preflight(&server, FRIEND).await.status().is_success());
    assert!(!preflight(&server, STRANGER).await.status().is_success());
}
